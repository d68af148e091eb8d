"""What ``.dockerignore`` leaves out of a build context, with Docker's own rules.

The rules are those of github.com/moby/patternmatcher (patterns) and github.com/tonistiigi/fsutil (folders),
which BuildKit uses. They are not those of ``.gitignore``: a pattern is anchored at the context's root, the
last matching line wins, and a folder that is ignored is still entered when a ``!`` line could bring back
something inside.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

IGNORE_FILE = ".dockerignore"

_ESCAPED = frozenset(".+()|{}$")
"""Characters that mean something in a regular expression but not in a pattern."""

_WILD = frozenset("*[]?^\\")

Matched = tuple[bool, ...]
"""For each pattern, whether it matched a folder or one of its parents."""


class BadPatternError(ValueError):
    """A line of the ignore file is no pattern.

    Attributes:
        line: from 0.
        pattern: the pattern as written.
    """

    def __init__(self, line: int, pattern: str) -> None:
        super().__init__(f"{pattern!r} is no valid pattern")
        self.line = line
        self.pattern = pattern


@dataclass(frozen=True)
class Pattern:
    """One line of an ignore file.

    Attributes:
        text: the cleaned pattern, without ``!``.
        exception: whether the line began with ``!``: what matches is not ignored after all.
    """

    text: str
    exception: bool

    @cached_property
    def matches(self) -> Callable[[str], bool]:
        """Tells whether the pattern matches a path as it stands; its parents are not looked at."""
        return _matcher(self.text)

    @property
    def literal(self) -> str:
        """The pattern without a wildcard for everything below a folder at its end."""
        return self.text.removesuffix("/**").removesuffix("/*")


class IgnoreRules:
    """The rules of one ignore file.

    Paths are POSIX paths relative to the context's root.
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self._exceptions = tuple(pattern for pattern in self.patterns if pattern.exception)
        self._anywhere = any(_WILD & set(pattern.literal) for pattern in self._exceptions)
        self.nothing: Matched = (False,) * len(self.patterns)

    def judge(self, path: str, parent: Matched) -> tuple[bool, Matched]:
        """Whether ``path`` is ignored, and what its children need to know.

        Args:
            path: the path.
            parent: what ``judge`` said of the parent folder; ``nothing`` at the root.
        """
        ignored = False
        found: list[bool] = []
        for pattern, above in zip(self.patterns, parent, strict=True):
            hit = above or (pattern.exception is ignored and pattern.matches(path))
            found.append(hit)
            if hit:
                ignored = not pattern.exception
        return ignored, tuple(found)

    def ignores(self, path: str) -> bool:
        """Whether ``path`` is ignored, by itself or with one of its parents."""
        ignored, above = False, self.nothing
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            ignored, above = self.judge("/".join(parts[:end]), above)
        return ignored

    def may_hold_exceptions(self, folder: str) -> bool:
        """Whether an ignored folder must be entered, since a ``!`` line may bring back something inside."""
        if self._anywhere:
            return True
        start = folder + "/"
        return any(f"{pattern.literal}/".startswith(start) for pattern in self._exceptions)


def parse_ignore(text: str, extra: Iterable[str] = ()) -> IgnoreRules:
    """The rules of an ignore file's text; ``extra`` lines follow those of the file.

    Raises:
        BadPatternError: a line is no pattern; Docker would refuse the whole build.
    """
    lines = [*text.removeprefix("\ufeff").split("\n"), *extra]
    return IgnoreRules(
        pattern for number, line in enumerate(lines) if (pattern := _parse_line(number, line)) is not None
    )


def _parse_line(number: int, line: str) -> Pattern | None:
    text = line.strip()
    if line.startswith("#") or not text:
        return None
    exception = text.startswith("!")
    if exception:
        text = text[1:].strip()
    if not text or not _well_formed(cleaned := _clean(text)):
        raise BadPatternError(number, line.strip())
    return Pattern(cleaned, exception)


def _clean(text: str) -> str:
    """Go's ``filepath.Clean``, then without the slash that anchors at the root anyway."""
    cleaned = posixpath.normpath(text)
    cleaned = re.sub(r"^//+", "/", cleaned)  # POSIX keeps two leading slashes, Go does not
    return cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned


def _well_formed(pattern: str) -> bool:
    """Whether Go's ``filepath.Match`` accepts the pattern."""
    rest = pattern
    while rest:
        if rest[0] == "[":
            end = _class_end(rest)
            if end is None:
                return False
            rest = rest[end:]
        elif rest[0] == "\\":
            if len(rest) == 1:
                return False
            rest = rest[2:]
        else:
            rest = rest[1:]
    return _compiles(pattern)


def _class_end(text: str) -> int | None:
    """Where the character class that ``text`` begins with ends; none if it is malformed."""
    position = 2 if text[1:2] == "^" else 1
    ranges = 0
    while position < len(text):
        if text[position] == "]" and ranges:
            return position + 1
        after = _class_character(text, position)
        if after is None:
            return None
        if text[after : after + 1] == "-":
            after = _class_character(text, after + 1)
            if after is None:
                return None
        position = after
        ranges += 1
    return None


def _class_character(text: str, position: int) -> int | None:
    """The position after one character of a class; none where Go's ``getEsc`` fails."""
    if position >= len(text) or text[position] in "-]":
        return None
    if text[position] == "\\":
        position += 1
    return position + 1 if position + 1 < len(text) else None


def _compiles(pattern: str) -> bool:
    try:
        _matcher(pattern)
    except re.error:
        return False
    return True


def _matcher(pattern: str) -> Callable[[str], bool]:
    """A test of a whole path, kind for kind as ``patternmatcher.Pattern.compile`` makes it."""
    plain = pattern.removeprefix("**").removesuffix("**")
    if not _WILD.difference("^") & set(plain):
        if pattern.startswith("**"):
            return _suffix_matcher(pattern) if not pattern[2:].endswith("**") else _regular(pattern)
        if pattern.endswith("**"):
            return _prefix_matcher(pattern[:-2])
        return pattern.__eq__
    return _regular(pattern)


def _prefix_matcher(prefix: str) -> Callable[[str], bool]:
    return lambda path: path.startswith(prefix)


def _suffix_matcher(pattern: str) -> Callable[[str], bool]:
    suffix = pattern[2:]
    if suffix.startswith("/"):
        return lambda path: path.endswith(suffix) or path == suffix[1:]
    return lambda path: path.endswith(suffix)


def _regular(pattern: str) -> Callable[[str], bool]:
    match = re.compile(_expression(pattern), re.ASCII).fullmatch
    return lambda path: match(path) is not None


def _expression(pattern: str) -> str:
    """The regular expression that moby makes of a pattern, its oddities within ``[…]`` included."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*" and pattern[position : position + 1] == "*":
            position += 2 if pattern[position + 1 : position + 2] == "/" else 1
            parts.append("(.*/)?" if position < len(pattern) else ".*")
        elif character == "*":
            parts.append("[^/]*")
        elif character == "?":
            parts.append("[^/]")
        elif character in _ESCAPED:
            parts.append("\\" + character)
        elif character == "\\":
            parts.append("\\" + pattern[position])
            position += 1
        else:
            parts.append(character)
    return _for_python("".join(parts))


def _for_python(expression: str) -> str:
    """A Go expression with what Python alone reserves within ``[…]`` escaped."""
    parts: list[str] = []
    inside = False
    for piece in re.findall(r"\\.|.", expression, re.DOTALL):
        if inside and piece in "[&~|":
            parts.append("\\" + piece)
            continue
        if piece in "[]":
            inside = piece == "["
        parts.append(piece)
    return "".join(parts)
