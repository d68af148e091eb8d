"""What an editor can do about a problem of a draft.toml: exactly what its own words tell the person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.analysis.toml_lines import statement_at
from draft_ls.errors import Position, Span

if TYPE_CHECKING:
    from draft_ls.errors import Problem

_WRITE = re.compile(
    r"Write (?:(?P<key>[\w-]+) = )?(?P<text>\"[^\"]*\"|[\w./:-]+|\[[^\]]*\]|\{[^}]*\})(?:, without quotes)?\.$"
)
_REMOVE = re.compile(r"Remove it\.")


@dataclass(frozen=True, slots=True)
class Fix:
    """One edit of the file that does away with a problem."""

    title: str
    span: Span
    text: str


def fixes(problem: Problem, text: str) -> tuple[Fix, ...]:
    """The edits that the problem's advice amounts to; none if it takes a person's judgement."""
    span = problem.place.span if problem.place else None
    if span is None or not problem.code.startswith("config-"):
        return ()
    if found := _WRITE.match(problem.fix):
        written = found["text"]
        whole = _word(text, span) if problem.code == "config-toml-syntax" else span
        return (Fix(f"Write {written}", whole, written),)
    if _REMOVE.match(problem.fix) and problem.code == "config-unknown-key":
        return (Fix("Remove this line", _statement(text, span), ""),)
    return ()


def _word(text: str, span: Span) -> Span:
    """The whole word at the start of a span: a syntax error is one character, the value is more."""
    line = text.split("\n")[span.start.line]
    found = re.compile(r"[^\s#,\]}]+").match(line, span.start.character)
    return Span.of(span.start.line, span.start.character, found.end()) if found else span


def _statement(text: str, span: Span) -> Span:
    """The statement at a span, with its line end."""
    statement = statement_at(text, span.start)
    last = statement.last if statement else span.end.line
    return Span(Position(span.start.line, 0), Position(last + 1, 0))
