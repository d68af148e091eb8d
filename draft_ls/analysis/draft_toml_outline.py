"""The shape of a draft.toml: its environments and their keys, and what can be folded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.analysis.toml_lines import Statement, environment_of, statements
from draft_ls.errors import Position, Span

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Symbol:
    """A table or a key.

    Attributes:
        name: what it is called.
        detail: a key's value, shortened.
        whole: all of its text.
        key: its name in the text; lies within ``whole``.
        table: whether it is a table.
        children: what stands in it.
    """

    name: str
    detail: str
    whole: Span
    key: Span
    table: bool
    children: tuple[Symbol, ...] = ()


def outline(text: str) -> tuple[Symbol, ...]:
    """Every table with its keys, in the file's order."""
    lines = text.split("\n")
    found: list[Symbol] = []
    for header, body in sections(text):
        keys = tuple(_key(statement, lines) for statement in body if statement.parts)
        if header is None:
            found.extend(keys)
        elif header.parts:
            found.append(_table(header, body, keys, lines))
    return tuple(found)


def sections(text: str) -> Iterator[tuple[Statement | None, list[Statement]]]:
    """Each header with the statements below it; those above the first header have none."""
    header: Statement | None = None
    body: list[Statement] = []
    for statement in statements(text):
        if statement.header:
            if header or body:
                yield header, body
            header, body = statement, []
        else:
            body.append(statement)
    if header or body:
        yield header, body


def _table(header: Statement, body: list[Statement], keys: tuple[Symbol, ...], lines: list[str]) -> Symbol:
    last = body[-1].last if body else header.line
    environment = environment_of(header)
    whole = Span(Position(header.line, 0), Position(last, len(lines[last].rstrip("\r"))))
    key = Span(header.parts[0].span.start, header.parts[-1].span.end)
    name = environment.name if environment and len(header.parts) == 2 else ".".join(header.table)
    return Symbol(name, "environment" if environment else "", whole, key, True, keys)


def _key(statement: Statement, lines: list[str]) -> Symbol:
    start = statement.parts[0].span.start
    line = lines[statement.line].rstrip("\r")
    value = line[statement.equals :].strip() if statement.equals is not None else ""
    whole = Span(start, Position(statement.last, len(lines[statement.last].rstrip("\r"))))
    key = Span(start, statement.parts[-1].span.end)
    return Symbol(".".join(statement.key), value[:60], whole, key, False)


def folds(text: str) -> Iterator[tuple[int, int]]:
    """First and last line of what can be folded: tables, and values over several lines."""
    for header, body in sections(text):
        if header and body:
            yield header.line, body[-1].last
        for statement in body:
            if statement.last > statement.line:
                yield statement.line, statement.last
