"""The bytes of a sync: read from the workspace once, proven by digest, sent to every replica."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
import weakref
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from draft_ls.errors import DraftError, Problem, Stage
from draft_ls.sync.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from draft_ls.sync.model import Write

CHUNK = 256 * 1024
IN_MEMORY = 1024 * 1024
"""Up to this many bytes a file's content stays in memory; a larger one goes to an unnamed temporary file."""


class Content:
    """The bytes of one file as they were when it was saved: kept for replicas that start later.

    They are given back when nobody holds the content any more: an older one may still be on its way to a
    replica when a newer one takes its place.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._give_back = weakref.finalize(self, file.close)
        self.size = size

    def chunks(self) -> Iterator[bytes]:
        """All bytes, piece by piece. Several readers may take turns."""
        for start in range(0, self.size, CHUNK):
            self._file.seek(start)
            yield self._file.read(min(CHUNK, self.size - start))

    def close(self) -> None:
        """Give the bytes back now."""
        self._give_back()


def read(root: Path, write: Write) -> Content:
    """The bytes of a file; of a link, its target. Blocking.

    Raises:
        DraftError: the file is no longer what ``write`` says (``sync-moved-on``): a newer save is on its way.
    """
    path = root / write.source
    try:
        if write.kind is Kind.LINK:
            return _proven(write, io.BytesIO(str(path.readlink()).encode("utf-8", "surrogateescape")))
        with path.open("rb") as file:
            return _proven(write, file)
    except OSError as error:
        raise _moved_on(write, str(error)) from error


def _proven(write: Write, source: IO[bytes]) -> Content:
    """A copy of the bytes, if they have the digest."""
    copy = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it outlives this function
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        copy.write(chunk)
    if digest.hexdigest() != write.digest:
        copy.close()
        raise _moved_on(write, "its content is newer than the plan")
    return Content(copy, copy.tell())


def _moved_on(write: Write, cause: str) -> DraftError:
    return DraftError(
        Problem(
            "sync-moved-on",
            f"{write.source} has changed again before it could be synced.",
            stage=Stage.SYNC,
            cause=cause,
        )
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a payload: its name in the staging folder, and what it is."""

    name: str
    write: Write
    content: Content


def tar_size(entries: Sequence[Entry]) -> int:
    """How many bytes ``tar_chunks`` gives: a multiple of ``tarfile.RECORDSIZE``."""
    size = 0
    for entry in entries:
        size += _header_size(entry) + (_padded(entry.content.size) if entry.write.kind is Kind.FILE else 0)
    return _with_end(size)


def tar_chunks(entries: Sequence[Entry]) -> Iterator[bytes]:
    """A tar archive, piece by piece."""
    sent = 0
    for entry in entries:
        header = _header(entry)
        yield header
        sent += len(header)
        if entry.write.kind is Kind.FILE:
            yield from entry.content.chunks()
            padding = _padded(entry.content.size) - entry.content.size
            yield bytes(padding)
            sent += entry.content.size + padding
    yield bytes(_with_end(sent) - sent)


def raw_chunks(entries: Sequence[Entry]) -> Iterator[bytes]:
    """The bytes of all files, one after the other, for a container without tar."""
    for entry in entries:
        if entry.write.kind is Kind.FILE:
            yield from entry.content.chunks()


def _header(entry: Entry) -> bytes:
    information = tarfile.TarInfo(entry.name)
    information.mode = entry.write.mode
    user, _, group = entry.write.owner.partition(":")
    _own(information, user, group or user)
    if entry.write.kind is Kind.LINK:
        information.type = tarfile.SYMTYPE
        information.linkname = b"".join(entry.content.chunks()).decode("utf-8", "surrogateescape")
    else:
        information.size = entry.content.size
    return information.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _header_size(entry: Entry) -> int:
    """The length of ``_header``: one block, unless a name is so long that it gets an entry of its own."""
    if (
        entry.write.kind is Kind.FILE
        and len(entry.name.encode("utf-8", "surrogateescape")) <= tarfile.LENGTH_NAME
    ):
        return tarfile.BLOCKSIZE
    return len(_header(entry))


def _with_end(size: int) -> int:
    """The size of an archive with so many bytes in it: two empty blocks end it, and whole records hold it."""
    return -(-(size + 2 * tarfile.BLOCKSIZE) // tarfile.RECORDSIZE) * tarfile.RECORDSIZE


def _own(information: tarfile.TarInfo, user: str, group: str) -> None:
    """Numbers as numbers; names for tar to look up in the container."""
    if user.isdecimal():
        information.uid = int(user)
    else:
        information.uname = user
    if group.isdecimal():
        information.gid = int(group)
    else:
        information.gname = group


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
