"""A way to a server that a test can cut, stall and restore: a proxy of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from pathlib import Path

Address = tuple[str, int] | str
"""Host and port, or the path of a Unix socket."""


class Way:
    """Carries bytes between whoever connects and a server, as long as it is whole.

    Args:
        to: the server.
        socket: the Unix socket to listen on; a free TCP port of the loopback if none.
    """

    def __init__(self, to: Address, socket: Path | None = None) -> None:
        self._to = to
        self._socket = socket
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._carriers: set[asyncio.Task[Any]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._stranded: list[asyncio.Event] = []
        self.port = 0

    async def restore(self) -> None:
        """Listen, at the same place as before, and let bytes flow."""
        self._flowing.set()
        if self._server is not None:
            return
        if self._socket is not None:
            self._server = await asyncio.start_unix_server(self._serve, self._socket)
        else:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Reset every connection, and refuse new ones."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for flowing in (self._flowing, *self._stranded):
            flowing.set()
        for writer in list(self._open):
            writer.transport.abort()
        if self._carriers:
            await asyncio.wait(self._carriers)
        await server.wait_closed()
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)

    def stall(self) -> None:
        """Keep every connection, take new ones, and carry nothing: a network that swallows packets."""
        self._flowing.clear()

    def strand(self) -> None:
        """Carry nothing over the connections there are, ever again, but over new ones: a computer that slept."""
        self._flowing.clear()
        self._stranded.append(self._flowing)
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carriers.add(task)
        self._open.add(writer)
        try:
            there, back = await self._connect()
            self._open.add(back)
            with contextlib.suppress(OSError):
                flowing = self._flowing
                await asyncio.gather(self._pump(reader, back, flowing), self._pump(there, writer, flowing))
            self._open.discard(back)
            back.close()
        finally:
            self._open.discard(writer)
            self._carriers.discard(task)
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._to, str):
            return await asyncio.open_unix_connection(self._to)
        return await asyncio.open_connection(*self._to)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, flowing: asyncio.Event
    ) -> None:
        while data := await source.read(65536):
            await flowing.wait()
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()
        else:
            sink.close()


async def way_to_cluster(kubeconfig: Path, context: str) -> Way:
    """A way to the API server of a context; the kubeconfig leads over it from now on."""
    text = yaml.safe_load(kubeconfig.read_text())
    name = next(each["context"]["cluster"] for each in text["contexts"] if each["name"] == context)
    (entry,) = [each["cluster"] for each in text["clusters"] if each["name"] == name]
    server = urlsplit(entry["server"])
    assert server.hostname is not None
    way = Way((server.hostname, server.port or 443))
    await way.restore()
    entry["server"] = f"{server.scheme}://127.0.0.1:{way.port}"
    entry["tls-server-name"] = server.hostname
    kubeconfig.write_text(yaml.safe_dump(text))
    return way
