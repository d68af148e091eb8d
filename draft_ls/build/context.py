"""Reading a build context: which files go into the image, and one digest over all they say.

``ContextReader`` remembers what it has read, so that a save costs one walk over the names and the bytes of
what changed.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from draft_ls.build.context_problems import (
    archive_unreadable,
    bad_pattern,
    empty_dockerfile,
    no_dockerfile,
    unreadable,
)
from draft_ls.build.model import BuildContext
from draft_ls.build.surroundings import surroundings
from draft_ls.build.walk import Known, Stamp, Walk, record, stamp_of, trusted_stamp
from draft_ls.dockerfile.ignore import IGNORE_FILE, BadPatternError, IgnoreRules, parse_ignore
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from draft_ls.build.surroundings import Surroundings


class ContextReader:
    """Reads the build context of one app, again and again.

    ``read`` blocks on the disk: call it in a thread. Calls from several threads wait for each other.

    Args:
        root: the context's folder.
        dockerfile: its path, relative to ``root``; it may lie outside.
        extra: more lines in the syntax of ``.dockerignore``, applied after the file's own.
    """

    def __init__(self, root: Path, dockerfile: str = "Dockerfile", extra: Sequence[str] = ()) -> None:
        self._root = root.absolute()
        self._dockerfile = dockerfile
        self._extra = tuple(extra)
        self._known: dict[str, Known] = {}
        self._last: BuildContext | None = None
        self._last_dockerfile: bytes = b""
        self._in_force: IgnoreRules = IgnoreRules(())
        self._lock = threading.Lock()

    @property
    def root(self) -> Path:
        """The context's folder, absolute."""
        return self._root

    def read(self) -> BuildContext:
        """The context as it is now; the very same object as before when nothing in it changed.

        Raises:
            DraftError: ``context-missing``, ``context-unreadable``, ``dockerfile-missing``,
                ``dockerfile-empty``, ``ignore-pattern``.
        """
        with self._lock:
            dockerfile = self._read_dockerfile()
            rules = self._rules()
            walk = Walk(self._root, rules, self._known, same_rules=rules.patterns == self._in_force.patterns)
            walk.run()
            same = (
                not walk.changed
                and len(walk.found) == len(self._known)
                and dockerfile == self._last_dockerfile
            )
            self._known, self._in_force, self._last_dockerfile = walk.found, rules, dockerfile
            if not same or self._last is None:
                self._last = self._assemble(walk, dockerfile)
            return self._last

    def still(self, context: BuildContext) -> bool:
        """Whether the disk still says what ``context`` says.

        To be asked after a build: BuildKit reads the folder by itself, so that a file which changed in the
        meantime is in the image but not in the tag.
        """
        return self.read().digest == context.digest

    def around(self, app: Path) -> Surroundings | None:
        """What of the context lies around an app's folder, as it was last read; none if it is that folder."""
        if self._root == app:
            return None
        own = ignore_file(self._root, self._dockerfile) or self._root / IGNORE_FILE
        others = frozenset({self._dockerfile, os.path.relpath(own, self._root)})
        return surroundings(self._root, app, self._in_force, others)

    def _assemble(self, walk: Walk, dockerfile: bytes) -> BuildContext:
        paths = sorted(walk.found)
        records = [walk.found[path].record for path in paths]
        files = {path: walk.found[path].file for path in paths}
        return BuildContext(
            root=self._root,
            dockerfile=self._dockerfile,
            files=MappingProxyType(files),
            digest=_digest(records, dockerfile),
            size=sum(file.size for file in files.values()),
            ignore=self._extra,
            problems=tuple(walk.problems),
        )

    def _read_dockerfile(self) -> bytes:
        path = self._root / self._dockerfile
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise DraftError(no_dockerfile(path)) from None
        except OSError as error:
            raise DraftError(unreadable(path, error)) from error
        if not data.strip():
            raise DraftError(empty_dockerfile(path))
        return data

    def _rules(self) -> IgnoreRules:
        path = ignore_file(self._root, self._dockerfile)
        try:
            text = path.read_text("utf-8", errors="surrogateescape") if path else ""
        except FileNotFoundError:
            text = ""
        except OSError as error:
            raise DraftError(unreadable(self._root / IGNORE_FILE, error)) from error
        try:
            return parse_ignore(text, self._extra)
        except BadPatternError as error:
            raise DraftError(bad_pattern(path or self._root / IGNORE_FILE, error)) from error


def edited(context: BuildContext, path: str, data: bytes) -> BuildContext:
    """A context as it will be when one of its files (or the Dockerfile) is saved with other bytes.

    Reads the Dockerfile, whose bytes the digest is over.
    """
    files = dict(context.files)
    if path in files:
        digest = hashlib.sha256(data).hexdigest()
        files[path] = replace(files[path], size=len(data), digest=digest)
    is_dockerfile = path == context.dockerfile
    dockerfile = data if is_dockerfile else (context.root / context.dockerfile).read_bytes()
    digest = _digest([record(file) for file in files.values()], dockerfile)
    return replace(context, files=MappingProxyType(files), digest=digest)


def _digest(records: Iterable[bytes], dockerfile: bytes) -> str:
    """One digest over the members in the order of their paths, and the Dockerfile."""
    digest = hashlib.sha256(b"".join(records))
    digest.update(b"\0dockerfile\0" + hashlib.sha256(dockerfile).digest())
    return digest.hexdigest()


class ArchiveReader:
    """Reads a ready-made context, ``build_tar``, in the place of a folder: its digest is that of its bytes.

    Args:
        root: the app's folder.
        archive: the tar, compressed or not.
        dockerfile: the Dockerfile's path inside it.
    """

    def __init__(self, root: Path, archive: Path, dockerfile: str = "Dockerfile") -> None:
        self._root = root.absolute()
        self._archive = archive
        self._dockerfile = dockerfile
        self._stamp: Stamp | None = None
        self._last: BuildContext | None = None

    def read(self) -> BuildContext:
        """The context as it is now, without its files; the same object while the archive is unchanged.

        Raises:
            DraftError: ``archive-unreadable``.
        """
        started = time.time_ns()
        try:
            with self._archive.open("rb", buffering=0) as file:
                status = os.fstat(file.fileno())
                if self._last is None or self._stamp != stamp_of(status):
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                    self._last = self._known_as(digest, status.st_size)
                    self._stamp = trusted_stamp(status, started)
        except OSError as error:
            raise DraftError(archive_unreadable(self._archive, error.strerror or str(error))) from error
        return self._last

    def _known_as(self, digest: str, size: int) -> BuildContext:
        if self._last is not None and self._last.digest == digest:
            return self._last
        return BuildContext(self._root, self._dockerfile, MappingProxyType({}), digest, size)


def ignore_file(root: Path, dockerfile: str) -> Path | None:
    """The ignore file in force: ``<Dockerfile>.dockerignore`` if there is one, else ``.dockerignore``."""
    for path in (root / f"{dockerfile}.dockerignore", root / IGNORE_FILE):
        if path.is_file():
            return path
    return None
