"""A small release on the real cluster, in every condition that a rollout can meet."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from draft_ls.cluster.client import Cluster
from draft_ls.deploy.helm import Helm
from draft_ls.deploy.live import Live, go_live
from draft_ls.deploy.model import Release, Rollout, Target
from draft_ls.deploy.rollout import follow
from draft_ls.deploy.routes import destination
from draft_ls.deploy.view import View

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ground import RealCluster

CHART = Path(__file__).parent / "tiny"


@dataclass
class Tiny:
    """The chart of ``tests/support/tiny`` as one release in one namespace."""

    cluster: Cluster
    helm: Helm
    target: Target
    said: list[str] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def of(cls, real: RealCluster, namespace: str, name: str = "tiny") -> AsyncGenerator[Tiny]:
        async with await Cluster.open(real.context) as cluster:
            helm = await Helm.find()
            yield cls(cluster, helm, Target(real.context, namespace, name))

    async def release(self, **values: Any) -> Release:
        """Write the release; its values as keywords."""
        return await self.helm.upgrade(self.target, CHART, injected=values, on_line=self.said.append)

    async def roll_out(self, *, timeout: float = 60, **values: Any) -> Rollout:
        """Write the release and follow it to its end."""
        async with View(self.cluster, self.target.namespace) as view:
            release = await self.release(**values)
            return await follow(self.cluster, release, timeout=timeout, on_line=self.said.append, view=view)

    async def live(self, view: View, **values: Any) -> Live:
        """Write the release and wait until it answers."""
        release = await self.release(**values)
        there = destination(release)
        assert there is not None
        return await go_live(view, release, there, timeout=60)


async def http(port: int, path: str = "/", host: str = "127.0.0.1") -> str:
    """The body of one answer, on a connection of its own."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        return await ask(reader, writer, path)
    finally:
        writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str = "/") -> str:
    """One request and its answer's body on a connection that stays open."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: tiny\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    assert " 200 " in head.splitlines()[0], head
    length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
    return (await reader.readexactly(length)).decode()


def free_socket() -> socket.socket:
    """A listening socket on a port that was free."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken
