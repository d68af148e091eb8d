"""What went wrong, as values that a person can act on.

Nothing lies below this module. ``Problem`` is the one shape in which every room reports trouble; the faces
turn it into a diagnostic, a status or a terminal message. ``DraftError`` carries problems through code that
cannot return them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Stage(StrEnum):
    """A step on the way from a folder to a URL."""

    DETECT = "detect"
    SCAFFOLD = "scaffold"
    BUILD = "build"
    PUSH = "push"
    RELEASE = "release"
    ROLLOUT = "rollout"
    ROUTE = "route"
    SYNC = "sync"


class Severity(StrEnum):
    """How much a problem matters: an error stops the run, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in a text: line and character, both from 0; the character counts Unicode code points."""

    line: int
    character: int


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """A half-open stretch of text, from ``start`` up to, not including, ``end``."""

    start: Position
    end: Position

    @classmethod
    def of(cls, line: int, start: int, end: int) -> Span:
        """A span within one line."""
        return cls(Position(line, start), Position(line, end))

    @classmethod
    def line(cls, line: int, length: int = 0) -> Span:
        """The first ``length`` characters of a line."""
        return cls.of(line, 0, length)


@dataclass(frozen=True, slots=True)
class Place:
    """A file, by its absolute path, and a span in it; without a span, the file as a whole."""

    path: Path
    span: Span | None = None

    def __str__(self) -> str:
        if self.span is None:
            return str(self.path)
        return f"{self.path}:{self.span.start.line + 1}:{self.span.start.character + 1}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of a file and the text to put there; without a span, a file to make with that text."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Repair:
    """Edits that together do away with a problem, and what to call them: ``Set EXPOSE to 8080``."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: what happened, where, why, and what to do.

    Attributes:
        code: a stable kebab-case word for this kind of problem, e.g. ``docker-unreachable``.
        message: one plain sentence: what happened.
        stage: the stage that met it; none if no stage ran (a diagnostic while typing).
        place: the file, and the span in it, where it can be fixed.
        cause: why, in the words of the tool that said so.
        fix: what the person can do, as an instruction.
        severity: an error stops the run.
        details: the last lines of the log that led here, oldest first.
        related: other places that take part, each with what it says there.
        repairs: what the editor can do about it at a keystroke, best first.
    """

    code: str
    message: str
    stage: Stage | None = None
    place: Place | None = None
    cause: str = ""
    fix: str = ""
    severity: Severity = Severity.ERROR
    details: tuple[str, ...] = ()
    related: tuple[tuple[Place, str], ...] = ()
    repairs: tuple[Repair, ...] = ()

    def at(self, stage: Stage) -> Problem:
        """The same problem, met in ``stage`` unless it already names one."""
        return self if self.stage else replace(self, stage=stage)


class DraftError(Exception):
    """A step could not be done; ``problems`` says why. Never empty; the first is the main one."""

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise ValueError("a DraftError needs a problem")
        super().__init__(problems[0].message)
        self.problems = problems

    @property
    def problem(self) -> Problem:
        """The main problem."""
        return self.problems[0]
