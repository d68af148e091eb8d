"""One exec that stays open for as long as its container runs, and takes one sync after the other."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from draft_ls.cluster.faults import ApiError
from draft_ls.errors import DraftError
from draft_ls.sync import script
from draft_ls.sync.faults import cut, no_shell, pod_gone, refused, timed_out, unusable
from draft_ls.sync.model import AppState, Running

if TYPE_CHECKING:
    from collections.abc import Iterable

    from draft_ls.cluster.client import Cluster
    from draft_ls.cluster.streams import ExecStream
    from draft_ls.sync.model import Replica

OPEN_TIMEOUT = 10.0
"""Seconds until the shell in the container must have said that it is there."""

BEGIN_TIMEOUT = 4.0
"""Seconds until the shell must have said that it has the script; a connection that is more silent is dead."""

ANSWER_TIMEOUT = 10.0
"""Seconds for a round trip, and as many again for each ``BYTES_A_TIMEOUT`` of payload."""
BYTES_A_TIMEOUT = 16 * 1024 * 1024

_LISTENS = re.compile(rb"^" + script.LISTENS.encode() + rb" (\d+)\n", re.MULTILINE)
_AT_ONCE = 16 * script.BLOCK
"""How many bytes go in one message."""
_BEGUN = f"{script.BEGUN}\n".encode()
_END = re.compile(rb"^" + script.END.encode() + rb" (\d+)\n", re.MULTILINE)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the shell in the container says first.

    Attributes:
        started: when process 1 started, in the node's ticks: tells one run of the container from the next.
        supervised: whether process 1 is a supervisor, so that the app can be restarted.
        user: the user's id.
        tools: the programs that there are.
    """

    started: str
    supervised: bool
    user: int
    tools: frozenset[str]

    @property
    def missing(self) -> tuple[str, ...]:
        """Tools that a sync cannot do without and that are not there."""
        needed = (*(tool for tool in script.TOOLS if tool not in ("tar", "readlink")), "fullblock")
        return tuple(tool for tool in needed if tool not in self.tools)


class Channel:
    """See the module. Use ``open``; one round trip at a time.

    A round trip that is not brought to its end leaves the stream between two scripts: the channel closes
    itself then, and the owner opens another.
    """

    def __init__(self, replica: Replica, stream: ExecStream, greeting: Greeting) -> None:
        self.replica = replica
        self.greeting = greeting
        self.ended = asyncio.Event()
        """Set when the stream is over: the container has ended, the connection was lost, or we closed it."""
        self._stream = stream
        self._broken = False
        self._received = bytearray()
        self._begun = asyncio.Event()
        self._arrived = asyncio.Event()
        self._awaited = self._listened = 0
        self._reader = asyncio.create_task(self._read(), name=f"sync channel {replica}")

    @classmethod
    async def open(cls, cluster: Cluster, replica: Replica) -> Channel:
        """Start the shell in a container.

        Raises:
            DraftError: the pod is gone (``sync-pod-gone``), its container does not run
                (``sync-not-running``), the image has no shell (``sync-no-shell``) or lacks tools
                (``sync-no-tools``).
        """
        command = ("/bin/sh", "-c", script.BOOTSTRAP)
        try:
            stream = await cluster.exec(replica.namespace, replica.pod, replica.container, command)
        except ApiError as error:
            raise pod_gone(replica, error) if error.status == 404 else refused(replica, error) from error
        try:
            async with asyncio.timeout(OPEN_TIMEOUT):
                greeting = await _greeting(stream, replica)
        except BaseException as error:
            await stream.close()
            if isinstance(error, TimeoutError):
                raise timed_out(replica, "the shell in the container does not answer") from error
            raise
        if greeting.missing:
            await stream.close()
            raise unusable(replica, greeting.missing)
        return cls(replica, stream, greeting)

    @property
    def closed(self) -> bool:
        """Whether it can take no more round trips."""
        return self._broken or self.ended.is_set()

    async def run(
        self, text: str, payload: Iterable[bytes] = (), size: int = 0, port: int | None = None
    ) -> tuple[int, str]:
        """One round trip: run a script in the container; its exit status and output.

        Args:
            text: the script.
            payload: its standard input.
            size: how many bytes that is; padded with zeros to whole blocks here.
            port: what ``listens`` waits for from the end of this round trip on.

        Raises:
            DraftError: the stream was cut (``sync-cut``) or there is no answer (``sync-timeout``).
        """
        self._broken = True  # until the answer is complete
        self._begun.clear()
        limit = ANSWER_TIMEOUT * (1 + size // BYTES_A_TIMEOUT)
        try:
            async with asyncio.timeout(limit):
                # An answer may come before all is sent: a full disk shows early.
                _, _, answer = await asyncio.gather(
                    self._send(text, payload, size, port), self._begin(), self._answer()
                )
        except TimeoutError as error:
            await self.close()
            raise timed_out(self.replica, f"no answer within {limit:.0f} s") from error
        except BaseException:
            await self.close()
            raise
        self._broken = False
        return answer

    async def listens(self) -> bool:
        """Wait until something listens on the port of the last round trip that named one; false if the stream ends."""
        while self._listened < self._awaited and not self.ended.is_set():
            self._arrived.clear()
            await self._arrived.wait()
        return self._listened >= self._awaited

    async def state(self) -> AppState:
        """How the app stands in the container."""
        _, output = await self.run(script.STATE_SCRIPT)
        return read_state(output)

    async def close(self) -> None:
        """End the exec."""
        self._broken = True
        await self._stream.close()
        self._reader.cancel()
        await asyncio.wait((self._reader,))

    async def _send(self, text: str, payload: Iterable[bytes], size: int, port: int | None) -> None:
        encoded = text.encode("utf-8", "surrogateescape")
        blocks = -(-size // script.BLOCK)
        head = f"{len(encoded)} {blocks}"
        if port is not None:
            self._awaited += 1
            head += f" {port:04X} {self._awaited}"
        pending = bytearray(f"{head}\n".encode() + encoded)
        padding = bytes(blocks * script.BLOCK - size)
        try:
            if (
                size >= _AT_ONCE
            ):  # what is small waits for nothing, what is large must not hold back its script
                await self._stream.write(bytes(pending))
                pending.clear()
            for chunk in chain(payload, (padding,)):
                pending += chunk
                if len(pending) >= _AT_ONCE:
                    await self._stream.write(bytes(pending))
                    pending.clear()
            await self._stream.write(bytes(pending))
        except DraftError as error:
            raise cut(self.replica) from error

    async def _begin(self) -> None:
        """Wait until the shell has the script: it says so at once, whatever the script does."""
        try:
            async with asyncio.timeout(BEGIN_TIMEOUT):
                await self._begun.wait()
        except TimeoutError as error:
            raise timed_out(self.replica, f"not a word within {BEGIN_TIMEOUT:.0f} s") from error

    async def _answer(self) -> tuple[int, str]:
        searched = 0
        while True:
            if match := _END.search(self._received, self._received.rfind(b"\n", 0, searched) + 1):
                output = bytes(self._received[: match.start()]).replace(_BEGUN, b"", 1)
                status = int(match[1])
                self._received = bytearray()
                return status, output.decode(errors="surrogateescape")
            if self.ended.is_set():
                raise cut(self.replica)
            searched = len(self._received)
            self._arrived.clear()
            await self._arrived.wait()

    async def _read(self) -> None:
        """Take what the container says as it comes: an end is noticed while nobody waits for an answer."""
        try:
            while (part := await self._stream.read()) is not None:
                self._received += part[1]
                if not self._begun.is_set() and self._received.find(_BEGUN) >= 0:
                    self._begun.set()
                for match in reversed([*_LISTENS.finditer(self._received)]):
                    self._listened = max(self._listened, int(match[1]))
                    del self._received[match.start() : match.end()]
                self._arrived.set()
        except DraftError as error:
            _log.debug("%s: the stream ended: %s", self.replica, error)
        finally:
            self.ended.set()
            self._begun.set()
            self._arrived.set()


async def _greeting(stream: ExecStream, replica: Replica) -> Greeting:
    said = b""
    while (part := await stream.read()) is not None:
        said += part[1]
        for line in said.decode(errors="replace").splitlines(keepends=True):
            if line.startswith(script.READY) and line.endswith("\n"):
                _, started, supervised, user, *tools = line.split()
                return Greeting(started, supervised == "1", int(user), frozenset(tools))
    raise no_shell(replica, f"{stream.failure} {said.decode(errors='replace')}".strip(), stream.exit_code)


def read_state(output: str) -> AppState:
    """The app's state, from the output of ``script.STATE_SCRIPT``."""
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word == script.STATE:
            name, *numbers = rest.split()
            return AppState(Running(name), *(int(each) for each in numbers if each.isdecimal()))
    return AppState(Running.UNKNOWN)
