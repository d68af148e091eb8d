"""One connection of a tunnel, carried to a pod."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from typing import TYPE_CHECKING, Protocol

from draft_ls.cluster.faults import ApiError, UnreachableError

if TYPE_CHECKING:
    from draft_ls.cluster.client import Cluster
    from draft_ls.cluster.streams import PortStream
    from draft_ls.deploy.model import Pod

CHUNK = 64 * 1024
WAIT_FOR_POD = 60.0
"""Seconds that a connection waits for a pod: one may be on its way."""
WAIT_FOR_PORT = 10.0
"""Seconds that it waits for a pod that is there to listen: the app may be starting anew."""
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.25
"""Seconds between two tries to reach a pod. In between, a tenth of the time that has passed."""
READING = 0.05
"""Seconds in which a client that is to be told that nobody answers must have sent its request."""
KEPT = 256 * 1024
"""Bytes of a request that are kept for sending it again."""
CONFIRMED = 0.25
"""Seconds after which a stream that has not failed counts as connected: refusals take milliseconds."""
LINGER = 5.0
"""Seconds of silence from the pod after which a connection ends whose client has finished sending. The client
may only have closed its half, and the protocol cannot tell the pod."""

_REQUEST = re.compile(rb"([A-Z]{3,20}) \S+ HTTP/1\.[01]\r\n")
_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_log = logging.getLogger(__name__)


class Targets(Protocol):
    """Whoever knows where connections go."""

    @property
    def target(self) -> Pod | None:
        """The pod for new connections; none if there is none just now."""
        ...

    async def wait_for_target(self) -> Pod:
        """The target, as soon as there is one that is not just starting anew."""
        ...


class _NobodyError(Exception):
    """No pod took the connection in time."""


class Carrier:
    """One accepted connection: bytes to the pod, bytes back, and the move to another pod between requests."""

    def __init__(
        self,
        targets: Targets,
        cluster: Cluster,
        port: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.port = port
        """The pod's port that it leads to."""
        self._targets = targets
        self._cluster = cluster
        self._reader = reader
        self._writer = writer
        self._sending = asyncio.Lock()
        """Held while bytes go to the pod and while the stream is exchanged."""
        self._stream: PortStream | None = None
        self._pod: Pod | None = None
        self._opened = 0.0
        self._received = 0
        """Bytes from the present stream."""
        self._kept = bytearray()
        """What the client has sent since the pod last answered, for sending it again."""
        self._whole = True
        """Whether ``_kept`` is everything that it has sent since."""
        self._answered = False
        """Whether the pod has spoken since the client last did."""
        self._asked_again: float | None = None
        """Since when the same bytes are sent again and again; none while they are not."""
        self._upgraded = False

    @property
    def pod(self) -> Pod | None:
        """The pod that it leads to now."""
        return self._pod

    async def abandon(self) -> None:
        """Let go of a pod that is no more: a stream to it may stay open for ever, and silent."""
        if self._stream is not None:
            await self._stream.close()

    async def run(self) -> None:
        """Carry until either side has ended."""
        try:
            await self._connect()
            ways = [asyncio.create_task(way) for way in (self._to_pod(), self._to_client())]
            try:
                done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in done:
                    way.result()
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except _NobodyError:
            await self._tell_nobody()
        except ConnectionError as error:
            _log.debug("connection to port %s ended: %s", self.port, error)
        finally:
            await self._close()

    async def _to_pod(self) -> None:
        while chunk := await self._reader.read(CHUNK):
            async with self._sending:
                if self._moves(chunk):
                    await self._connect()
                self._keep(chunk)
                with contextlib.suppress(ConnectionError):  # the other way sees the end, and decides
                    await self._present.write(chunk)
            await self._hold_back()
        await self._until_silent()

    async def _to_client(self) -> None:
        while True:
            stream = self._present
            while data := await stream.read():
                self._note(data)
                self._writer.write(data)
                await self._writer.drain()
            if stream is not self._present:
                continue  # moved to another pod
            if not self._may_ask_again(stream):
                return
            await self._before_asking_again()
            async with self._sending:
                await self._connect()
                with contextlib.suppress(ConnectionError):
                    await self._present.write(bytes(self._kept))

    @property
    def _present(self) -> PortStream:
        assert self._stream is not None  # noqa: S101 - there is one from the first connect on
        return self._stream

    async def _connect(self) -> None:
        """Open a stream to the target in place of the present one.

        Raises:
            _NobodyError: no pod took it within ``WAIT_FOR_POD`` seconds.
        """
        before = self._stream
        try:
            async with asyncio.timeout(WAIT_FOR_POD):
                self._pod, self._stream = await self._open()
        except TimeoutError as error:
            raise _NobodyError from error
        self._opened, self._received = asyncio.get_running_loop().time(), 0
        if before is not None:
            await before.close()

    async def _open(self) -> tuple[Pod, PortStream]:
        began = asyncio.get_running_loop().time()
        while True:
            pod = await self._targets.wait_for_target()
            try:
                return pod, await self._cluster.forward(pod.namespace, pod.name, self.port)
            except (ApiError, UnreachableError) as error:
                _log.debug("no way to %s yet: %s", pod.name, error.problem.cause or error)
            await _pause(began)

    def _moves(self, chunk: bytes) -> bool:
        """Whether a kept-alive connection starts a new request while another pod is the target."""
        target = self._targets.target
        return (
            target is not None
            and self._pod is not None
            and target.uid != self._pod.uid
            and self._answered
            and not self._upgraded
            and _REQUEST.match(chunk) is not None
        )

    def _keep(self, chunk: bytes) -> None:
        """Remember what would have to be sent again."""
        if self._answered:
            self._answered, self._whole = False, True
            self._kept.clear()
        if self._whole and len(self._kept) > KEPT:
            self._whole = False
            self._kept.clear()
        if self._whole:
            self._kept += chunk

    async def _hold_back(self) -> None:
        """Let no more of a big request go than can be sent again, until the pod has surely been reached."""
        if self._whole and len(self._kept) > KEPT and not self._received:
            await asyncio.sleep(self._opened + CONFIRMED - asyncio.get_running_loop().time())

    def _note(self, data: bytes) -> None:
        """The pod has spoken."""
        if not self._answered:
            self._answered = True
            self._upgraded = data.startswith(b"HTTP/1.1 101")
            self._asked_again = None
            self._kept.clear()
        self._received += len(data)

    def _may_ask_again(self, stream: PortStream) -> bool:
        """Whether a stream that has ended may be replaced: the pod got nothing, or only a safe request."""
        if self._received == 0 and stream.refused and self._whole:
            return True
        request = _REQUEST.match(self._kept)
        return not self._answered and self._whole and request is not None and request[1] in _SAFE

    async def _before_asking_again(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._asked_again is None:
            self._asked_again = now
        if now - self._asked_again > WAIT_FOR_PORT:
            raise _NobodyError
        await _pause(self._asked_again)

    async def _until_silent(self) -> None:
        """The client has finished sending: leave it time for the rest of the answer."""
        before = -1
        while before != self._received:
            before = self._received
            await asyncio.sleep(LINGER)

    async def _tell_nobody(self) -> None:
        """Tell an HTTP client what is wrong rather than just hang up."""
        if not self._kept:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READING):
                    self._kept += await self._reader.read(CHUNK)
        if _REQUEST.match(self._kept):
            text = f"draft: no pod answers on port {self.port}.\n"
            head = "HTTP/1.1 502 Bad Gateway", "Content-Type: text/plain; charset=utf-8", "Connection: close"
            self._writer.write("\r\n".join((*head, f"Content-Length: {len(text)}", "", text)).encode())
            await self._writer.drain()

    async def _close(self) -> None:
        if self._stream is not None:
            await self._stream.close()
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def _pause(since: float) -> None:
    waited = asyncio.get_running_loop().time() - since
    await asyncio.sleep(min(max(FIRST_PAUSE, waited / 10), LONGEST_PAUSE))
