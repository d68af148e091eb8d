"""What COPY and ADD take from the build context, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.dockerfile.expand import expand
from draft_ls.dockerfile.placement import Copy, UnclearError, destination, read_copy, taken
from draft_ls.dockerfile.settings import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from draft_ls.dockerfile.model import Dockerfile, Instruction, Word
    from draft_ls.dockerfile.settings import Settings

_ELSEWHERE = re.compile(r"[a-z+]+://|git@|<<")
_VARIABLE = re.compile(r"\$\{?(\w+)")


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a COPY or ADD.

    Attributes:
        word: as written.
        pattern: cleaned, relative to the context's root; empty for all of it.
    """

    word: Word
    pattern: str

    def takes(self, path: str) -> bool:
        """Whether it takes a file of the context."""
        return taken(self.pattern, path) is not None


@dataclass(frozen=True, slots=True)
class Taken:
    """A COPY or ADD from the build context.

    Attributes:
        instruction: where it is written.
        stage: the index of its stage.
        sources: what it takes.
        copy: where it puts that; none if that cannot be told.
    """

    instruction: Instruction
    stage: int
    sources: tuple[Source, ...]
    copy: Copy | None

    def files(self, files: Iterable[str]) -> list[str]:
        """Those of the context's files that it takes, sorted."""
        if any(not source.pattern for source in self.sources):
            return sorted(files)
        return sorted(path for path in files if any(source.takes(path) for source in self.sources))

    def source_of(self, path: str) -> Source | None:
        """The source that takes a file."""
        return next((source for source in self.sources if source.takes(path)), None)

    def lands(self, path: str) -> str | None:
        """Where a file goes in the image; none if it is not taken.

        Raises:
            UnclearError: it depends on what the base image has.
        """
        if self.copy is None:
            raise UnclearError("the instruction is not complete")
        return destination(self.copy, path, ())


def copies(dockerfile: Dockerfile, given: Mapping[str, str]) -> tuple[Taken, ...]:
    """Every COPY and ADD from the build context, in the order of the text."""
    return tuple(
        found
        for stage in dockerfile.stages
        for instruction, before, _ in walk(dockerfile, stage, given)
        if instruction.stage == stage.index and instruction.keyword in ("COPY", "ADD")
        if (found := _copy(instruction, before, dockerfile.escape)) is not None
    )


def _copy(instruction: Instruction, settings: Settings, escape: str) -> Taken | None:
    if instruction.flag("from") is not None or instruction.stage is None:
        return None
    sources = tuple(_sources(instruction, settings, escape))
    try:
        copy = read_copy(instruction, settings, escape)
    except UnclearError:
        copy = None
    return Taken(instruction, instruction.stage, sources, copy) if sources else None


def _sources(instruction: Instruction, settings: Settings, escape: str) -> Iterator[Source]:
    for word in instruction.arguments[:-1]:
        if _ELSEWHERE.match(word.text):
            continue
        if any(name not in settings.variables for name in _VARIABLE.findall(word.text)):
            continue  # a build argument without a value: only the build knows
        text = expand(word.text, settings.variables, escape)
        parts = [part for part in text.split("/") if part not in ("", ".")]
        while ".." in parts:  # Docker does not let a path leave the context
            at = parts.index("..")
            del parts[max(at - 1, 0) : at + 1]
        yield Source(word, "/".join(parts))
