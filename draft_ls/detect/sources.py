"""The files of one app, read at most once each, and the evidence that they give."""

from __future__ import annotations

import re
import tomllib
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from draft_ls.detect.documents import read_json, read_yaml
from draft_ls.detect.model import Evidence, Fact
from draft_ls.errors import Position, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from draft_ls.files import Tree

TEXT_LIMIT = 256 * 1024
"""How much of one file detection reads, in bytes: manifests and entry points are far smaller."""

SEEN_LIMIT = 80
"""How much of a line an evidence quotes, in characters."""


class Sources:
    """One app's folder within a tree.

    Args:
        tree: the tree that holds the app.
        path: the app's folder, relative to the tree's root.
        files: the app's files that count, relative to its folder, sorted; without those of nested apps.
        names: everything that lies directly in the app's folder, whether it counts or not.
        above: the paths, relative to the tree's root, of workspace files of the folders above.
    """

    def __init__(
        self,
        tree: Tree,
        path: str,
        files: Sequence[str],
        names: Iterable[str] = (),
        above: Iterable[str] = (),
    ) -> None:
        self._tree = tree
        self.path = path
        self.files = tuple(files)
        self.names = frozenset(names)
        self.above = frozenset(above)
        self._set = frozenset(files)
        self._texts: dict[str, str] = {}
        self._documents: dict[str, Any] = {}
        self._paths: dict[str, tuple[str, ...]] = {}

    def within(self, tree: Tree) -> Sources:
        """The same files, read from another tree."""
        return Sources(tree, self.path, self.files, self.names, self.above)

    @property
    def name(self) -> str:
        """The name of the app's folder."""
        return self.path.rpartition("/")[2] or self._tree.root.name

    def has(self, path: str) -> bool:
        """Whether the app has this file."""
        return path in self._set

    def first(self, *paths: str) -> str | None:
        """The first of these files that the app has."""
        return next((path for path in paths if path in self._set), None)

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The app's files that a glob selects: ``*`` and ``?`` within a folder's name, ``**/`` for any folders."""
        found = self._paths.get(pattern)
        if found is None:
            if not is_glob(pattern):
                return (pattern,) if pattern in self._set else ()
            fits = glob(pattern).fullmatch
            found = self._paths[pattern] = tuple(path for path in self._narrowed(pattern) if fits(path))
        return found

    def _narrowed(self, pattern: str) -> Sequence[str]:
        """The files that can match at all: those in the app's folder itself, or those with the pattern's ending."""
        if "/" not in pattern:
            return self._direct
        ending = re.search(r"\.\w+$", pattern)
        return self._by_ending.get(ending[0], ()) if ending else self.files

    @cached_property
    def _direct(self) -> tuple[str, ...]:
        return tuple(path for path in self.files if "/" not in path)

    @cached_property
    def _by_ending(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.files:
            dot = path.rfind(".")
            if dot >= 0:
                found.setdefault(path[dot:], []).append(path)
        return found

    def text(self, path: str) -> str:
        """The text of one of the app's files; empty if there is none."""
        known = self._texts.get(path)
        if known is None:
            known = (self._tree.read(self._full(path), TEXT_LIMIT) or "") if path in self._set else ""
            self._texts[path] = known
        return known

    def beside(self, path: str) -> str:
        """The text of a file of the app's folder that does not count as the app's; empty if there is none."""
        return self._tree.read(self._full(path), TEXT_LIMIT) or ""

    def folders(self, path: str) -> tuple[str, ...]:
        """The names of the folders in one of the app's folders, those of nested apps among them."""
        return tuple(self._tree.listing(self._full(path)).folders)

    def upper(self, path: str) -> str:
        """The text of a workspace file above the app (``above``), by its path relative to the tree's root."""
        known = self._texts.get("/" + path)
        if known is None:
            known = (self._tree.read(path, TEXT_LIMIT) or "") if path in self.above else ""
            self._texts["/" + path] = known
        return known

    def nearest(self, path: str, pattern: str) -> Fact[str] | None:
        """The first group of a pattern's match in one of the app's files, else in that of a folder above."""
        match = self.find(path, pattern)
        if match:
            return Fact(match[1], (self.evidence(path, match),))
        folder = self.path
        while folder:
            folder = folder.rpartition("/")[0]
            full = f"{folder}/{path}" if folder else path
            match = compiled(pattern).search(self.upper(full)) if full in self.above else None
            if match:
                text = self.upper(full)
                return Fact(
                    match[1], (Evidence(full, _line(text, match.start(1)), span_of(text, *match.span(1))),)
                )
        return None

    @cached_property
    def above_folders(self) -> tuple[Sources, ...]:
        """The folders above the app, nearest first, each with the files that lie directly in it."""
        found: list[Sources] = []
        folder = self.path
        while folder:
            folder = folder.rpartition("/")[0]
            prefix = f"{folder}/" if folder else ""
            names = [full[len(prefix) :] for full in self.above if full.rpartition("/")[0] == folder]
            found.append(Sources(self._tree, folder, sorted(names), names))
        return tuple(found)

    def toml(self, path: str) -> dict[str, Any]:
        """A TOML file's table; empty if it is absent or broken."""
        return self._document(path, tomllib.loads)

    def json(self, path: str) -> dict[str, Any]:
        """A JSON file's object, comments and trailing commas allowed; empty if it is absent or broken."""
        return self._document(path, read_json)

    def yaml(self, path: str) -> dict[str, Any]:
        """A YAML file's first mapping; empty if it is absent or broken."""
        return self._document(path, read_yaml)

    def find(self, path: str, pattern: str | re.Pattern[str]) -> re.Match[str] | None:
        """The first match of a pattern (multi-line mode) in one of the app's files."""
        return compiled(pattern).search(self.text(path))

    def evidence(
        self, path: str, where: re.Match[str] | tuple[int, int] | None = None, seen: str = ""
    ) -> Evidence:
        """The evidence that a file, or a stretch of it, gives.

        Args:
            path: the file, relative to the app's folder.
            where: a match (its first group if it has one) or character offsets; none for the file as a whole.
            seen: a few words; without them the line that was matched, else the file's name.
        """
        full = self._full(path)
        if where is None:
            return Evidence(full, seen or path.rpartition("/")[2])
        start, end = (
            where if isinstance(where, tuple) else where.span(1 if where.re.groups and where[1] else 0)
        )
        text = self.text(path)
        stretch = text[start:end]
        start, end = start + len(stretch) - len(stretch.lstrip()), start + len(stretch.rstrip())
        return Evidence(full, seen or _line(text, start), span_of(text, start, max(start, end)))

    def quote(self, path: str, needle: str, seen: str = "") -> Evidence:
        """The evidence at the first place where a file holds ``needle``; the file as a whole if it does not."""
        start = self.text(path).find(needle)
        return self.evidence(path, (start, start + len(needle)) if start >= 0 else None, seen)

    def search(self, paths: Iterable[str], pattern: str) -> Iterator[tuple[str, re.Match[str]]]:
        """Every match of a pattern (multi-line mode) in these files, in order."""
        expression = compiled(pattern)
        for path in paths:
            for match in expression.finditer(self.text(path)):
                yield path, match

    def _full(self, path: str) -> str:
        return f"{self.path}/{path}" if self.path else path

    def _document(self, path: str, load: Any) -> dict[str, Any]:
        if path not in self._documents:
            try:
                value: object = load(self.text(path))
            except (ValueError, RecursionError):
                value = None
            self._documents[path] = value if isinstance(value, dict) else {}
        return self._documents[path]


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


def compiled(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    """A pattern in multi-line mode, compiled once."""
    return _compile(pattern) if isinstance(pattern, str) else pattern


@lru_cache(maxsize=4096)
def is_glob(pattern: str) -> bool:
    """Whether a path pattern has signs that stand for others."""
    return any(sign in pattern for sign in "*?[")


@lru_cache(maxsize=1024)
def glob(pattern: str) -> re.Pattern[str]:
    """A path glob as a regular expression; see ``Sources.matching``."""
    parts: list[str] = []
    rest = pattern
    while rest:
        if rest.startswith("**/"):
            parts.append("(?:.*/)?")
            rest = rest[3:]
        elif rest[0] in "*?":
            parts.append("[^/]*" if rest[0] == "*" else "[^/]")
            rest = rest[1:]
        else:
            parts.append(re.escape(rest[0]))
            rest = rest[1:]
    return re.compile("".join(parts))


def span_of(text: str, start: int, end: int) -> Span:
    """The span between two character offsets of a text."""
    return Span(_position(text, start), _position(text, end))


def _position(text: str, offset: int) -> Position:
    return Position(text.count("\n", 0, offset), offset - (text.rfind("\n", 0, offset) + 1))


def _line(text: str, offset: int) -> str:
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : end if end >= 0 else len(text)].strip()
    return line if len(line) <= SEEN_LIMIT else line[: SEEN_LIMIT - 1] + "…"
