"""Engine events → what the client shows: status, log, progress of each run, problems in their files."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lsprotocol.types import LogMessageParams, MessageType

from draft_ls.engine.events import Log, Outcome, RunEnded, StageEnded, StageStarted, State, Status
from draft_ls.server.convert import status_params
from draft_ls.server.logs import LogBatches
from draft_ls.server.progress import Progress
from draft_ls.server.protocol import STATUS

if TYPE_CHECKING:
    from pathlib import Path

    from lsprotocol.types import ProgressToken

    from draft_ls.engine.events import Event, Key
    from draft_ls.errors import Problem
    from draft_ls.server.server import DraftLanguageServer

logger = logging.getLogger(__name__)


class Publisher:
    """Listens to the engine on behalf of one client.

    A client that understands Draft's own notifications gets them; another gets milestones as log messages.
    """

    def __init__(self, ls: DraftLanguageServer) -> None:
        self._ls = ls
        self._logs = LogBatches(ls.protocol.notify)
        self._runs: dict[Key, tuple[int, Progress]] = {}
        self._ended: dict[Key, int] = {}
        self._offered: dict[Key, ProgressToken] = {}

    def listen(self, event: Event) -> None:
        """Take the next event."""
        match event:
            case Status():
                self._status(event)
            case StageStarted():
                self._stage_started(event)
            case StageEnded():
                self._milestone(event.key, event.message)
            case Log():
                if self._ls.options.notifications:
                    self._logs.add(event)
            case RunEnded():
                self._run_ended(event)

    def offer(self, key: Key, token: ProgressToken) -> None:
        """The client's own progress token, to be used for the next run of a session."""
        self._offered[key] = token

    def withdraw(self, key: Key) -> None:
        """The client's token is no longer valid: its request is answered."""
        self._offered.pop(key, None)

    def _status(self, status: Status) -> None:
        if not status.state.working:
            self._logs.flush(status.key)
        if self._ls.options.notifications:
            self._ls.protocol.notify(STATUS, status_params(status, self._ls.lines))
        self._ls.diagnostics.replace(("run", status.key), _by_file(status.problems))
        # A save that is only noted still carries the number of the run before.
        if status.state.working and status.run > self._ended.get(status.key, 0):
            self._progress(status.key, status.run).report(status.message)
        self._ls.refresh_views()

    def _stage_started(self, event: StageStarted) -> None:
        self._progress(event.key, event.run).report(event.message)
        self._milestone(event.key, event.message)

    def _progress(self, key: Key, run: int) -> Progress:
        """The progress of a run; a newer run ends that of the older one."""
        known = self._runs.get(key)
        if known and known[0] == run:
            return known[1]
        if known:
            known[1].end("superseded")
        progress = Progress(
            self._ls,
            f"Draft: {key.app.name} ({key.environment})",
            on_cancel=lambda: self._cancel(key),
            token=self._offered.pop(key, None),
        )
        self._runs[key] = (run, progress)
        return progress

    def _cancel(self, key: Key) -> None:
        self._ls.tasks.start(self._ls.engine.cancel(key), f"cancel {key.app.name}")

    def _run_ended(self, event: RunEnded) -> None:
        self._ended[event.key] = max(event.run, self._ended.get(event.key, 0))
        known = self._runs.get(event.key)
        if known and known[0] == event.run:
            del self._runs[event.key]
            known[1].end(self._ending(event))
        if event.outcome is not Outcome.NOTHING:
            self._milestone(event.key, self._ending(event))

    def _ending(self, event: RunEnded) -> str:
        status = self._ls.status(event.key)
        if event.outcome is Outcome.LIVE and status.route and status.state is State.LIVE:
            return f"live at {status.route.url} ({event.took:.1f} s)"
        if event.outcome is Outcome.FAILED and status.problems:
            return f"failed: {status.problems[0].message}"
        return event.outcome.value

    def _milestone(self, key: Key, message: str) -> None:
        if message and not self._ls.options.notifications:
            text = f"{key.app.name} ({key.environment}): {message}"
            self._ls.window_log_message(LogMessageParams(MessageType.Info, text))


def _by_file(problems: tuple[Problem, ...]) -> dict[Path, list[Problem]]:
    """Problems by the file in which they can be fixed; those without a place are only in the status."""
    found: dict[Path, list[Problem]] = {}
    for problem in problems:
        if problem.place:
            found.setdefault(problem.place.path, []).append(problem)
    return found
