"""Which process works on an app: so that there is only one, and so that ``draft stop`` finds it.

Two processes that redeploy the same environment on every save would fight over its release. So the one that
works on it, a terminal's ``draft up`` or an editor's server, holds a lock on a file in the user's state folder.
The system gives the lock back when the process ends, however it ends, so a stale file never counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

    from draft_ls.engine.events import Key

POLL = 0.05
"""Seconds between two looks at whether the other process has ended; there is no event for that."""


class Program(StrEnum):
    """What kind of process it is."""

    TERMINAL = "draft up"
    EDITOR = "the editor's server"


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that works on an app."""

    process: int
    program: Program


class Presence:
    """What this process works on.

    Args:
        state: the user's state folder.
        program: what this process is.
    """

    def __init__(self, state: Path, program: Program) -> None:
        self._state = state
        self._program = program
        self._held: dict[Key, TextIO] = {}

    def take(self, key: Key) -> None:
        """Be the one that works on ``key``, until ``give_back``.

        Raises:
            DraftError: another process is already.
        """
        if key in self._held:
            return
        path = _file(self._state, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise DraftError(_taken(key, _read(path))) from None
        file.truncate(0)
        file.write(json.dumps(asdict(Holder(os.getpid(), self._program))))
        file.flush()
        self._held[key] = file

    def give_back(self, key: Key) -> None:
        """Let another process work on ``key``."""
        if file := self._held.pop(key, None):
            file.close()

    def close(self) -> None:
        """Give back everything."""
        for key in tuple(self._held):
            self.give_back(key)


def holder(state: Path, key: Key) -> Holder | None:
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
    """End the ``draft up`` that works on ``key``, at a safe point, and wait for that.

    Returns:
        Its process id; none if there is no such process.

    Raises:
        DraftError: it is an editor's server, may not be ended, or has not ended after ``timeout`` seconds.
    """
    found = holder(state, key)
    if found is None:
        return None
    if found.program is Program.EDITOR:
        raise DraftError(_in_editor(key, found))
    process = found.process
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
    while holder(state, key) == found:
        if time.monotonic() > deadline:
            message = f"Process {process} has not ended after {timeout:.0f} seconds."
            raise DraftError(Problem("stop-timeout", message, fix=f"End it with kill {process}."))
        time.sleep(POLL)
    return process


def _file(state: Path, key: Key) -> Path:
    name = hashlib.sha256(f"{key.app}\0{key.environment}".encode()).hexdigest()[:16]
    return state / "running" / f"{key.app.name}-{name}.json"


def _read(path: Path) -> Holder | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(path.read_text("utf-8"))
        return Holder(int(found["process"]), Program(found["program"]))
    return None


def _taken(key: Key, found: Holder | None) -> Problem:
    if found is not None and found.program is Program.EDITOR:
        return _in_editor(key, found)
    return Problem(
        "already-up",
        f"A draft up in a terminal{f' (process {found.process})' if found else ''} works on {key.app.name}.",
        fix="Use that one, or end it with draft stop.",
    )


def _in_editor(key: Key, found: Holder) -> Problem:
    return Problem(
        "already-up",
        f"An editor (server process {found.process}) works on {key.app.name} ({key.environment}).",
        fix="Use it there, or run “Draft: Stop” in that editor first.",
    )
