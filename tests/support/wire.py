"""The language server as a child process, spoken to in plain JSON: what no client library would send."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

PATIENCE = 20.0
"""Seconds that an answer may take on a busy machine."""


class Wire:
    """A server's standard input and output."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.received: list[dict[str, Any]] = []
        self._input, self._output = process.stdin, process.stdout
        self._numbers = itertools.count(1)

    def send(self, message: object) -> None:
        """One message, framed."""
        self.send_bytes(json.dumps(message).encode())

    def send_bytes(self, body: bytes) -> None:
        """One body, framed, whatever it is."""
        self.send_raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self._input.write(data)

    def notify(self, method: str, params: object = None) -> None:
        """A notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    async def request(self, method: str, params: object = None) -> dict[str, Any]:
        """A request and the whole answer to it."""
        number = next(self._numbers)
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return await self.answer(number)

    async def answer(self, identifier: object) -> dict[str, Any]:
        """The answer to a request; everything before it is kept in ``received``."""
        while True:
            message = await self.read()
            if "method" not in message and message.get("id") == identifier:
                return message
            self.received.append(message)

    async def read(self) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(PATIENCE):
            length = 0
            while line := (await self._output.readline()).strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                raise EOFError("the server closed its output")
            return json.loads(await self._output.readexactly(length))

    async def initialize(
        self, capabilities: Mapping[str, Any] | None = None, **params: Any
    ) -> dict[str, Any]:
        """Shake hands; returns the server's capabilities."""
        given = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": dict(capabilities or {}),
            **params,
        }
        answer = await self.request("initialize", given)
        self.notify("initialized", {})
        return answer["result"]["capabilities"]

    async def ended(self) -> int:
        """The exit code, once the process has ended."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    def close_input(self) -> None:
        """The editor is gone."""
        self._input.close()


@asynccontextmanager
async def serving(
    *arguments: str, python: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> AsyncGenerator[Wire]:
    """A server that runs inside the block, and certainly no longer."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *python,
        "-m",
        "draft_ls",
        *arguments,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Wire(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
