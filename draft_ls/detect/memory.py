"""What was detected before: it holds as long as the names below its folder and everything that it read are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.files import READ_LIMIT, Entry, Kind, Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from draft_ls.detect.model import Detection
    from draft_ls.detect.sources import Sources
    from draft_ls.files import Tree


class ReadingTree:
    """A tree that notes what is read of it."""

    def __init__(self, base: Tree) -> None:
        self._base = base
        self.read_texts: dict[tuple[str, int], str | None] = {}
        self.listed: dict[str, Listing] = {}

    @property
    def root(self) -> Path:
        """The root of the tree below."""
        return self._base.root

    def read(self, path: str, limit: int = READ_LIMIT) -> str | None:
        """See ``Tree.read``."""
        text = self._base.read(path, limit)
        self.read_texts[path, limit] = text
        return text

    def kind(self, path: str) -> Kind | None:
        """See ``Tree.kind``."""
        return self._base.kind(path)

    def size(self, path: str) -> int:
        """See ``Tree.size``."""
        return self._base.size(path)

    def children(self, path: str = "") -> tuple[Entry, ...]:
        """See ``Tree.children``."""
        return self._base.children(path)

    def listing(self, path: str = "") -> Listing:
        """See ``Tree.listing``."""
        self.listed[path] = self._base.listing(path)
        return self.listed[path]

    def above(self, levels: int) -> Tree:
        """See ``Tree.above``; what is read there is not noted."""
        return self._base.above(levels) if levels else self


@dataclass(frozen=True, slots=True)
class _Known:
    """A detection, and all that it was made from."""

    detection: Detection | None
    files: tuple[str, ...]
    names: frozenset[str]
    above: frozenset[str]
    texts: Mapping[tuple[str, int], str | None]
    listed: Mapping[str, Listing]

    def holds(self, sources: Sources, tree: Tree) -> bool:
        same = self.files == sources.files and self.names == sources.names and self.above == sources.above
        listed = all(tree.listing(path) == seen for path, seen in self.listed.items())
        return same and listed and all(tree.read(*asked) == text for asked, text in self.texts.items())


class Memory:
    """The detections of one tree's folders, each with what it was made from.

    Attributes:
        made: how many detections were made anew so far.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self.made = 0

    def detection(
        self, sources: Sources, tree: Tree, make: Callable[[Tree], Detection | None]
    ) -> Detection | None:
        """The detection of a folder: the one from before if all is the same, else the one that ``make`` makes.

        Args:
            sources: the folder's files; nothing needs to have been read of them.
            tree: the tree that holds the folder.
            make: detects the folder in a tree that it has to read from.
        """
        known = self._known.get(sources.path)
        if known and known.holds(sources, tree):
            return known.detection
        reading = ReadingTree(tree)
        found = make(reading)
        self.made += 1
        self._known[sources.path] = _Known(
            found, sources.files, sources.names, sources.above, reading.read_texts, reading.listed
        )
        return found
