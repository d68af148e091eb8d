"""Sync, as a session uses it: whether the next save can be synced, and doing it.

Opened in the background when an image has gone live, so that a save costs one round trip. From then on every
pod that runs the image, also one that is made or restarted later, is kept equal to what was synced last.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from draft_ls.dockerfile.parse import parse
from draft_ls.engine.planner import SyncVerdict
from draft_ls.engine.supervision import is_wanted
from draft_ls.engine.target import OutdatedError
from draft_ls.errors import DraftError, Problem, Stage
from draft_ls.files import DiskTree
from draft_ls.scaffold.origin import ORIGIN_FILE, read_origin
from draft_ls.sync.mapping import Image, changes_between, plan_sync, restarting
from draft_ls.sync.model import Rebuild, SyncPlan
from draft_ls.sync.restart import first_match

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from draft_ls.build.model import ContextFile
    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.view import View
    from draft_ls.engine.target import Target
    from draft_ls.sync.model import AppState, Replica, SyncResult
    from draft_ls.sync.syncer import Syncer

logger = logging.getLogger(__name__)

OPENING = 3.0
"""Seconds that a save waits for containers that are only just being opened; then it builds."""


class NotSyncedError(Exception):
    """The files could not be synced after all; the message says why. A build helps."""


class Syncing:
    """See the module. ``close`` ends it; a new image makes a new one.

    Args:
        cluster: where.
        view: of the release's namespace.
        app: the build context's folder.
        image: the reference that the pods run.
    """

    def __init__(self, cluster: Cluster, view: View, app: Path, image: str) -> None:
        from draft_ls.sync.syncer import Syncer

        self._view = view
        self._image = image
        self._syncer: Syncer = Syncer(cluster, app)
        self._opened = asyncio.Event()
        self._task = asyncio.create_task(self._follow(), name=f"sync {image}")

    async def apply(self, plan: SyncPlan, taken: Callable[[], None], port: int | None) -> SyncResult:
        """Bring every replica to what the plan says; ``taken`` is called once that is sure to happen.

        Args:
            plan: what to do.
            taken: see above.
            port: what the app listens on; for ``listens``.

        Raises:
            NotSyncedError: no replica can be synced, or one could not take it.
            OutdatedError: a file has changed since the plan was made.
        """
        try:
            async with asyncio.timeout(OPENING):
                await self._opened.wait()
        except TimeoutError:
            raise NotSyncedError("no container was open for sync in time") from None
        try:
            result = await self._syncer.apply(plan, taken, port=port)
        except DraftError as error:
            if error.problem.code == "sync-moved-on":
                raise OutdatedError from error
            raise NotSyncedError(error.problem.message) from error
        if result.problem is not None:
            raise NotSyncedError(f"{result.problem.message} {result.problem.cause}".strip())
        if all(each.gone for each in result.replicas):
            raise NotSyncedError("no container runs")
        return result

    def running(self) -> tuple[Replica, ...]:
        """The replicas that are kept up to date."""
        return self._syncer.replicas

    async def listens(self, uid: str) -> bool:
        """Wait until the app that was started again in a pod listens; false if that cannot be seen."""
        replica = next((each for each in self._syncer.replicas if each.uid == uid), None)
        return replica is not None and await self._syncer.listens(replica)

    async def ended(self) -> Problem | None:
        """Why a restarted app cannot answer, if it has ended; none while it runs."""
        from draft_ls.sync.model import Running

        for replica in self._syncer.replicas:
            with contextlib.suppress(DraftError):
                state = await self._syncer.state(replica)
                if state.running is Running.ENDED:
                    return await self._ended(replica, state)
        return None

    async def close(self) -> None:
        """End the channels. The containers keep what they have."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._syncer.close()

    async def _follow(self) -> None:
        """Keep the right replicas for as long as the image is the one that is deployed."""
        from draft_ls.cluster.kinds import PODS
        from draft_ls.sync.syncer import replicas

        known: set[Replica] = set()
        while True:
            change = self._view.change
            found = {each for pod in self._view.objects(PODS) for each in replicas(pod, self._image)}
            if found != known:
                known = found
                try:
                    await self._syncer.follow(sorted(found, key=str))
                except DraftError as error:
                    logger.warning("sync of %s: %s", self._image, error)
                if found:
                    self._opened.set()
            await change.wait()

    async def _ended(self, replica: Replica, state: AppState) -> Problem:
        from draft_ls.sync.ending import last_lines

        lines, cause = await last_lines(self._view.cluster, replica, state)
        return Problem(
            "app-ended",
            f"The app, started with the new files, ended with exit code {state.exit_code}.",
            Stage.SYNC,
            cause=cause,
            fix="See its last log lines; the next save starts it again."
            if lines
            else "Correct what you saved last; the next save starts it again.",
            details=lines,
        )


def judge(
    target: Target, live: Mapping[str, ContextFile], dockerfile: str, refusal: Problem | None
) -> tuple[SyncVerdict | None, SyncPlan | None]:
    """Whether what was saved can be synced into what runs, by the Dockerfile, the app's pack and draft.toml.

    Args:
        target: what was saved.
        live: the build context that the containers have.
        dockerfile: the text of the Dockerfile that they were built from.
        refusal: why their image has no supervisor, if it has none.

    Returns:
        The verdict, none if sync is off; and the plan if there can be one.
    """
    if not is_wanted(target.environment):
        return None, None
    changes = changes_between(live, target.context.files)
    root, app = target.context.root, target.config.path.parent
    image = Image(
        parse(target.dockerfile, build_arguments=target.environment.image_build_args),
        live.keys() | target.context.files.keys(),
        tree=DiskTree(root),
        app="" if app == root else app.relative_to(root).as_posix(),
        name=target.context.dockerfile,
        build_arguments=target.environment.image_build_args,
    )
    origin = read_origin(DiskTree(app).read(ORIGIN_FILE) or "")
    found = plan_sync(image, changes, origin.sync if origin else None, parse(dockerfile))
    if isinstance(found, Rebuild):
        return SyncVerdict(False, found.reason, found.from_step, found.steps), None
    if refusal is not None and found.restart:
        return SyncVerdict(False, refusal.message), None
    found = _as_configured(target, found, image.app)
    if isinstance(found, SyncVerdict):
        return found, None
    return SyncVerdict(True, found.reason), found


def _as_configured(target: Target, plan: SyncPlan, app: str) -> SyncPlan | SyncVerdict:
    """The plan under the ``sync`` table of draft.toml: what is excluded, and what restarts."""
    rules = target.environment.sync
    paths = sorted({operation.source for operation in plan.operations})
    excluded = first_match(rules.exclude, paths, app)
    if excluded is not None:
        return SyncVerdict(False, f"{excluded} is excluded from sync in draft.toml")
    if rules.restart is None:
        return plan
    return restarting(plan, restart=first_match(rules.restart, paths, app) is not None)
