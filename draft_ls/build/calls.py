"""Blocking calls of the docker SDK, made in threads that can be ended from the event loop.

Each call gets a daemon thread of its own rather than one of a pool: Python waits for a pool's threads when it
exits, and a call that hangs in a dead network must not keep the server from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

GRACE = 1.0
"""Seconds that a cancelled caller waits for its thread to notice that its socket is closed."""


class Call:
    """One call under way. The thread registers what ends it; anyone may end it, at any time, once or more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closers: list[Callable[[], object]] = []
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the call has been ended from outside."""
        return self._ended

    def ends_by(self, closer: Callable[[], object]) -> None:
        """Register what interrupts the thread's wait: at once, if the call has been ended already."""
        with self._lock:
            self._closers.append(closer)
            ended = self._ended
        if ended:
            _close(closer)

    def end(self) -> None:
        """End the call: close what it waits for."""
        with self._lock:
            self._ended = True
            closers = tuple(self._closers)
        for closer in closers:
            _close(closer)


def _close(closer: Callable[[], object]) -> None:
    try:
        closer()
    except Exception as error:
        _log.debug("nothing left to close: %s", error)


async def in_thread(work: Callable[[Call], _Result]) -> _Result:
    """Do blocking work in a thread; cancelling the caller ends the work.

    Args:
        work: gets its ``Call``, to register what can interrupt it.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Result] = loop.create_future()
    finished = asyncio.Event()
    call = Call()

    def settle(result: _Result | None, error: BaseException | None) -> None:
        finished.set()
        if future.done():
            return
        if error is None:
            future.set_result(result)  # pyright: ignore[reportArgumentType] - none only if the work gives none
        else:
            future.set_exception(error)

    def target() -> None:
        result: _Result | None = None
        failure: BaseException | None = None
        try:
            result = work(call)
        except BaseException as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=target, name="draft-docker", daemon=True).start()
    try:
        return await future
    except asyncio.CancelledError:
        call.end()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await finished.wait()
        raise
