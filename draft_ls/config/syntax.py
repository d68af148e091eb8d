"""TOML text that may be broken: every syntax error at its place, and what can be read in spite of it.

``tomllib`` is the judge of what is an error and where, but it stops at the first one. ``repair`` takes out
the statement with the error, keeps the lines where they are, and asks again.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any, cast

from draft_ls.errors import Position, Span

BROKEN = "draft-broken-header-"
"""How the key of a table starts that stands in for one whose header cannot be read."""

_MOST_ERRORS = 20
_NEAR = 4
"""How many lines above an error are tried one by one before the rest is halved."""
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_STATEMENT = re.compile(rf"\s*(?:\[{{1,2}}\s*{_KEYS}\s*\]{{1,2}}\s*(?:#.*)?$|{_KEYS}\s*=)")
_HEADER = re.compile(r"\s*\[")
_BARE_WORD = re.compile(r"[A-Za-z_./:][^\s#,\]}]*")


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """One thing that TOML does not allow.

    Attributes:
        code: ``toml-syntax``, ``duplicate-key`` or ``duplicate-table``.
        span: where.
        header: for a table's header, the table's path, ``()`` if it cannot be read; none for a key.
    """

    code: str
    message: str
    fix: str
    span: Span
    header: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Repaired:
    """Valid TOML with the lines of the original, and what had to be taken out."""

    text: str
    faults: tuple[SyntaxFault, ...]


def repair(text: str) -> Repaired:
    """Find every syntax error of ``text``. What cannot be judged at all comes back as an empty text."""
    lines = text.split("\n")
    faults: list[SyntaxFault] = []
    while error := _first_error("\n".join(lines)):
        message, line, character = error
        if len(faults) == _MOST_ERRORS or line is None:
            faults.append(_unreadable(message))
            return Repaired("", tuple(faults))
        first, last = _statement(lines, min(line, len(lines) - 1))
        faults.append(_fault(message, lines, first, Position(line, character)))
        lines[first : last + 1] = _stand_in(lines, first, last, len(faults))
    return Repaired("\n".join(lines), tuple(faults))


def _first_error(text: str) -> tuple[str, int | None, int] | None:
    """The message, line and character of the first error, both from 0; no line if it has no place."""
    try:
        tomllib.loads(text)
    except RecursionError:
        return "The values are nested too deeply", None, 0
    except ValueError as error:
        found = _PLACE.search(str(error))
        if not found:
            return str(error), None, 0
        message = str(error)[: found.start()]
        if found[1]:
            return message, int(found[1]) - 1, int(found[2]) - 1
        lines = text.split("\n")
        return message, len(lines) - 1, len(lines[-1])
    return None


def _statement(lines: list[str], line: int) -> tuple[int, int]:
    """The first and last line of the statement in which the parser gave up on ``line``."""
    first = _statement_start(lines, line)
    last = first
    while last < line and not _STATEMENT.match(lines[last + 1]):
        last += 1
    return first, last


def _statement_start(lines: list[str], line: int) -> int:
    """The last line up to ``line`` before which everything can be read."""
    for first in range(line, max(line - _NEAR, 0), -1):
        if not _first_error("\n".join(lines[:first])):
            return first
    good, bad = 0, max(line - _NEAR, 0) + 1  # far away only when a text or list is not closed
    while bad - good > 1:
        middle = (good + bad) // 2
        if _first_error("\n".join(lines[:middle])):
            bad = middle
        else:
            good = middle
    return good


def _stand_in(lines: list[str], first: int, last: int, number: int) -> list[str]:
    """What takes the place of a broken statement: nothing, or a table that keeps later keys out of others."""
    blank = [""] * (last - first + 1)
    if _HEADER.match(lines[first]):
        blank[0] = f"[{BROKEN}{number}]"
    return blank


def _fault(message: str, lines: list[str], first: int, at: Position) -> SyntaxFault:
    statement = lines[first]
    header = _header_path(statement) if _HEADER.match(statement) else None
    if re.match(r"Cannot (declare|overwrite|redefine|mutate|define)", message):
        what = "table" if header is not None else "key"
        shown = ".".join(header or ()) or statement.partition("=")[0].strip()
        return SyntaxFault(
            f"duplicate-{what}",
            f"The {what} {shown!r} is set more than once.",
            f"Keep one of the two {what}s.",
            _trimmed(first, statement.rstrip("\r"), 0, None if header is not None else statement.find("=")),
            header,
        )
    place = at if at.line == first else Position(first, _value_start(statement))
    rest = statement[place.character :].strip()
    explained, fix = _explain(message, statement, rest)
    return SyntaxFault("toml-syntax", explained, fix, _at(statement, place), header)


def _header_path(line: str) -> tuple[str, ...]:
    """The path that a header names; ``()`` if it cannot be read."""
    try:
        found: Any = tomllib.loads(line)
    except ValueError:
        return ()
    path: list[str] = []
    while found:
        if isinstance(found, list):  # [[an array of tables]] holds the one table that this header starts
            found = cast("Any", found[0])
        else:
            key, found = next(iter(found.items()))
            path.append(key)
    return tuple(path)


def _explain(message: str, statement: str, rest: str) -> tuple[str, str]:
    """What the parser's message means to a person, and what to do."""
    if message == "Invalid value":
        return _explain_value(rest)
    if message.startswith("Invalid initial character") and "{" in statement and not rest:
        return (
            "A table in braces must end on the line where it starts.",
            "Write it on one line, or as a [table].",
        )
    for start, explained, fix in _EXPLANATIONS:
        if message.startswith(start):
            return explained, fix
    return f"This is not valid TOML: {message[0].lower()}{message[1:]}.", "Correct this line."


def _explain_value(rest: str) -> tuple[str, str]:
    word = _BARE_WORD.match(rest)
    if not rest or rest.startswith("#"):
        return "There is no value after the '='.", "Write a value, or remove the key."
    if word and word[0].lower() in {"true", "false", "yes", "no", "on", "off"}:
        good = "true" if word[0].lower() in {"true", "yes", "on"} else "false"
        return f"{word[0]} is not a TOML value.", f"Write {good}."
    if word:
        return f"The text {word[0]} has no quotes.", f'Write "{word[0]}".'
    return "This is not a TOML value.", 'Write a text in "quotes", a number, true, false or a list.'


_EXPLANATIONS = (
    ("Unclosed array", "The list is not closed.", "Add the missing ']'."),
    ("Unclosed inline table", "The table is not closed.", "Add the missing '}' on the same line."),
    ("Expected '=' after a key", "There is no '=' after the key.", "Write key = value."),
    ("Expected ']' at the end", "The table's header is not closed.", "Add the missing ']'."),
    ("Expected ']]' at the end", "The table's header is not closed.", "Add the missing ']]'."),
    ("Illegal character '\\n'", "The text is not closed.", "Add the missing quote at its end."),
    ("Illegal character '\\r'", "The text is not closed.", "Add the missing quote at its end."),
    ("Unterminated string", "The text is not closed.", "Add the missing quote at its end."),
    ('Expected "', "The text is not closed.", "Add the missing quotes at its end."),
    ("Expected \"'", "The text is not closed.", "Add the missing quotes at its end."),
    ("Expected '\"", "The text is not closed.", "Add the missing quotes at its end."),
    (
        "Unescaped '\\' in a string",
        "A backslash in a text starts an escape, and this one is unknown.",
        "Write \\\\ for a backslash, or use 'single quotes'.",
    ),
    (
        "Expected newline or end of document",
        "There is something after the value that does not belong there.",
        "Put each key on a line of its own, and a comment after '#'.",
    ),
    (
        "Invalid initial character for a key part",
        "A key cannot start like this.",
        "Write a key of letters, digits, '_' and '-', or put it in quotes.",
    ),
    ("Invalid statement", "This is not a key, a table or a comment.", "Write key = value, or [table]."),
    ("Duplicate inline table key", "The key is set more than once.", "Keep one of the two keys."),
)


def _value_start(statement: str) -> int:
    """Where the value of a statement starts; the statement itself if it has none."""
    found = re.match(r"[^=]*=\s*", statement)
    return found.end() if found else len(statement) - len(statement.lstrip())


def _at(statement: str, place: Position) -> Span:
    """From the place of an error to the end of its line; the whole line if nothing follows."""
    line = statement.rstrip("\r")
    if line[place.character :].strip():
        return _trimmed(place.line, line, place.character)
    return _trimmed(place.line, line, _value_start(line) if line[_value_start(line) :].strip() else 0)


def _trimmed(line: int, text: str, start: int, end: int | None = None) -> Span:
    part = text[start:end]
    first = start + len(part) - len(part.lstrip())
    return Span.of(line, min(first, len(text)), max(first, start + len(part.rstrip())))


def _unreadable(message: str) -> SyntaxFault:
    return SyntaxFault(
        "toml-syntax", f"The file cannot be read as TOML: {message}.", "Correct the file.", Span.line(0)
    )
