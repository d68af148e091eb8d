"""Trees of files: what the files of a folder say, with the editor's unsaved text laid over the disk.

The pure rooms see files only through a ``Tree``. Paths are POSIX paths relative to the tree's root, without a
leading ``./``; the root itself is ``""``. A path that leaves the root is treated as absent.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

READ_LIMIT = 1024 * 1024
"""How much of one file a tree reads unless told otherwise, in bytes."""


class Kind(StrEnum):
    """What lies at a path."""

    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Entry:
    """One child of a folder."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in a folder, each list sorted: what a walk over many folders needs, and no more.

    A symbolic link to a folder is left out, and one that leaves the tree's root too: a walk neither goes round in
    circles nor leaves.
    """

    files: list[str]
    folders: list[str]


class Tree(Protocol):
    """A folder of files, read-only. Every method treats what cannot be read as absent."""

    @property
    def root(self) -> Path:
        """The absolute path of the folder that the tree shows."""
        ...

    def read(self, path: str, limit: int = READ_LIMIT) -> str | None:
        """The text of a file, at most ``limit`` bytes of it; none if there is no such file.

        A byte order mark is dropped and undecodable bytes are replaced.
        """
        ...

    def kind(self, path: str) -> Kind | None:
        """What lies at ``path``; none if nothing does."""
        ...

    def size(self, path: str) -> int:
        """The bytes of a file; 0 if there is no such file."""
        ...

    def children(self, path: str = "") -> tuple[Entry, ...]:
        """What a folder holds, by name; empty if there is no such folder."""
        ...

    def listing(self, path: str = "") -> Listing:
        """The names in a folder, for walks; empty if there is no such folder."""
        ...

    def above(self, levels: int) -> Tree:
        """The tree of a folder above the root, so many levels up, with the same text over it; 0 is this one."""
        ...


def inside(path: str) -> bool:
    """Whether a relative POSIX path stays within the root it is relative to."""
    depth = 0
    parts = PurePosixPath(path).parts
    if parts and parts[0] == "/":
        return False
    for part in parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return False
    return True


def upwards(folder: Path, levels: int) -> Path:
    """The folder so many levels above another; the file system's root if there are not as many."""
    for _ in range(levels):
        folder = folder.parent
    return folder


class DiskTree:
    """The files on disk below ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    @property
    def root(self) -> Path:
        """The absolute path of the folder."""
        return self._root

    def read(self, path: str, limit: int = READ_LIMIT) -> str | None:
        """See ``Tree.read``."""
        if not inside(path):
            return None
        try:
            with (self._root / path).open("rb") as file:
                data = file.read(limit)
        except OSError:
            return None
        # PowerShell's `pip freeze > requirements.txt` writes UTF-16.
        encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
        return data.decode(encoding, errors="replace")

    def kind(self, path: str) -> Kind | None:
        """See ``Tree.kind``."""
        if not inside(path):
            return None
        target = self._root / path
        if target.is_dir():
            return Kind.FOLDER
        return Kind.FILE if target.is_file() else None

    def size(self, path: str) -> int:
        """See ``Tree.size``."""
        try:
            return (self._root / path).stat().st_size if inside(path) else 0
        except (OSError, ValueError):
            return 0

    def children(self, path: str = "") -> tuple[Entry, ...]:
        """See ``Tree.children``."""
        if not inside(path):
            return ()
        try:
            with os.scandir(self._root / path) as found:
                entries = [Entry(each.name, Kind.FOLDER if each.is_dir() else Kind.FILE) for each in found]
        except OSError:
            return ()
        return tuple(sorted(entries, key=lambda entry: entry.name))

    def listing(self, path: str = "") -> Listing:
        """See ``Tree.listing``."""
        files: list[str] = []
        folders: list[str] = []
        if not inside(path):
            return Listing(files, folders)
        try:
            with os.scandir(f"{self._root}/{path}") as found:
                for each in found:
                    if each.is_dir(follow_symlinks=False):
                        folders.append(each.name)
                    elif not each.is_symlink() or self._holds(each.path):
                        files.append(each.name)
        except OSError:
            return Listing([], [])
        files.sort()
        folders.sort()
        return Listing(files, folders)

    def above(self, levels: int) -> Tree:
        """See ``Tree.above``."""
        return DiskTree(upwards(self._root, levels)) if levels else self

    def _holds(self, link: str) -> bool:
        """Whether a symbolic link leads to a file within the root."""
        target = os.path.realpath(link)
        return target.startswith(f"{os.path.realpath(self._root)}/") and Path(target).is_file()


class OverlayTree:
    """A tree with other texts laid over some of its files: the editor's unsaved buffers, or a planned edit.

    Args:
        base: the tree below.
        texts: path → text; a path that the base does not have is added, with its folders. One that leaves the
            root (``../lib/a.js``) is only seen from above.
    """

    def __init__(self, base: Tree, texts: Mapping[str, str]) -> None:
        self._base = base
        self._outside = {path: text for path, text in texts.items() if not inside(path)}
        self._texts = {str(PurePosixPath(path)): text for path, text in texts.items() if inside(path)}
        self._folders: dict[str, dict[str, Kind]] = {}
        for path in self._texts:
            child, kind = PurePosixPath(path), Kind.FILE
            while child.name:
                parent = child.parent
                folder = "" if parent == PurePosixPath() else str(parent)
                self._folders.setdefault(folder, {})[child.name] = kind
                child, kind = parent, Kind.FOLDER

    @property
    def root(self) -> Path:
        """The root of the tree below."""
        return self._base.root

    def read(self, path: str, limit: int = READ_LIMIT) -> str | None:
        """See ``Tree.read``."""
        text = self._texts.get(str(PurePosixPath(path)))
        return self._base.read(path, limit) if text is None else text[:limit]

    def kind(self, path: str) -> Kind | None:
        """See ``Tree.kind``."""
        name = str(PurePosixPath(path))
        if name in self._texts:
            return Kind.FILE
        if name in self._folders:
            return Kind.FOLDER
        return self._base.kind(path)

    def size(self, path: str) -> int:
        """See ``Tree.size``."""
        text = self._texts.get(str(PurePosixPath(path)))
        return self._base.size(path) if text is None else len(text.encode())

    def children(self, path: str = "") -> tuple[Entry, ...]:
        """See ``Tree.children``."""
        added = self._folders.get("" if path in ("", ".") else str(PurePosixPath(path)), {})
        names = {entry.name: entry.kind for entry in self._base.children(path)} | added
        return tuple(Entry(name, names[name]) for name in sorted(names))

    def listing(self, path: str = "") -> Listing:
        """See ``Tree.listing``."""
        base = self._base.listing(path)
        added = self._folders.get("" if path in ("", ".") else str(PurePosixPath(path)))
        if not added:
            return base
        files = {*base.files, *(name for name, kind in added.items() if kind is Kind.FILE)}
        folders = {*base.folders, *(name for name, kind in added.items() if kind is Kind.FOLDER)}
        return Listing(sorted(files), sorted(folders - files))

    def above(self, levels: int) -> Tree:
        """See ``Tree.above``."""
        if not levels:
            return self
        base = self._base.above(levels)
        prefix = self.root.relative_to(base.root).as_posix()
        texts = {**self._texts, **self._outside}
        return OverlayTree(
            base, {posixpath.normpath(f"{prefix}/{path}"): text for path, text in texts.items()}
        )


class MemoryTree(OverlayTree):
    """A tree that exists only as texts: path → text."""

    def __init__(self, texts: Mapping[str, str], root: Path | None = None) -> None:
        super().__init__(_Nothing(root or Path("/nowhere")), texts)


class _Nothing:
    """A tree without files."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def root(self) -> Path:
        return self._root

    def read(self, path: str, limit: int = READ_LIMIT) -> str | None:
        del path, limit
        return None

    def kind(self, path: str) -> Kind | None:
        return Kind.FOLDER if path in ("", ".") else None

    def size(self, path: str) -> int:
        del path
        return 0

    def children(self, path: str = "") -> tuple[Entry, ...]:
        del path
        return ()

    def listing(self, path: str = "") -> Listing:
        del path
        return Listing([], [])

    def above(self, levels: int) -> Tree:
        return _Nothing(upwards(self._root, levels))
