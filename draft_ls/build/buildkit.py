"""Builds with BuildKit, through a docker CLI that can.

Two kinds can: one with the buildx plugin, and those from 18.09 up to 22, which have a BuildKit client inside.
A CLI from 23 on without the plugin falls back to the classic builder, so it is no use here even if it comes
first on PATH.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.build.context import ignore_file
from draft_ls.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from draft_ls.build.endpoint import Endpoint
    from draft_ls.build.model import BuildRequest
    from draft_ls.processes import Finished, Stream

PROBE = 10.0
"""Seconds that a candidate has to say what it is."""

_VERSION = re.compile(r"Docker version (?P<year>\d+)\.(?P<month>\d+)")
_INTEGRATED = ((18, 9), (23, 0))


@dataclass(frozen=True, slots=True)
class BuildKit:
    """A docker CLI that builds with BuildKit.

    Attributes:
        command: its path.
        version: what it says of itself.
        plugin: whether it does so through the buildx plugin.
    """

    command: Path
    version: str
    plugin: bool


class BuildKitFinder:
    """Finds a docker CLI with BuildKit, and remembers what each candidate is until its file changes."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], BuildKit | None] = {}

    async def find(self, search: str) -> BuildKit | None:
        """The first on ``search``, a PATH, that builds with BuildKit."""
        for command in _candidates(search):
            status = command.stat()
            key = (str(command), status.st_mtime_ns, status.st_size)
            if key not in self._known:
                self._known[key] = await _probe(command)
            if found := self._known[key]:
                return found
        return None


def _candidates(search: str) -> Iterator[Path]:
    seen: set[Path] = set()
    for folder in search.split(os.pathsep):
        command = Path(folder or ".", "docker")
        if command.is_file() and os.access(command, os.X_OK) and (real := command.resolve()) not in seen:
            seen.add(real)
            yield command


async def _probe(command: Path) -> BuildKit | None:
    buildx, own = await asyncio.gather(_say(command, "buildx", "version"), _say(command, "--version"))
    if "buildx" in buildx:
        return BuildKit(command, buildx, plugin=True)
    match = _VERSION.search(own)
    if match and _INTEGRATED[0] <= (int(match["year"]), int(match["month"])) < _INTEGRATED[1]:
        return BuildKit(command, own, plugin=False)
    return None


async def _say(command: Path, *arguments: str) -> str:
    try:
        finished = await run([command, *arguments], timeout=PROBE)
    except (OSError, TimeoutError):
        return ""
    return finished.stdout.strip().partition("\n")[0] if finished.ok else ""


async def build(
    buildkit: BuildKit,
    endpoint: Endpoint,
    request: BuildRequest,
    on_line: Callable[[Stream, str], None],
) -> tuple[Finished, str]:
    """Build with BuildKit; how the CLI ended, and the image's id, empty if it failed.

    The CLI gets the folder itself rather than an archive, since BuildKit asks it only for the files that
    changed since the last build. Cancelling ends the CLI, on which the Engine ends the build.

    An image for several platforms is an index, which Engines do not hold: it is pushed by the build itself,
    and its id is the registry's digest.
    """
    with tempfile.TemporaryDirectory(prefix="draft-build-") as scratch:
        identifier = Path(scratch, "id")
        with _dockerfile(request, Path(scratch)) as dockerfile:
            finished = await run(
                [
                    buildkit.command,
                    *_command(buildkit, request),
                    "--progress=plain",
                    f"--iidfile={identifier}",
                    *_options(request),
                    f"--file={dockerfile}",
                    "-" if request.archive else request.context.root,
                ],
                environment=_environment(endpoint, request),
                on_line=on_line,
                stdin=await asyncio.to_thread(request.archive.read_bytes) if request.archive else None,
            )
        return finished, await asyncio.to_thread(identifier.read_text) if finished.ok else ""


def _command(buildkit: BuildKit, request: BuildRequest) -> tuple[str, ...]:
    if not buildkit.plugin:
        return ("build",)
    return ("buildx", "build", "--push" if request.is_index else "--load")


def _options(request: BuildRequest) -> Iterator[str]:
    for tag in request.tags:
        yield f"--tag={request.repository}:{tag}"
    for name, value in request.arguments.items():
        yield f"--build-arg={name}={value}"
    for name, value in request.labels.items():
        yield f"--label={name}={value}"
    if request.platforms:
        yield f"--platform={','.join(request.platforms)}"


@contextmanager
def _dockerfile(request: BuildRequest, scratch: Path) -> Generator[Path | str]:
    """The Dockerfile for the CLI; a copy beside its ignore file where either is not what lies on the disk."""
    context = request.context
    if request.archive:
        yield context.dockerfile
    elif not context.ignore and request.dockerfile_text is None:
        yield context.root / context.dockerfile
    else:
        copy = scratch / "Dockerfile"
        text = request.dockerfile_text
        copy.write_bytes((context.root / context.dockerfile).read_bytes() if text is None else text.encode())
        own = ignore_file(context.root, context.dockerfile)
        lines = own.read_bytes() + b"\n" if own else b""
        lines += "\n".join(context.ignore).encode("utf-8", "surrogateescape")
        Path(scratch, "Dockerfile.dockerignore").write_bytes(lines)
        yield copy


def _environment(endpoint: Endpoint, request: BuildRequest) -> Mapping[str, str]:
    builder = {} if request.is_index else {"BUILDX_BUILDER": "default"}  # the one inside the Engine
    return {
        **endpoint.environment(),
        **builder,
        "DOCKER_BUILDKIT": "1",
        "DOCKER_CLI_HINTS": "false",
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",  # an image, not an index, as kind and minikube expect
        "NO_COLOR": "1",
    }
