"""The tar stream for the Engine's own builder."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from draft_ls.build.archive import tar_stream
from draft_ls.build.context import ContextReader
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.build.model import BuildContext


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "big").write_bytes(bytes(range(256)) * 4096)
    (tmp_path / "run.sh").write_text("x")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / ("long" * 40)).mkdir()
    (tmp_path / ("long" * 40) / "n\xe9").write_text("y")
    (tmp_path / "link").symlink_to("run.sh")
    os.utime(tmp_path / "run.sh", (1000, 1000))
    return tmp_path


def unpack(context: BuildContext) -> tuple[str, dict[str, tarfile.TarInfo], dict[str, bytes]]:
    name, chunks = tar_stream(context)
    data = b"".join(chunks)
    assert len(data) % 512 == 0
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = {member.name: member for member in archive}
        files = {
            path: found.read()
            for path, member in members.items()
            if member.isreg() and (found := archive.extractfile(member))
        }
    return name, members, files


def test_what_is_in_it(app: Path) -> None:
    context = ContextReader(app).read()
    name, members, files = unpack(context)
    assert name == "Dockerfile"
    assert set(members) == set(context.files)
    assert files["big"] == (app / "big").read_bytes()
    assert members["run.sh"].mode == 0o755
    assert members["run.sh"].mtime == 1000
    assert members["link"].linkname == "run.sh"
    assert {(each.uid, each.gid, each.uname) for each in members.values()} == {(0, 0, "")}


def test_same_content_same_bytes(app: Path) -> None:
    context = ContextReader(app).read()
    assert b"".join(tar_stream(context)[1]) == b"".join(tar_stream(context)[1])


def test_it_is_made_while_it_is_read(app: Path) -> None:
    chunks = [len(chunk) for chunk in tar_stream(ContextReader(app).read())[1]]
    assert len(chunks) > 3
    assert max(chunks) <= 768 * 1024


def test_an_ignored_dockerfile_comes_under_another_name_and_is_dropped_again(app: Path) -> None:
    (app / ".dockerignore").write_text("Dockerfile\n")
    name, members, files = unpack(ContextReader(app).read())
    assert name.startswith(".dockerfile.")
    assert "Dockerfile" not in members
    assert files[name] == b"FROM scratch\n"
    assert files[".dockerignore"].splitlines() == [b"Dockerfile", b"", name.encode()]


def test_an_ignored_ignore_file_is_dropped_too(app: Path) -> None:
    (app / ".dockerignore").write_text("Dockerfile\n.dockerignore\n")
    name, _, files = unpack(ContextReader(app).read())
    assert files[".dockerignore"].splitlines() == [b".dockerignore", name.encode()]


@pytest.mark.parametrize("change", ["longer", "shorter", "other", "gone"])
def test_a_file_that_changes_meanwhile(change: str, app: Path) -> None:
    context = ContextReader(app).read()
    match change:
        case "longer":
            (app / "run.sh").write_text("xx")
        case "shorter":
            (app / "run.sh").write_text("")
        case "other":
            (app / "run.sh").write_text("z")
        case _:
            (app / "run.sh").unlink()
    with pytest.raises(DraftError) as caught:
        b"".join(tar_stream(context)[1])
    assert caught.value.problem.code == "context-changed"
    assert caught.value.problem.place is not None
    assert caught.value.problem.place.path == app / "run.sh"
