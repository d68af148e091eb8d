"""The script that the builder's pod runs, over folders of this machine, with a stand-in for its engine."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from draft_ls.build.incluster.conversation import Conversation
from draft_ls.cluster.streams import Channel
from draft_ls.errors import DraftError, Problem
from ground import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from draft_ls.cluster.streams import ExecStream

SCRIPT = ROOT / "builder/files/builder.sh"
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
"""With BusyBox, all tools are its own, as in BuildKit's images."""

BUILDAH = """#!/bin/sh
echo "STEP 1/1: FROM scratch" >&2
while [ $# -gt 1 ]; do
  [ "$1" != --iidfile ] || echo sha256:abc >"$2"
  shift
done
cat "$1/wanted" 2>/dev/null
[ ! -e "$1/slow" ] || { echo under way; sleep 600; }
until [ ! -e "$1/until" ] || [ -e "${0%/bin/*}/go" ]; do sleep 0.05; done
"""


class LocalStream:
    """The script as a process of this machine, with the face of an exec."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._parts: asyncio.Queue[tuple[Channel, bytes] | None] = asyncio.Queue()
        self._readers = [
            asyncio.create_task(self._read(Channel.STDOUT, process.stdout)),
            asyncio.create_task(self._read(Channel.STDERR, process.stderr)),
        ]
        self._end = asyncio.create_task(self._ended())
        self.exit_code: int | None = None
        self.failure = ""

    async def _read(self, channel: Channel, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        while data := await stream.read(65536):
            await self._parts.put((channel, data))

    async def _ended(self) -> None:
        await asyncio.gather(*self._readers)
        self.exit_code = await self._process.wait()
        await self._parts.put(None)

    async def read(self) -> tuple[Channel, bytes] | None:
        return await self._parts.get()

    async def write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise DraftError(Problem("exec-closed", "closed")) from error

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(30):
            await self._end


class Ground:
    """A builder's folders, and the script over them."""

    def __init__(self, folder: Path, shell: str, engine: str = "buildah") -> None:
        self.folder = folder
        self.command = ("busybox", "sh") if shell == "busybox" else (shell,)
        for name in ("data/tmp", "data/line", "data/builds", "run", "settings", "bin"):
            (folder / name).mkdir(parents=True)
        (folder / "settings/registries").write_text("")
        (folder / "settings/engine.sh").symlink_to(SCRIPT.with_name(f"{engine}.sh"))
        if shell == "busybox":
            subprocess.run(["busybox", "--install", "-s", folder / "bin"], check=True)
        self.program("buildah", BUILDAH)

    def program(self, name: str, text: str) -> None:
        """Put a stand-in where the script finds it first."""
        program = self.folder / "bin" / name
        program.unlink(missing_ok=True)  # BusyBox's is a link to BusyBox itself
        program.write_text(text)
        program.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        names = {"DRAFT_DATA": "data", "DRAFT_RUN": "run", "DRAFT_SETTINGS": "settings"}
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return os.environ | {name: str(self.folder / each) for name, each in names.items()} | {"PATH": path}

    async def start(self, verb: str, **environment: str) -> asyncio.subprocess.Process:
        """The script, with its streams open."""
        return await asyncio.create_subprocess_exec(
            *self.command, SCRIPT, verb,
            env=self.environment | environment, stdin=-1, stdout=-1, stderr=-1,
        )  # fmt: skip

    @asynccontextmanager
    async def run(self, verb: str) -> AsyncGenerator[Conversation]:
        """A conversation with the script."""
        talk = Conversation(cast("ExecStream", LocalStream(await self.start(verb))))
        try:
            yield talk
        finally:
            await talk.close()

    @asynccontextmanager
    async def talk(self, app: str, person: str = "ann") -> AsyncGenerator[Conversation]:
        """A conversation that builds an app."""
        async with self.run("build") as talk:
            await talk.send(f"open {person} {app}")
            yield talk

    def tree(self, app: str, person: str = "ann") -> Path:
        return self.folder / "data/sources" / person / app / "tree"
