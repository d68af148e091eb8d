"""Which ``draft up`` works on an app: so that there is only one, and so that ``draft stop`` finds it.

The process holds a lock on a file in the user's state folder for as long as it runs. The system gives the
lock back when the process ends, however it ends, so a stale file never counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from draft_ls.engine.events import Key

POLL = 0.05
"""Seconds between two looks at whether the other process has ended; there is no event for that."""


@contextmanager
def present(state: Path, key: Key) -> Generator[None]:
    """Be the one that works on ``key`` while the block runs.

    Raises:
        DraftError: another process is already.
    """
    path = _file(state, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DraftError(_taken(key, _read(path))) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def holder(state: Path, key: Key) -> int | None:
    """The process that works on ``key``; none if no one does."""
    path = _file(state, key)
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    except OSError:
        return None
    return None


def stop(state: Path, key: Key, timeout: float = 60.0) -> int | None:
    """End the process that works on ``key``, at a safe point, and wait for that.

    Returns:
        Its process id; none if there is no such process.

    Raises:
        DraftError: it may not be ended, or has not ended after ``timeout`` seconds.
    """
    process = holder(state, key)
    if process is None:
        return None
    try:
        os.kill(process, signal.SIGTERM)  # a process that a script put in the background ignores SIGINT
    except ProcessLookupError:
        return None
    except PermissionError as error:
        message = f"Process {process} deploys this app, and may not be stopped."
        raise DraftError(
            Problem("stop-refused", message, cause=str(error), fix="Stop it as its user.")
        ) from error
    deadline = time.monotonic() + timeout
    while holder(state, key) == process:
        if time.monotonic() > deadline:
            message = f"Process {process} has not ended after {timeout:.0f} seconds."
            raise DraftError(Problem("stop-timeout", message, fix=f"End it with kill {process}."))
        time.sleep(POLL)
    return process


def _file(state: Path, key: Key) -> Path:
    name = hashlib.sha256(f"{key.app}\0{key.environment}".encode()).hexdigest()[:16]
    return state / "running" / f"{key.app.name}-{name}.pid"


def _read(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text("ascii"))
    return None


def _taken(key: Key, process: int | None) -> Problem:
    return Problem(
        "already-up",
        f"Another draft up{f' (process {process})' if process else ''} works on {key.app.name}.",
        fix="Use that one, or end it with draft stop.",
    )
