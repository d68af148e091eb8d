"""The way to what is deployed, and what becomes of it.

Sees the new pods answer, keeps one route across their replacement, and notices when what was live is not well
any more. "Live" is the new content's own word. Where a tunnel leads to the app, it leads to the new pod from
that pod's first answer on, past the kubelet's and the probe's delays; the rollout is followed to its end all
the same, and what goes wrong after the answer is told as trouble. Where a Service or an Ingress leads there,
the rollout ends first, since they may still send requests to an old pod.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from draft_ls.engine.exceptions import Exceptions
from draft_ls.engine.health import Health
from draft_ls.engine.report import Facts
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator
    from pathlib import Path

    from draft_ls.cluster.client import Cluster
    from draft_ls.config.model import Environment
    from draft_ls.config.tasks import Task
    from draft_ls.deploy.live import Live
    from draft_ls.deploy.model import PodState, Release, Route
    from draft_ls.deploy.model import Target as ReleaseTarget
    from draft_ls.deploy.routes import Destination
    from draft_ls.deploy.tunnel import Tunnel
    from draft_ls.deploy.view import View
    from draft_ls.engine.events import Key
    from draft_ls.engine.report import Report
    from draft_ls.engine.target import Target

logger = logging.getLogger(__name__)

LOOK_AGAIN = 0.5
"""Seconds after which an app that does not answer is looked at: it may have ended."""


class Access:
    """See the module. One for each session; ``close`` gives everything back, and it can be used again.

    Args:
        key: whose session; names the tunnel, so that it gets the same local port each time.
        on_pods: told the release's pods whenever they change.
        on_trouble, on_recovery: told what becomes of what is live, between runs.
    """

    def __init__(
        self,
        key: Key,
        *,
        on_pods: Callable[[tuple[PodState, ...]], None],
        on_trouble: Callable[[Problem], None],
        on_recovery: Callable[[], None],
    ) -> None:
        self._key = key
        self._on_pods = on_pods
        self._on_trouble = on_trouble
        self._on_recovery = on_recovery
        self._cluster: Cluster | None = None
        self._view: View | None = None
        self._stack = contextlib.AsyncExitStack()
        self._tunnel: Tunnel | None = None
        self._after: list[asyncio.Task[None]] = []
        self._live: Live | None = None
        self._there: Destination | None = None
        self._route: Route | None = None

    @property
    def view(self) -> View | None:
        """The release's namespace, while it is looked at."""
        return self._view

    @property
    def route(self) -> Route | None:
        """How a person reaches what answered last."""
        return self._route

    @property
    def live(self) -> Live | None:
        """The pod that answered last, if any did."""
        return self._live

    async def watch(self, cluster: Cluster, place: ReleaseTarget) -> None:
        """Look at the release's namespace from now on; before Helm writes, so that nothing is missed."""
        from draft_ls.deploy.view import View

        if self._view is not None and (
            self._cluster is not cluster or self._view.namespace != place.namespace
        ):
            await self.close()
        if self._view is None or self._view.failure is not None:
            self._cluster = cluster
            self._view = await self._stack.enter_async_context(View(cluster, place.namespace))

    async def arrive(self, release: Release, target: Target, repository: str, report: Report) -> Route | None:
        """Wait until the release answers; how a person reaches it, none if it has no port.

        Args:
            release: as Helm's last write left it.
            target: what was deployed.
            repository: the app's image without tag.
            report: takes the stages.

        Raises:
            DraftError: it does not come up, it does not answer, or the tunnel's port is taken.
        """
        from draft_ls.deploy.routes import destination, find_route, tunnel_route

        assert self._view is not None  # noqa: S101 - `watch` comes first
        await self._end_after()
        self._begin(self._follow_pods(self._view, release))
        environment = target.environment
        there = self._there = destination(release, repository)
        self._route = None
        if not environment.wait:
            return None
        if there is None:
            await self._roll_out(release, environment, report)
            return None
        live = self._live = await self._go_live(release, there, environment, report)
        route: Route | None = None
        with report.stage(Stage.ROUTE, "Finding the way to the app"):
            if _is_exposed(release):
                await live.rollout
                route = await find_route(self._view.cluster, release)
            if route is None and environment.auto_connect:
                tunnel = await self._open_tunnel(target, there)
                tunnel.retarget(live.pod)
                route = tunnel_route(tunnel.ports, there.scheme)
                self._begin(self._keep(tunnel, there))
        self._begin(Health(self._view, release, self._on_trouble, self._on_recovery).watch(live.rollout))
        self._begin(Exceptions(self._view, release, self._on_trouble).watch())
        if route is not None:
            report.learned(Facts(route=route))
        self._route = route
        return route

    @property
    def port(self) -> int | None:
        """Where the app listens in its pod, if it does."""
        return self._there.ports[0] if self._there is not None else None

    @contextlib.contextmanager
    def starting_anew(self) -> Generator[None]:
        """While the app is started again: new connections wait for it rather than be refused."""
        tunnel = self._tunnel
        if tunnel is not None:
            tunnel.hold()
        try:
            yield
        finally:
            if tunnel is not None:
                tunnel.release()

    async def answer_again(
        self,
        uids: Collection[str],
        ended: Callable[[], Awaitable[Problem | None]],
        listens: Callable[[str], Awaitable[bool]],
        timeout: float,
    ) -> bool:
        """Wait until pods answer in which the app was started again; false if none of them is there any more.

        Args:
            uids: which pods.
            ended: why the app cannot answer, if it has ended.
            listens: returns when the app in the pod of a unique id listens, or that cannot be known.
            timeout: seconds.

        Raises:
            DraftError: the app has ended, or does not answer in time.
        """
        from draft_ls.deploy.live import ask_all, silent

        if self._view is None:
            return False
        if self._there is None:
            return True

        async def listening(uid: str) -> bool:
            known = await listens(uid)
            tunnel = self._tunnel
            if tunnel is not None and tunnel.target is not None and tunnel.target.uid == uid:
                tunnel.release()
            return known

        if self._tunnel is not None:
            self._tunnel.renew(self._there.ports[0])
        asking = asyncio.ensure_future(ask_all(self._view, self._there, uids, timeout, listens=listening))
        try:
            while not asking.done():
                await asyncio.wait({asking}, timeout=LOOK_AGAIN)
                if not asking.done() and (problem := await ended()) is not None:
                    raise DraftError(problem)
            asked, answered = asking.result()
            if answered < asked:
                raise DraftError(silent(self._there, Stage.SYNC))
            return asked > 0
        finally:
            asking.cancel()

    async def run_in_pod(self, tasks: tuple[Task, ...], file: Path, report: Report) -> None:
        """Run the post-deploy tasks in the pod that answered.

        Raises:
            DraftError: one ended with another exit code than 0.
        """
        from draft_ls.engine.pod_tasks import run_in_pod

        if self._view is None or self._live is None:
            return
        await run_in_pod(self._view.cluster, self._live.pod, tasks, file, report.lines(Stage.ROUTE))

    async def close(self) -> None:
        """Close the tunnel and stop looking."""
        await self._end_after()
        tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None:
            await tunnel.close()
        self._view = self._cluster = self._live = self._there = self._route = None
        await self._stack.aclose()

    async def _roll_out(self, release: Release, environment: Environment, report: Report) -> None:
        from draft_ls.deploy.rollout import follow

        with report.stage(Stage.ROLLOUT, "Waiting for the new pods"):
            assert self._view is not None  # noqa: S101
            await follow(
                self._view.cluster,
                release,
                timeout=environment.timeout,
                on_line=_tell(report),
                view=self._view,
            )

    async def _go_live(
        self, release: Release, there: Destination, environment: Environment, report: Report
    ) -> Live:
        from draft_ls.deploy.live import go_live

        with report.stage(Stage.ROLLOUT, "Waiting for the new version to answer"):
            assert self._view is not None  # noqa: S101
            return await go_live(
                self._view, release, there, timeout=environment.timeout, on_line=_tell(report)
            )

    async def _open_tunnel(self, target: Target, there: Destination) -> Tunnel:
        from draft_ls.deploy.tunnel import Tunnel

        assert self._view is not None  # noqa: S101
        environment = target.environment
        if self._tunnel is None:
            self._tunnel = Tunnel(
                self._view.cluster,
                f"{self._key.app}\0{self._key.environment}",
                fixed={override.remote: override.local for override in environment.override_ports},
                place=target.config.place(environment.key, "override_ports"),
            )
        await self._tunnel.open(there.ports)
        return self._tunnel

    async def _follow_pods(self, view: View, release: Release) -> None:
        from draft_ls.deploy.manifest import documents, workloads
        from draft_ls.deploy.pods import pods_of

        wanted = workloads(documents(release.manifest), release.namespace)
        while True:
            change = view.change
            self._on_pods(pods_of(view, wanted))
            await change.wait()

    async def _keep(self, tunnel: Tunnel, there: Destination) -> None:
        from draft_ls.deploy.live import keep_target

        assert self._view is not None  # noqa: S101
        await keep_target(self._view, tunnel, there)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        """Do something until the next run or ``close``."""
        self._after.append(asyncio.create_task(work))

    async def _end_after(self) -> None:
        tasks, self._after = self._after, []
        for task in tasks:
            task.cancel()
        if self._live is not None:
            self._live.rollout.cancel()
            await asyncio.wait([self._live.rollout])
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                logger.error("watching what is live of %s ended", self._key.app.name, exc_info=result)


def _tell(report: Report) -> Callable[[str], None]:
    lines = report.lines(Stage.ROLLOUT)
    return lambda text: lines("stdout", text)


def _is_exposed(release: Release) -> bool:
    """Whether something in the release may lead to it without a tunnel."""
    from draft_ls.deploy.manifest import documents, of_kind

    objects = documents(release.manifest)
    services = of_kind(objects, "Service")
    outward = {"NodePort", "LoadBalancer"}
    return bool(of_kind(objects, "Ingress")) or any(item["spec"].get("type") in outward for item in services)
