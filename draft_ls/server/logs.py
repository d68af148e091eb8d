"""``draft/log``: lines in batches, so that a chatty build cannot flood the client."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from draft_ls.server.convert import log_line
from draft_ls.server.protocol import LOG, LogParams
from draft_ls.server.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from draft_ls.engine.events import Key, Log

INTERVAL = 0.1
"""The shortest time between two batches of one session, in seconds."""

BATCH_LIMIT = 2000
"""The most lines of one batch; of more, the newest are kept and the others counted."""


class LogBatches:
    """Collects lines of each session and sends at most ten batches a second.

    Args:
        notify: sends a notification.
    """

    def __init__(self, notify: Callable[[str, LogParams], None]) -> None:
        self._notify = notify
        self._sessions: dict[Key, _Batch] = {}

    def add(self, log: Log) -> None:
        """Send a line soon; the first one after a pause at once."""
        batch = self._sessions.get(log.key)
        if batch is None:
            batch = self._sessions[log.key] = _Batch()
        batch.add(log)
        if not batch.waiting:
            self._send(log.key, batch)

    def flush(self, key: Key) -> None:
        """Send what is waiting, so that a status never overtakes the lines that led to it."""
        batch = self._sessions.get(key)
        if batch is not None and batch.lines:
            self._send(key, batch, again=False)

    def _send(self, key: Key, batch: _Batch, *, again: bool = True) -> None:
        lines = tuple(log_line(each) for each in batch.lines)
        self._notify(LOG, LogParams(uri_of(key.app), key.environment, lines, batch.dropped or None))
        batch.clear()
        if again:
            batch.waiting = True
            asyncio.get_running_loop().call_later(INTERVAL, self._due, key, batch)

    def _due(self, key: Key, batch: _Batch) -> None:
        batch.waiting = False
        if batch.lines:
            self._send(key, batch)


class _Batch:
    """The lines of one session that are not yet sent."""

    def __init__(self) -> None:
        self.lines: deque[Log] = deque()
        self.dropped = 0
        self.waiting = False

    def add(self, log: Log) -> None:
        if len(self.lines) == BATCH_LIMIT:
            self.lines.popleft()
            self.dropped += 1
        self.lines.append(log)

    def clear(self) -> None:
        self.lines.clear()
        self.dropped = 0
