"""The app's own log: all containers of all its pods, through restarts and replacements."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from draft_ls.cluster import kinds
from draft_ls.cluster.kinds import Object, owner_of, uid_of
from draft_ls.deploy.manifest import documents, workloads
from draft_ls.deploy.view import View
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.model import Release, Workload

QUEUE = 1000
"""Lines that wait for a slow reader before the cluster has to wait."""
AGAIN = 0.5
"""Seconds before a log whose connection was lost is asked for again."""
MARGIN = 2.0
"""Seconds that are asked for twice then, and ``KEPT``: how many last lines tell what came before."""
KEPT = 100
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a container wrote."""

    pod: str
    container: str
    text: str


@dataclass(eq=True, unsafe_hash=True, slots=True)
class _Run:
    """One run of a container, and how far it has been read."""

    uid: str
    pod: str
    container: str
    identifier: str
    heard: float = field(default_factory=lambda: asyncio.get_running_loop().time(), compare=False)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT), compare=False)


async def read_logs(
    cluster: Cluster, release: Release, *, follow: bool = False, tail: int = 200, view: View | None = None
) -> AsyncGenerator[LogLine]:
    """What the release's pods write.

    Args:
        cluster: where.
        release: whose pods.
        follow: go on with what is written, over restarts, new pods and lost connections, until the caller stops.
        tail: how many last lines of each container to begin with. A container that was restarted and has
            written less than that in its present run begins with the end of the run before.
        view: a view of the release's namespace that is open already; else one is opened.
    """
    wanted = workloads(documents(release.manifest), release.namespace)
    async with AsyncExitStack() as stack:
        if view is None:
            view = await stack.enter_async_context(View(cluster, release.namespace))
        await view.require(item.kind for item in wanted)
        reader = _Reader(view, wanted, follow=follow, tail=tail)
        async for line in reader.lines():
            yield line


class _Reader:
    """One task for each run of each container, one that looks for new runs, one queue."""

    def __init__(self, view: View, wanted: Iterable[Workload], *, follow: bool, tail: int) -> None:
        self._view = view
        self._wanted = tuple(wanted)
        self._follow = follow
        self._tail = tail
        self._queue: asyncio.Queue[LogLine | None] = asyncio.Queue(QUEUE)
        self._runs: set[_Run] = set()

    async def lines(self) -> AsyncGenerator[LogLine]:
        task = asyncio.create_task(self._all())
        try:
            while (line := await self._queue.get()) is not None:
                yield line
            await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _all(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                first = True
                while first or self._follow:
                    change = self._view.change
                    if self._view.failure is not None:
                        raise self._view.failure
                    for pod in sorted(pods_of(self._view, self._wanted), key=_age):
                        for status in _started(pod):
                            self._start(group, pod, status, first=first)
                    first = False
                    if self._follow:
                        await change.wait()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        finally:
            if (task := asyncio.current_task()) is None or not task.cancelling():
                await self._queue.put(None)

    def _start(self, group: asyncio.TaskGroup, pod: Object, status: Object, *, first: bool) -> None:
        run = _Run(uid_of(pod), pod["metadata"]["name"], status["name"], status.get("containerID", ""))
        if run in self._runs:
            return
        restarted = first and status.get("restartCount", 0) > 0
        self._runs.add(run)
        group.create_task(self._read(run, restarted=restarted, first=first))

    async def _read(self, run: _Run, *, restarted: bool, first: bool) -> None:
        """One run of a container. Lines of earlier runs are not there to be missed once we follow."""
        if restarted:
            await self._pass_on(run, previous=True, tail=self._tail)
        await self._pass_on(run, follow=self._follow, tail=self._tail if first else None)
        while self._follow and self._goes_on(run):  # The connection was lost, not the container.
            await asyncio.sleep(AGAIN)
            missed = asyncio.get_running_loop().time() - run.heard + MARGIN
            await self._pass_on(run, follow=True, since=missed, known=frozenset(run.last))

    async def _pass_on(
        self,
        run: _Run,
        *,
        follow: bool = False,
        previous: bool = False,
        tail: int | None = None,
        since: float | None = None,
        known: frozenset[str] = frozenset(),
    ) -> None:
        """Read a log to its end; lines that it begins with and that are ``known`` are left out."""
        log = self._view.cluster.logs(
            self._view.namespace, run.pod, run.container,
            follow=follow, previous=previous, tail=tail, since=since,
        )  # fmt: skip
        try:
            async for text in log:
                run.heard = asyncio.get_running_loop().time()
                if text in known:
                    continue
                known = frozenset()
                run.last.append(text)
                await self._queue.put(LogLine(run.pod, run.container, text))
        except DraftError as error:  # the pod is gone, and its log with it; or there is no way to it just now
            _log.debug("no log of %s/%s: %s", run.pod, run.container, error)

    def _goes_on(self, run: _Run) -> bool:
        """Whether a run of a container is still the present one, by what the cluster says."""
        pods = {uid_of(pod): pod for pod in pods_of(self._view, self._wanted)}
        return any(
            status["name"] == run.container
            and status["containerID"] == run.identifier
            and "running" in status.get("state", {})
            for status in _started(pods.get(run.uid, {}))
        )


def pods_of(view: View, wanted: Iterable[Workload]) -> list[Object]:
    """All pods that belong to these workloads, of whatever revision."""
    owners: set[str] = set()
    for workload in wanted:
        thing = view.named(kinds.WORKLOADS[workload.kind], workload.name)
        if thing is not None:
            owners.add(uid_of(thing))
    owners |= {uid_of(item) for item in view.objects(kinds.REPLICA_SETS) if owner_of(item) in owners}
    return [pod for pod in view.objects(kinds.PODS) if owner_of(pod) in owners]


def _started(pod: Object) -> list[Object]:
    """The containers of a pod that have written, or may write, a log."""
    status: Object = pod.get("status", {})
    containers: list[Object] = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    return [item for item in containers if item.get("containerID")]


def _age(pod: Object) -> str:
    return pod["metadata"]["creationTimestamp"]
