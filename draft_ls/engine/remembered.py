"""A folder on disk that is looked at again and again: the next look costs what has changed, not what is there."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from draft_ls.files import READ_LIMIT, DiskTree, Listing

if TYPE_CHECKING:
    from pathlib import Path

UNSURE_NS = 2_000_000_000
"""What is younger than this when it is looked at may change again without its time telling, in nanoseconds."""


class RememberedTree(DiskTree):
    """The files on disk below ``root``; what was listed or read once is taken from memory while it is the same.

    For one caller at a time.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._listings: dict[str, tuple[int, Listing]] = {}
        self._texts: dict[tuple[str, int], tuple[tuple[int, int, int], str | None]] = {}

    def listing(self, path: str = "") -> Listing:
        """See ``Tree.listing``."""
        changed = self._stamp(path)
        known = self._listings.get(path)
        if known and changed and known[0] == changed[0]:
            return known[1]
        found = super().listing(path)
        if changed and _settled(changed):
            self._listings[path] = (changed[0], found)
        else:
            self._listings.pop(path, None)
        return found

    def read(self, path: str, limit: int = READ_LIMIT) -> str | None:
        """See ``Tree.read``."""
        changed = self._stamp(path)
        known = self._texts.get((path, limit))
        if known and known[0] == changed:
            return known[1]
        text = super().read(path, limit)
        if changed and _settled(changed):
            self._texts[path, limit] = (changed, text)
        else:
            self._texts.pop((path, limit), None)
        return text

    def _stamp(self, path: str) -> tuple[int, int, int] | None:
        try:
            seen = os.stat(f"{self._root}/{path}")  # noqa: PTH116 - a walk asks this of every folder
        except (OSError, ValueError):
            return None
        return (seen.st_mtime_ns, seen.st_size, seen.st_ino)


def _settled(stamp: tuple[int, int, int]) -> bool:
    return time.time_ns() - stamp[0] > UNSURE_NS
