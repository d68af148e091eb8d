"""Whatever a folder holds: detection ends, repeats itself, reads little, and never leaves the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from draft_ls.detect.describe import described
from draft_ls.detect.detect import detect, explain, survey
from draft_ls.detect.ignore import IgnoreRules
from draft_ls.detect.memory import Memory
from draft_ls.detect.versions import choose, satisfies
from draft_ls.files import DiskTree, MemoryTree
from tests.unit.detect.table import SAMPLE_TEXTS, samples

if TYPE_CHECKING:
    from pathlib import Path

NAMES = sorted({path for sample in samples() for path in sample.files})
PATHS = st.one_of(
    st.sampled_from(NAMES),
    st.builds("{}/{}".format, st.sampled_from(["a", "src", "b/c"]), st.sampled_from(NAMES)),
)
TEXTS = st.one_of(
    st.text(max_size=200),
    st.sampled_from(SAMPLE_TEXTS),
    st.sampled_from(SAMPLE_TEXTS).map(lambda text: text[: len(text) // 2]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(PATHS, TEXTS, max_size=8))
def test_any_tree(files: dict[str, str]) -> None:
    tree = MemoryTree(files)
    found = survey(tree)
    assert found == survey(tree)
    assert bool(found.reason) == (not found.apps)
    described(found.apps)
    for app in found.apps:
        assert explain(app)
        assert 0 < app.confidence <= 1
        assert app.port is None or 0 < app.port.value < 65536
        assert app.start is None or all(app.start.value)
        for evidence in app.evidence:
            assert tree.kind(evidence.path) == "file"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(PATHS, TEXTS, max_size=5), min_size=2, max_size=4))
def test_what_is_remembered_changes_nothing(states: list[dict[str, str]]) -> None:
    memory = Memory()
    for files in states:
        tree = MemoryTree(files)
        assert survey(tree, memory=memory) == survey(tree)


class Watched(DiskTree):
    """A disk tree that notes what is read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads: list[str] = []

    def read(self, path: str, limit: int = 1024 * 1024) -> str | None:
        self.reads.append(path)
        return super().read(path, limit)


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "package.json").write_text(
        '{"scripts": {"start": "node stolen.js"}, "dependencies": {"express": "4"}}'
    )
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "package.json").symlink_to(outside / "package.json")
    (inside / "linked").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    assert detect(DiskTree(inside)) == ()


def test_a_link_within_the_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "deps.txt").write_text("flask\n")
    (tmp_path / "requirements.txt").symlink_to("deps.txt")
    (tmp_path / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    [app] = detect(DiskTree(tmp_path))
    assert app.framework is not None


def test_little_of_a_large_tree_is_read(tmp_path: Path) -> None:
    for folder in range(200):
        below = tmp_path / f"pkg{folder // 20}/m{folder}/src"
        below.mkdir(parents=True)
        for number in range(25):
            (below / f"f{number}.java").write_text("class A {}\n")
    (tmp_path / "service").mkdir()
    (tmp_path / "service/package.json").write_text(
        '{"scripts": {"start": "node a.js"}, "dependencies": {"koa": "2"}}'
    )
    tree = Watched(tmp_path)
    [app] = detect(tree)
    assert app.path == "service"
    assert len(tree.reads) < 50
    assert len(tree.reads) == len(set(tree.reads))


def test_an_unreadable_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text("package main\nfunc main() {}\n")
    (tmp_path / "closed").mkdir(mode=0)
    try:
        [app] = detect(DiskTree(tmp_path))
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert app.pack == "go"


@pytest.mark.parametrize(
    ("patterns", "prefix", "name", "folder", "ignored"),
    [
        ("node_modules/", "a/", "node_modules", True, True),
        ("node_modules/", "a/", "node_modules", False, False),
        ("/dist", "", "dist", True, True),
        ("/dist", "a/", "dist", True, False),
        ("*.py[cod]", "a/", "x.pyc", False, True),
        ("*.py[cod]", "a/", "x.py", False, False),
        ("logs/**", "logs/", "a", True, True),
        ("*\n!keep", "", "keep", True, False),
        ("*\n!keep", "", "other", True, True),
        ("a/b", "a/", "b", True, True),
        ("# only a comment\n\n", "", "x", True, False),
    ],
)
def test_gitignore(patterns: str, prefix: str, name: str, folder: bool, ignored: bool) -> None:
    assert IgnoreRules().below("", patterns).ignores(prefix, name, folder=folder) is ignored


def test_an_inner_gitignore_has_the_last_word() -> None:
    rules = IgnoreRules().below("", "*.gen\n").below("a", "!keep.gen\n")
    assert rules.ignores("", "x.gen")
    assert not rules.ignores("a/", "keep.gen")


@pytest.mark.parametrize(
    ("constraint", "line", "fits"),
    [
        (">=3.10", "3.13", True), (">=3.10,<3.12", "3.12", False), ("~=3.11", "3.13", True),
        ("~=3.11.2", "3.12", False),

        ("==3.11.*", "3.11", True), ("^3.11", "4.0", False), ("^20.9.0", "20", True), ("^20.9.0", "22", False),
        (">=18 <21", "20", True), (">=18 <21", "22", False), ("18 || 20", "20", True), ("16.x", "16", True),
        ("~> 3.3.0", "3.4", False), ("~> 3.3", "3.4", True), ("1 - 3", "2", True), ("!=3.12.*,>=3.11", "3.12", False),
        ("*", "7", True), ("<3.13", "3.13", False), (">3.10", "3.11", True), ("~7.4.0", "7.4", True),
        ("~7.4.0", "8.0", False),
    ],
)  # fmt: skip
def test_ranges(constraint: str, line: str, fits: bool) -> None:
    assert satisfies(constraint, tuple(int(part) for part in line.split("."))) is fits


def test_choosing_a_line() -> None:
    assert choose(">=3.10", ("3.10", "3.11", "3.14"), "3.13") == "3.13"
    assert choose("<3.13", ("3.10", "3.11", "3.14"), "3.13") == "3.11"
    assert choose("3.7.4", ("3.10", "3.11"), "3.13") == "3.7"
    assert choose("nonsense", ("3.10",), "3.13") is None
