"""How far above an app its build context may lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from draft_ls.config.build_context import context_problem, levels_of, reach
from draft_ls.config.read import parse
from draft_ls.files import MemoryTree

APP = Path("/srv/shop/apps/web")


@pytest.mark.parametrize(
    ("files", "levels"),
    [
        ({}, 0),
        ({"../../.git/HEAD": ""}, 2),
        ({"../../.git": "gitdir: elsewhere"}, 2),  # a worktree
        ({"../../../.git/HEAD": "", "../.jj/x": ""}, 1),
        ({".git/HEAD": "", "../../package.json": '{"workspaces": ["apps/*"]}'}, 0),
        ({"../../package.json": '{"workspaces": ["apps/*"]}'}, 2),
        ({"../../package.json": "{}"}, 0),
        ({"../../pnpm-workspace.yaml": ""}, 2),
        ({"../../Cargo.toml": "[workspace]\n"}, 2),
        ({"../../Shop.sln": ""}, 2),
        ({"../go.work": "", "../../go.work": ""}, 1),
        ({"../../go.work": "", "../../../.git/HEAD": ""}, 3),
    ],
)
def test_a_context_reaches_to_the_repository_or_the_workspace(files: dict[str, str], levels: int) -> None:
    assert reach(MemoryTree(files, APP)) == levels


def test_a_context_beyond_it_is_a_problem_at_its_place() -> None:
    text = '[environments]\n[environments.development]\nname = "web"\nbuild_context = "../../.."\n'
    config = parse(text, APP / "draft.toml")
    environment = config.environments["development"]
    assert levels_of(environment.build_context) == 3
    assert context_problem(MemoryTree({"../../../.git/HEAD": ""}, APP), config, environment) is None
    problem = context_problem(MemoryTree({"../../.git/HEAD": ""}, APP), config, environment)
    assert problem is not None
    assert (problem.code, problem.place and problem.place.span and problem.place.span.start.line) == (
        "context-outside",
        3,
    )
    assert "/srv lies outside" in problem.message
