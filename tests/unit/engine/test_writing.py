"""Scaffolds are written whole or not at all."""

import os
from pathlib import Path

import pytest

from draft_ls.engine.writing import write
from draft_ls.errors import DraftError
from draft_ls.scaffold.model import Action, FileEdit


def create(path: str, text: str = "new\n", *, executable: bool = False) -> FileEdit:
    return FileEdit(path, Action.CREATE, text, "", executable)


def listing(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def test_files_and_folders_are_made(tmp_path: Path):
    old = os.umask(0o027)
    try:
        edits = [create("draft.toml"), create("chart/templates/a.yaml"), create("run", executable=True)]
        written = write(tmp_path, edits)
    finally:
        os.umask(old)
    assert listing(tmp_path) == {"draft.toml": "new\n", "chart/templates/a.yaml": "new\n", "run": "new\n"}
    assert set(written) == {tmp_path / "draft.toml", tmp_path / "chart/templates/a.yaml", tmp_path / "run"}
    assert written[-1].name == "draft.toml"
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "draft.toml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "draft.toml").stat().st_nlink == 1


def test_keep_touches_nothing(tmp_path: Path):
    assert write(tmp_path, [FileEdit("Dockerfile", Action.KEEP, "x", "")]) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appeared_meanwhile_is_not_lost_and_the_rest_is_taken_back(tmp_path: Path):
    (tmp_path / "b").write_text("mine")
    with pytest.raises(DraftError) as caught:
        write(tmp_path, [create("new/a"), create("b"), create("c")])
    assert caught.value.problem.code == "scaffold-file-exists"
    assert caught.value.problem.place
    assert caught.value.problem.place.path == tmp_path / "b"
    assert listing(tmp_path) == {"b": "mine"}
    assert not (tmp_path / "new").exists()


def test_what_was_replaced_comes_back(tmp_path: Path):
    (tmp_path / "a").write_text("before")
    (tmp_path / "a").chmod(0o600)
    (tmp_path / "b").write_text("mine")
    with pytest.raises(DraftError):
        write(tmp_path, [FileEdit("a", Action.REPLACE, "after", ""), create("b")])
    assert listing(tmp_path) == {"a": "before", "b": "mine"}
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    write(tmp_path, [FileEdit("a", Action.REPLACE, "after", "")])
    assert listing(tmp_path) == {"a": "after", "b": "mine"}


def test_an_interrupt_takes_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = Path.hardlink_to

    def interrupted(self: Path, target: Path) -> None:
        if self.name == "c":
            raise KeyboardInterrupt
        real(self, target)

    monkeypatch.setattr(Path, "hardlink_to", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, [create("a"), create("b/b"), create("c")])
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(target), None, str(self))

    monkeypatch.setattr(Path, "hardlink_to", refused)
    write(tmp_path, [create("a", executable=True)])
    assert listing(tmp_path) == {"a": "new\n"}
    assert (tmp_path / "a").stat().st_mode & 0o100
    with pytest.raises(DraftError) as caught:
        write(tmp_path, [create("a", "other")])
    assert caught.value.problem.code == "scaffold-file-exists"
    assert listing(tmp_path) == {"a": "new\n"}


@pytest.mark.parametrize("path", ["../out", "/etc/x", "a/../../out", "link/x"])
def test_no_path_leaves_the_folder(tmp_path: Path, path: str):
    folder, outside = tmp_path / "in", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    with pytest.raises(DraftError) as caught:
        write(folder, [create("a"), create(path)])
    assert caught.value.problem.code == "scaffold-path"
    assert list(outside.iterdir()) == []
    assert not (folder / "a").exists()


def test_a_file_where_a_folder_is_needed(tmp_path: Path):
    (tmp_path / "chart").write_text("mine")
    with pytest.raises(DraftError) as caught:
        write(tmp_path, [create("a"), create("chart/Chart.yaml")])
    assert caught.value.problem.fix
    assert listing(tmp_path) == {"chart": "mine"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_folder_that_cannot_be_written():
    with pytest.raises(DraftError) as caught:
        write(Path("/proc"), [create("a")])
    assert caught.value.problem.stage == "scaffold"
    assert caught.value.problem.fix
