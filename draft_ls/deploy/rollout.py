"""Following a release's new pods, event by event, to the good end or to the cause of the bad one."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.cluster import kinds
from draft_ls.deploy.diagnosis import findings
from draft_ls.deploy.manifest import documents, workloads
from draft_ls.deploy.model import Pod, Release, Rollout, Workload
from draft_ls.deploy.progress import Progress, is_scheduled, pod_value, progress_of
from draft_ls.deploy.view import View
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.findings import Finding

LOG_LINES = 20
"""How many last lines of a failing container's log a problem carries."""
LOG_TRIES = 5
LOG_PAUSE = 0.2
"""How often, and how far apart in seconds, a log is asked for that the kubelet cannot find yet."""
_NO_LOG_YET = ("failed to try resolving symlinks in path", "unable to retrieve container logs for")
"""What the kubelet answers, as if it were the log, where it cannot find one."""
OTHERS = 30.0
"""Seconds that a crashing container gets while other workloads still come up: it may need them."""

_log = logging.getLogger(__name__)


async def follow(
    cluster: Cluster,
    release: Release,
    *,
    timeout: float = 300.0,
    on_line: Callable[[str], None] | None = None,
    on_pod: Callable[[Pod], None] | None = None,
    view: View | None = None,
) -> Rollout:
    """Wait until the release's newest revision has taken over.

    Args:
        cluster: where.
        release: as Helm's write left it.
        timeout: seconds.
        on_line: called with each line of progress for the person.
        on_pod: called once for each pod of the new revision as soon as it has a node: connections to it can
            be tried from then on, long before the cluster calls it ready.
        view: a view of the release's namespace that was opened before the write; else one is opened now.

    Raises:
        DraftError: the new pods cannot come up, with the cause; or time is up.
    """
    if view is None:
        async with View(cluster, release.namespace) as opened:
            return await _Follower(opened, on_line, on_pod).follow(release, timeout)
    return await _Follower(view, on_line, on_pod).follow(release, timeout)


class _Follower:
    """One rollout: what was told already, and since when something is wrong."""

    def __init__(
        self,
        view: View,
        on_line: Callable[[str], None] | None,
        on_pod: Callable[[Pod], None] | None,
    ) -> None:
        self._view = view
        self._on_line = on_line
        self._on_pod = on_pod
        self._told: set[str] = set()
        self._line = ""
        self._since: dict[tuple[str, str | None, str | None], float] = {}

    async def follow(self, release: Release, timeout: float) -> Rollout:
        started = time.monotonic()
        wanted = self._seen(workloads(documents(release.manifest), release.namespace))
        await self._view.require(item.kind for item in wanted)
        generations = await self._generations(wanted)
        while True:
            change = self._view.change
            states = [progress_of(self._view, item, generations[item]) for item in wanted]
            self._tell(states)
            if all(state.done for state in states):
                return Rollout(tuple(_pods(states)), time.monotonic() - started)
            if self._view.failure is not None:
                raise self._view.failure
            now = time.monotonic()
            finding, pause = self._judge(states, now)
            if finding is not None:
                raise DraftError(await problem_of(self._view, finding))
            left = started + timeout - now
            if left <= 0:
                raise DraftError(await self._late(states, timeout))
            await _wait(change, min(left, pause))

    def _seen(self, wanted: Sequence[Workload]) -> tuple[Workload, ...]:
        """Those that the view shows: a chart may put some into other namespaces, which are not followed."""
        beyond = [item for item in wanted if item.namespace != self._view.namespace]
        if beyond:
            _log.warning("not followed, being in other namespaces: %s", ", ".join(map(str, beyond)))
        return tuple(item for item in wanted if item not in beyond)

    async def _generations(self, wanted: Sequence[Workload]) -> dict[Workload, int]:
        """What was written: the view may still be a moment behind."""
        cluster = self._view.cluster
        things = await asyncio.gather(
            *(cluster.get(kinds.WORKLOADS[item.kind], item.name, item.namespace) for item in wanted)
        )
        return {
            item: thing["metadata"].get("generation", 0) for item, thing in zip(wanted, things, strict=True)
        }

    def _tell(self, states: Sequence[Progress]) -> None:
        """News for the caller: pods that have a node, and a line when the count has changed."""
        for state in states:
            for pod in filter(is_scheduled, state.pods):
                if kinds.uid_of(pod) not in self._told:
                    self._told.add(kinds.uid_of(pod))
                    if self._on_pod is not None:
                        self._on_pod(pod_value(pod, state.workload))
        line = ", ".join(
            f"{state.workload.name}: {state.ready} of {state.wanted} ready"
            for state in states
            if state.workload.kind != "Job"
        )
        if line and line != self._line and self._on_line is not None:
            self._on_line(line)
        self._line = line

    def _judge(self, states: Sequence[Progress], now: float) -> tuple[Finding | None, float]:
        """The first finding that has lasted too long, and seconds until the next may have."""
        current = [item for state in states if not state.done for item in self._findings(state, states)]
        self._since = {item.about: self._since.get(item.about, now) for item in current}
        remaining = [self._since[item.about] + item.patience - now for item in current]
        due = next((item for item, left in zip(current, remaining, strict=True) if left <= 0), None)
        return due, min(remaining, default=float("inf"))

    def _findings(self, state: Progress, states: Sequence[Progress]) -> Iterator[Finding]:
        """What is wrong with a workload. A crash may be for want of another one that still comes up."""
        others = any(not (other.done or other is state or self._broken(other)) for other in states)
        for item in self._raw(state):
            patience = max(item.patience, OTHERS) if item.crash and others else item.patience
            yield replace(item, patience=patience)

    def _broken(self, state: Progress) -> bool:
        return any(item.patience < OTHERS for item in self._raw(state))

    def _raw(self, state: Progress) -> Iterator[Finding]:
        things = (*state.pods, *state.makers)
        return findings(state, {kinds.uid_of(item): self._view.events(kinds.uid_of(item)) for item in things})

    async def _late(self, states: Sequence[Progress], timeout: float) -> Problem:
        """Time is up: the likeliest cause, or at least what is missing."""
        open_states = [state for state in states if not state.done]
        found = next((item for state in open_states for item in self._raw(state)), None)
        if found is not None:
            problem = await problem_of(self._view, found)
            return replace(problem, message=f"{problem.message} It did not change within {timeout:.0f} s.")
        missing = ", ".join(
            f"{state.workload.kind} {state.workload.name!r} ({state.ready} of {state.wanted} pods ready)"
            for state in open_states
        )
        if self._view.lost is not None:
            return replace(self._view.lost.problem, stage=Stage.ROLLOUT)
        return Problem(
            "rollout-timeout",
            f"Not ready within {timeout:.0f} s: {missing}.",
            Stage.ROLLOUT,
            fix="See the app's log; raise timeout in draft.toml if it just needs longer.",
        )


async def problem_of(view: View, finding: Finding) -> Problem:
    """A finding as what the person is told, with the container's last log lines where they tell more."""
    details: tuple[str, ...] = ()
    if finding.log and finding.pod and finding.container:
        details = await last_lines(view.cluster, view.namespace, finding.pod, finding.container)
    return Problem(
        finding.code, finding.message, Stage.ROLLOUT, cause=finding.cause, fix=finding.fix, details=details
    )


async def last_lines(cluster: Cluster, namespace: str, pod: str, container: str) -> tuple[str, ...]:
    """The last lines that a container has written: of its run before the last restart, if that left any."""
    for _ in range(LOG_TRIES):
        for previous in (True, False):
            lines = await _log_of(cluster, namespace, pod, container, previous=previous)
            if lines and not any(line.startswith(_NO_LOG_YET) for line in lines):
                return lines
        # The kubelet links a log only some moments after its container has started; no event tells of it.
        await asyncio.sleep(LOG_PAUSE)
    return ()


async def _log_of(
    cluster: Cluster, namespace: str, pod: str, container: str, *, previous: bool
) -> tuple[str, ...]:
    try:
        found = cluster.logs(namespace, pod, container, previous=previous, tail=LOG_LINES)
        return tuple([line async for line in found])
    except DraftError as error:
        _log.debug("no log of %s/%s (previous: %s): %s", pod, container, previous, error)
        return ()


def _pods(states: Sequence[Progress]) -> Iterator[Pod]:
    for state in states:
        yield from (pod_value(pod, state.workload) for pod in state.pods)


async def _wait(change: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(None if seconds == float("inf") else max(0.01, seconds)):
            await change.wait()
    except TimeoutError:
        return
