"""Bytes to and from containers over the API server's WebSockets.

The protocol is ``v4.channel.k8s.io`` (served by every Kubernetes since 1.4) and, for exec,
``v5.channel.k8s.io`` where there is one (1.30): each binary message starts with the number of its channel.
"""

from __future__ import annotations

import json
import logging
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    import aiohttp

EXEC_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
FORWARD_PROTOCOLS = ("v4.channel.k8s.io",)
LARGEST_MESSAGE = 32 * 1024
"""Bytes that are sent in one message: API servers copy messages whole, older ones through a 32 KiB buffer."""

_log = logging.getLogger(__name__)


class Channel(IntEnum):
    """The channels of an exec stream."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    STATUS = 3
    CLOSE = 255
    """v5 only: the message's second byte names the channel that the client closes."""


class ExecStream:
    """A program that runs in a container. One reader at a time; any number of writers."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.exit_code: int | None = None
        """The program's exit code once it has ended; none as long as it runs, or if the stream was cut."""
        self.failure: str = ""
        """What the cluster said when the program could not be started or its end was not normal."""

    async def write(self, data: bytes) -> None:
        """Give bytes to the program's standard input; waits while the connection is full.

        Raises:
            DraftError: the stream is closed (``exec-closed``).
        """
        for start in range(0, len(data), LARGEST_MESSAGE):
            await self._send(bytes((Channel.STDIN,)) + data[start : start + LARGEST_MESSAGE])

    async def close_stdin(self) -> bool:
        """End the program's standard input; false if the server has no way to do that (before 1.30)."""
        if self._socket.protocol != EXEC_PROTOCOLS[0]:
            return False
        await self._send(bytes((Channel.CLOSE, Channel.STDIN)))
        return True

    async def read(self) -> tuple[Channel, bytes] | None:
        """The next bytes of standard output or error; none when the program or the stream has ended."""
        while (message := await _receive(self._socket)) is not None:
            channel, data = message[0], message[1:]
            if channel == Channel.STATUS:
                self._ended(data)
                return None
            if channel in (Channel.STDOUT, Channel.STDERR) and data:
                return Channel(channel), data
        return None

    async def close(self) -> None:
        """Close the stream. A program that reads its standard input sees its end."""
        await self._socket.close()

    @property
    def closed(self) -> bool:
        """Whether the stream is over."""
        return self._socket.closed

    async def _send(self, message: bytes) -> None:
        try:
            await self._socket.send_bytes(message)
        except (ConnectionError, RuntimeError) as error:
            raise DraftError(
                Problem("exec-closed", "The stream into the container is closed.", cause=str(error))
            ) from error

    def _ended(self, data: bytes) -> None:
        status: dict[str, Any] = json.loads(data)
        if status.get("status") == "Success":
            self.exit_code = 0
            return
        details: dict[str, Any] = status.get("details") or {}
        causes: list[dict[str, str]] = details.get("causes") or []
        codes = [cause["message"] for cause in causes if cause.get("reason") == "ExitCode"]
        self.exit_code = int(codes[0]) if codes and codes[0].isdigit() else None
        self.failure = status.get("message", "")


class PortStream:
    """One connection to a port of a pod: the raw bytes of a TCP connection.

    The protocol cannot close one direction alone, and says nothing when the connection is made: that nothing
    listens shows as an end with ``failure`` set before any byte was read.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, port: int) -> None:
        self._socket = socket
        self._port = port
        self._headers = 0
        self.failure: str = ""
        """Why the pod's side ended the stream; empty if it just closed the connection."""

    @property
    def refused(self) -> bool:
        """Whether the pod was never connected to, so that no byte of ours was delivered."""
        text = self.failure.lower()
        return any(
            sign in text
            for sign in ("refused", "failed to dial", "connect(", "no such file", "not running", "not found")
        )

    async def write(self, data: bytes | memoryview) -> None:
        """Send bytes; waits while the connection is full.

        Raises:
            ConnectionError: the stream is closed.
        """
        for start in range(0, len(data), LARGEST_MESSAGE):
            try:
                await self._socket.send_bytes(b"\0" + data[start : start + LARGEST_MESSAGE])
            except RuntimeError as error:
                raise ConnectionResetError(str(error)) from error

    async def read(self) -> bytes:
        """The next bytes; empty when the pod's side has closed the connection or it was lost."""
        while (message := await _receive(self._socket)) is not None:
            channel, data = message[0], message[1:]
            if self._headers < 2:  # each channel opens with the port's number
                self._headers += 1
            elif channel == 1:
                self.failure += data.decode(errors="replace")
            elif data:
                return data
        return b""

    async def close(self) -> None:
        """Close the connection."""
        await self._socket.close()


async def _receive(socket: aiohttp.ClientWebSocketResponse) -> bytes | None:
    """The next message with a channel; none at the end of the stream, however it came."""
    import aiohttp

    while True:
        message = await socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            if message.data:
                return message.data
        elif message.type is aiohttp.WSMsgType.TEXT:
            return message.data.encode()
        else:
            if message.type is aiohttp.WSMsgType.ERROR:
                _log.debug("WebSocket ended: %s", message.data)
            return None
