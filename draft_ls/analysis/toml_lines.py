"""TOML by its lines, for a text that is being typed: which statement is where, and in which table.

A parser gives up where somebody is typing; this reads on. It knows statements, keys and where values begin,
not what values mean: ``config.document`` knows that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.config.schema import ENVIRONMENTS
from draft_ls.errors import Position, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+))\s*""")
_TEXTS = (
    r'"""(?:[^\\]|\\.)*?"{3,5}',
    r"'''.*?'{3,5}",
    r"(?P<opened>\"\"\"|''')",
    r'"(?:[^"\\\n]|\\.)*"',
    r"'[^'\n]*'",
    r"#[^\n]*",
)
_TEXT = re.compile("|".join(_TEXTS), re.DOTALL)
"""Texts and comments, in which brackets mean nothing; ``opened`` is a long text that is not closed."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a key, without its quotes, and where it stands with them."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Statement:
    """A header or a ``key = value``.

    Attributes:
        line: where it starts.
        last: the last line of its value.
        header: whether it is a table's header.
        parts: the key's parts; of a broken key, those before the break.
        table: the path of the table that it stands in; a header's own path.
        equals: the character after which the value begins; none for a header, or if there is no ``=``.
    """

    line: int
    last: int
    header: bool
    parts: tuple[Part, ...]
    table: tuple[str, ...]
    equals: int | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The names of its parts."""
        return tuple(part.name for part in self.parts)

    @property
    def path(self) -> tuple[str, ...]:
        """From the root: the table's path, and the key in it."""
        return self.table if self.header else (*self.table, *self.key)


def statements(text: str) -> Iterator[Statement]:
    """Every statement of a text, in its order; a line that is none is passed over."""
    lines = text.split("\n")
    table: tuple[str, ...] = ()
    number = 0
    while number < len(lines):
        line = lines[number]
        found = _statement(line, number, table)
        if found is None:
            number += 1
            continue
        if found.header:
            table = found.table
        last = number if found.equals is None else _end_of_value(lines, number, found.equals)
        yield Statement(number, last, found.header, found.parts, found.table, found.equals)
        number = last + 1


def _statement(line: str, number: int, table: tuple[str, ...]) -> Statement | None:
    stripped = line.lstrip()
    if not stripped or stripped[0] == "#":
        return None
    start = len(line) - len(stripped)
    if stripped[0] == "[":
        opened = start + (2 if stripped.startswith("[[") else 1)
        parts, _ = _parts(line, number, opened)
        return Statement(number, number, True, parts, tuple(part.name for part in parts))
    parts, end = _parts(line, number, start)
    equals = end + 1 if line[end : end + 1] == "=" else None
    return Statement(number, number, False, parts, table, equals) if parts else None


def _parts(line: str, number: int, start: int) -> tuple[tuple[Part, ...], int]:
    """The parts of a key from ``start`` on, and where it ends."""
    parts: list[Part] = []
    at = start
    while found := _PART.match(line, at):
        group = next(index for index in (1, 2, 3) if found[index] is not None)
        quoted = group != 3
        span = Span.of(number, found.start(group) - quoted, found.end(group) + quoted)
        parts.append(Part(found[group], span))
        at = found.end()
        if line[at : at + 1] != ".":
            break
        at += 1
    return tuple(parts), at


def _end_of_value(lines: list[str], number: int, start: int) -> int:
    """The last line of the value that begins on a line: lists and long texts may go over several."""
    value = lines[number][start:]
    last = number
    while (opened := _open(value)) and last + 1 < len(lines):
        if opened == "[" and _is_environment_header(lines[last + 1]):
            return last  # the list was never closed: do not swallow the rest of the file
        last += 1
        value += "\n" + lines[last]
    return number if opened else last


def _open(value: str) -> str | None:
    """What is not closed yet: the quotes of a long text, or the bracket of a list."""
    opened = next((found["opened"] for found in _TEXT.finditer(value) if found["opened"]), None)
    if opened:
        return opened
    bare = _TEXT.sub("", value)
    return "[" if bare.count("[") > bare.count("]") else None


def _is_environment_header(line: str) -> bool:
    return re.match(rf"\s*\[\s*{ENVIRONMENTS}\b", line) is not None


def environment_headers(text: str) -> Iterator[tuple[str, Span]]:
    """Each environment that has a table of its own, and the span of its header's key."""
    seen: set[str] = set()
    for statement in statements(text):
        environment = environment_of(statement)
        if environment and statement.header and len(statement.parts) == 2 and environment.name not in seen:
            seen.add(environment.name)
            yield environment.name, Span(statement.parts[0].span.start, environment.span.end)


def environment_of(statement: Statement) -> Part | None:
    """The part of a statement's key that names an environment, if one does."""
    if statement.header or not statement.table:
        named = statement.parts[1:2] if statement.key[:1] == (ENVIRONMENTS,) else ()
    else:
        named = statement.parts[:1] if statement.table == (ENVIRONMENTS,) else ()
    return named[0] if named else None


def statement_at(text: str, position: Position) -> Statement | None:
    """The statement on whose lines a position is."""
    return next((each for each in statements(text) if each.line <= position.line <= each.last), None)


def table_at(text: str, line: int) -> tuple[str, ...]:
    """The path of the table that a line is in."""
    path: tuple[str, ...] = ()
    for statement in statements(text):
        if statement.line > line:
            break
        if statement.header:
            path = statement.table
    return path
