"""What becomes of a live release between runs: the rest of its rollout, crashes, and recoveries."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Callable

    from draft_ls.deploy.findings import Finding
    from draft_ls.deploy.model import Release, Rollout, Workload
    from draft_ls.deploy.progress import Progress
    from draft_ls.deploy.view import View
    from draft_ls.errors import Problem

logger = logging.getLogger(__name__)

UNANSWERED = 10.0
"""Seconds after which even what may pass is told: a probe that fails, a node that is looked for."""
LOST = 3.0
"""Seconds without a way to the cluster: a connection that is cut is opened anew in less."""


class Health:
    """Watches a release until cancelled.

    Args:
        view: of the release's namespace.
        release: which.
        on_trouble: called when it is not well any more, with the cause.
        on_recovery: called when it is well again by itself.
    """

    def __init__(
        self,
        view: View,
        release: Release,
        on_trouble: Callable[[Problem], None],
        on_recovery: Callable[[], None],
    ) -> None:
        self._view = view
        self._release = release
        self._on_trouble = on_trouble
        self._on_recovery = on_recovery
        self._ill = False
        self._woken = asyncio.Event()

    async def watch(self, rollout: asyncio.Task[Rollout]) -> None:
        """First the rest of the rollout, which has its own word, then everything that happens later."""
        from draft_ls.deploy.manifest import documents, workloads
        from draft_ls.deploy.rollout import problem_of

        wanted = workloads(documents(self._release.manifest), self._release.namespace)
        since: dict[tuple[str, str | None, str | None], float] = {}
        rollout.add_done_callback(self._rolled_out)
        while True:
            change = self._view.change
            now = time.monotonic()
            states = self._states(wanted) if rollout.done() else []
            current = [*self._lost(), *(finding for state in states for finding in self._findings(state))]
            since = {finding.about: since.get(finding.about, now) for finding in current}
            left = {each.about: since[each.about] + min(each.patience, UNANSWERED) - now for each in current}
            due = next((each for each in current if left[each.about] <= 0), None)
            if due is not None and not self._ill:
                self._ill = True
                self._on_trouble(await problem_of(self._view, due))
            elif self._ill and not current and all(state.done for state in states):
                self._ill = False
                self._on_recovery()
            await self._wait(change, min((each for each in left.values() if each > 0), default=None))

    def _rolled_out(self, rollout: asyncio.Task[Rollout]) -> None:
        self._woken.set()
        error = None if rollout.cancelled() else rollout.exception()
        if isinstance(error, DraftError) and not self._ill:
            self._ill = True
            self._on_trouble(error.problem)

    def _states(self, wanted: tuple[Workload, ...]) -> list[Progress]:
        from draft_ls.deploy.progress import progress_of

        return [progress_of(self._view, workload, 0) for workload in wanted]

    def _findings(self, state: Progress) -> list[Finding]:
        from draft_ls.cluster.kinds import uid_of
        from draft_ls.deploy.diagnosis import findings

        if state.done:
            return []
        things = (*state.pods, *state.makers)
        return list(findings(state, {uid_of(item): self._view.events(uid_of(item)) for item in things}))

    def _lost(self) -> list[Finding]:
        """Nothing is known of the app, and no tunnel leads there, while the cluster cannot be reached."""
        from draft_ls.deploy.findings import Finding

        if self._view.lost is None:
            return []
        problem = self._view.lost.problem
        return [Finding(problem.code, problem.message, problem.cause, problem.fix, patience=LOST)]

    async def _wait(self, change: asyncio.Event, seconds: float | None) -> None:
        """Until the next change, or until a finding may have lasted long enough."""
        waiting = {asyncio.ensure_future(each.wait()) for each in (change, self._woken)}
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        self._woken.clear()
