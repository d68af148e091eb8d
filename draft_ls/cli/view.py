"""The events of a run, rendered as they happen: lines for a person, or one JSON object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.cli.encoding import encode_event
from draft_ls.engine.events import Log, Outcome, RunEnded, StageEnded, StageStarted, State, Status
from draft_ls.errors import Stage

if TYPE_CHECKING:
    from draft_ls.cli.output import Output
    from draft_ls.engine.events import Event

WATCHING = "Watching local files for changes..."

_WAITS = {Stage.ROLLOUT, Stage.ROUTE}
"""Stages that only wait: a live display shows them, a log has their end."""

_GOOD, _BAD, _QUIET = "green", "red", "dim"


class View:
    """Listens to an engine and tells the person.

    Args:
        output: where to.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._status: Status | None = None
        self._announced = 0
        self._ended = 0
        self._told: tuple[object, ...] = ()
        self._in_trouble = False
        self._working = False

    def listen(self, event: Event) -> None:
        """Take one event."""
        self._output.line(encode_event(event))
        if self._output.as_json:
            return
        match event:
            case Status():
                self._take_status(event)
            case StageStarted():
                self._start(event)
            case StageEnded():
                self._rest()
                for line in event.message.splitlines():
                    self._output.say(f"  {line}" if line.startswith("  ") else f"--> {line}")
            case Log():
                self._take_log(event)
            case RunEnded():
                self._take_end(event)

    def _take_status(self, status: Status) -> None:
        self._status = status
        if status.run != self._ended or not status.run:
            return
        # The run has ended, so this is about what was live: it is in trouble, or well again.
        if status.state is State.FAILED and status.problems != self._told:
            self._in_trouble = True
            self._tell(status)
        elif status.state is State.LIVE and self._in_trouble:
            self._in_trouble, self._told = False, ()
            self._output.say(f"--> {status.message}", style=_GOOD)

    def _start(self, event: StageStarted) -> None:
        self._announce(event)
        if event.stage not in _WAITS or self._output.verbose:
            self._output.say(f"--> {event.message}")
        self._working = True
        self._output.progress(f"{event.message} …")

    def _rest(self) -> None:
        """No stage is under way."""
        self._working = False
        self._output.progress(None)

    def _announce(self, event: StageStarted) -> None:
        """Say what started a run that nobody asked for on this terminal."""
        if event.run == self._announced:
            return
        first, self._announced = self._announced == 0, event.run
        cause = self._status.cause if self._status else ""
        if cause and not first:
            self._output.say()
            self._output.say(f"--> {cause}")

    def _take_log(self, log: Log) -> None:
        if log.stage is None and log.stream in {"stdout", "stderr"}:
            self._output.say(f"    {log.text}", style=_QUIET)
        elif log.stage is None:
            self._output.say(f"[{log.stream}] {log.text}")
        elif log.stage is Stage.RELEASE or self._output.verbose:
            self._output.say(f"    {log.text}", style=_QUIET)
        elif log.text.strip() and self._working:
            self._output.progress(log.text.strip())

    def _take_end(self, ended: RunEnded) -> None:
        self._rest()
        self._ended, self._in_trouble = ended.run, False
        status = self._status
        message = status.message if status else ""
        if ended.outcome is Outcome.LIVE:
            where = f" at {status.route.url}" if status and status.route else ""
            self._output.say(f"--> Live{where} ({ended.took:.1f} s)", style=_GOOD)
            for warning in status.problems if status else ():
                self._output.problem(warning)
        elif ended.outcome is Outcome.SUPERSEDED:
            self._output.say("--> Superseded by a newer change", style=_QUIET)
        elif ended.outcome is Outcome.NOTHING:
            self._output.say(f"--> {message or 'Nothing to do'}")
            if status and status.route:
                self._output.say(f"--> Live at {status.route.url}", style=_GOOD)
        elif ended.outcome is Outcome.CANCELLED:
            self._output.say(f"--> {message or 'Cancelled'}", style=_QUIET)
        elif status:
            self._tell(status)

    def _tell(self, status: Status) -> None:
        """The problems of a run that failed or is held."""
        self._told = status.problems
        word = "Held" if status.state is State.HELD else "Failed"
        stage = next((problem.stage for problem in status.problems if problem.stage), None)
        self._output.say(f"--> {word}{f' in {stage}' if stage else ''}", style=_BAD)
        for problem in status.problems:
            self._output.problem(problem)
