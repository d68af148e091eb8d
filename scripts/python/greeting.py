"""The text that an example answers with, so that a story can change it and see the change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = frozenset(
    [
        ".py",
        ".js",
        ".mjs",
        ".ts",
        ".tsx",
        ".jsx",
        ".go",
        ".rs",
        ".java",
        ".kt",
        ".scala",
        ".clj",
        ".rb",
        ".php",
        ".cs",
        ".ex",
        ".erl",
        ".swift",
        ".dart",
        ".hs",
        ".cr",
        ".zig",
        ".c",
        ".cpp",
        ".pl",
        ".html",
    ]
)
GREETING = re.compile(r"Hello[^\"'`<\\{$\n]*")


def find_greeting(app: Path) -> tuple[Path, str]:
    """The first source file of an example that says Hello, and what it says.

    Raises:
        LookupError: none does.
    """
    for path in sorted(app.rglob("*")):
        if path.is_file() and path.suffix in SOURCES and (found := GREETING.search(path.read_text())):
            return path, found[0].strip()
    raise LookupError(f"no source file of {app.name} says Hello")
