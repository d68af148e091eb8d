"""The pipeline of one session: reads what is saved, and makes it live.

Holds what outlasts a run: what is known of the cluster, the way to the app, the content that is live.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from draft_ls.engine import imaging, planner, reading
from draft_ls.engine.access import Access
from draft_ls.engine.blame import located
from draft_ls.engine.deployed import deployed_image, not_deployed, renew_pods, told, variables
from draft_ls.engine.kept import FilesBack, Kept
from draft_ls.engine.model import PlanKind
from draft_ls.engine.observing import Observer
from draft_ls.engine.outlook import Outlook, in_context, is_part, says
from draft_ls.engine.place import Guard, find_place
from draft_ls.engine.planner import Identity, Known
from draft_ls.engine.releasing import write_release
from draft_ls.engine.report import Facts
from draft_ls.engine.supervision import NO_SHELL, is_wanted
from draft_ls.engine.syncing import NotSyncedError, Syncing, judge
from draft_ls.engine.target import Live, OutdatedError, Target
from draft_ls.engine.tasks import read_tasks, run_tasks
from draft_ls.errors import DraftError, Problem, Severity, Stage
from draft_ls.sync.mapping import changes_between

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
    from pathlib import Path

    from draft_ls.build.model import ContextFile, Image
    from draft_ls.cluster.client import Cluster
    from draft_ls.config.model import Environment
    from draft_ls.deploy.helm import Helm
    from draft_ls.deploy.model import PodState, Release
    from draft_ls.deploy.model import Target as ReleaseTarget
    from draft_ls.engine.events import Key
    from draft_ls.engine.model import Ask, Plan
    from draft_ls.engine.planner import SyncVerdict
    from draft_ls.engine.report import Report
    from draft_ls.engine.target import ReleaseInputs
    from draft_ls.engine.tools import Tools
    from draft_ls.processes import Stream
    from draft_ls.sync.model import SyncPlan

logger = logging.getLogger(__name__)

CLOSING = 0.5
"""Seconds that what goes on in the background gets to end."""


@dataclass(frozen=True, slots=True)
class Running:
    """What the containers hold.

    Attributes:
        files: the build context whose files they have; newer than the image's after a sync.
        dockerfile: the text that the image was built from, as it was saved.
        image: the image.
        revision: the Helm revision.
        refusal: why the app cannot be restarted in place, if it cannot.
        release: what Helm was given besides the image.
    """

    files: Mapping[str, ContextFile]
    dockerfile: str
    image: Image
    revision: int
    refusal: Problem | None
    release: ReleaseInputs


class Deployer:
    """See the module.

    Args:
        key: whose session.
        tools: Docker, Helm, clusters.
        ask: puts a question to the person.
        state: the folder for what must survive a restart.
        editor_problems: by file, what the editor says is broken; kept up to date by the engine.
        on_pods, on_trouble, on_recovery: see ``Access``.

    Attributes:
        contexts: its build contexts.
    """

    def __init__(
        self,
        key: Key,
        tools: Tools,
        ask: Ask,
        state: Path,
        editor_problems: Mapping[Path, tuple[str, ...]],
        *,
        on_pods: Callable[[tuple[PodState, ...]], None],
        on_trouble: Callable[[Problem], None],
        on_recovery: Callable[[], None],
    ) -> None:
        self._key = key
        self._tools = tools
        self._guard = Guard(state, ask)
        self._known = Known()
        self._running: Running | None = None
        self._syncing: Syncing | None = None
        self._judged: tuple[Target, Running, tuple[SyncVerdict | None, SyncPlan | None]] | None = None
        """The last verdict, which the plan and then the sync itself ask for."""
        self._images = imaging.Images(tools, ask)
        self._observer = Observer(key, self._images.supervision, editor_problems)
        self.contexts = self._observer.contexts
        self._kept = Kept(state / "files")
        self._tasks: set[asyncio.Task[None]] = set()
        self._written: tuple[ReleaseTarget, str] | None = None
        """Where the last Helm write went, and its release digest; none if there was none or it failed."""
        self._on_trouble = on_trouble
        self._on_recovery = on_recovery
        self._in_trouble: Identity | None = None
        self._telling = asyncio.Lock()
        """Troubles and recoveries are told in the order in which they happened."""
        self._target: Target | None = None
        self._access = Access(key, on_pods=on_pods, on_trouble=self._befallen, on_recovery=self._recovered)

    # --- deciding ----------------------------------------------------------

    async def observe(self) -> Target:
        """See ``target.Pipeline``."""
        return await self._observer.observe(self._changed)

    def plan(self, target: Target, *, force: bool = False) -> Plan:
        """See ``target.Pipeline``."""
        return self._plan(target, self._judge(target)[0], force=force)

    def _plan(self, target: Target, sync: SyncVerdict | None, *, force: bool = False) -> Plan:
        return planner.plan(
            target.identity,
            self._known,
            changed=self._changed(target),
            sync=sync,
            held=tuple(problem.message for problem in target.held),
            force=force,
        )

    async def outlook(self, path: str, data: bytes) -> Outlook | None:
        """How a file stands against what runs, as it is written in the editor.

        Args:
            path: relative to the app.
            data: what the next save of it would write.

        Returns:
            None if nothing is known to run, or the file is no part of what does.
        """
        target = await self.observe() if self._running else None
        running, live = self._running, self._known.live is not None
        if target is None or running is None or not is_part(target, path):
            return None
        inner = in_context(target, path)
        runs = says(running.files, running.dockerfile, running.release, path, inner, data)
        if says(target.context.files, target.dockerfile, target.release, path, inner, data):
            return Outlook(live and runs)
        after = await asyncio.to_thread(self._observer.edited, target, path, data)
        verdict = None
        if self._syncing is not None:
            verdict, _ = await asyncio.to_thread(
                judge, after, running.files, running.dockerfile, running.refusal
            )
        return Outlook(live and runs, self._plan(after, verdict))

    def _judge(self, target: Target) -> tuple[SyncVerdict | None, SyncPlan | None]:
        if self._known.running is None or self._running is None or self._syncing is None:
            return None, None
        running = self._running
        if self._judged is None or self._judged[0] is not target or self._judged[1] is not running:
            verdict = judge(target, running.files, running.dockerfile, running.refusal)
            self._judged = target, running, verdict
        return self._judged[2]

    def survived(self) -> bool:
        """See ``target.Pipeline``."""
        return self._known.live is not None

    def _changed(self, target: Target) -> tuple[str, ...]:
        """The files that differ from what runs; none if nothing runs yet."""
        if self._known.running is None or self._running is None:
            return ()
        return tuple(change.path for change in changes_between(self._running.files, target.context.files))

    # --- deploying ---------------------------------------------------------

    async def deploy(self, target: Target, plan: Plan, report: Report) -> Live:
        """See ``target.Pipeline``. It can be cancelled anywhere; a Helm write ends first."""
        self._target = target
        try:
            return await self._deploy(target, plan, report)
        except DraftError as error:
            if self._images.supervision.gives_up(target.dockerfile, error.problems):
                report.lines(Stage.BUILD)("stderr", f"{NO_SHELL.message} Building it without the supervisor.")
                raise OutdatedError from error
            raise DraftError(*await asyncio.to_thread(located, error.problems, target)) from error

    def _befallen(self, problem: Problem) -> None:
        """What was live is not well any more: the next save must not find nothing to do."""
        if problem.severity is not Severity.ERROR:
            self._background(self._tell_trouble(problem))
            return
        self._in_trouble = self._known.live or self._in_trouble
        self._known = replace(self._known, live=None)
        self._background(self._tell_trouble(problem))

    def _recovered(self) -> None:
        if self._in_trouble is not None and self._known.running == self._in_trouble:
            self._known = replace(self._known, live=self._in_trouble)
        self._background(self._tell_recovery())

    async def _tell_recovery(self) -> None:
        async with self._telling:
            self._on_recovery()

    async def _tell_trouble(self, problem: Problem) -> None:
        """Pass on that what was live is not well, with its place in the app's files."""
        async with self._telling:
            of_the_app = problem.severity is Severity.ERROR and not problem.code.startswith("cluster-")
            if of_the_app and self._syncing is not None:
                problem = await self._syncing.ended() or problem
            if self._target is not None:
                problem = (await asyncio.to_thread(located, (problem,), self._target))[0]
            if problem.severity is Severity.ERROR or problem.place is not None:
                self._on_trouble(problem)

    async def _deploy(self, target: Target, plan: Plan, report: Report) -> Live:
        changed = self._changed(target)
        if plan.kind is PlanKind.SYNC:
            try:
                return await self._sync(target, changed, report)
            except NotSyncedError as reason:
                report.lines(Stage.SYNC)("stderr", f"Not synced: {reason}. Building instead.")
        return await self._replace(target, plan, changed, report)

    async def _sync(self, target: Target, changed: tuple[str, ...], report: Report) -> Live:
        """Copy what changed into the running containers, and see the app answer again."""
        verdict, plan = self._judge(target)
        syncing, running = self._syncing, self._running
        if verdict is None or plan is None or syncing is None or running is None:
            raise NotSyncedError("the containers are no longer open for it")

        def taken() -> None:
            """From now on the containers are made equal to the target, even if this run is cancelled."""
            self._known = replace(self._known, running=target.identity, live=None)
            self._running = replace(running, files=target.context.files)

        with self._access.starting_anew() if plan.restart else nullcontext():
            with report.stage(Stage.SYNC, f"Syncing {plan.reason}") as note:
                result = await syncing.apply(plan, taken, self._access.port)
                synced = {each.replica.uid for each in result.replicas if each.problem is None}
                note.message = f"{len(synced)} of {len(result.replicas)} pods hold what is saved"
            if plan.restart:
                with report.stage(Stage.ROUTE, "Waiting for the app to answer"):
                    timeout = target.environment.timeout
                    if not await self._access.answer_again(synced, syncing.ended, syncing.listens, timeout):
                        raise NotSyncedError("its pods have gone")
        self._known = replace(self._known, live=target.identity)
        image = running.image
        return Live(
            target.identity.content,
            self._access.route,
            running.revision,
            image.reference,
            image.digest or image.identifier,
            changed,
        )

    async def _replace(self, target: Target, plan: Plan, changed: tuple[str, ...], report: Report) -> Live:
        """Build (unless the image is there), deliver, release, and see the new pods answer."""
        place = await self._find_place(target, report)
        tasks = await asyncio.to_thread(read_tasks, self._key.app)
        opening = asyncio.ensure_future(self._open(place))

        async def cluster() -> Cluster:
            return (await asyncio.shield(opening))[0]

        async def is_current() -> bool:
            return await self._observer.still(target)

        try:
            await run_tasks(tasks.pre_up, tasks.path, variables(target, place), report.lines(Stage.BUILD))
            reuse = plan.kind is PlanKind.RELEASE
            image = await self._images.make(target, place, cluster, is_current, report, reuse=reuse)
            report.learned(Facts(image=image.reference))
            if not target.environment.build_tar:
                content = target.identity.content
                self._background(asyncio.to_thread(self._kept.keep, self._key, content, target.context))
            _, helm = await opening
        finally:
            if not opening.done():
                opening.cancel()
            elif not opening.cancelled() and (error := opening.exception()) is not None:
                logger.debug("the cluster could not be opened: %s", error)
        build = f"{target.identity.content}-{report.run}" if plan.forced else target.identity.content
        self._known = replace(self._known, released=None, running=None, live=None)
        before, self._written = self._written, None
        written = place, target.identity.release
        release = await write_release(
            helm, target, place, image, build, report, repair=before is None, proven=before == written
        )
        self._known = replace(self._known, released=target.identity)
        self._written = written
        route = await self._access.arrive(release, target, image.repository, report)
        if tasks.post_deploy:
            await self._access.run_in_pod(tasks.post_deploy, tasks.path, report)
        self._became_live(target, image, release)
        answered = target.identity.content if target.environment.wait else None
        identifier = image.digest or image.identifier
        return Live(answered, route, release.revision, image.reference, identifier, changed)

    async def _find_place(self, target: Target, report: Report) -> ReleaseTarget:
        place, contexts = await asyncio.to_thread(find_place, target.config, target.environment)
        await self._guard.check(self._key.app, target.environment, place, contexts)
        report.learned(Facts(context=place.context, namespace=place.namespace, release=place.release))
        return place

    async def _open(self, place: ReleaseTarget) -> tuple[Cluster, Helm]:
        """Everything that the release needs, made ready while the image is built."""
        try:
            helm, cluster = await asyncio.gather(self._tools.helm(), self._tools.cluster(place))
            await cluster.ensure_namespace(place.namespace)
            await self._access.watch(cluster, place)
        except DraftError as error:
            at_stage = (replace(each, stage=each.stage or Stage.RELEASE) for each in error.problems)
            raise DraftError(*at_stage) from error
        return cluster, helm

    def _became_live(self, target: Target, image: Image, release: Release) -> None:
        identity, names = target.identity, self._images.tags(image.repository)
        self._known = Known(identity, identity, identity, names)
        refusal = self._images.refusal(image)
        self._running = Running(
            target.context.files, target.dockerfile, image, release.revision, refusal, target.release
        )
        self._end_sync()
        if is_wanted(target.environment) and (view := self._access.view) is not None:
            self._syncing = Syncing(view.cluster, view, target.context.root, image.reference)
        self._background(self._images.tidy(image.repository))

    def _end_sync(self) -> None:
        syncing, self._syncing = self._syncing, None
        if syncing is not None:
            self._background(syncing.close())

    def _background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- what is deployed --------------------------------------------------

    async def connect(self, report: Report) -> Live:
        """Open the way to what is deployed, also by an earlier process."""
        place, _ = await self._deployed_place(report)
        _, helm = await self._open(place)
        release = await helm.status(place)
        if release is None:
            raise DraftError(not_deployed(place))
        return await self._arrive_at(release, report)

    async def rollback(self, revision: int, report: Report) -> Live:
        """Go back to a revision of the release, and see it answer."""
        place, _ = await self._deployed_place(report)
        cluster, helm = await self._open(place)
        synced = self._known.running != self._known.released
        with report.stage(Stage.RELEASE, f"Rolling back to revision {revision}") as note:
            self._forget()
            release = await helm.rollback(place, revision)
            note.message = told(release)
            if synced:  # An equal pod template keeps the pods, and they would keep the synced files.
                await renew_pods(cluster, release)
        report.learned(Facts(revision=release.revision))
        return await self._arrive_at(release, report)

    async def files_back(self, content: str) -> FilesBack:
        """What makes the saved files those of an image that was live, by its content tag; see ``Kept``."""
        target = await self.observe()
        if target.identity.content == content:
            return FilesBack()
        found = await asyncio.to_thread(self._kept.back, self._key, content, target.context)
        return found or FilesBack()

    async def _arrive_at(self, release: Release, report: Report) -> Live:
        """See a release answer that was not made from what is saved now."""
        target = await self.observe()
        repository = imaging.repository(target)
        route = await self._access.arrive(release, target, repository, report)
        image = deployed_image(release, repository)
        content = image.rpartition(":")[2] if image else None
        report.learned(Facts(image=image))
        return Live(content, route, release.revision, image, None)

    async def logs(self, *, follow: bool, tail: int) -> AsyncIterator[tuple[str, str]]:
        """The app's log: (pod, line)."""
        from draft_ls.deploy.logs import read_logs

        place, _ = await self._deployed_place(None)
        helm, cluster = await asyncio.gather(self._tools.helm(), self._tools.cluster(place))
        release = await helm.status(place)
        if release is None:
            raise DraftError(not_deployed(place))
        async for line in read_logs(cluster, release, follow=follow, tail=tail):
            yield line.pod, line.text

    async def delete(self, on_line: Callable[[Stream, str], None]) -> None:
        """Uninstall the release and run the clean-up tasks."""
        place, _ = await self._deployed_place(None)
        helm = await self._tools.helm()
        if not await helm.uninstall(place, on_line=lambda text: on_line("stdout", text)):
            raise DraftError(not_deployed(place))
        self._forget()
        tasks = await asyncio.to_thread(read_tasks, self._key.app)
        await run_tasks(tasks.cleanup, tasks.path, {"DRAFT_ENV": self._key.environment}, on_line)

    async def close(self) -> None:
        """See ``target.Pipeline``. What is deployed stays; a later ``up`` looks at it anew."""
        self._forget()
        await self._access.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=CLOSING)
            for task in late:
                task.cancel()

    def _forget(self) -> None:
        self._known = Known(images=self._known.images)
        self._running = None
        self._end_sync()

    async def _deployed_place(self, report: Report | None) -> tuple[ReleaseTarget, Environment]:
        config, environment = await asyncio.to_thread(reading.read_environment, self._key)
        place, _ = await asyncio.to_thread(find_place, config, environment)
        if report is not None:
            report.learned(Facts(context=place.context, namespace=place.namespace, release=place.release))
        return place, environment
