"""From text to logical lines, by the rules of BuildKit's ``dockerfile/parser``.

A logical line is one instruction with its continuation lines joined and the comments between them left out.
Each of its characters knows where it stands in the text, so that every later span is exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.dockerfile.model import Directive, Heredoc
from draft_ls.errors import Position, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTIVE = re.compile(r"^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_DIRECTIVES = ("syntax", "escape", "check")
_HEREDOC = re.compile(r"^\d*<<(-?)([^<]+)$")
_HEREDOC_KEYWORDS = re.compile(r"^(?:onbuild\s+)*(?:run|copy|add)\s", re.IGNORECASE)
_BLANK = " \t\v\f\r"


@dataclass(frozen=True, slots=True)
class Logical:
    """A logical line: its text, where each character of it stands, its heredocs, and its last line."""

    text: str
    positions: tuple[Position, ...]
    heredocs: tuple[Heredoc, ...]
    end: Position
    unterminated: str | None = None
    """The name of a heredoc that the file ends in."""

    def span(self, start: int, end: int) -> Span:
        """Where ``text[start:end]`` stands; an empty stretch is a point."""
        if start < end:
            last = self.positions[end - 1]
            return Span(self.positions[start], Position(last.line, last.character + 1))
        point = self.positions[start] if start < len(self.positions) else self._after()
        return Span(point, point)

    def _after(self) -> Position:
        last = self.positions[-1]
        return Position(last.line, last.character + 1)

    @property
    def whole(self) -> Span:
        """All its lines, heredocs included."""
        return Span(self.positions[0], self.end)


def split_lines(text: str) -> list[str]:
    """The lines of a text without their ends, as an editor counts them: LF, CRLF."""
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]


def read_directives(lines: list[str]) -> tuple[Directive, ...]:
    """The parser directives: only before anything else, each at most once."""
    found: list[Directive] = []
    for number, line in enumerate(lines):
        match = _DIRECTIVE.match(line.strip(_BLANK))
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES or any(each.name == name for each in found):
            if number == 0 and line.startswith("#!"):
                continue
            break
        found.append(Directive(name, match[2], Span.line(number, len(line))))
    return tuple(found)


def logical_lines(lines: list[str], escape: str) -> Iterator[Logical]:
    """All logical lines of a text."""
    continued = re.compile(rf"(?:(?<=[^{re.escape(escape)}])|^){re.escape(escape)}[ \t]*$")
    number = 0
    while number < len(lines):
        text: list[str] = []
        positions: list[Position] = []
        number, end = _join(lines, number, continued, text, positions)
        joined = "".join(text)
        if not joined.strip():
            continue
        heredocs: list[Heredoc] = []
        unterminated = None
        for name, strip_tabs, expand in _heredoc_starts(joined, escape):
            heredoc = _heredoc(lines, number, name, strip_tabs=strip_tabs, expand=expand)
            if heredoc is None:
                unterminated = name
                number = len(lines)
                end = Position(number - 1, len(lines[-1]))
                break
            heredocs.append(heredoc)
            end = heredoc.span.end
            number = end.line + 1
        yield Logical(joined, tuple(positions), tuple(heredocs), end, unterminated)


def _join(
    lines: list[str], number: int, continued: re.Pattern[str], text: list[str], positions: list[Position]
) -> tuple[int, Position]:
    """Append one logical line's text and positions; the next line's number and the end of what was read."""
    first = True
    end = Position(number, 0)
    while number < len(lines):
        line = lines[number]
        bare = line.lstrip(_BLANK)
        skipped = bare.startswith("#") or (not first and not bare)
        if first or not skipped:
            indent = len(line) - len(bare) if first else 0
            match = continued.search(line)
            stop = max(match.start() if match else len(line), indent)
            if not bare.startswith("#"):
                text.append(line[indent:stop])
                positions.extend(Position(number, column) for column in range(indent, stop))
                end = Position(number, len(line.rstrip(_BLANK)))
            if match is None or bare.startswith("#"):
                return number + 1, end
        first = False
        number += 1
    return number, end


def _heredoc_starts(text: str, escape: str) -> Iterator[tuple[str, bool, bool]]:
    """(name, strip tabs, expand) of each heredoc that an instruction opens."""
    if "<<" not in text or not _HEREDOC_KEYWORDS.match(text):
        return
    for start, end in words(text, escape):
        match = _HEREDOC.match(text[start:end])
        if match:
            name = unquote(match[2], escape)
            if name:
                yield name, bool(match[1]), name == match[2]


def _heredoc(lines: list[str], first: int, name: str, *, strip_tabs: bool, expand: bool) -> Heredoc | None:
    content: list[str] = []
    for number in range(first, len(lines)):
        line = lines[number].lstrip("\t") if strip_tabs else lines[number]
        if line == name:
            span = Span(Position(first, 0), Position(number, len(lines[number])))
            return Heredoc(name, "".join(content), expand, span)
        content.append(line + "\n")
    return None


def words(text: str, escape: str) -> Iterator[tuple[int, int]]:
    """Where the words of a text stand: separated by blanks, quotes and escapes respected as a shell would."""
    start: int | None = None
    quote = ""
    index = 0
    while index < len(text):
        character = text[index]
        if not quote and character in _BLANK + "\n":
            if start is not None:
                yield start, index
            start = None
        else:
            start = index if start is None else start
            if character == escape and quote != "'":
                index += 1
            elif quote:
                quote = "" if character == quote else quote
            elif character in "'\"":
                quote = character
        index += 1
    if start is not None:
        yield start, len(text)


def unquote(word: str, escape: str) -> str:
    """A word without its quotes and escapes; variables stay as they are."""
    result: list[str] = []
    quote = ""
    index = 0
    while index < len(word):
        character = word[index]
        if character == escape and quote != "'" and index + 1 < len(word):
            index += 1
            following = word[index]
            result.append(following if not quote or following in f'"${escape}' else escape + following)
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        else:
            result.append(character)
        index += 1
    return "".join(result)
