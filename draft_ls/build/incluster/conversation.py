"""Talking with the builder's script over one exec: commands and bytes in, answers and output out."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from draft_ls.build.incluster.troubles import lost
from draft_ls.cluster.streams import Channel
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Callable

    from draft_ls.cluster.streams import ExecStream

ANSWER = "draft-builder "
"""How each line of the script's own answers begins; they come on standard error."""

PART = 1024 * 1024
"""Bytes of a payload that are taken from it at a time."""

LINES_KEPT = 30
"""Lines of standard error that a problem may show."""


class EndedError(Exception):
    """The script ended: its exit code, and what it said on standard error.

    Args:
        code: as the script ended.
        said: the last lines that are no answers.
    """

    def __init__(self, code: int, said: tuple[str, ...]) -> None:
        super().__init__(f"the builder's script ended with {code}")
        self.code = code
        self.said = said


class Conversation:
    """One run of the script.

    Args:
        stream: the exec.

    Attributes:
        on_output: gets standard output from now on, as it comes, not cut into lines; until it is set, ``take``
            gets it.
        sent: bytes that went to the builder.
    """

    def __init__(self, stream: ExecStream) -> None:
        self._stream = stream
        self.on_output: Callable[[str], None] | None = None
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._output = bytearray()
        self._partial = b""
        self._answers: list[list[str]] = []
        self._said: list[str] = []
        self._ended = False
        self.sent = 0

    async def send(self, command: str, payload: bytes = b"") -> None:
        """A command, and the bytes that belong to it.

        Raises:
            LostError: the stream is cut.
            EndedError: the script has ended by itself.
        """
        data = f"{command}\n".encode() + payload
        try:
            for start in range(0, len(data), PART):
                await self._stream.write(data[start : start + PART])
        except DraftError:
            while not self._ended:
                await self._read()
            raise self._end() from None
        self.sent += len(data)

    async def answer(self) -> list[str]:
        """The words of the script's next answer.

        Raises:
            LostError: the stream was cut before one came.
            EndedError: the script ended before one came.
        """
        while not self._answers:
            if self._ended:
                raise self._end()
            await self._read()
        return self._answers.pop(0)

    async def take(self, size: int) -> bytes:
        """Exactly so many bytes of standard output."""
        while len(self._output) < size:
            if self._ended:
                raise self._end()
            await self._read()
        data = bytes(self._output[:size])
        del self._output[:size]
        return data

    async def outcome(self, on_answer: Callable[[list[str]], None]) -> tuple[int, tuple[str, ...]]:
        """Read to the end of the script: its exit code, and what it said that was no answer.

        Raises:
            LostError: the stream was cut.
        """
        while not self._ended:
            await self._read()
            while self._answers:
                on_answer(self._answers.pop(0))
        end = self._end()
        if isinstance(end, EndedError):
            return end.code, end.said
        raise end

    async def close(self) -> None:
        """Close the stream; the script ends with all that it started."""
        await self._stream.close()

    async def _read(self) -> None:
        part = await self._stream.read()
        if part is None:
            self._ended = True
            return
        channel, data = part
        if channel is Channel.STDOUT and self.on_output is not None:
            self.on_output(self._decode(data))
        elif channel is Channel.STDOUT:
            self._output += data
        else:
            *lines, self._partial = (self._partial + data).split(b"\n")
            for line in lines:
                self._take_line(line.decode(errors="replace"))

    def _take_line(self, line: str) -> None:
        if line.startswith(ANSWER):
            self._answers.append(line.removeprefix(ANSWER).split())
        elif line.strip():
            self._said = [*self._said[1 - LINES_KEPT :], line]

    def _end(self) -> Exception:
        code = self._stream.exit_code
        failure = (self._stream.failure,) if self._stream.failure and code is None else ()
        # 137: the container was killed, and the script with it.
        if code is None or code == 137:
            return lost((*self._said, *failure))
        return EndedError(code, tuple(self._said))
