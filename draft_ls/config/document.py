"""A TOML document as values with their places: what ``read.py`` walks over."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass, field
from datetime import date, time
from typing import TYPE_CHECKING

from draft_ls.config.syntax import BROKEN, SyntaxFault, repair
from draft_ls.errors import Position, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser


Scalar = str | bool | int | float | date | time


@dataclass(slots=True)
class Table:
    """A table: its entries by key, and the place of its header, its braces or its key."""

    entries: dict[str, Entry] = field(default_factory=dict["str", "Entry"])
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A value and its place. A list is a tuple of values."""

    data: Table | tuple[Value, ...] | Scalar
    span: Span

    @property
    def table(self) -> Table | None:
        """The value as a table; none if it is none."""
        return self.data if isinstance(self.data, Table) else None

    @property
    def items(self) -> tuple[Value, ...] | None:
        """The value as a list; none if it is none."""
        return self.data if isinstance(self.data, tuple) else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a table, with its place, and its value."""

    key: str
    span: Span
    value: Value


@dataclass(frozen=True, slots=True)
class Fault:
    """A syntax error and the path of the table that it stands in; ``()`` at the top of the file."""

    what: SyntaxFault
    table: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What a TOML text says, as far as it can be read, and its syntax errors in the file's order."""

    root: Table
    faults: tuple[Fault, ...]


def read_document(text: str) -> Document:
    """Read TOML that may be broken; never raises. Characters are counted in Unicode code points."""
    # A byte order mark and lone surrogates are no TOML, but each counts as one character.
    clean = text.replace("\ufeff", " ", 1) if text.startswith("\ufeff") else text
    clean = clean.encode("utf-8", "replace").decode()
    repaired = repair(clean)
    builder = _Builder(repaired.text)
    headers = tuple(builder.build())
    faults = (
        Fault(each, each.header or _table_at(headers, each.span.start.line)) for each in repaired.faults
    )
    return Document(builder.root, tuple(sorted(faults, key=lambda fault: fault.what.span)))


def _table_at(headers: tuple[tuple[int, tuple[str, ...]], ...], line: int) -> tuple[str, ...]:
    """The path of the last readable header on or above ``line``."""
    above = [path for start, path in headers if start <= line and not path[0].startswith(BROKEN)]
    return above[-1] if above else ()


@functools.cache
def _parser() -> Parser:
    # Imported here: the grammar is a shared object, and a process that never reads TOML need not load it.
    import tree_sitter_toml
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_toml.language()))


class _Builder:
    """Turns the syntax tree of valid TOML into tables."""

    def __init__(self, text: str) -> None:
        self.root = Table()
        self._bytes = text.encode()
        self._lines = self._bytes.split(b"\n")

    def build(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Fill ``root``; yields the line and path of each header."""
        for node in _parser().parse(self._bytes).root_node.named_children:
            if node.type == "pair":
                self._pair(self.root, node)
            elif node.type in {"table", "table_array_element"}:
                yield node.start_point.row, self._table(node)

    def _table(self, node: Node) -> tuple[str, ...]:
        key, *body = node.named_children
        path = self._path(key)
        header = Span(self._position(node), self._header_end(node))
        table, (name, span) = self._descend(self.root, path[:-1]), path[-1]
        entry = table.entries.get(name)
        found = entry.value.table if entry else None
        if found is None:
            found = Table(span=header)
            table.entries[name] = Entry(name, span, Value(found, header))
        elif found.span is None or node.type == "table":
            found.span = header
        for each in body:
            if each.type == "pair":
                self._pair(found, each)
        return tuple(name for name, _ in path)

    def _pair(self, table: Table, node: Node) -> None:
        key, *values = [each for each in node.named_children if each.type != "comment"]
        if not values:
            return
        path = self._path(key)
        owner = self._descend(table, path[:-1])
        name, span = path[-1]
        owner.entries[name] = Entry(name, span, self._value(values[0]))

    def _descend(self, table: Table, path: list[tuple[str, Span]]) -> Table:
        for name, span in path:
            entry = table.entries.get(name)
            if entry is None or entry.value.table is None:
                entry = table.entries[name] = Entry(name, span, Value(Table(span=span), span))
            found = entry.value.table
            if found is not None:
                table = found
        return table

    def _value(self, node: Node) -> Value:
        span = self._span(node)
        if node.type == "array":
            return Value(
                tuple(self._value(each) for each in node.named_children if each.type != "comment"), span
            )
        if node.type == "inline_table":
            table = Table(span=span)
            for each in node.named_children:
                if each.type == "pair":
                    self._pair(table, each)
            return Value(table, span)
        return Value(_scalar(self._text(node)), span)

    def _path(self, node: Node) -> list[tuple[str, Span]]:
        """The parts of a key, bare, quoted or dotted, each with its place."""
        if node.type == "dotted_key":
            return [part for each in node.named_children for part in self._path(each)]
        text = self._text(node)
        name = str(_scalar(text)) if node.type == "quoted_key" else text
        return [(name, self._span(node))]

    def _text(self, node: Node) -> str:
        return self._bytes[node.start_byte : node.end_byte].decode()

    def _span(self, node: Node) -> Span:
        return Span(self._position(node), self._end(node))

    def _position(self, node: Node) -> Position:
        return self._point(node.start_point.row, node.start_point.column)

    def _end(self, node: Node) -> Position:
        return self._point(node.end_point.row, node.end_point.column)

    def _header_end(self, node: Node) -> Position:
        return next(self._end(each) for each in node.children if each.type in {"]", "]]"})

    def _point(self, row: int, column: int) -> Position:
        return Position(row, len(self._lines[row][:column].decode(errors="ignore")))


def _scalar(text: str) -> Scalar:
    """A single value, decoded by the parser that knows every escape."""
    if text in {"true", "false"}:
        return text == "true"
    if text[0] == '"' and "\\" not in text and not text.startswith('""'):
        return text[1:-1]
    return tomllib.loads(f"value = {text}")["value"]
