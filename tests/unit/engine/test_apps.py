"""The apps of a workspace, found again and again: what has not changed is not looked at again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from draft_ls.detect.detect import survey
from draft_ls.detect.memory import Memory
from draft_ls.engine.apps import AppFinder, find_apps
from draft_ls.engine.remembered import RememberedTree
from draft_ls.files import DiskTree

if TYPE_CHECKING:
    from pathlib import Path

FLASK = "from flask import Flask\napp = Flask(__name__)\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "requirements.txt").write_text("flask\n")
        (folder / "app.py").write_text(FLASK)
    (tmp_path / "one/draft.toml").write_text('[environments.development]\nname = "one"\n')
    return aged(tmp_path)


def aged(root: Path) -> Path:
    """The folder with every time in it long ago, so that the next change shows."""
    for path in (root, *root.rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return root


def test_apps_with_a_draft_toml_and_those_that_could_get_one(workspace: Path) -> None:
    one, two = find_apps(workspace)
    assert (one.path, two.path) == (workspace / "one", workspace / "two")
    assert one.config is not None
    assert two.config is None
    assert one.detection is not None
    assert one.detection.pack == "python"
    assert AppFinder().configured(workspace) == (workspace / "one",)


def test_packs_of_the_workspace_count(workspace: Path) -> None:
    pack = workspace / ".draft/packs/cobol"
    pack.mkdir(parents=True)
    (pack / "pack.toml").write_text('name = "cobol"\n[[detect]]\nfile = "*.cbl"\nconfidence = 0.9\n')
    (workspace / "three").mkdir()
    (workspace / "three/index.cbl").write_text("IDENTIFICATION DIVISION.\n")
    finder = AppFinder()
    assert [app.detection.pack for app in finder.find(workspace) if app.detection] == [
        "python", "cobol", "python",
    ]  # fmt: skip
    assert len(finder.find(workspace, trusted=False)) == 2, "packs of a workspace need trust"


def test_unsaved_text_counts(workspace: Path) -> None:
    finder = AppFinder()
    before = {app.path.name: app for app in finder.find(workspace)}
    text = f'{FLASK}\nif __name__ == "__main__":\n    app.run(port=9123)\n'
    now = {app.path.name: app for app in finder.find(workspace, {"two/app.py": text})}
    again = {app.path.name: app for app in finder.find(workspace)}
    assert now["two"].detection and now["two"].detection.port
    assert now["two"].detection.port.value == 9123
    assert now["one"] == before["one"]
    assert again == before


class Looks:
    """Detects a folder time and again, and counts how many folders' detections were made anew."""

    def __init__(self, root: Path) -> None:
        self.tree = RememberedTree(root)
        self.memory = Memory()

    def __call__(self) -> int:
        before = self.memory.made
        found = survey(self.tree, memory=self.memory)
        assert found == survey(DiskTree(self.tree.root)), "as if it were looked at for the first time"
        return self.memory.made - before


def test_only_what_changed_is_detected_again(workspace: Path) -> None:
    look = Looks(workspace)
    assert look() == 3, "the root and two apps"
    assert look() == 0

    (workspace / "two/app.py").write_text(FLASK.replace("app =", "web ="))
    assert look() == 1
    assert look() == 0

    (workspace / "two/notes.md").write_text("not read by anyone\n")
    assert look() == 1, "a new name may mean something in its folder"

    (workspace / ".python-version").write_text("3.12\n")
    assert look() == 3, "a file of the root counts for every app below"

    (workspace / "two/requirements.txt").unlink()
    (workspace / "two/app.py").unlink()
    assert look() == 1

    (workspace / "three").mkdir()
    (workspace / "three/go.mod").write_text("module three\n")
    (workspace / "three/main.go").write_text("package main\n\nfunc main() {}\n")
    assert look() == 2, "the new app, and the root that might have been its"

    (workspace / ".gitignore").write_text("three/\n")
    assert look() >= 1
    assert [app.path for app in survey(look.tree, memory=look.memory).apps] == ["one"]


def test_a_file_that_was_just_written_is_not_trusted_by_its_time(tmp_path: Path) -> None:
    tree = RememberedTree(tmp_path)
    path = tmp_path / "a"
    path.write_text("one")
    assert tree.read("a") == "one"
    seen = path.stat()
    path.write_text("two")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert tree.read("a") == "two"
    path.unlink()
    assert tree.read("a") is None
