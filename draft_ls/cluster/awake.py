"""Keeps WebSockets open through times in which nothing passes.

A load balancer or proxy before the API server ends a connection that has been silent for as little as fifty
seconds, and an exec that waits for the next save is silent for hours. A ping is the least that counts as traffic.
Answers are not waited for: a server that is held back by a slow reader gives none, and lives all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

INTERVAL = 20.0
"""Seconds between two pings."""
PATIENCE = 1.0
"""Seconds that one ping may take: a connection that is full has traffic."""


class Awake:
    """Pings every socket that it is given for as long as it is open. Close it after use."""

    def __init__(self) -> None:
        self._sockets: weakref.WeakSet[aiohttp.ClientWebSocketResponse] = weakref.WeakSet()
        self._task: asyncio.Task[None] | None = None

    def keep(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Ping a socket from now on until it is closed."""
        self._sockets.add(socket)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._ping(), name="pings")

    async def close(self) -> None:
        """Ping no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _ping(self) -> None:
        while self._sockets:
            await asyncio.sleep(INTERVAL)
            for socket in tuple(self._sockets):
                if socket.closed:
                    self._sockets.discard(socket)
                    continue
                with contextlib.suppress(ConnectionError, RuntimeError, TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        await socket.ping()
