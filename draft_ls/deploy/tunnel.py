"""A tunnel: stable local ports that lead to whichever pod is the newest.

Each accepted connection is carried by a port-forward stream of its own. When the target changes, new
connections go to the new pod at once; a kept-alive HTTP/1 connection moves at its next request; whatever is
under way is left alone until its pod has ended. A request that reached no pod, or a safe one that its pod
left unanswered, is sent again to the new pod.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import logging
from typing import TYPE_CHECKING, Self

from draft_ls.deploy.carrier import Carrier
from draft_ls.errors import DraftError, Place, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.model import Pod

HOST = "127.0.0.1"
FIRST_PORT, PORTS = 20_000, 10_000
"""Preferred local ports: below the ephemeral ranges of Linux and macOS and below Kubernetes' node ports."""
LONGEST_HOLD = 10.0
"""Seconds for which an app that starts anew is waited for without trying."""
TRIES = 20
"""How many preferred ports are tried before any free one is taken."""

_log = logging.getLogger(__name__)


class Tunnel:
    """Local ports, open until ``close``, that lead to the target pod.

    Args:
        cluster: where the pods are.
        name: what the ports belong to, e.g. the app's path and environment: the same name prefers the same
            ports in the next process.
        fixed: local ports by remote port, as the person wants them.
        place: where those stand in draft.toml.
    """

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        *,
        fixed: Mapping[int, int] | None = None,
        place: Place | None = None,
    ) -> None:
        self._cluster = cluster
        self._name = name
        self._fixed = dict(fixed or {})
        self._place = place
        self._servers: dict[int, asyncio.Server] = {}
        self._locals: dict[int, int] = {}
        self._carriers: dict[Carrier, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._target: Pod | None = None
        self._held: asyncio.TimerHandle | None = None
        self._ready = asyncio.Event()
        """Set while there is a target and nothing is held."""

    @property
    def ports(self) -> tuple[tuple[int, int], ...]:
        """(local, remote) pairs, in the order in which they were opened."""
        return tuple((local, remote) for remote, local in self._locals.items())

    @property
    def target(self) -> Pod | None:
        """The pod that new connections go to."""
        return self._target

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._carriers)

    async def open(self, remotes: Iterable[int]) -> tuple[tuple[int, int], ...]:
        """Listen for these ports of the pod; those that are open stay as they are.

        Raises:
            DraftError: a fixed local port is taken (``port-busy``).
        """
        for remote in remotes:
            if remote not in self._servers:
                server = await self._listen(remote)
                self._servers[remote] = server
                self._locals[remote] = server.sockets[0].getsockname()[1]
        return self.ports

    def retarget(self, pod: Pod | None) -> None:
        """From now on lead to this pod; to none: connections wait for the next."""
        if pod is not None and self._target is not None and pod.uid == self._target.uid:
            return
        self._target = pod
        self._judge()

    def hold(self) -> None:
        """Let new connections wait until ``release``: the app behind the target is about to start anew.

        After ``LONGEST_HOLD`` seconds they go on all the same: then each finds out for itself, and says so.
        """
        self.release()
        self._held = asyncio.get_running_loop().call_later(LONGEST_HOLD, self.release)
        self._judge()

    def release(self) -> None:
        """Let connections go on."""
        if self._held is not None:
            self._held.cancel()
            self._held = None
        self._judge()

    def renew(self, remote: int) -> None:
        """Let go of every connection to this port of the pod: the app that they lead to has ended.

        Where the node forwards ports by socat, they would be told half a second later. A safe request that is
        still unanswered goes to the new app.
        """
        for carrier in self._carriers:
            if carrier.port == remote:
                task = asyncio.create_task(carrier.abandon())
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    def _judge(self) -> None:
        if self._target is None or self._held is not None:
            self._ready.clear()
        else:
            self._ready.set()

    async def lose_all_but(self, present: Collection[str]) -> None:
        """Let go of the pods that are no more, given the unique ids of those that are."""
        lost = [item for item in self._carriers if item.pod is not None and item.pod.uid not in present]
        await asyncio.gather(*(carrier.abandon() for carrier in lost))

    async def wait_for_target(self) -> Pod:
        """The target, as soon as there is one and nothing is held."""
        while self._target is None or self._held is not None:
            await self._ready.wait()
        return self._target

    async def close(self) -> None:
        """Stop listening and end every connection."""
        self.release()
        for server in self._servers.values():
            server.close()
        tasks = list(self._carriers.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._ending, return_exceptions=True)
        for server in self._servers.values():
            await server.wait_closed()
        self._servers.clear()
        self._locals.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _listen(self, remote: int) -> asyncio.Server:
        if remote in self._fixed:
            return await self._bind(self._fixed[remote], remote)
        for port in preferred_ports(self._name, remote):
            with contextlib.suppress(DraftError):
                return await self._bind(port, remote)
        return await self._bind(0, remote)

    async def _bind(self, port: int, remote: int) -> asyncio.Server:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            carrier = Carrier(self, self._cluster, remote, reader, writer)
            task = asyncio.create_task(carrier.run())
            self._carriers[carrier] = task
            task.add_done_callback(lambda _: self._carriers.pop(carrier, None))

        try:
            return await asyncio.start_server(accept, HOST, port)
        except OSError as error:
            raise DraftError(self._busy(port, error)) from error

    def _busy(self, port: int, error: OSError) -> Problem:
        if error.errno in {errno.EACCES, errno.EPERM}:
            return Problem(
                "port-forbidden",
                f"The local port {port} may not be opened.",
                Stage.ROUTE,
                self._place,
                cause=str(error),
                fix="Choose a port above 1023 in override_ports.",
            )
        return Problem(
            "port-busy",
            f"The local port {port} is taken by another program.",
            Stage.ROUTE,
            self._place,
            cause=error.strerror or str(error),
            fix="End that program, or choose another port in override_ports.",
        )


def preferred_ports(name: str, remote: int) -> tuple[int, ...]:
    """The local ports to try for a tunnel, always the same for the same name."""
    digest = hashlib.sha256(f"{name}\0{remote}".encode()).digest()
    first = int.from_bytes(digest[:4], "big")
    return tuple(FIRST_PORT + (first + step) % PORTS for step in range(TRIES))
