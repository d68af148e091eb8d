"""What of a build context above an app is watched beside the app's own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from draft_ls.build.context import ContextReader

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.build.surroundings import Surroundings

FILES = (
    "package.json", "apps/web/server.js", "apps/other/server.js", "packages/ui/src/index.js", "packages/db/index.js",
    "node_modules/x/index.js", ".git/HEAD", "docs/guide.md",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "apps/web/Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return tmp_path


def around(root: Path, ignore: str) -> Surroundings:
    (root / "apps/web/Dockerfile.dockerignore").write_text(ignore)
    reader = ContextReader(root, "apps/web/Dockerfile")
    reader.read()
    found = reader.around(root / "apps/web")
    assert found is not None
    return found


def test_only_what_the_ignore_file_lets_in_is_watched(root: Path) -> None:
    found = around(root, "**\n!package.json\n!apps/web\n!packages/ui\n")
    assert (found.flat, found.deep) == (("", "apps", "packages"), ("packages/ui",))
    names = {name: found.name(root / name) for name in FILES}
    assert {name for name in FILES if names[name]} == {"package.json", "packages/ui/src/index.js"}
    assert found.name(root.parent / "elsewhere.js") is None


def test_what_is_ignored_is_not_watched(root: Path) -> None:
    found = around(root, "**/node_modules\ndocs\npackages/db\n")
    assert (found.flat, found.deep) == (("", "apps"), ("apps/other", "packages"))
    assert found.name(root / "apps/other/server.js") == "apps/other/server.js"
    assert found.name(root / "packages/db/index.js") is None


def test_the_workspaces_own_ignore_file_counts(root: Path) -> None:
    (root / ".dockerignore").write_text(".dockerignore\ndocs\n")
    reader = ContextReader(root, "apps/web/Dockerfile")
    reader.read()
    found = reader.around(root / "apps/web")
    assert found is not None
    assert found.name(root / ".dockerignore") == ".dockerignore"
    assert found.name(root / "docs/guide.md") is None


def test_an_app_that_is_its_context_has_none(root: Path) -> None:
    reader = ContextReader(root, "apps/web/Dockerfile")
    reader.read()
    assert reader.around(root) is None
