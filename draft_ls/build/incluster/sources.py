"""What travels to the builder: the difference between the files that it has and those that it needs.

For each app the builder keeps a tree of files and a journal of all changes that were made to it. The journal's
digest names the state of the tree. A client that does not know that state reads the journal once; from then on
it knows, and a save costs what it changed.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import tarfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from draft_ls.build.archive import header_bytes, member, text_member
from draft_ls.build.model import ContextFile, FileType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

BATCH = 8 * 1024 * 1024
"""Bytes of content after which a batch is closed: what a cut connection may cost, at most, beside one file."""

LONGEST_JOURNAL = 32 * 1024 * 1024
"""Bytes of a journal above which the tree is begun anew: thousands of saves, or many changes of branch."""

NONE = "none"
"""The name of the state in which there are no files yet."""

_FAST = 1
"""Compression level: a laptop sends faster than it compresses well."""


@dataclass(frozen=True, slots=True)
class State:
    """The files that the builder has.

    Attributes:
        files: by path.
        journal: how they came about.
    """

    files: Mapping[str, ContextFile] = field(default_factory=dict[str, ContextFile])
    journal: bytes = b""

    @property
    def name(self) -> str:
        """What the builder calls this state."""
        return hashlib.sha256(self.journal).hexdigest() if self.journal else NONE

    def after(self, entries: bytes) -> State:
        """The state once a batch has been applied."""
        files = dict(self.files)
        for line in entries.splitlines():
            _replay(files, json.loads(line))
        return State(files, self.journal + entries)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of the changes, as the builder takes them in one step.

    Attributes:
        files: the files that are new or changed; folders before what they hold.
        links: of these, the files whose content is in the tree already: path → where.
        removed: the paths that go.
    """

    files: tuple[ContextFile, ...]
    links: Mapping[str, str]
    removed: tuple[str, ...]

    @property
    def entries(self) -> bytes:
        """Its part of the journal."""
        gone = [[path] for path in self.removed]
        come = [[each.path, each.type, each.mode, each.size, each.digest] for each in self.files]
        return "".join(f"{json.dumps(entry)}\n" for entry in (*gone, *come)).encode("ascii")


def state_of(journal: bytes) -> State:
    """The state that a journal leads to."""
    return State().after(journal)


def batches(have: Mapping[str, ContextFile], want: Mapping[str, ContextFile]) -> Iterator[Batch]:
    """The batches that turn one set of files into the other; none if they are equal.

    A file whose content the builder has under another path is linked there, not sent: all such files are in
    the first batch, where what is removed is still there to be linked to.
    """
    gone = have.keys() - want.keys()
    others = {path for path in have.keys() & want.keys() if have[path].type is not want[path].type}
    removed = tuple(sorted(gone | others, reverse=True))
    changed = [file for path, file in want.items() if have.get(path) != file]
    known = {(file.digest, file.mode): path for path, file in have.items() if file.type is FileType.FILE}
    links = {
        file.path: known[file.digest, file.mode]
        for file in changed
        if file.type is FileType.FILE and (file.digest, file.mode) in known
    }
    group = [file for file in changed if file.path in links or file.type is not FileType.FILE]
    size = 0
    for file in changed:
        if file.type is not FileType.FILE or file.path in links:
            continue
        group.append(file)
        size += file.size
        if size >= BATCH:
            yield Batch(tuple(group), links, removed)
            group, links, removed, size = [], {}, (), 0
    if group or removed:
        yield Batch(tuple(group), links, removed)


def needs_new_tree(state: State, batch: Batch) -> bool:
    """Whether the changes cannot be written down in the tree that is there."""
    return len(state.journal) > LONGEST_JOURNAL or any("\n" in path for path in batch.removed)


def packed(root: Path, batch: Batch, want: Mapping[str, ContextFile], *, compress: bool) -> bytes:
    """The archive of a batch; it reads the files.

    Raises:
        DraftError: ``context-changed``: a file is no longer what its digest says.
    """
    packer = zlib.compressobj(_FAST, wbits=31) if compress else None
    parts = (*_notes(batch), *_members(root, batch, want), bytes(2 * tarfile.BLOCKSIZE))
    return b"".join((*map(packer.compress, parts), packer.flush()) if packer else parts)


def _notes(batch: Batch) -> Iterator[bytes]:
    """What the builder's script reads: the checksums, the paths that go, the journal's new lines."""
    sums = [_sum(each) for each in batch.files if _is_summed(each)]
    removed = "".join(f"{path}\n" for path in batch.removed).encode("utf-8", "surrogateescape")
    for name, data in (("sums", b"".join(sums)), ("removed", removed), ("journal", batch.entries)):
        yield from text_member(f"batch/{name}", data)
    yield _folder("batch/tree", 0o755)


def _is_summed(file: ContextFile) -> bool:
    """Whether the builder can check a file: it must be able to read it, and BusyBox reads no escaped names."""
    return file.type is FileType.FILE and bool(file.mode & 0o400) and not set("\\\n\r") & set(file.path)


def _sum(file: ContextFile) -> bytes:
    """A line as ``sha256sum -c`` reads it."""
    return f"{file.digest}  {file.path}\n".encode("utf-8", "surrogateescape")


def _members(root: Path, batch: Batch, want: Mapping[str, ContextFile]) -> Iterator[bytes]:
    told: set[str] = set()
    for file in batch.files:
        for folder in _above(file.path):
            if folder not in told:  # with its mode: unpacking would make it with another
                told.add(folder)
                yield _folder(f"batch/tree/{folder}", want[folder].mode if folder in want else 0o755)
        if file.path in batch.links:
            yield _link(f"batch/tree/{file.path}", f"tree/{batch.links[file.path]}")
        elif file.type is not FileType.FOLDER or file.path not in told:
            told.add(file.path)
            yield from member(root, file, f"batch/tree/{file.path}")


def _above(path: str) -> Sequence[str]:
    """The folders above a path, outermost first."""
    parts = posixpath.dirname(path).split("/")
    return tuple("/".join(parts[:count]) for count in range(1, len(parts) + 1)) if parts[0] else ()


def _folder(name: str, mode: int) -> bytes:
    header = tarfile.TarInfo(name)
    header.type, header.mode = tarfile.DIRTYPE, mode
    return header_bytes(header)


def _link(name: str, target: str) -> bytes:
    header = tarfile.TarInfo(name)
    header.type, header.linkname = tarfile.LNKTYPE, target
    return header_bytes(header)


def _replay(files: dict[str, ContextFile], entry: list[Any]) -> None:
    if len(entry) == 1:
        files.pop(entry[0], None)
    else:
        path, kind, mode, size, digest = entry
        files[path] = ContextFile(path, FileType(kind), mode, size, digest)
