"""The files of images, kept when those are released, so that going back can bring the files back too.

Below the state folder, for each session: a list of the files for each image, and the bytes of each file once.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from draft_ls.build.model import FileType
from draft_ls.files import inside
from draft_ls.scaffold.model import Action, FileEdit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.build.model import BuildContext
    from draft_ls.engine.events import Key

logger = logging.getLogger(__name__)

IMAGES = 20
"""Images of each session whose files are kept; up to twice as many, until they are tidied."""
LARGEST = 1024 * 1024
"""Bytes; of larger files only the digest is kept."""
MOST = 64 * LARGEST
"""Bytes; a context with more than that in files to be kept is no app's own sources."""


@dataclass(frozen=True, slots=True)
class FilesBack:
    """What makes the saved files those of an image again.

    Attributes:
        edits: for each text file that differs, the edit that brings it back.
        others: files that differ and cannot be brought back: too large, or not text.
        newer: files that the image has not; they stay.
        root: the build context's folder, which their paths are relative to.
    """

    edits: tuple[FileEdit, ...] = ()
    others: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()
    root: Path = Path()


class Kept:
    """See the module. All of it blocks on the disk.

    Args:
        folder: below the state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, key: Key, content: str, context: BuildContext) -> None:
        """Keep an image's files. A full disk or a file that has changed meanwhile is no failure of the deploy.

        Args:
            key: whose.
            content: the image's content tag.
            context: what it was built from.
        """
        folder = self._of(key)
        files = [file for file in context.files.values() if file.type is FileType.FILE]
        listed = {file.path: [file.digest, bool(file.mode & 0o100)] for file in files}
        small = [file for file in files if file.size <= LARGEST]
        if sum(file.size for file in small) > MOST:
            logger.info("the files of %s are too much to be kept", content)
            return
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file in small:
                _keep_bytes(context.root / file.path, folder / file.digest)
            _place(folder / f"{content}.json", json.dumps(listed).encode())
            _tidy(folder)
        except OSError as error:
            logger.warning("the files of %s could not be kept: %s", content, error)

    def back(self, key: Key, content: str, context: BuildContext) -> FilesBack | None:
        """What makes the saved files those of an image again; none if its files are not kept.

        Args:
            key: whose.
            content: the image's content tag.
            context: what is saved.
        """
        folder = self._of(key)
        listed = _read_list(folder / f"{content}.json")
        if listed is None:
            return None
        saved = {path: file for path, file in context.files.items() if file.type is FileType.FILE}
        edits: list[FileEdit] = []
        others: list[str] = []
        for path, (digest, executable) in listed.items():
            if path in saved and saved[path].digest == digest:
                continue
            text = _read_text(folder / digest, digest)
            if text is None or not inside(path):
                others.append(path)
                continue
            action = Action.REPLACE if (context.root / path).exists() else Action.CREATE
            edits.append(FileEdit(path, action, text, f"as in {content}", executable))
        newer = tuple(path for path in saved if path not in listed)
        return FilesBack(tuple(edits), tuple(others), newer, context.root)

    def _of(self, key: Key) -> Path:
        name = hashlib.sha256(f"{key.app}\0{key.environment}".encode()).hexdigest()[:16]
        return self._folder / name


def difference(root: Path, edit: FileEdit) -> tuple[str, ...]:
    """What an edit would change in its file, as a unified diff. Reads the file."""
    try:
        before = (root / edit.path).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        before = []
    after = edit.text.splitlines()
    return tuple(difflib.unified_diff(before, after, f"a/{edit.path}", f"b/{edit.path}", lineterm=""))


def _keep_bytes(source: Path, target: Path) -> None:
    """Keep a file under its digest, if it still has it."""
    if target.exists():
        return
    try:
        data = source.read_bytes()
    except FileNotFoundError:
        return
    if hashlib.sha256(data).hexdigest() == target.name:
        _place(target, data)


def _place(target: Path, data: bytes) -> None:
    new = target.with_name(f".{target.name}.{os.getpid()}")
    new.write_bytes(data)
    new.replace(target)


def _read_list(path: Path) -> Mapping[str, tuple[str, bool]] | None:
    try:
        found: Any = json.loads(path.read_text("utf-8"))
        return {str(name): (str(digest), bool(executable)) for name, (digest, executable) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        logger.debug("no files are kept in %s: %s", path, error)
        return None


def _read_text(path: Path, digest: str) -> str | None:
    try:
        data = path.read_bytes()
        return data.decode() if hashlib.sha256(data).hexdigest() == digest else None
    except (OSError, ValueError):
        return None


def _tidy(folder: Path) -> None:
    """Forget all but the newest images, and the files that only those had."""
    lists = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    if len(lists) < 2 * IMAGES:
        return
    for path in lists[IMAGES:]:
        path.unlink(missing_ok=True)
    used = {digest for path in lists[:IMAGES] for digest, _ in (_read_list(path) or {}).values()}
    for path in folder.iterdir():
        if path.suffix != ".json" and path.name not in used and not path.name.startswith("."):
            path.unlink(missing_ok=True)
