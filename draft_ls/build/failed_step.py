"""Which instruction of the Dockerfile a failed build was at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.dockerfile.steps import find_step
from draft_ls.errors import Place, Position, Span

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.dockerfile.model import Dockerfile, Instruction

TAIL = 30
"""How many lines of the log a problem carries."""

_EXCERPT = re.compile(r"^\s*(?P<line>\d+) \| >>> ")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a builder left behind when it failed.

    Attributes:
        reason: its last word.
        label: the failed step as it calls it; empty if it named none.
        output: what that step printed.
        log: everything it printed.
    """

    reason: str
    label: str = ""
    output: tuple[str, ...] = ()
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A failure with all that is known about it."""

    failure: Failure
    dockerfile: Dockerfile
    path: Path
    root: Path
    ignore: Path | None
    reason: str

    @property
    def text(self) -> str:
        """The builder's and the step's last words together."""
        return "\n".join((self.reason, self.failure.reason, *self.failure.output[-TAIL:]))

    @property
    def details(self) -> tuple[str, ...]:
        """The last lines of the step's output, else of the whole log."""
        return (self.failure.output or self.failure.log)[-TAIL:]


def place_of(case: Case, line: int | None = None) -> Place:
    """The failed instruction, else the line that the builder named, else the Dockerfile."""
    instruction = instruction_of(case, line)
    if instruction is not None:
        return Place(case.path, instruction.span)
    line = line or _excerpted(case)
    if line is not None:
        return Place(case.path, Span(Position(line - 1, 0), Position(line, 0)))
    return Place(case.path)


def instruction_of(case: Case, line: int | None = None) -> Instruction | None:
    """The instruction that failed, by the line, excerpt, label or image that the builder named."""
    if line is not None:
        return case.dockerfile.instruction_at(line - 1)
    if excerpted := _excerpted(case):
        return case.dockerfile.instruction_at(excerpted - 1)
    if case.failure.label and (found := find_step(case.dockerfile, case.failure.label)):
        return found
    return _base_instruction(case)


def _excerpted(case: Case) -> int | None:
    """The line that the builder's excerpt of the Dockerfile points at; it may be a comment, such as ``# syntax=``."""
    for text in case.failure.log[::-1]:
        if match := _EXCERPT.match(text):
            return int(match["line"])
    return None


def _base_instruction(case: Case) -> Instruction | None:
    """The FROM, or ``--from``, whose image the builder's words name."""
    words = f"{case.failure.label} {case.failure.reason}"
    for instruction in case.dockerfile.instructions:
        if instruction.keyword == "FROM" and instruction.stage is not None:
            image = case.dockerfile.stages[instruction.stage].base
        else:
            image = instruction.flag("from") or ""
        if image and _bare(image) in words:
            return instruction
    return None


def _bare(image: str) -> str:
    return image.partition("@")[0].removeprefix("docker.io/").removeprefix("library/")
