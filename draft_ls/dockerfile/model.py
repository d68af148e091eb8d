"""A Dockerfile as values: stages, instructions, and where each part stands in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from draft_ls.errors import Problem, Span


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the text, as written; for the exec form, one string of the array, decoded."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Flag:
    """An option such as ``--from=builder``; ``value`` is none for a flag without ``=``."""

    name: str
    value: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and its value as written (quotes and variables included), as in ENV, ARG and LABEL.

    The value of ``ARG name`` is none: it has no default.
    """

    name: str
    value: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document of RUN, COPY or ADD.

    Attributes:
        name: the word that ends it.
        content: its lines, line ends included; leading tabs are gone if it was written with ``<<-``.
        expand: whether variables in it are expanded (the name was not quoted).
        span: its lines, the ending one included.
    """

    name: str
    content: str
    expand: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Attributes:
        keyword: upper-cased, e.g. ``RUN``.
        text: what follows the keyword and its flags, continuation lines joined and comments left out.
        arguments: the words of ``text``; the strings of the array in the exec form.
        is_exec: whether the arguments are a JSON array.
        flags: the options before the arguments.
        pairs: of ENV, ARG and LABEL.
        heredocs: in order.
        span: all its lines, heredocs included.
        keyword_span: the keyword alone.
        stage: the index of its stage; none before the first FROM.
        number: its place among all instructions of the file, from 1, as the classic builder counts steps.
        trigger: what an ONBUILD holds.
    """

    keyword: str
    text: str
    arguments: tuple[Word, ...]
    is_exec: bool
    flags: tuple[Flag, ...]
    pairs: tuple[Pair, ...]
    heredocs: tuple[Heredoc, ...]
    span: Span
    keyword_span: Span
    stage: int | None
    number: int
    trigger: Instruction | None = None

    def flag(self, name: str) -> str | None:
        """The value of an option; none if it is not there, ``""`` if it is there without one."""
        return next((flag.value or "" for flag in self.flags if flag.name == name), None)

    @property
    def line(self) -> int:
        """The line it starts in, from 1, as people and builders count."""
        return self.span.start.line + 1


@dataclass(frozen=True, slots=True)
class Stage:
    """One build stage.

    Attributes:
        index: from 0.
        name: after ``AS``, lower-cased; none without one.
        base: the image or stage it starts from, variables expanded from the ARGs before the first FROM.
        base_stage: the index of that stage; none for an image.
        platform: of ``--platform``, as written.
        instructions: its own, FROM first.
        span: from FROM to the end of its last instruction.
    """

    index: int
    name: str | None
    base: str
    base_stage: int | None
    platform: str | None
    instructions: tuple[Instruction, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Directive:
    """A parser directive of the first lines, e.g. ``# syntax=docker/dockerfile:1``."""

    name: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A whole Dockerfile, as far as it can be understood.

    Attributes:
        stages: in order; empty if there is no FROM.
        preamble: what stands before the first FROM: ARGs.
        directives: the parser directives.
        escape: the character that continues lines.
        problems: everything wrong with it, in the order of the text.
    """

    stages: tuple[Stage, ...]
    preamble: tuple[Instruction, ...]
    directives: tuple[Directive, ...]
    escape: str
    problems: tuple[Problem, ...]

    @property
    def final(self) -> Stage | None:
        """The stage that the image is made from; none if there is no FROM."""
        return self.stages[-1] if self.stages else None

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """All instructions, in the order of the text."""
        staged = tuple(instruction for stage in self.stages for instruction in stage.instructions)
        return (*self.preamble, *staged)

    def stage_named(self, reference: str, before: int | None = None) -> Stage | None:
        """The stage that a ``--from`` or FROM means: a name (any case) or an index; the last one wins.

        Args:
            reference: the name or index, variables expanded.
            before: only stages before this index can be meant.
        """
        known = self.stages if before is None else self.stages[:before]
        if reference.isdecimal() and reference.isascii():
            return known[int(reference)] if len(reference) < 9 and int(reference) < len(known) else None
        return next((stage for stage in reversed(known) if stage.name == reference.lower()), None)

    def instruction_at(self, line: int) -> Instruction | None:
        """The instruction that covers a line (from 0), comments between its lines included."""
        return next(
            (each for each in self.instructions if each.span.start.line <= line <= each.span.end.line), None
        )
