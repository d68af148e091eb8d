"""What is wrong with a Dockerfile, as problems with exact spans."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from draft_ls.dockerfile.keywords import KEYWORDS
from draft_ls.errors import Place, Problem, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from draft_ls.dockerfile.model import Dockerfile, Flag, Instruction

_STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_QUOTED_ARRAY = re.compile(r"\[\s*['\"]")
_LOOKS_LIKE_ARRAY = {
    "RUN": re.compile(r"\[['\"]"),  # with a blank it is the shell's test
    "CMD": re.compile(r"\[(?:\s*['\"]|[^\s\[])"),
    "ENTRYPOINT": re.compile(r"\[(?:\s*['\"]|[^\s\[])"),
    "SHELL": re.compile(r""),  # it takes nothing but an array
}
_IMAGE = re.compile(r"[/:@.]")


def check(dockerfile: Dockerfile, path: Path, unterminated: Mapping[int, str]) -> tuple[Problem, ...]:
    """Everything wrong, in the order of the text.

    Args:
        dockerfile: what was read.
        path: the file, for the places.
        unterminated: instruction number → the heredoc that the file ends in.
    """
    return tuple(sorted(_Check(path, dockerfile, unterminated).run(), key=_order))


def _order(problem: Problem) -> tuple[int, int]:
    span = problem.place.span if problem.place else None
    return (span.start.line, span.start.character) if span else (0, 0)


class _Check:
    """The checks of one file."""

    def __init__(self, path: Path, dockerfile: Dockerfile, unterminated: Mapping[int, str]) -> None:
        self.path = path
        self.dockerfile = dockerfile
        self.unterminated = unterminated

    def run(self) -> Iterator[Problem]:
        yield from self._directives()
        if not self.dockerfile.stages:
            yield self._no_stage()
        for instruction in self.dockerfile.preamble:
            if self.dockerfile.stages and instruction.keyword in KEYWORDS and instruction.keyword != "ARG":
                yield self._before_from(instruction)
        for instruction in self.dockerfile.instructions:
            yield from self._instruction(instruction)
        yield from self._names()
        yield from self._sources()

    def _problem(
        self, code: str, message: str, span: Span, fix: str = "", severity: Severity = Severity.ERROR
    ) -> Problem:
        return Problem(code, message, place=Place(self.path, span), fix=fix, severity=severity)

    def _directives(self) -> Iterator[Problem]:
        for directive in self.dockerfile.directives:
            if directive.name == "escape" and directive.value not in ("\\", "`"):
                yield self._problem(
                    "dockerfile-bad-escape",
                    f"The escape character cannot be '{directive.value}'.",
                    directive.span,
                    "Use \\ or `.",
                )

    def _no_stage(self) -> Problem:
        first = next(iter(self.dockerfile.preamble), None)
        span = first.keyword_span if first else Span.line(0)
        return self._problem(
            "dockerfile-no-from",
            "This Dockerfile has no FROM: there is nothing to build on.",
            span,
            "Start it with FROM and a base image, e.g. FROM debian:bookworm-slim.",
        )

    def _before_from(self, instruction: Instruction) -> Problem:
        return self._problem(
            "dockerfile-before-from",
            f"{instruction.keyword} stands before the first FROM; only ARG may.",
            instruction.keyword_span,
            f"Move it below {self.dockerfile.stages[0].instructions[0].text}.",
        )

    def _instruction(self, instruction: Instruction) -> Iterator[Problem]:
        if instruction.keyword not in KEYWORDS:
            yield self._unknown(instruction)
            return
        if instruction.number in self.unterminated:
            name = self.unterminated[instruction.number]
            yield self._problem(
                "dockerfile-unterminated-heredoc",
                f"The heredoc {name} does not end.",
                instruction.keyword_span,
                f"Put {name} on a line of its own after it.",
            )
        yield from self._arguments(instruction)
        yield from self._flags(instruction)
        yield from self._array(instruction)
        if instruction.keyword == "MAINTAINER":
            yield self._problem(
                "dockerfile-maintainer",
                "MAINTAINER is deprecated.",
                instruction.keyword_span,
                "Use LABEL org.opencontainers.image.authors=….",
                Severity.HINT,
            )
        if instruction.trigger is not None:
            yield from self._trigger(instruction.trigger)

    def _trigger(self, trigger: Instruction) -> Iterator[Problem]:
        if trigger.keyword in ("FROM", "MAINTAINER"):
            yield self._problem(
                "dockerfile-bad-onbuild",
                f"{trigger.keyword} cannot be an ONBUILD trigger.",
                trigger.keyword_span,
            )
            return
        yield from self._instruction(trigger)

    def _unknown(self, instruction: Instruction) -> Problem:
        near = get_close_matches(instruction.keyword, KEYWORDS, n=1, cutoff=0.6)
        return self._problem(
            "dockerfile-unknown-instruction",
            f"There is no instruction '{instruction.keyword}'.",
            instruction.keyword_span,
            f"Did you mean {near[0]}?" if near else "",
        )

    def _arguments(self, instruction: Instruction) -> Iterator[Problem]:
        keyword = KEYWORDS[instruction.keyword]
        given = len(instruction.arguments)
        if instruction.keyword == "FROM":
            words = [word.text.upper() for word in instruction.arguments]
            good = given == 1 or (given == 3 and words[1] == "AS")
        elif instruction.keyword in ("ENV", "LABEL"):
            good = bool(instruction.pairs) and all(each.value is not None for each in instruction.pairs)
        elif instruction.keyword == "ONBUILD":
            good = instruction.trigger is not None
        elif instruction.keyword in ("WORKDIR", "USER", "STOPSIGNAL"):
            good = bool(instruction.text)
        else:
            good = given >= keyword.needs
        if not good:
            yield self._problem(
                "dockerfile-missing-arguments" if given < keyword.needs else "dockerfile-bad-arguments",
                f"{instruction.keyword} is not complete."
                if given < keyword.needs
                else f"{instruction.keyword} cannot be read like this.",
                instruction.keyword_span if not given else _over(instruction),
                f"Write {keyword.usage}.",
            )

    def _flags(self, instruction: Instruction) -> Iterator[Problem]:
        known = KEYWORDS[instruction.keyword].flags
        for flag in instruction.flags:
            if flag.name not in known:
                yield self._unknown_flag(instruction, flag, known)

    def _unknown_flag(self, instruction: Instruction, flag: Flag, known: Sequence[str]) -> Problem:
        near = get_close_matches(flag.name, known, n=1, cutoff=0.5)
        return self._problem(
            "dockerfile-unknown-flag",
            f"{instruction.keyword} has no option --{flag.name}.",
            flag.span,
            f"Did you mean --{near[0]}?" if near else f"It takes {_listed(known)}.",
        )

    def _array(self, instruction: Instruction) -> Iterator[Problem]:
        """A would-be JSON array that every builder silently takes for a shell line."""
        text = instruction.text
        if instruction.keyword == "HEALTHCHECK":
            text = re.sub(r"^cmd\s+", "", text, flags=re.IGNORECASE)
        keyword = KEYWORDS[instruction.keyword]
        looks = _LOOKS_LIKE_ARRAY.get(instruction.keyword, _QUOTED_ARRAY).match(text)
        if not keyword.array or instruction.is_exec or not looks or not instruction.arguments:
            return
        if instruction.keyword == "SHELL":
            severity, effect = Severity.ERROR, "SHELL needs one."
        else:
            severity, effect = Severity.WARNING, "it is run by a shell as it is written."
        quotes = " A JSON string stands in double quotes." if "'" in text else ""
        yield self._problem(
            "dockerfile-bad-array",
            f"This is not a JSON array: {effect}{quotes}",
            _over(instruction),
            f"Write it as {keyword.usage}." if instruction.keyword in ("CMD", "ENTRYPOINT") else "",
            severity,
        )

    def _names(self) -> Iterator[Problem]:
        seen: dict[str, Instruction] = {}
        for stage in self.dockerfile.stages:
            if stage.name is None:
                continue
            start = stage.instructions[0]
            span = start.arguments[2].span
            if not _STAGE_NAME.fullmatch(stage.name):
                yield self._problem(
                    "dockerfile-bad-stage-name",
                    f"'{stage.name}' cannot name a stage.",
                    span,
                    "Use letters, digits, '-', '_' and '.', beginning with a letter.",
                )
            elif stage.name in seen:
                yield self._problem(
                    "dockerfile-duplicate-stage",
                    f"A stage '{stage.name}' exists already, in line {seen[stage.name].line}.",
                    span,
                    "Give each stage a name of its own.",
                    Severity.WARNING,
                )
            seen[stage.name] = start

    def _sources(self) -> Iterator[Problem]:
        """``--from`` that names no stage: most often a misspelt one, but it may be an image."""
        for stage in self.dockerfile.stages:
            for instruction in stage.instructions:
                for flag in instruction.flags:
                    if flag.name == "from" and flag.value and "$" not in flag.value:
                        yield from self._source(flag, flag.value, stage.index)

    def _source(self, flag: Flag, name: str, before: int) -> Iterator[Problem]:
        if self.dockerfile.stage_named(name, before) is not None:
            return
        if name.isdecimal():
            yield self._problem(
                "dockerfile-unknown-stage",
                f"There is no stage {name} before this one.",
                flag.span,
                "Stages count from 0, and a stage can only copy from earlier ones.",
            )
        elif not _IMAGE.search(name):
            near = get_close_matches(name, _stage_names(self.dockerfile, before), n=1, cutoff=0.6)
            yield self._problem(
                "dockerfile-unknown-stage",
                f"No earlier stage is called '{name}': it will be pulled as an image.",
                flag.span,
                f"Did you mean {near[0]}?" if near else "",
                Severity.WARNING if near else Severity.HINT,
            )


def _stage_names(dockerfile: Dockerfile, before: int) -> Iterable[str]:
    return [stage.name for stage in dockerfile.stages[:before] if stage.name]


def _over(instruction: Instruction) -> Span:
    """All arguments of an instruction."""
    return Span(instruction.arguments[0].span.start, instruction.arguments[-1].span.end)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"--{name}" for name in names)
