"""Reading a build context: which files go into the image, and one digest over all they say.

``ContextReader`` remembers what it has read, so that a save costs one walk over the names and the bytes of
what changed. A file counts as unchanged only while size, times, inode and mode are the same *and* its times
were already in the past when it was read: a second write within the same tick of the file system's clock
would leave no other trace (git calls such an entry "racily clean").
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from draft_ls.build.ignore import IGNORE_FILE, BadPatternError, IgnoreRules, Matched, Pattern, parse_ignore
from draft_ls.build.model import BuildContext, ContextFile, FileType
from draft_ls.errors import DraftError, Place, Problem, Severity, Span, Stage

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

_CHUNK = 1024 * 1024

_FINE_TICK = 20_000_000
"""Longest tick of a kernel that stamps files with fractions of a second, in nanoseconds."""

_COARSE_TICK = 2_000_000_000
"""The same for file systems that stamp whole seconds, or as FAT does, every second one."""

_Stamp = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Known:
    """A member as it was read.

    Attributes:
        stamp: size, modification time, change time, inode, mode; empty when it cannot be trusted.
        record: its line in the context's digest.
    """

    stamp: _Stamp | None
    file: ContextFile
    record: bytes


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
        self._known: dict[str, _Known] = {}
        self._last: BuildContext | None = None
        self._last_dockerfile = b""
        self._patterns: tuple[Pattern, ...] = ()
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
            walk = _Walk(self._root, rules, self._known, same_rules=rules.patterns == self._patterns)
            walk.run()
            same = (
                not walk.changed
                and len(walk.found) == len(self._known)
                and dockerfile == self._last_dockerfile
            )
            self._known, self._patterns, self._last_dockerfile = walk.found, rules.patterns, dockerfile
            if not same or self._last is None:
                self._last = self._assemble(walk, dockerfile)
            return self._last

    def _assemble(self, walk: _Walk, dockerfile: bytes) -> BuildContext:
        paths = sorted(walk.found)
        digest = hashlib.sha256(b"".join([walk.found[path].record for path in paths]))
        digest.update(b"\0dockerfile\0" + hashlib.sha256(dockerfile).digest())
        files = {path: walk.found[path].file for path in paths}
        return BuildContext(
            root=self._root,
            dockerfile=self._dockerfile,
            files=MappingProxyType(files),
            digest=digest.hexdigest(),
            size=sum(file.size for file in files.values()),
            ignore=self._extra,
            problems=tuple(walk.problems),
        )

    def _read_dockerfile(self) -> bytes:
        path = self._root / self._dockerfile
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise DraftError(_no_dockerfile(path)) from None
        except OSError as error:
            raise DraftError(_unreadable(path, error)) from error
        if not data.strip():
            raise DraftError(_empty_dockerfile(path))
        return data

    def _rules(self) -> IgnoreRules:
        path = ignore_file(self._root, self._dockerfile)
        try:
            text = path.read_text("utf-8", errors="surrogateescape") if path else ""
        except FileNotFoundError:
            text = ""
        except OSError as error:
            raise DraftError(_unreadable(self._root / IGNORE_FILE, error)) from error
        try:
            return parse_ignore(text, self._extra)
        except BadPatternError as error:
            raise DraftError(_bad_pattern(path or self._root / IGNORE_FILE, error)) from error


def ignore_file(root: Path, dockerfile: str) -> Path | None:
    """The ignore file in force: ``<Dockerfile>.dockerignore`` if there is one, else ``.dockerignore``."""
    for path in (root / f"{dockerfile}.dockerignore", root / IGNORE_FILE):
        if path.is_file():
            return path
    return None


class _Walk:
    """One walk over a context's folder.

    Args:
        known: what the walk before found.
        same_rules: whether that was under the same rules, so that what was found then is not ignored now.
    """

    def __init__(self, root: Path, rules: IgnoreRules, known: dict[str, _Known], *, same_rules: bool) -> None:
        self._root = str(root)
        self._rules = rules
        self._known = known
        self._wanted: Container[str] = known if same_rules else ()
        self._started = time.time_ns()
        self.found: dict[str, _Known] = {}
        self.changed = False
        self.problems: list[Problem] = []

    def run(self) -> None:
        self._folder("", self._rules.nothing)

    def _folder(self, folder: str, above: Matched) -> None:
        """Take in what a folder holds; ``above`` is what its own path matched."""
        prefix = f"{folder}/" if folder else ""
        found, known, wanted, judge = self.found, self._known, self._wanted, self._rules.judge
        for entry in self._entries(folder):
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                ignored, matched = judge(path, above)
                self._subfolder(entry, path, matched, ignored)
                continue
            if path not in wanted and judge(path, above)[0]:
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # it went away while we looked
            before = known.get(path)
            if before is not None and before.stamp == _stamp(status):
                found[path] = before
            else:
                self._member(path, status)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(f"{self._root}/{folder}" if folder else self._root) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            if folder:
                return []
            raise DraftError(_no_folder(Path(self._root))) from None
        except OSError as error:
            raise DraftError(_unreadable(Path(self._root, folder), error)) from error

    def _subfolder(self, entry: os.DirEntry[str], path: str, matched: Matched, ignored: bool) -> None:
        if ignored and not self._rules.may_hold_exceptions(path):
            return
        held = len(self.found)
        self._folder(path, matched)
        if ignored and len(self.found) == held:
            return
        try:
            mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
        except FileNotFoundError:
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
                self.problems.append(_special(Path(self._root, path)))
        except FileNotFoundError:
            return
        except OSError as error:
            if (
                error.errno == errno.ELOOP
            ):  # a file was replaced by a link since we looked; the next read sees it
                return
            raise DraftError(_unreadable(Path(self._root, path), error)) from error

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

    def _keep(self, file: ContextFile, stamp: _Stamp | None) -> None:
        """Remember a member; it counts as a change only if it says something else than before."""
        before = self._known.get(file.path)
        if before is not None and before.file == file:
            self.found[file.path] = _Known(stamp, before.file, before.record)
            return
        self.changed = True
        self.found[file.path] = _Known(stamp, file, _record(file))

    def _trust(self, status: os.stat_result) -> _Stamp | None:
        """The stamp by which the file will be known; none while it could still change without a trace."""
        newest = max(status.st_mtime_ns, status.st_ctime_ns)
        tick = _FINE_TICK if newest % 1_000_000_000 else _COARSE_TICK
        return _stamp(status) if newest + tick < self._started else None


def _stamp(status: os.stat_result) -> _Stamp:
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)


def _record(file: ContextFile) -> bytes:
    return os.fsencode(f"{file.path}\0{file.type}\0{file.mode:o}\0{file.digest}\n")


def _no_folder(path: Path) -> Problem:
    return Problem(
        "context-missing",
        f"There is no folder {path}.",
        Stage.BUILD,
        Place(path),
        fix="Open the folder that holds the app.",
    )


def _no_dockerfile(path: Path) -> Problem:
    return Problem(
        "dockerfile-missing",
        f"There is no {path.name} to build the image from.",
        Stage.BUILD,
        Place(path),
        fix="Run “Draft: Create”, or set `dockerfile` in draft.toml to where the Dockerfile is.",
    )


def _empty_dockerfile(path: Path) -> Problem:
    return Problem(
        "dockerfile-empty",
        f"{path.name} is empty.",
        Stage.BUILD,
        Place(path, Span.line(0)),
        fix="Delete it and run “Draft: Create”, or write a Dockerfile that begins with FROM.",
    )


def _bad_pattern(path: Path, error: BadPatternError) -> Problem:
    return Problem(
        "ignore-pattern",
        f"{path.name} has a line that is no pattern: {error.pattern}",
        Stage.BUILD,
        Place(path, Span.line(error.line, len(error.pattern))),
        fix="Close the bracket, complete the escape, or put a pattern after the “!”.",
    )


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(
        "context-unreadable",
        f"{path} belongs to the build context but cannot be read.",
        Stage.BUILD,
        Place(path),
        cause=error.strerror or str(error),
        fix="Let your user read it, or add it to .dockerignore if the image does not need it.",
    )


def _special(path: Path) -> Problem:
    return Problem(
        "context-special-file",
        f"{path} is a socket, pipe or device, and stays out of the image.",
        Stage.BUILD,
        Place(path),
        fix="Add it to .dockerignore.",
        severity=Severity.WARNING,
    )
