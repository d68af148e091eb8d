"""From a target to an image that the cluster can take: build, then push or load."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from draft_ls.build.model import BuildRequest, Delivery, NodeFacts, NodeImage
from draft_ls.engine.makers import choose_maker
from draft_ls.engine.report import Facts
from draft_ls.engine.supervision import Supervision, is_wanted
from draft_ls.engine.target import OutdatedError
from draft_ls.errors import DraftError, Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from draft_ls.build.model import Image
    from draft_ls.cluster.client import Cluster
    from draft_ls.cluster.kinds import Object
    from draft_ls.deploy.model import Target as ReleaseTarget
    from draft_ls.engine.makers import Maker
    from draft_ls.engine.model import Ask
    from draft_ls.engine.report import Report
    from draft_ls.engine.target import Target
    from draft_ls.engine.tools import Tools
    from draft_ls.errors import Problem

logger = logging.getLogger(__name__)

IMAGES_STALE = 45.0
"""Seconds that a kubelet may take to tell that an image has gone: it looks every 30 s and reports every 10 s."""
LOOK_AGAIN = 2.0

PODS_LOOKED_AT = 20
"""Pods whose ids are taken as proof of whose Engine runs a node."""


@dataclass(frozen=True, slots=True)
class Way:
    """How images get to the nodes of one cluster; found once and kept, since clusters do not change that."""

    delivery: Delivery
    cluster: str


def repository(target: Target) -> str:
    """The image's name without tag."""
    registry = target.environment.registry
    return f"{registry}/{target.environment.name}" if registry else target.environment.name


async def build_image(
    maker: Maker, target: Target, supervision: Supervision, report: Report
) -> tuple[Image, Problem | None]:
    """Build the target's image and say so.

    Returns:
        The image, and why it cannot be restarted in place, if it cannot: see ``supervision``.
    """
    environment = target.environment
    request = BuildRequest(
        context=target.context,
        repository=repository(target),
        tags=(target.identity.content, *environment.custom_tags),
        arguments=environment.image_build_args,
        platforms=environment.platforms,
        archive=target.config.path.parent / environment.build_tar if environment.build_tar else None,
    )

    async def build(text: str | None) -> Image:
        wanted = replace(request, dockerfile_text=text)
        return await maker.build(wanted, environment.builder, report.lines(Stage.BUILD))

    with report.stage(Stage.BUILD, f"Building {environment.dockerfile}"):
        if not is_wanted(environment):
            return await build(None), None
        wrapped = supervision.wrap(target.dockerfile)
        image = await build(wrapped.text)
        if wrapped.unknown:
            supervision.learn(target.dockerfile, await maker.image_config(image.identifier))
            wrapped = supervision.wrap(target.dockerfile)
            image = await build(wrapped.text) if wrapped.text else image
        return image, wrapped.refusal


async def find_way(
    tools: Tools, target: Target, place: ReleaseTarget, cluster: Callable[[], Awaitable[Cluster]]
) -> Way:
    """How this target's images get to its cluster's nodes.

    Args:
        tools: where Docker is.
        target: whose registry counts.
        place: where it is deployed.
        cluster: the cluster's connection; only asked for if there is no registry.

    Raises:
        DraftError: there is no registry and no way without one; placed where ``registry`` would stand.
    """
    environment = target.environment
    if environment.registry:
        return Way(Delivery.PUSH, "")
    from draft_ls.build.delivery import cluster_name, known_by_images

    connection = await cluster()
    deadline = time.monotonic() + IMAGES_STALE
    while True:
        nodes = await node_facts(connection)
        try:
            delivery = await tools.builder.choose_delivery(None, place.context, nodes)
            break
        except DraftError as error:
            if not any(known_by_images(node) for node in nodes) or time.monotonic() > deadline:
                where = target.config.place(environment.key, "registry")
                raise DraftError(
                    *(replace(problem, place=problem.place or where) for problem in error.problems)
                ) from error
        await asyncio.sleep(LOOK_AGAIN)
    return Way(delivery, cluster_name(place.context, nodes))


async def deliver_image(
    tools: Tools, maker: Maker, target: Target, image: Image, way: Way, report: Report
) -> Image:
    """Bring a built image to where the nodes take it from."""
    environment = target.environment
    if way.delivery is Delivery.SHARED:
        return image
    if way.delivery is not Delivery.PUSH:
        with report.stage(
            Stage.PUSH, f"Loading {image.reference} into {way.delivery.value} cluster {way.cluster}"
        ):
            await tools.builder.deliver(image, way.delivery, way.cluster, report.lines(Stage.PUSH))
        return image
    where = target.config.place(environment.key, "registry")
    try:
        with report.stage(Stage.PUSH, f"Pushing {image.reference}"):
            return await maker.push(image, environment.custom_tags, report.lines(Stage.PUSH))
    except DraftError as error:
        raise DraftError(
            *(replace(problem, place=problem.place or where) for problem in error.problems)
        ) from error


async def node_facts(cluster: Cluster) -> tuple[NodeFacts, ...]:
    """What the nodes say about themselves and about a few of their pods; none if the user may not look."""
    from draft_ls.cluster.faults import ApiError
    from draft_ls.cluster.kinds import NODES, PODS, uid_of

    try:
        nodes, _ = await cluster.list(NODES)
        pods, _ = await cluster.list(PODS, fields="status.phase=Running")
    except ApiError as error:
        if error.status == 403:
            return ()
        raise
    running: dict[str, list[str]] = {}
    for pod in pods:
        if not pod["metadata"].get("deletionTimestamp"):  # its containers may be gone though it still counts
            running.setdefault(pod["spec"].get("nodeName", ""), []).append(uid_of(pod))
    return tuple(_facts(node, running.get(node["metadata"]["name"], [])) for node in nodes)


def _facts(node: Object, pods: list[str]) -> NodeFacts:
    status: Object = node.get("status", {})
    images: list[Object] = status.get("images") or []
    return NodeFacts(
        name=node["metadata"]["name"],
        runtime=status.get("nodeInfo", {}).get("containerRuntimeVersion", ""),
        provider=node["spec"].get("providerID", ""),
        labels=node["metadata"].get("labels", {}),
        images=tuple(NodeImage(tuple(item.get("names") or ()), item.get("sizeBytes", 0)) for item in images),
        pods=tuple(pods[:PODS_LOOKED_AT]),
    )


class Images:
    """The images of one session: built once for each content, and known while the Engine holds them."""

    def __init__(self, tools: Tools, ask: Ask) -> None:
        self._tools = tools
        self._ask = ask
        self.supervision = Supervision()
        """Which of them get the supervisor."""
        self._ready: dict[tuple[str, str], Image] = {}
        self._refusals: dict[str, Problem | None] = {}
        self._ways: dict[tuple[str, str | None], Way] = {}
        self._in_docker = True

    def tags(self, repository: str) -> frozenset[str]:
        """The content tags of a repository that the cluster can take without a build."""
        return frozenset(tag for name, tag in self._ready if name == repository)

    def refusal(self, image: Image) -> Problem | None:
        """Why the app in an image cannot be restarted in place, if it cannot."""
        return self._refusals.get(image.identifier)

    async def make(
        self,
        target: Target,
        place: ReleaseTarget,
        opening: Callable[[], Awaitable[Cluster]],
        is_current: Callable[[], Awaitable[bool]],
        report: Report,
        *,
        reuse: bool,
    ) -> Image:
        """The target's image, where the nodes can take it.

        Args:
            target: what to build.
            place: where it is deployed.
            opening: gives the cluster's connection, once it is open.
            is_current: whether the files are still those of the target.
            report: takes the stages.
            reuse: whether an image that is there already is good enough.

        Raises:
            OutdatedError: files changed while they were built: the tag would lie.
        """
        name = (repository(target), target.identity.content)
        if reuse and name in self._ready:
            return self._ready[name]
        maker = await choose_maker(self._tools, target, place, opening, self._ask)
        built, refusal = await build_image(maker, target, self.supervision, report)
        if not await is_current():
            raise OutdatedError
        report.learned(Facts(image=built.reference))
        where = (place.context, target.environment.registry)
        if where not in self._ways:
            self._ways[where] = await find_way(self._tools, target, place, opening)
        image = await deliver_image(self._tools, maker, target, built, self._ways[where], report)
        self._ready[name] = image
        self._in_docker = maker is self._tools.builder
        self._refusals[image.identifier] = refusal
        return image

    async def tidy(self, repository: str) -> None:
        """Remove old images of a repository; a disk that fills up is a failure of every day."""
        if not self._in_docker:
            return  # the builder in the cluster sees to it
        try:
            removed = await self._tools.builder.remove_old(repository)
        except DraftError as error:
            logger.info("old images of %s stay: %s", repository, error)
            return
        self._ready = {name: each for name, each in self._ready.items() if each.identifier not in removed}
