"""The sockets under a connection to an API server: they notice a dead network, and end when told to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import weakref
from typing import Any

KEEP_ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}
"""Seconds of silence before a probe, between probes, probes; milliseconds that sent bytes may lie about."""
END_TIMEOUT = 0.5
"""Seconds that ``end`` waits for the event loop to let go of its sockets."""
_LOOK_AGAIN = 0.005


class Sockets:
    """Makes sockets, and remembers those that are open."""

    def __init__(self) -> None:
        self._made: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def make(self, address: tuple[Any, ...]) -> socket.socket:
        """A socket that notices within twenty seconds that the network is gone, though nothing is sent.

        Args:
            address: as ``socket.getaddrinfo`` gives it.
        """
        family, kind, protocol = address[:3]
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEP_ALIVE.items():
            if hasattr(socket, name):
                made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._made.add(made)
        return made

    def drop(self) -> None:
        """Cut those that are open: what reads or writes them is told at once, instead of waiting for an answer."""
        for each in self._open():
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    async def end(self) -> None:
        """End those that are still open.

        A closed TLS connection stays open until the server agrees to its end; one whose other side is a
        stream to a pod takes up to half a minute for that, and nobody waits for it.
        """
        self.drop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_TIMEOUT):
                while self._open():  # noqa: ASYNC110 - nobody tells when the loop lets go of a socket
                    await asyncio.sleep(_LOOK_AGAIN)

    def _open(self) -> list[socket.socket]:
        return [each for each in self._made if each.fileno() >= 0]
