"""``parse``: the text of a Dockerfile → stages, instructions and problems. Never raises.

The rules are BuildKit's (``frontend/dockerfile/parser`` and ``instructions``): what it refuses is an error
here, what it accepts but means something else than it looks is a warning.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

from draft_ls.dockerfile import lines as reading
from draft_ls.dockerfile.check import check
from draft_ls.dockerfile.expand import expand
from draft_ls.dockerfile.keywords import KEYWORDS
from draft_ls.dockerfile.model import Dockerfile, Flag, Instruction, Pair, Stage, Word
from draft_ls.errors import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from draft_ls.dockerfile.lines import Logical

_PREDEFINED = {
    "TARGETPLATFORM": "linux/amd64",
    "TARGETOS": "linux",
    "TARGETARCH": "amd64",
    "TARGETVARIANT": "",
    "BUILDPLATFORM": "linux/amd64",
    "BUILDOS": "linux",
    "BUILDARCH": "amd64",
    "BUILDVARIANT": "",
}
"""BuildKit's platform ARGs, as on the machines where most Dockerfiles are built."""


def parse(
    text: str, path: Path = Path("Dockerfile"), build_arguments: Mapping[str, str] | None = None
) -> Dockerfile:
    """What a Dockerfile says.

    Args:
        text: the whole file.
        path: what its problems name as their place.
        build_arguments: values for ARGs, as ``docker build --build-arg`` gives them.
    """
    lines = reading.split_lines(text)
    directives = reading.read_directives(lines)
    escape = next((each.value for each in directives if each.name == "escape"), "\\")
    escape = escape if escape in ("\\", "`") else "\\"
    logical = tuple(reading.logical_lines(lines, escape))
    parsed = [_Reader(line, 0, escape).instruction(number) for number, line in enumerate(logical, 1)]
    preamble, stages = _stages(parsed, escape, build_arguments or {})
    dockerfile = Dockerfile(stages, preamble, directives, escape, ())
    unterminated = {
        number: line.unterminated for number, line in enumerate(logical, 1) if line.unterminated is not None
    }
    return replace(dockerfile, problems=check(dockerfile, path, unterminated))


@dataclass(slots=True)
class _Reader:
    """Reads one instruction from a logical line, beginning at ``index``."""

    line: Logical
    index: int
    escape: str

    def instruction(self, number: int) -> Instruction:
        text = self.line.text
        start, end = self._word_end()
        keyword = text[start:end].upper()
        self.index = end
        flags = self._flags() if keyword in KEYWORDS and KEYWORDS[keyword].flags else ()
        while self.index < len(text) and text[self.index].isspace():
            self.index += 1
        rest = text[self.index :].rstrip()
        trigger = (
            _Reader(self.line, self.index, self.escape).instruction(number)
            if self._is_onbuild(keyword, rest)
            else None
        )
        array = None if trigger else self._array(keyword, rest)
        return Instruction(
            keyword=keyword,
            text=rest,
            arguments=self._words(keyword, rest) if array is None else array,
            is_exec=array is not None,
            flags=flags,
            pairs=self._pairs(keyword, rest),
            heredocs=self.line.heredocs,
            span=Span(self.line.positions[start], self.line.end),
            keyword_span=self.line.span(start, end),
            stage=None,
            number=number,
            trigger=trigger,
        )

    @staticmethod
    def _is_onbuild(keyword: str, rest: str) -> bool:
        # A chain of ONBUILDs is refused by every builder; reading it further would only nest.
        return keyword == "ONBUILD" and bool(rest) and not rest.upper().startswith("ONBUILD")

    def _word_end(self) -> tuple[int, int]:
        text, start = self.line.text, self.index
        while start < len(text) and text[start].isspace():
            start += 1
        end = start
        while end < len(text) and not text[end].isspace():
            end += 1
        return start, end

    def _flags(self) -> tuple[Flag, ...]:
        """The options at the index, which moves behind them."""
        found: list[Flag] = []
        for begin, stop in reading.words(self.line.text[self.index :], self.escape):
            start, end = begin + self.index, stop + self.index
            written = self.line.text[start:end]
            if not written.startswith("--"):
                self.index = start
                return tuple(found)
            if written == "--":
                self.index = end
                return tuple(found)
            name, equals, value = written[2:].partition("=")
            found.append(
                Flag(
                    name, reading.unquote(value, self.escape) if equals else None, self.line.span(start, end)
                )
            )
        self.index = len(self.line.text)
        return tuple(found)

    def _array(self, keyword: str, rest: str) -> tuple[Word, ...] | None:
        """The strings of a JSON array, where the instruction may hold one and does."""
        if keyword not in KEYWORDS or not KEYWORDS[keyword].array:
            return None
        offset = self.index
        if keyword == "HEALTHCHECK":
            first, _, tail = rest.partition(" ")
            if first.upper() != "CMD":
                return None
            offset += len(rest) - len(tail.lstrip())
            rest = tail.lstrip()
        strings = _json_strings(rest)
        if strings is None:
            return None
        return tuple(
            Word(value, self.line.span(offset + start, offset + end)) for value, start, end in strings
        )

    def _words(self, keyword: str, rest: str) -> tuple[Word, ...]:
        """The words of the shell form; COPY and its like do not know quotes, RUN and ENV do."""
        offset = self.index
        if keyword in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "ENV", "LABEL", "ARG", "ONBUILD", "SHELL"):
            stretches = reading.words(rest, self.escape)
        else:
            stretches = _blank_separated(rest)
        return tuple(
            Word(rest[start:end], self.line.span(offset + start, offset + end)) for start, end in stretches
        )

    def _pairs(self, keyword: str, rest: str) -> tuple[Pair, ...]:
        if keyword not in ("ENV", "ARG", "LABEL"):
            return ()
        stretches = list(reading.words(rest, self.escape))
        if keyword != "ARG" and stretches and "=" not in rest[slice(*stretches[0])]:
            return self._legacy_pair(rest, stretches)
        pairs: list[Pair] = []
        for start, end in stretches:
            name, equals, value = rest[start:end].partition("=")
            span = self.line.span(self.index + start, self.index + end)
            pairs.append(Pair(reading.unquote(name, self.escape), value if equals else None, span))
        return tuple(pairs)

    def _legacy_pair(self, rest: str, stretches: Sequence[tuple[int, int]]) -> tuple[Pair, ...]:
        """``ENV name the whole rest``."""
        (start, end), following = stretches[0], stretches[1:]
        value = rest[following[0][0] :] if following else None
        return (Pair(rest[start:end], value, self.line.span(self.index + start, self.index + len(rest))),)


def _json_strings(text: str) -> list[tuple[str, int, int]] | None:
    """(value, start, end) of each string of a JSON array of strings; none if the text is anything else."""
    if not text.startswith("["):
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    items = cast("list[object]", value) if isinstance(value, list) else [None]
    if not all(isinstance(item, str) for item in items):
        return None
    found: list[tuple[str, int, int]] = []
    index = 1
    for item in cast("list[str]", items):
        start = text.index('"', index)
        index = _string_end(text, start)
        found.append((item, start, index))
    return found


def _string_end(text: str, start: int) -> int:
    index = start + 1
    while text[index] != '"':
        index += 2 if text[index] == "\\" else 1
    return index + 1


def _blank_separated(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    index = 0
    for part in text.split():
        start = text.index(part, index)
        index = start + len(part)
        found.append((start, index))
    return found


def _stages(
    instructions: Sequence[Instruction], escape: str, build_arguments: Mapping[str, str]
) -> tuple[tuple[Instruction, ...], tuple[Stage, ...]]:
    """The preamble and the stages."""
    froms = [place for place, each in enumerate(instructions) if each.keyword == "FROM"]
    preamble = tuple(instructions[: froms[0]] if froms else instructions)
    variables = global_arguments(preamble, escape, build_arguments)
    stages: list[Stage] = []
    for index, (start, end) in enumerate(pairwise([*froms, len(instructions)])):
        own = tuple(replace(each, stage=index) for each in instructions[start:end])
        stages.append(_stage(index, own, variables, escape, stages))
    return preamble, tuple(stages)


def _stage(
    index: int,
    own: tuple[Instruction, ...],
    variables: Mapping[str, str],
    escape: str,
    before: Sequence[Stage],
) -> Stage:
    start = own[0]
    written = [word.text for word in start.arguments]
    named = len(written) >= 3 and written[1].upper() == "AS"
    base = expand(written[0], variables, escape) if written else ""
    parent = next((stage for stage in reversed(before) if stage.name == base.lower()), None) if base else None
    return Stage(
        index=index,
        name=written[2].lower() if named else None,
        base=base,
        base_stage=parent.index if parent else None,
        platform=start.flag("platform"),
        instructions=own,
        span=Span(start.span.start, own[-1].span.end),
    )


def global_arguments(
    preamble: Sequence[Instruction], escape: str, build_arguments: Mapping[str, str]
) -> dict[str, str]:
    """The values of the ARGs before the first FROM, with the builder's own."""
    variables = dict(_PREDEFINED)
    for instruction in preamble:
        for pair in instruction.pairs if instruction.keyword == "ARG" else ():
            if pair.name in build_arguments:
                variables[pair.name] = build_arguments[pair.name]
            elif pair.value is not None:
                variables[pair.name] = expand(pair.value, variables, escape)
    return variables
