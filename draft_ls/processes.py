"""Child processes: an argument list in, lines out, and an end that can be trusted.

Children get no standard input and a process group of their own, so that cancelling the caller ends the child
and what it started. A shell is never used.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Stream = Literal["stdout", "stderr"]

GRACE = 3.0
"""Seconds between the polite and the forced end of a child."""

LINE_LIMIT = 16 * 1024 * 1024
"""The longest line that is read whole, in bytes; Helm prints a release as one line of JSON."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child ended: its arguments, exit code and everything it wrote (undecodable bytes replaced)."""

    arguments: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Whether the child reported success."""
        return self.code == 0

    def tail(self, lines: int = 20) -> tuple[str, ...]:
        """The last lines that the child wrote, standard error first choice."""
        text = self.stderr.strip() or self.stdout.strip()
        return tuple(text.splitlines()[-lines:])


async def run(
    arguments: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
    on_line: Callable[[Stream, str], None] | None = None,
    stdin: bytes | None = None,
) -> Finished:
    """Run a program to its end.

    Args:
        arguments: the program and its arguments.
        cwd: where it runs; the current folder if none.
        environment: variables laid over our own.
        timeout: seconds until the child is ended and ``TimeoutError`` raised.
        on_line: called on the event loop for each line, without its line end, as it is written.
        stdin: what the child reads; nothing if none.

    Raises:
        FileNotFoundError: there is no such program.
        TimeoutError: it did not end in time; it is ended.

    A cancelled caller ends the child too: SIGTERM to its process group, SIGKILL after ``GRACE`` seconds.
    """
    texts = tuple(str(argument) for argument in arguments)
    process = await asyncio.create_subprocess_exec(
        *texts,
        cwd=cwd,
        env={**os.environ, **environment} if environment else None,
        stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LINE_LIMIT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout):
            stdout, stderr, _ = await asyncio.gather(
                _read("stdout", process.stdout, on_line),
                _read("stderr", process.stderr, on_line),
                _feed(process.stdin, stdin),
            )
            code = await process.wait()
    except BaseException:
        await asyncio.shield(_end(process))
        raise
    return Finished(texts, code, stdout, stderr)


async def _read(
    name: Stream, stream: asyncio.StreamReader | None, on_line: Callable[[Stream, str], None] | None
) -> str:
    assert stream is not None  # noqa: S101 - both are pipes
    parts: list[str] = []
    while line := await stream.readline():
        text = line.decode(errors="replace")
        parts.append(text)
        if on_line is not None:
            on_line(name, text.rstrip("\r\n"))
    return "".join(parts)


async def _feed(stream: asyncio.StreamWriter | None, data: bytes | None) -> None:
    if stream is None or data is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the child need not read it all
        stream.write(data)
        await stream.drain()
    stream.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a child and its group, politely first."""
    if process.returncode is not None:
        return
    _signal(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE):
            await process.wait()
    except TimeoutError:
        _signal(process.pid, signal.SIGKILL)
        await process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
