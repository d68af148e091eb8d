"""The server's life on a pair of streams: read until the client leaves, then give everything back in time.

pygls reads standard input in a pool thread and joins that thread at the end, writes with a call that blocks
the loop while the client does not read, and exits with 0 whatever happened. So the streams and the end are
ours; framing stays pygls'.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import stat
import sys
import threading
from typing import TYPE_CHECKING, Any

from pygls.io_ import StdinAsyncReader, StdoutWriter, run_async

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from draft_ls.server.server import DraftLanguageServer

logger = logging.getLogger(__name__)

CLOSE_BUDGET = 1.7
"""Seconds in which the engine gives back what it holds; editors kill a server two seconds after ``exit``."""

FLUSH_BUDGET = 0.2
"""Seconds in which the last answers must leave."""

PARENT_INTERVAL = 3.0
"""Seconds between two looks at whether the editor's process still lives, where the system cannot tell us."""

LAST_GRACE = 0.3
"""Seconds after which a thread that did not end cannot keep the process alive."""

LINE_LIMIT = 1024 * 1024 * 1024
"""Bytes after which the reader gives up on a header line; bodies are read whole."""


def serve_stdio(server: DraftLanguageServer) -> int:
    """Serve one client on standard input and output; returns the process's exit code."""
    output = _own_stdout()
    return asyncio.run(_serve_stdio(server, sys.stdin.buffer, output))


def serve_tcp(server: DraftLanguageServer, host: str, port: int) -> int:
    """Wait for one client on a loopback port and serve it; for debugging."""
    return asyncio.run(_serve_tcp(server, host, port))


def _own_stdout() -> BinaryIO:
    """Standard output for the protocol alone: whoever else prints, prints to standard error."""
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return protocol


async def _serve_stdio(server: DraftLanguageServer, stdin: BinaryIO, stdout: BinaryIO) -> int:
    loop = asyncio.get_running_loop()
    reader: Any = StdinAsyncReader(stdin)
    if _is_pipe(stdin):
        reader = asyncio.StreamReader(limit=LINE_LIMIT)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdin)
    writer: Any = _PipeWriter()
    try:
        writer.transport, _ = await loop.connect_write_pipe(lambda: writer, stdout)
    except ValueError:
        writer = StdoutWriter(stdout)
    return await _serve(server, reader, writer)


def _is_pipe(stream: BinaryIO) -> bool:
    """Whether the event loop can wait for a stream; a file or a device like ``/dev/null`` needs a thread."""
    mode = os.fstat(stream.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stream.isatty()


async def _serve_tcp(server: DraftLanguageServer, host: str, port: int) -> int:
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    connected = asyncio.get_running_loop().create_future()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connected.done():
            writer.close()
        else:
            connected.set_result((reader, writer))

    listener = await asyncio.start_server(accept, host, port, limit=LINE_LIMIT)
    address = listener.sockets[0].getsockname()
    print(f"Listening on {address[0]}:{address[1]}", file=sys.stderr, flush=True)  # noqa: T201 - for the debugger
    reader, writer = await connected
    code = await _serve(server, reader, writer)
    writer.close()
    listener.close()
    return code


async def _serve(server: DraftLanguageServer, reader: Any, writer: Any) -> int:
    """Handle messages until ``exit``, the end of input, SIGTERM or the editor's death."""
    ended = asyncio.Event()
    protocol = server.protocol
    protocol.set_writer(writer)
    stopping = threading.Event()  # pygls' loop asks a threading event

    def end() -> None:
        stopping.set()
        ended.set()

    protocol.on_exit = end
    loop = asyncio.get_running_loop()
    with contextlib.suppress(
        NotImplementedError, RuntimeError
    ):  # not on Windows, not outside the main thread
        loop.add_signal_handler(signal.SIGTERM, end)
    reading = asyncio.create_task(_read(server, reader, stopping))
    reading.add_done_callback(lambda _: end())
    watching = asyncio.create_task(_watch_parent(server, end))
    await ended.wait()
    await _close(server, writer)
    for task in (reading, watching):
        task.cancel()
    await asyncio.gather(reading, watching, return_exceptions=True)
    code = 1 if protocol.exit_code is None else protocol.exit_code
    _end_for_sure(code)
    return code


def _end_for_sure(code: int) -> None:
    """Python joins all threads at the end; one that hangs in a system call must not keep the process."""
    timer = threading.Timer(LAST_GRACE, os._exit, (code,))
    timer.daemon = True
    timer.start()


async def _read(server: DraftLanguageServer, reader: Any, stopping: threading.Event) -> None:
    def failed(error: Exception, _: object) -> None:
        if isinstance(error, ValueError | RecursionError):
            server.protocol.parse_error()
        else:
            logger.error("A message could not be handled", exc_info=error)

    try:
        await run_async(stopping, reader, server.protocol, logging.getLogger("pygls.io"), failed)
    except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
        logger.warning("The client's stream ended in the middle of a message: %s", type(error).__name__)


async def _watch_parent(server: DraftLanguageServer, end: Callable[[], None]) -> None:
    """End when the editor is gone without closing our input, e.g. because a wrapper still holds the pipe."""
    await server.initialized.wait()
    process = server.process_id
    if process is None:
        return
    try:
        await _gone(process)
    except OSError:
        logger.warning("The editor's process %d cannot be watched", process)
        return
    logger.warning("The editor's process %d is gone", process)
    end()


async def _gone(process: int) -> None:
    """Wait for the end of a process that is not our child."""
    if not hasattr(os, "pidfd_open"):
        while _alive(process):  # noqa: ASYNC110 - nothing here tells us
            await asyncio.sleep(PARENT_INTERVAL)
        return
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


async def _close(server: DraftLanguageServer, writer: Any) -> None:
    try:
        async with asyncio.timeout(CLOSE_BUDGET):
            await server.close()
    except TimeoutError:
        logger.warning("Not everything could be given back in time")
    server.protocol.close()
    if isinstance(writer, _PipeWriter):
        await writer.flush(FLUSH_BUDGET)


class _PipeWriter(asyncio.BaseProtocol):
    """Standard output that never blocks the loop: what the client does not read yet waits in memory."""

    transport: asyncio.WriteTransport

    def __init__(self) -> None:
        self._lost = asyncio.Event()

    def write(self, data: bytes) -> None:
        """Send a frame, now or as soon as the client reads."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """All is sent, or the client is gone."""
        del exc
        self._lost.set()

    async def flush(self, timeout: float) -> None:
        """Close after what is waiting has left; give up after ``timeout`` seconds."""
        self.transport.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._lost.wait()

    def close(self) -> None:
        """Close at once."""
        self.transport.abort()
