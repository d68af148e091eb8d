"""The archive of a sync is as long as it was said to be: the container counts blocks."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from draft_ls.sync import payload
from draft_ls.sync.model import Kind, Write

if TYPE_CHECKING:
    from pathlib import Path


def entry(root: Path, name: str, data: bytes, kind: Kind = Kind.FILE) -> payload.Entry:
    path = root / hashlib.sha256(name.encode()).hexdigest()
    if kind is Kind.LINK:
        path.symlink_to(data.decode())
    else:
        path.write_bytes(data)
    write = Write(
        path.name, f"/app/{name}", kind, 0o644, len(data), hashlib.sha256(data).hexdigest(), owner="1000"
    )
    return payload.Entry(f"0/{name}", write, payload.read(root, write))


@pytest.mark.parametrize("length", [1, 97, 98, 99, 255])
@pytest.mark.parametrize("letter", ["a", "é"])
def test_the_size_is_known_before_the_bytes(tmp_path: Path, length: int, letter: str) -> None:
    name = letter * (length // len(letter.encode()))
    entries = [entry(tmp_path, name or "a", b"x" * 700), entry(tmp_path, "empty", b"")]
    entries += [entry(tmp_path, "link", b"to/" * length + b"x", Kind.LINK)]
    archive = b"".join(payload.tar_chunks(entries))
    assert len(archive) == payload.tar_size(entries)
    assert len(archive) % tarfile.RECORDSIZE == 0
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        assert opened.getnames() == [each.name for each in entries]
        assert opened.getmember("0/link").linkname == "to/" * length + "x"


def test_an_archive_that_just_fills_a_record_gets_another_for_its_end(tmp_path: Path) -> None:
    blocks = tarfile.RECORDSIZE // tarfile.BLOCKSIZE
    for free in (1, 2, 3):
        (tmp_path / str(free)).mkdir()
        entries = [entry(tmp_path / str(free), "a", bytes((blocks - 1 - free) * tarfile.BLOCKSIZE))]
        archive = b"".join(payload.tar_chunks(entries))
        assert len(archive) == payload.tar_size(entries) == tarfile.RECORDSIZE * (2 if free < 2 else 1)
