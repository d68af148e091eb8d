"""A "cluster" whose containers are shells on this machine: the sync's own scripts run in them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from draft_ls.cluster.streams import Channel
from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence


class LocalStream:
    """Stands in for an exec stream."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.failure = ""
        self.exit_code: int | None = None

    async def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(data)
            await self.process.stdin.drain()
        except ConnectionError as error:
            raise DraftError(Problem("exec-closed", "closed")) from error

    async def read(self) -> tuple[Channel, bytes] | None:
        assert self.process.stdout is not None
        data = await self.process.stdout.read(65536)
        return (Channel.STDOUT, data) if data else None

    async def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        with contextlib.suppress(ConnectionError):
            await self.process.stdin.wait_closed()
        await self.process.wait()


class LocalCluster:
    """Runs an exec's command here.

    Args:
        shell: what ``/bin/sh`` is replaced by.
        path: the PATH of what is run; ours if none.
    """

    def __init__(self, shell: Sequence[str] = ("/bin/sh",), path: str | None = None) -> None:
        self.shell = shell
        self.path = path
        self.streams: list[LocalStream] = []

    def renew(self) -> None:
        """There is no network that could be dead."""

    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *, stdin: bool = True
    ) -> LocalStream:
        del namespace, pod, container, stdin
        process = await asyncio.create_subprocess_exec(
            *self.shell,
            *command[1:],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": self.path} if self.path is not None else None,
        )
        self.streams.append(LocalStream(process))
        return self.streams[-1]
