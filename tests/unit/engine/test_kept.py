"""The files of what was live, brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from draft_ls.build.context import ContextReader
from draft_ls.engine import kept
from draft_ls.engine.events import Key
from draft_ls.engine.kept import Kept, difference
from draft_ls.engine.writing import write
from draft_ls.scaffold.model import Action

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.build.model import BuildContext


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "pkg").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "app.py").write_text("good\n")
    (folder / "pkg" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "pkg" / "run.sh").chmod(0o755)
    (folder / "logo").write_bytes(b"\xff\xfe")
    return folder


def context(app: Path) -> BuildContext:
    return ContextReader(app).read()


def store(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "state" / "files")


def test_changed_and_deleted_files_come_back(tmp_path: Path, app: Path) -> None:
    key, files = Key(app, "development"), store(tmp_path)
    good = context(app)
    files.keep(key, "good", good)
    (app / "app.py").write_text("bad\n")
    (app / "pkg" / "run.sh").unlink()
    (app / "logo").write_bytes(b"\xfe\xff")
    (app / "new.py").write_text("new\n")
    back = store(tmp_path).back(key, "good", context(app))
    assert back is not None
    assert {edit.path: edit.action for edit in back.edits} == {
        "app.py": Action.REPLACE,
        "pkg/run.sh": Action.CREATE,
    }
    assert (back.others, back.newer) == (("logo",), ("new.py",))
    shown = difference(app, next(edit for edit in back.edits if edit.path == "app.py"))
    assert shown[-2:] == ("-bad", "+good")
    write(app, back.edits)
    (app / "logo").write_bytes(b"\xff\xfe")
    (app / "new.py").unlink()
    assert context(app).digest == good.digest, "the mode too"


def test_what_is_not_known_is_not_guessed(tmp_path: Path, app: Path) -> None:
    key, files = Key(app, "development"), store(tmp_path)
    assert files.back(key, "good", context(app)) is None
    seen = context(app)
    (app / "app.py").write_text("newer\n")
    files.keep(key, "good", seen)
    back = files.back(key, "good", context(app))
    assert back is not None
    assert (back.edits, back.others) == ((), ("app.py",))
    assert files.back(Key(app, "staging"), "good", context(app)) is None


def test_only_the_newest_images_are_kept(tmp_path: Path, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "IMAGES", 2)
    key, files = Key(app, "development"), store(tmp_path)
    for number in range(4):
        (app / "app.py").write_text(f"{number}\n")
        files.keep(key, f"image-{number}", context(app))
    (folder,) = (tmp_path / "state" / "files").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(list(folder.glob("*.json"))) == 2
    assert len(list(folder.iterdir())) == 2 + 3 + 2, "Dockerfile, run.sh, logo once; app.py twice"
    assert files.back(key, "image-0", context(app)) is None
    assert files.back(key, "image-2", context(app)) is not None


def test_a_disk_that_refuses_is_no_failure(tmp_path: Path, app: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    store(tmp_path).keep(Key(app, "development"), "good", context(app))
