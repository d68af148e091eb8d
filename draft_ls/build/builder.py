"""``ImageBuilder``: from a build request to an image where the cluster can run it."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.build import checks, classic, delivery, images, push
from draft_ls.build.buildkit import BuildKit, BuildKitFinder
from draft_ls.build.buildkit import build as build_with_buildkit
from draft_ls.build.context import ignore_file
from draft_ls.build.daemon import Daemon
from draft_ls.build.endpoint import find_endpoint
from draft_ls.build.failures import Failure, build_problem
from draft_ls.build.model import BuildCheck, Delivery, Image, ImageConfig
from draft_ls.build.progress import ProgressReader, is_noise, plain
from draft_ls.build.tags import LABEL_APP
from draft_ls.config.model import Builder
from draft_ls.dockerfile.parse import parse
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from draft_ls.build.model import BuildRequest, NodeFacts, Step
    from draft_ls.dockerfile.model import Dockerfile
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
        path = request.context.root / request.context.dockerfile
        build = _Build(
            request,
            path,
            parse(request.dockerfile_text or await asyncio.to_thread(_text, path), path),
            on_line,
            on_step,
        )
        daemon = self._connection()
        if buildkit is not None:
            return await build.with_buildkit(buildkit, daemon)
        return await build.with_engine(daemon)

    async def push(
        self,
        image: Image,
        tags: Sequence[str] = (),
        on_line: Callable[[Stream, str], None] | None = None,
    ) -> Image:
        """Push the content tag and ``tags``; the image with the registry's digest.

        Only layers that the registry lacks travel. A problem's place is left to the caller.
        """

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
        several = len(request.platforms) > 1
        if builder is Builder.DOCKER and not several:
            return None
        found = await self.find_buildkit()
        if several and (builder is Builder.DOCKER or found is None or not found.plugin):
            raise DraftError(_needs_buildx(request.platforms))
        if found is None and builder is Builder.BUILDKIT:
            raise DraftError(_no_buildkit())
        if found is not None and builder is Builder.AUTO and (await self._connection().facts()).is_podman:
            return None  # Podman's socket speaks the Engine's API, but not BuildKit's
        return found


class _Build:
    """One build under way."""

    def __init__(
        self,
        request: BuildRequest,
        path: Path,
        dockerfile: Dockerfile,
        on_line: Callable[[Stream, str], None] | None,
        on_step: Callable[[Step], None] | None,
    ) -> None:
        self._request = request
        self._path = path
        self._dockerfile = dockerfile
        self._on_line = on_line
        self._on_step = on_step
        self._progress = ProgressReader(dockerfile)
        self._log: list[str] = []
        self._partial = ""

    async def with_buildkit(self, buildkit: BuildKit, daemon: Daemon) -> Image:
        finished, identifier = await build_with_buildkit(
            buildkit, daemon.endpoint, self._request, lambda _, text: self._line(text)
        )
        if not identifier:
            raise DraftError(
                await self._problem(_last_word(self._log, finished.tail(1), self._progress.reason))
            )
        return self._image(identifier)

    async def with_engine(self, daemon: Daemon) -> Image:
        try:
            identifier, error = await classic.build(daemon, self._request, self._dockerfile, self._text)
        except DraftError as refused:
            if refused.problem.code != "docker-failed":
                raise
            identifier, error = "", refused.problem.cause
        self._text("\n" if self._partial else "")
        if error or not identifier:  # each stage that is done has told its own id
            raise DraftError(await self._problem(error))
        return self._image(identifier)

    def _image(self, identifier: str) -> Image:
        return Image(self._request.repository, self._request.tags[0], identifier)

    def _text(self, text: str) -> None:
        """Take in output that is not cut into lines."""
        *lines, self._partial = (self._partial + text).split("\n")
        for line in lines:
            self._line(line)

    def _line(self, raw: str) -> None:
        line = plain(raw)
        step = self._progress.read(line)
        if not is_noise(line):
            self._log.append(line)
            if self._on_line is not None:
                self._on_line("stdout", line)
        if step is not None and self._on_step is not None:
            self._on_step(step)

    async def _problem(self, reason: str) -> Problem:
        context = self._request.context
        failure = Failure(reason, self._progress.label(), self._progress.output(), tuple(self._log))
        return await asyncio.to_thread(
            lambda: build_problem(
                failure,
                self._dockerfile,
                self._path,
                context.root,
                ignore_file(context.root, context.dockerfile),
            )
        )


def _last_word(log: Sequence[str], tail: tuple[str, ...], reason: str) -> str:
    """The CLI's verdict, which says more than the step's own words; an advertisement may follow it."""
    verdict = next((line for line in log[::-1] if line.startswith("ERROR: ")), "")
    return verdict or next((line for line in (*tail, *log[::-1]) if line.strip()), reason)


def _text(path: Path) -> str:
    return path.read_text("utf-8-sig", errors="replace")


def _labelled(request: BuildRequest) -> BuildRequest:
    from dataclasses import replace

    return replace(request, labels={**request.labels, LABEL_APP: request.repository})


def _needs_buildx(platforms: Sequence[str]) -> Problem:
    return Problem(
        "buildx-needed",
        f"An image for {', '.join(platforms)} at once needs BuildKit's buildx, which is missing here.",
        Stage.BUILD,
        fix="Install the buildx plugin, or name one platform only.",
    )


def _no_buildkit() -> Problem:
    return Problem(
        "buildkit-missing",
        'draft.toml says `builder = "buildkit"`, but no docker CLI on PATH builds with BuildKit.',
        Stage.BUILD,
        fix='Install the buildx plugin, or set `builder = "auto"`.',
    )
