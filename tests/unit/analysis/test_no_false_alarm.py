"""What ``draft create`` writes is right: for every example, and for every app that detection knows, nothing is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from draft_ls.analysis.app import problems_of_app
from draft_ls.engine.create import plan_create
from draft_ls.files import DiskTree, OverlayTree, Tree
from draft_ls.scaffold.model import Action
from tests.unit.detect.table import Sample, samples

if TYPE_CHECKING:
    from draft_ls.errors import Problem

EXAMPLES = sorted(path for path in (Path(__file__).parents[3] / "examples").iterdir() if path.is_dir())


def created(tree: Tree) -> OverlayTree:
    """The app with what ``draft create`` would write laid over it."""
    planned = plan_create(tree.root, tree=tree).scaffold
    return OverlayTree(tree, {each.path: each.text for each in planned.edits if each.action is Action.CREATE})


def told(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{each.code} {each.place}: {each.message}" for each in problems]


def deployable() -> list[Sample]:
    """The apps that create makes every file of: those with a Dockerfile of their own are their authors' affair."""
    return [
        each
        for each in samples()
        if any("path=. " in line for line in each.expected)
        and not {"Dockerfile", "draft.toml"} & each.files.keys()
    ]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples(example: Path) -> None:
    assert told(problems_of_app(created(DiskTree(example)))) == []


WRAPPER = {
    "gradlew": "gradle/wrapper/gradle-wrapper.properties",
    "mvnw": ".mvn/wrapper/maven-wrapper.properties",
}
"""Without these files a wrapper runs nowhere; the table of apps leaves them out."""


def whole(sample: Sample) -> Tree:
    return OverlayTree(sample.tree, {needs: "" for name, needs in WRAPPER.items() if name in sample.files})


@pytest.mark.parametrize("sample", deployable(), ids=lambda sample: sample.name)
def test_apps_of_every_kind(sample: Sample) -> None:
    assert told(problems_of_app(created(whole(sample)))) == []


def test_every_pack_that_detects_is_covered() -> None:
    packs = {
        line.split("pack=")[1].split(" ")[0]
        for each in deployable()
        for line in each.expected
        if "pack=" in line
    }
    built_in = {path.parent.name for path in (Path(__file__).parents[3] / "packs").glob("*/pack.toml")}
    assert built_in - packs <= {"_chart", "docker"}
