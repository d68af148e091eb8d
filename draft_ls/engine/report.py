"""How a run tells its session what it does: stages, lines of output, and facts for the status."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from draft_ls.engine.events import Log, StageEnded, StageStarted, StageTook
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from draft_ls.deploy.model import Route
    from draft_ls.engine.events import Event, Key
    from draft_ls.processes import Stream


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run has found out so far; none for what is not yet known."""

    context: str | None = None
    namespace: str | None = None
    release: str | None = None
    revision: int | None = None
    image: str | None = None
    route: Route | None = None


class Listener(Protocol):
    """The session, as a run's report sees it."""

    def stage_started(self, run: int, stage: Stage, message: str) -> None:
        """The run is now in ``stage``."""
        ...

    def learned(self, run: int, facts: Facts) -> None:
        """The run has found something out."""
        ...


class StageNote:
    """What a stage may add while it runs: a line that goes with its end."""

    def __init__(self) -> None:
        self.message = ""


class Report:
    """The report of one run."""

    def __init__(self, key: Key, run: int, emit: Callable[[Event], None], listener: Listener) -> None:
        self.run = run
        self._key = key
        self._emit = emit
        self._listener = listener
        self.stages: list[StageTook] = []

    @contextmanager
    def stage(self, stage: Stage, message: str) -> Generator[StageNote]:
        """Do a stage: say that it begins, time it, say that it ended well.

        A ``DraftError`` that leaves the block is raised anew with ``stage`` in its problems.
        """
        note = StageNote()
        began = time.monotonic()
        self._listener.stage_started(self.run, stage, message)
        self._emit(StageStarted(self._key, self.run, stage, message))
        try:
            yield note
        except DraftError as error:
            raise DraftError(*(problem.at(stage) for problem in error.problems)) from error
        took = time.monotonic() - began
        self.stages.append(StageTook(stage, took))
        self._emit(StageEnded(self._key, self.run, stage, took, note.message))

    def lines(self, stage: Stage) -> Callable[[Stream, str], None]:
        """A function that passes on a tool's lines as ``stage``'s output."""

        def pass_on(stream: Stream, text: str) -> None:
            self._emit(Log(self._key, stage, stream, text))

        return pass_on

    def learned(self, facts: Facts) -> None:
        """Pass on what is known now; earlier facts stay unless given anew."""
        self._listener.learned(self.run, facts)


def internal_problem(error: BaseException) -> Problem:
    """A fault of ours, as a problem; the traceback belongs into the log."""
    return Problem(
        "internal-error",
        f"draft met an error of its own: {type(error).__name__}: {error}",
        fix="Try again; if it comes back, report it with the server's log.",
    )
