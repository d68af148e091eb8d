"""Whether a file parses: the save gate's question.

A deploy is held only on certain proof, since a wrong "no" would hold good code. So a text counts as broken
only if a parser that knows all its language's current syntax says so; for Python both our interpreter's
parser and tree-sitter must agree (but for indentation, which tree-sitter forgives), because the app may use
newer syntax than the interpreter that runs us.
"""

from __future__ import annotations

import importlib
import json
import tomllib
import warnings
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from draft_ls.errors import Place, Position, Problem, Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tree_sitter import Node

LIMIT = 512 * 1024
"""Characters above which a file is not parsed: such files are generated, and a save must not wait."""

COMMENTED_JSON = frozenset({"tsconfig.json", "jsconfig.json", "devcontainer.json", ".eslintrc.json"})
"""JSON files whose readers allow comments."""


def syntax_problem(path: Path, text: str) -> Problem | None:
    """The first syntax error of a file; none if it parses, or if we cannot tell.

    Args:
        path: absolute; its suffix says what the text is.
        text: the whole text.
    """
    check = _CHECKS.get(PurePosixPath(path.name).suffix.lower())
    if check is None or len(text) > LIMIT or path.name in COMMENTED_JSON:
        return None
    found = check(text)
    if found is None:
        return None
    cause, position = found
    return Problem(
        "syntax-error",
        f"{path.name} does not parse.",
        place=Place(path, Span(position, Position(position.line, position.character + 1))),
        cause=cause,
        fix="The deploy is held; it goes on with the save that fixes this.",
    )


Found = tuple[str, Position] | None


def _python(text: str) -> Found:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # A bad escape is the app's affair, not ours.
            # Not ast.parse: before Python 3.12 its recursion check fails when two threads parse at once.
            compile(text, "<saved>", "exec", dont_inherit=True)
    except SyntaxError as error:
        if not isinstance(error, IndentationError) and _first_error("python", text) is None:
            return None
        return error.msg, Position(max((error.lineno or 1) - 1, 0), max((error.offset or 1) - 1, 0))
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def _json(text: str) -> Found:
    try:
        json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        return error.msg, Position(error.lineno - 1, error.colno - 1)
    except RecursionError:
        return None
    return None


def _toml(text: str) -> Found:
    try:
        tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        return str(error), _toml_position(str(error))
    except RecursionError:
        return None
    return None


def _toml_position(message: str) -> Position:
    """``… (at line 3, column 7)``; at the end of the document there is no number."""
    import re

    match = re.search(r"at line (\d+), column (\d+)", message)
    return Position(int(match[1]) - 1, int(match[2]) - 1) if match else Position(0, 0)


def _javascript(text: str) -> Found:
    """Flow and other dialects would be wrong errors, so a file that declares one is let through."""
    if "@flow" in text[:1000]:
        return None
    return _tree_error("javascript", text)


def _tree_error(language: str, text: str) -> Found:
    node = _first_error(language, text)
    if node is None:
        return None
    line, column = node.start_point
    before = text.encode().split(b"\n")[line][:column].decode(errors="replace")
    return ("something is missing here" if node.is_missing else "unexpected text"), Position(
        line, len(before)
    )


def _first_error(language: str, text: str) -> Node | None:
    """The first broken or missing node of a text; none if it parses."""
    root = _parse(language, text)
    if not root.has_error:
        return None
    node = root
    while True:
        if node.is_error or node.is_missing:
            return node
        broken = next((child for child in node.children if child.has_error or child.is_missing), None)
        if broken is None:
            return node
        node = broken


def _parse(language: str, text: str) -> Node:
    import tree_sitter

    module, function = _GRAMMARS[language]
    grammar: object = getattr(importlib.import_module(module), function)()
    return tree_sitter.Parser(tree_sitter.Language(grammar)).parse(text.encode()).root_node


def _typescript(text: str) -> Found:
    return _tree_error("typescript", text)


def _tsx(text: str) -> Found:
    return _tree_error("tsx", text)


_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
}

_CHECKS: dict[str, Callable[[str], Found]] = {
    ".py": _python,
    ".json": _json,
    ".toml": _toml,
    ".js": _javascript,
    ".mjs": _javascript,
    ".cjs": _javascript,
    ".jsx": _javascript,
    ".ts": _typescript,
    ".mts": _typescript,
    ".cts": _typescript,
    ".tsx": _tsx,
}
