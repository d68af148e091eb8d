"""One build under way: its output made into lines and steps, its end into an image or a problem."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from draft_ls.build import buildkit, classic
from draft_ls.build.archive import archived_text
from draft_ls.build.context import ignore_file
from draft_ls.build.failed_step import Failure
from draft_ls.build.failures import build_problem
from draft_ls.build.model import Image
from draft_ls.build.progress import ProgressReader, is_noise, plain
from draft_ls.dockerfile.parse import parse
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from draft_ls.build.buildkit import BuildKit
    from draft_ls.build.daemon import Daemon
    from draft_ls.build.model import BuildRequest, Step
    from draft_ls.errors import Problem
    from draft_ls.processes import Stream


class RunningBuild:
    """One build; made by ``of``, then run once by one of the two builders.

    Args:
        request: what is built.
        text: the Dockerfile's text.
        on_line: gets each line of output, without colours.
        on_step: gets each step when it starts and when it ends.
    """

    def __init__(
        self,
        request: BuildRequest,
        text: str,
        on_line: Callable[[Stream, str], None] | None,
        on_step: Callable[[Step], None] | None,
    ) -> None:
        self._request = request
        self._path = request.archive or request.context.root / request.context.dockerfile
        self._dockerfile = parse(text, self._path)
        self._on_line = on_line
        self._on_step = on_step
        self._progress = ProgressReader(self._dockerfile)
        self._log: list[str] = []
        self._partial = ""

    @classmethod
    async def of(
        cls,
        request: BuildRequest,
        on_line: Callable[[Stream, str], None] | None,
        on_step: Callable[[Step], None] | None,
    ) -> RunningBuild:
        """A build that knows its Dockerfile."""
        return cls(request, await asyncio.to_thread(dockerfile_text, request), on_line, on_step)

    async def with_buildkit(self, found: BuildKit, daemon: Daemon) -> Image:
        """Build through a docker CLI."""
        finished, identifier = await buildkit.build(
            found, daemon.endpoint, self._request, lambda _, text: self._take_line(text)
        )
        if not identifier:
            reason = verdict(self._log, finished.tail(1), self._progress.reason)
            raise DraftError(await self._problem(reason))
        return self._image(identifier)

    async def with_engine(self, daemon: Daemon) -> Image:
        """Build with the Engine's own builder."""
        try:
            identifier, error = await classic.build(daemon, self._request, self._dockerfile, self._take_text)
        except DraftError as refused:
            if refused.problem.code != "docker-failed":
                raise
            identifier, error = "", refused.problem.cause
        self._take_text("\n" if self._partial else "")
        if error or not identifier:  # each stage that is done has told its own id
            raise DraftError(await self._problem(error))
        return self._image(identifier)

    async def with_cluster(self, build: Callable[[Callable[[str], None]], Awaitable[str]]) -> Image:
        """Build with the builder in a cluster.

        Args:
            build: does so; it gets who takes the output, and gives the image's id, empty if the build failed.
        """
        identifier = await build(self._take_text)
        self._take_text("\n" if self._partial else "")
        if not identifier:
            raise DraftError(await self._problem(verdict(self._log, (), self._progress.reason)))
        return self._image(identifier)

    def _image(self, identifier: str) -> Image:
        digest = identifier if self._request.is_index else None
        return Image(self._request.repository, self._request.tags[0], identifier, digest)

    def _take_text(self, text: str) -> None:
        """Take in output that is not cut into lines."""
        *lines, self._partial = (self._partial + text).split("\n")
        for line in lines:
            self._take_line(line)

    def _take_line(self, raw: str) -> None:
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

        def explain() -> Problem:
            ignore = None if self._request.archive else ignore_file(context.root, context.dockerfile)
            return build_problem(failure, self._dockerfile, self._path, context.root, ignore)

        return await asyncio.to_thread(explain)


def dockerfile_text(request: BuildRequest) -> str:
    """What is built, as text; blocks on the disk."""
    if request.dockerfile_text is not None:
        return request.dockerfile_text
    if request.archive is not None:
        return archived_text(request.archive, request.context.dockerfile)
    return (request.context.root / request.context.dockerfile).read_text("utf-8-sig", errors="replace")


def verdict(log: Sequence[str], tail: tuple[str, ...], reason: str) -> str:
    """The CLI's last word, which says more than the step's own; an advertisement may follow it."""
    verdict = next((line for line in log[::-1] if line.lower().startswith("error: ")), "")
    return verdict or next((line for line in (*tail, *log[::-1]) if line.strip()), reason)
