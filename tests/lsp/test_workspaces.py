"""An app that is built from its workspace: what is written beside it counts, over real stdio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from draft_ls.engine.create import plan_create
from draft_ls.engine.writing import write
from lsp_client import editing, profile
from tests.unit.scaffold.workspaces import WORKSPACES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The member of an npm workspace, as ``draft create`` makes it."""
    member, files = WORKSPACES["npm"]
    for path, text in {".git/HEAD": "", **files}.items():
        (tmp_path / "shop" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / path).write_text(text)
    folder = tmp_path / "shop" / member
    write(folder, plan_create(folder).scaffold.edits)
    return folder


async def test_unsaved_text_beside_the_app_is_told_in_its_dockerfile(app: Path) -> None:
    root = app.parents[1]
    ignore, secret = app / "Dockerfile.dockerignore", root / "packages/ui/.npmrc"
    async with editing(root, capabilities=profile("neovim")) as client:
        broken = (app / "Dockerfile").read_text().replace("server.js", "sever.js")
        client.open(app / "Dockerfile", broken)
        assert [each.code for each in await client.problems(app / "Dockerfile")] == ["start-file-missing"]
        client.change(app / "Dockerfile", broken.replace("sever.js", "server.js"))
        assert await client.problems(app / "Dockerfile", none=True) == ()
        client.open(secret, "_authToken=abc\n")
        (problem,) = await client.problems(app / "Dockerfile")
        assert problem.code == "secret-in-image"
        assert "packages/ui/.npmrc" in problem.message
        client.open(ignore, ignore.read_text() + "**/.npmrc\n")
        assert await client.problems(app / "Dockerfile", none=True) == ()


async def test_a_context_outside_of_the_repository_is_an_error_in_draft_toml(app: Path) -> None:
    config = app / "draft.toml"
    async with editing(app.parents[1], capabilities=profile("neovim")) as client:
        client.open(config, config.read_text().replace('"../.."', '"../../.."'))
        (problem,) = await client.problems(config)
        assert problem.code == "context-outside"
        assert problem.range.start.line == config.read_text().split("\n").index('    build_context = "../.."')
