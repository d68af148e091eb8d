"""Edits of a draft.toml that a person asks for: formatting, renaming an environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.analysis.toml_lines import Statement, environment_of, statements
from draft_ls.config.document import read_document
from draft_ls.config.schema import ENVIRONMENTS
from draft_ls.errors import DraftError, Position, Problem, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_INDENT = "  "


def formatted(text: str) -> str | None:
    """The text in the shape that ``draft create`` writes; none if it does not parse.

    Tables are indented by their depth and keys by one step more; one blank between key, ``=`` and value; no
    blanks at line ends, at most one empty line in a row, one line end at the end. Comments, order, spelling
    and the inside of values over several lines stay as they are.
    """
    if read_document(text).faults:
        return None
    end = "\r\n" if "\r\n" in text else "\n"
    lines = [line.rstrip("\r") for line in text.split("\n")]
    made: list[str] = []
    depth, last = 0, -1
    by_line = {statement.line: statement for statement in statements(text)}
    for number, line in enumerate(lines):
        statement = by_line.get(number)
        if statement is not None:
            depth = len(statement.table) - 1 if statement.header else depth
            made.append(_statement(line, statement, depth if statement.header else _key_depth(statement)))
            last = statement.last
        elif number <= last:
            made.append(line)
        elif line.strip():
            made.append(_INDENT * _comment_depth(by_line, number, len(lines)) + line.strip())
        elif made and made[-1]:
            made.append("")
    while made and not made[-1]:
        made.pop()
    return end.join([*made, ""]) if made else ""


def _statement(line: str, statement: Statement, depth: int) -> str:
    indent = _INDENT * max(depth, 0)
    if statement.equals is None:
        return indent + line.strip()
    key = line[: statement.equals - 1].strip()
    value = line[statement.equals :]
    whole = statement.last == statement.line
    return f"{indent}{key} = {value.strip() if whole else value.lstrip()}"


def _key_depth(statement: Statement) -> int:
    return len(statement.table)


def _comment_depth(by_line: dict[int, Statement], number: int, count: int) -> int:
    """A comment belongs to what follows it."""
    for later in range(number + 1, count):
        if following := by_line.get(later):
            return len(following.table) - (1 if following.header else 0)
    return 0


def environment_at(text: str, position: Position) -> Span | None:
    """The name of the environment at a position, if it can be renamed there."""
    for part in _names(text, None):
        if part[1].start <= position <= part[1].end:
            return part[1]
    return None


def rename_environment(text: str, position: Position, name: str) -> tuple[tuple[Span, str], ...]:
    """The edits that give the environment at a position another name, wherever the file says it.

    Raises:
        DraftError: there is no environment, or another one has that name.
    """
    at = environment_at(text, position)
    old = next((each for each, span in _names(text, None) if span == at), None)
    if old is None:
        raise DraftError(Problem("no-environment", "There is no environment to rename here."))
    if not name.strip() or "\n" in name:
        raise DraftError(Problem("bad-name", "An environment needs a name of one line."))
    if name != old and any(each == name for each, _ in _names(text, None)):
        fix = "Choose another name."
        raise DraftError(Problem("duplicate-name", f"There is already an environment {name!r}.", fix=fix))
    return tuple((span, quoted(name)) for _, span in _names(text, old))


def quoted(name: str) -> str:
    """A key as TOML writes it: bare if it can be."""
    if _BARE.fullmatch(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _names(text: str, wanted: str | None) -> Iterator[tuple[str, Span]]:
    """Every place that names an environment, or that one."""
    for statement in statements(text):
        part = environment_of(statement)
        if part and statement.path != (ENVIRONMENTS,) and wanted in (None, part.name):
            yield part.name, part.span
