"""``ImageBuilder``: from a build request to an image where the cluster can run it."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.build import checks, delivery, images, push
from draft_ls.build.buildkit import BuildKitFinder
from draft_ls.build.credentials import DOCKER_HUB, registry_of
from draft_ls.build.daemon import Daemon
from draft_ls.build.endpoint import find_endpoint
from draft_ls.build.model import BuildCheck, Delivery
from draft_ls.build.running import RunningBuild
from draft_ls.build.tags import LABEL_APP
from draft_ls.config.model import Builder
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from draft_ls.build.buildkit import BuildKit
    from draft_ls.build.model import BuildRequest, Image, ImageConfig, NodeFacts, Step
    from draft_ls.processes import Stream

_log = logging.getLogger(__name__)


class ImageBuilder:
    """Builds, pushes and loads images. One serves all sessions; calls may be made at the same time.

    Nothing is imported, found or connected before the first call. Every method raises ``DraftError``; a
    cancelled call closes its socket or ends its child, on which the Engine stops the work.

    Args:
        environment: the variables that say where Docker is; those of the process if none.
        home: the person's home folder.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, home: Path | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._home = home or Path.home()
        self._finder = BuildKitFinder()
        self._daemon: Daemon | None = None

    async def build(
        self,
        request: BuildRequest,
        builder: Builder = Builder.AUTO,
        on_line: Callable[[Stream, str], None] | None = None,
        on_step: Callable[[Step], None] | None = None,
    ) -> Image:
        """Build an image and tag it with every tag of the request.

        Args:
            request: what to build.
            builder: ``auto`` takes BuildKit where a docker CLI has it.
            on_line: gets the builder's output line by line, without colours.
            on_step: gets each step when it starts and when it ends.
        """
        request = _labelled(request)
        buildkit = await self._choose(request, builder)
        daemon = self._connection()
        running = await RunningBuild.of(request, on_line, on_step)
        if buildkit is None:
            return await running.with_engine(daemon)
        try:
            return await running.with_buildkit(buildkit, daemon)
        except DraftError as error:
            if builder is not Builder.AUTO or error.problem.code != "buildkit-refused":
                raise
        _log.info("the Engine at %s has no BuildKit; its own builder is used", daemon.endpoint.host)
        return await (await RunningBuild.of(request, on_line, on_step)).with_engine(daemon)

    async def push(
        self,
        image: Image,
        tags: Sequence[str] = (),
        on_line: Callable[[Stream, str], None] | None = None,
    ) -> Image:
        """Push the content tag and ``tags``; the image with the registry's digest.

        Only layers that the registry lacks travel. An image that has a digest is there already. A problem's
        place is left to the caller.
        """
        if image.digest is not None:
            return image

        def tell(text: str) -> None:
            if on_line is not None:
                on_line("stdout", text)

        wanted = tuple(dict.fromkeys((image.tag, *tags)))
        try:
            return await push.push(self._connection(), image, wanted, tell)
        except DraftError as error:
            raise DraftError(push.refused(error.problem, image.repository)) from error

    async def deliver(
        self,
        image: Image,
        how: Delivery,
        cluster: str,
        on_line: Callable[[Stream, str], None] | None = None,
    ) -> None:
        """Bring an image into a local cluster without a registry.

        Args:
            image: the image.
            how: as ``choose_delivery`` found; nothing is to be done for ``shared``, nor for ``push``.
            cluster: the cluster's name, as ``delivery.cluster_name`` gives it.
            on_line: gets the loader's output.
        """
        await delivery.load(image, how, cluster, self._connection().endpoint, on_line)

    async def choose_delivery(
        self, registry: str | None, context: str, nodes: Sequence[NodeFacts]
    ) -> Delivery:
        """How images get to the nodes of a cluster.

        Raises:
            DraftError: ``registry-needed`` if there is no way without one.
        """
        if registry:
            return Delivery.PUSH
        view = await self._connection().call(delivery.look)
        if delivery.is_shared(nodes, view):
            return Delivery.SHARED
        found = delivery.local_delivery(context, nodes)
        if found is None:
            raise DraftError(delivery.no_way(context))
        return found

    async def image_config(self, reference: str) -> ImageConfig:
        """What an image in the Engine says about the containers made from it."""
        return await self._connection().call(lambda client: images.read_config(client, reference))

    async def remove_old(
        self, repository: str, keep: int = images.KEEP, protect: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Remove images that we built for a repository; the ids that went.

        The ``keep`` built last stay, and those in use, and the references in ``protect``. To be called after
        a deployment is live; nothing needs to wait for it.
        """
        return await self._connection().call(
            lambda client: images.remove_old(client, repository, keep, protect)
        )

    async def answers(self) -> bool:
        """Whether there is a Docker Engine."""
        try:
            await self._connection().facts()
        except DraftError as error:
            _log.debug("no Docker: %s", error)
            return False
        return True

    async def checks(self, registry: str | None = None) -> tuple[BuildCheck, ...]:
        """Look at everything that a build needs; never raises for what it finds."""
        try:
            daemon = self._connection()
        except DraftError as error:
            return (BuildCheck("Docker", ok=False, seen=error.problem.message, fix=error.problem.fix),)
        found = [
            await checks.check_docker(daemon),
            checks.check_buildkit(await self.find_buildkit()),
            await checks.check_space(daemon),
        ]
        if registry:
            found.append(await checks.check_registry(registry))
        return tuple(found)

    async def find_buildkit(self) -> BuildKit | None:
        """The docker CLI on PATH that builds with BuildKit; looked for once."""
        return await self._finder.find(self._environment.get("PATH", os.defpath))

    def close(self) -> None:
        """Give back every connection."""
        if self._daemon is not None:
            self._daemon.close()
            self._daemon = None

    def _connection(self) -> Daemon:
        """The Engine as configured now: ``docker context use`` takes effect with the next call."""
        endpoint = find_endpoint(self._environment, self._home)
        if self._daemon is None or self._daemon.endpoint != endpoint:
            self.close()
            self._daemon = Daemon(endpoint)
        return self._daemon

    async def _choose(self, request: BuildRequest, builder: Builder) -> BuildKit | None:
        """The CLI to build with; none for the Engine's own builder."""
        if builder is Builder.DOCKER and not request.is_index:
            return None
        found = await self.find_buildkit()
        if request.is_index and registry_of(request.repository) == DOCKER_HUB:
            raise DraftError(_needs_registry(request.platforms))
        if request.is_index and (builder is Builder.DOCKER or found is None or not found.plugin):
            raise DraftError(_needs_buildx(request.platforms))
        if found is None and builder is Builder.BUILDKIT:
            raise DraftError(_no_buildkit())
        return found


def _labelled(request: BuildRequest) -> BuildRequest:
    return replace(request, labels={**request.labels, LABEL_APP: request.repository})


def _needs_buildx(platforms: Sequence[str]) -> Problem:
    return Problem(
        "buildx-needed",
        f"An image for {', '.join(platforms)} at once needs BuildKit's buildx, which is missing here.",
        Stage.BUILD,
        fix="Install the buildx plugin, or name one platform only.",
    )


def _needs_registry(platforms: Sequence[str]) -> Problem:
    return Problem(
        "registry-needed",
        f"An image for {', '.join(platforms)} at once can only be kept in a registry, and none is set.",
        Stage.BUILD,
        fix="Set `registry` in draft.toml, or name one platform only.",
    )


def _no_buildkit() -> Problem:
    return Problem(
        "buildkit-missing",
        'draft.toml says `builder = "buildkit"`, but no docker CLI on PATH builds with BuildKit.',
        Stage.BUILD,
        fix='Install the buildx plugin, or set `builder = "auto"`.',
    )
