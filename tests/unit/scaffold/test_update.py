"""A newer pack is merged into what became of the files; nothing that the person did is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draft_ls.detect.builtin import builtin_packs_folder
from draft_ls.detect.detect import detect
from draft_ls.errors import DraftError
from draft_ls.files import DiskTree, MemoryTree
from draft_ls.scaffold.model import Action
from draft_ls.scaffold.origin import ORIGIN_FILE, read_origin
from draft_ls.scaffold.packs import Pack, load_packs
from draft_ls.scaffold.scaffold import scaffold
from draft_ls.scaffold.update import MINE, merge, origin_of, plan_update

APP = {"requirements.txt": "flask\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n"}
PYTHON = load_packs((DiskTree(builtin_packs_folder()),)).packs["python"]


def created() -> dict[str, str]:
    tree = MemoryTree(APP)
    [app] = detect(tree)
    return APP | {edit.path: edit.text for edit in scaffold(tree, app, PYTHON, name="shop").edits}


def newer(**changes: str) -> Pack:
    files = dict(PYTHON.files) | {path.replace("__", "."): text for path, text in changes.items()}
    return replace(PYTHON, version="2", files=MappingProxyType(files))


def updated(files: dict[str, str], pack: Pack) -> tuple[dict[str, str], list[str]]:
    tree = MemoryTree(files)
    [app] = detect(MemoryTree(APP))
    plan = plan_update(tree, app, pack, origin_of(tree))
    texts = {edit.path: edit.text for edit in plan.edits if edit.action is not Action.KEEP}
    return files | texts, [problem.code for problem in plan.problems]


def test_without_a_change_there_is_nothing_to_do() -> None:
    files = created()
    assert updated(files, PYTHON) == (files, [])


def test_the_pack_changes_what_the_person_left_alone() -> None:
    files, problems = updated(
        created(), newer(Dockerfile__j2=PYTHON.files["Dockerfile.j2"].replace("useradd", "adduser"))
    )
    assert "adduser" in files["Dockerfile"]
    assert problems == []
    origin = read_origin(files[ORIGIN_FILE])
    assert origin is not None
    assert (origin.version, origin.files["Dockerfile"]) == ("2", files["Dockerfile"])


def test_both_change_different_lines() -> None:
    files = created()
    files["Dockerfile"] = files["Dockerfile"] + "# mine\n"
    files, problems = updated(
        files, newer(Dockerfile__j2=PYTHON.files["Dockerfile.j2"].replace("useradd", "adduser"))
    )
    assert "adduser" in files["Dockerfile"]
    assert files["Dockerfile"].endswith("# mine\n")
    assert problems == []


def test_both_change_the_same_line() -> None:
    files = created()
    files["Dockerfile"] = files["Dockerfile"].replace("useradd --create-home", "useradd --mine")
    changed = PYTHON.files["Dockerfile.j2"].replace("useradd --create-home", "useradd --theirs")
    files, problems = updated(files, newer(Dockerfile__j2=changed))
    assert MINE in files["Dockerfile"]
    assert "--mine" in files["Dockerfile"]
    assert "--theirs" in files["Dockerfile"]
    assert problems == ["update-conflict"]


def test_what_was_deleted_stays_deleted_and_what_is_the_persons_stays() -> None:
    files = created()
    del files["chart/templates/hpa.yaml"]
    files["chart/templates/extra.yaml"] = "mine: true\n"
    changed = newer(
        **{"chart/templates/hpa.yaml": "new\n", "chart/templates/extra.yaml": "theirs\n", "new.txt": "new\n"}
    )
    after, problems = updated(files, changed)
    assert "chart/templates/hpa.yaml" not in after
    assert after["chart/templates/extra.yaml"] == "mine: true\n"
    assert after["new.txt"] == "new\n"
    assert problems == []


def test_kept_files_are_not_the_packs() -> None:
    tree = MemoryTree(APP | {"Dockerfile": "FROM mine\n"})
    [app] = detect(tree)
    files = {edit.path: edit.text for edit in scaffold(tree, app, PYTHON).edits}
    origin = read_origin(files[ORIGIN_FILE])
    assert origin is not None
    assert "Dockerfile" not in origin.files
    assert "chart/values.yaml" in origin.files


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pack": 1}', '{"pack": "python"}', "null"])
def test_an_unreadable_record_is_a_problem(text: str) -> None:
    assert read_origin(text) is None
    with pytest.raises(DraftError) as caught:
        origin_of(MemoryTree({ORIGIN_FILE: text} if text else {}, Path("/app")))
    assert caught.value.problem.code == "no-origin"


def test_the_record_keeps_answers() -> None:
    tree = MemoryTree(APP)
    [app] = detect(tree)
    edits = scaffold(tree, app, PYTHON, answers={"port": 9000, "start": ("python", "x.py")}).edits
    text = next(edit.text for edit in edits if edit.path == ORIGIN_FILE)
    origin = read_origin(text)
    assert origin is not None
    assert dict(origin.answers) == {"port": 9000, "start": ("python", "x.py")}
    assert json.loads(text)["pack"] == "python"


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n"]), max_size=8).map("".join)


@settings(max_examples=200, deadline=None)
@given(LINES, LINES, LINES)
def test_a_merge_loses_nothing(base: str, mine: str, theirs: str) -> None:
    assert merge(base, base, theirs) == theirs
    assert merge(base, mine, base) == mine
    merged = merge(base, mine, theirs).splitlines()
    assert merge(base, mine, mine) == mine
    for line in set(mine.splitlines()) - set(base.splitlines()):
        assert line in merged
    for line in set(theirs.splitlines()) - set(base.splitlines()):
        assert line in merged
