"""A build context as a tar stream, made while it is sent."""

from __future__ import annotations

import hashlib
import os
import posixpath
import tarfile
from typing import TYPE_CHECKING

from draft_ls.build.context_problems import archive_unreadable, changed, not_in_archive
from draft_ls.build.model import FileType
from draft_ls.dockerfile.ignore import IGNORE_FILE
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from draft_ls.build.model import BuildContext, ContextFile

_CHUNK = 256 * 1024


def tar_stream(context: BuildContext, dockerfile_text: str | None = None) -> tuple[str, Iterator[bytes]]:
    """The Dockerfile's name inside the archive, and the archive in chunks of about 256 KiB.

    Owners are root, as the docker CLI sends them. Times are the files' own: no builder's cache looks at them,
    but web servers and byte code caches inside the image do.

    A Dockerfile that is ignored, lies outside the context or is given as ``dockerfile_text`` is sent under a
    name of its own, and the archive's ``.dockerignore`` tells the builder to drop it again before the first
    COPY.

    Raises (while it is read):
        DraftError: ``context-changed``: a file is no longer what the digest says.
    """
    dockerfile = os.path.normpath(context.dockerfile)
    if dockerfile_text is None and dockerfile in context.files:
        return dockerfile, _in_chunks(_members(context, ()))
    read = (context.root / context.dockerfile).read_bytes
    text = read() if dockerfile_text is None else dockerfile_text.encode()
    name = f".dockerfile.{hashlib.sha256(text).hexdigest()[:20]}"
    own = context.files.get(IGNORE_FILE)
    lines = (context.root / IGNORE_FILE).read_bytes() + b"\n" if own else f"{IGNORE_FILE}\n".encode()
    added = ((name, text), (IGNORE_FILE, lines + f"{name}\n".encode()))
    return name, _in_chunks(_members(context, added))


def archived_text(archive: Path, name: str) -> str:
    """The text of one member of a ready-made context, compressed or not; it blocks.

    Raises:
        DraftError: ``archive-unreadable``, or ``dockerfile-missing`` if there is no such member.
    """
    wanted = posixpath.normpath(name)
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                if posixpath.normpath(member.name) == wanted and (found := tar.extractfile(member)):
                    return found.read().decode("utf-8-sig", errors="replace")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise DraftError(archive_unreadable(archive, str(error))) from error
    raise DraftError(not_in_archive(archive, name))


def _in_chunks(parts: Iterable[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= _CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join([*waiting, bytes(2 * tarfile.BLOCKSIZE)])


def _members(context: BuildContext, added: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    replaced = {name for name, _ in added}
    for file in context.files.values():
        if file.path not in replaced:
            yield from member(context.root, file, file.path)
    for name, data in added:
        yield from text_member(name, data)


def text_member(name: str, data: bytes) -> Iterator[bytes]:
    """One member that is no file of the context."""
    header = tarfile.TarInfo(name)
    header.size = len(data)
    yield header_bytes(header)
    yield data + _padding(len(data))


def member(root: Path, file: ContextFile, name: str) -> Iterator[bytes]:
    """One file, folder or link of a context, as the member ``name`` of an archive.

    Raises (while it is read):
        DraftError: ``context-changed``: the file is no longer what its digest says.
    """
    path = root / file.path
    header = tarfile.TarInfo(name)
    header.mode = file.mode
    try:
        header.mtime = int(path.lstat().st_mtime)
        if file.type is FileType.FOLDER:
            header.type = tarfile.DIRTYPE
            yield header_bytes(header)
        elif file.type is FileType.LINK:
            header.type = tarfile.SYMTYPE
            header.linkname = str(path.readlink())
            yield header_bytes(header)
        else:
            header.size = file.size
            yield header_bytes(header)
            yield from _content(path, file)
    except OSError as error:
        raise DraftError(changed(path, error.strerror or str(error))) from error


def header_bytes(header: tarfile.TarInfo) -> bytes:
    """A member's header; in the form that BusyBox reads too, whatever the name."""
    return header.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _content(path: Path, file: ContextFile) -> Iterator[bytes]:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb", buffering=0) as source:
        while data := source.read(_CHUNK):
            size += len(data)
            if size > file.size:
                break
            digest.update(data)
            yield data
    if digest.hexdigest() != file.digest:
        raise DraftError(changed(path, "its content is not what it was when the digest was taken"))
    yield _padding(size)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
