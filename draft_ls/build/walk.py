"""One walk over a build context's folder, which reads only what may have changed since the one before.

A file counts as unchanged only while size, times, inode and mode are the same *and* its times were already in
the past when it was read: a second write within the same tick of the file system's clock would leave no other
trace (git calls such an entry "racily clean").
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.build.context_problems import no_folder, special_file, unreadable
from draft_ls.build.model import ContextFile, FileType
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from draft_ls.dockerfile.ignore import IgnoreRules, Matched
    from draft_ls.errors import Problem

_CHUNK = 1024 * 1024

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_FINE_TICK = 20_000_000
"""Longest tick of a kernel that stamps files with fractions of a second, in nanoseconds."""

_COARSE_TICK = 2_000_000_000
"""The same for file systems that stamp whole seconds, or as FAT does, every second one."""

Stamp = tuple[int, int, int, int, int]
"""Size, modification time and change time in nanoseconds, inode, mode."""


@dataclass(frozen=True, slots=True)
class Known:
    """A member as it was read.

    Attributes:
        stamp: by which it is known again; none for folders, and while it cannot be trusted.
        record: its line in the context's digest.
    """

    stamp: Stamp | None
    file: ContextFile
    record: bytes


class Walk:
    """One walk over a context's folder.

    Args:
        root: the folder.
        rules: what is left out.
        known: what the walk before found.
        same_rules: whether that was under the same rules, so that what was found then is not ignored now.

    Attributes:
        found: the members, by path.
        changed: whether one of them is new or says something else than before.
        problems: what had to be left out.
    """

    def __init__(self, root: Path, rules: IgnoreRules, known: dict[str, Known], *, same_rules: bool) -> None:
        self._root = str(root)
        self._rules = rules
        self._known = known
        self._same_rules = same_rules
        self._started = time.time_ns()
        self.found: dict[str, Known] = {}
        self.changed = False
        self.problems: list[Problem] = []

    def run(self) -> None:
        """Walk. Raises ``DraftError`` for a folder or file that is not there or cannot be read."""
        self._folder("", self._rules.nothing)

    def _folder(self, folder: str, above: Matched) -> None:
        """Take in what a folder holds; ``above`` is what its own path matched."""
        try:
            descriptor = os.open(f"{self._root}/{folder}", _FOLDER_FLAGS)
        except (FileNotFoundError, NotADirectoryError):
            if folder:
                return  # it went away while we looked
            raise DraftError(no_folder(Path(self._root))) from None
        except OSError as error:
            raise DraftError(unreadable(Path(self._root, folder), error)) from error
        try:
            subfolders = self._entries(descriptor, f"{folder}/" if folder else "", above)
        finally:
            os.close(descriptor)
        for path, mode in subfolders:
            self._subfolder(path, mode, above)

    def _entries(self, descriptor: int, prefix: str, above: Matched) -> list[tuple[str, int]]:
        """Take in the files of an open folder; its subfolders, with their modes.

        Entries of a descriptor are looked up relative to it, which is a third faster than by whole path.
        """
        subfolders: list[tuple[str, int]] = []
        found, known, judge, same_rules = self.found, self._known, self._rules.judge, self._same_rules
        with os.scandir(descriptor) as entries:
            for entry in entries:
                path = prefix + entry.name
                before = known.get(path)
                is_known = same_rules and before is not None and before.stamp is not None
                try:
                    if entry.is_dir(follow_symlinks=False):
                        subfolders.append((path, stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)))
                        continue
                    if not is_known and judge(path, above)[0]:
                        continue
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # it went away while we looked
                if before is not None and before.stamp == stamp_of(status):
                    found[path] = before
                else:
                    self._member(path, status)
        return subfolders

    def _subfolder(self, path: str, mode: int, above: Matched) -> None:
        ignored, matched = self._rules.judge(path, above)
        if ignored and not self._rules.may_hold_exceptions(path):
            return
        held = len(self.found)
        self._folder(path, matched)
        if ignored and len(self.found) == held:
            return
        before = self._known.get(path)
        if before is not None and before.file.type is FileType.FOLDER and before.file.mode == mode:
            self.found[path] = before
        else:
            self._keep(ContextFile(path, FileType.FOLDER, mode, 0, ""), None)

    def _member(self, path: str, status: os.stat_result) -> None:
        """Take in a file or link that is new or may have changed."""
        try:
            if stat.S_ISREG(status.st_mode):
                self._file(path)
            elif stat.S_ISLNK(status.st_mode):
                target = os.fsencode(Path(self._root, path).readlink())
                digest = hashlib.sha256(target).hexdigest()
                self._keep(ContextFile(path, FileType.LINK, 0o777, 0, digest), self._trust(status))
            else:
                self.problems.append(special_file(Path(self._root, path)))
        except FileNotFoundError:
            return
        except OSError as error:
            if (
                error.errno == errno.ELOOP
            ):  # a file was replaced by a link since we looked; the next read sees it
                return
            raise DraftError(unreadable(Path(self._root, path), error)) from error

    def _file(self, path: str) -> None:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        with os.fdopen(os.open(f"{self._root}/{path}", flags), "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            digest = hashlib.sha256()
            size = 0
            while data := file.read(_CHUNK):
                digest.update(data)
                size += len(data)
        mode = stat.S_IMODE(status.st_mode)
        stamp = self._trust(status) if size == status.st_size else None
        self._keep(ContextFile(path, FileType.FILE, mode, size, digest.hexdigest()), stamp)

    def _keep(self, file: ContextFile, stamp: Stamp | None) -> None:
        """Remember a member; it counts as a change only if it says something else than before."""
        before = self._known.get(file.path)
        if before is not None and before.file == file:
            self.found[file.path] = Known(stamp, before.file, before.record)
            return
        self.changed = True
        self.found[file.path] = Known(stamp, file, record(file))

    def _trust(self, status: os.stat_result) -> Stamp | None:
        return trusted_stamp(status, self._started)


def trusted_stamp(status: os.stat_result, read: int) -> Stamp | None:
    """The stamp by which a file will be known; none while it could still change without a trace.

    Args:
        status: of the file.
        read: when it was read at the earliest, in nanoseconds.
    """
    newest = max(status.st_mtime_ns, status.st_ctime_ns)
    tick = _FINE_TICK if newest % 1_000_000_000 else _COARSE_TICK
    return stamp_of(status) if newest + tick < read else None


def stamp_of(status: os.stat_result) -> Stamp:
    """What a file is known by."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)


def record(file: ContextFile) -> bytes:
    """A member's line in the context's digest."""
    return os.fsencode(f"{file.path}\0{file.type}\0{file.mode:o}\0{file.digest}\n")
