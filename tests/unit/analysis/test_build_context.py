"""An app whose build context lies above it: every analysis reads the Dockerfile against that folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from draft_ls.analysis.app import problems_of_app
from draft_ls.analysis.context import Memory
from draft_ls.analysis.draft_toml_completion import complete
from draft_ls.errors import Position
from draft_ls.files import DiskTree, MemoryTree, OverlayTree

ROOT = Path("/srv/shop")
APP = ROOT / "apps/web"
CONFIG = '[environments]\n  [environments.development]\n    name = "web"\n    build_context = "../.."\n'
DOCKERFILE = """\
FROM node:22-slim
WORKDIR /app
COPY --chown=1000 package.json package-lock.json ./
COPY --chown=1000 apps/web/package.json apps/web/
RUN npm ci
COPY --chown=1000 packages/ui packages/ui
COPY --chown=1000 apps/web apps/web
WORKDIR /app/apps/web
USER 1000
EXPOSE 3000
CMD ["node", "server.js"]
"""
GOOD = {
    "draft.toml": CONFIG,
    "Dockerfile": DOCKERFILE,
    "Dockerfile.dockerignore": "**\n!package*.json\n!apps/web\n!packages/ui\n**/node_modules\n",
    "package.json": "{}",
    "server.js": "require('http').createServer().listen(3000, '0.0.0.0')",
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "../../.git/HEAD": "",
    "../../package.json": '{"workspaces": ["apps/*", "packages/*"]}',
    "../../package-lock.json": "{}",
    "../../packages/ui/index.js": "",
    "../../packages/ui/node_modules/x/index.js": "",
    "../../packages/other/.env": "KEY=1",
}


def told(files: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (each.code, each.place.path.relative_to(ROOT).as_posix() if each.place else "")
        for each in problems_of_app(MemoryTree(files, APP))
    ]


def test_a_good_one_has_no_problem() -> None:
    assert told(GOOD) == []


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (  # the folder is the app's own again: nothing of the workspace is there
            {"draft.toml": CONFIG.replace("../..", ".")},
            ("copy-source-missing", "apps/web/Dockerfile"),
        ),
        ({"../../packages/ui/.env": "KEY=1"}, ("secret-in-image", "apps/web/Dockerfile")),
        (
            {"Dockerfile": DOCKERFILE.replace("packages/ui packages", "packages/iu packages")},
            ("copy-source-missing", "apps/web/Dockerfile"),
        ),
        (
            {"Dockerfile.dockerignore": "packages\n"},
            ("copy-source-ignored", "apps/web/Dockerfile"),
        ),
        (
            {"Dockerfile": DOCKERFILE.replace("server.js", "sever.js")},
            ("start-file-missing", "apps/web/Dockerfile"),
        ),
        (
            {"server.js": GOOD["server.js"].replace("0.0.0.0", "127.0.0.1")},
            ("binds-localhost", "apps/web/server.js"),
        ),
        ({"draft.toml": CONFIG.replace("../..", "../../..")}, ("context-outside", "apps/web/draft.toml")),
    ],
)
def test_what_is_wrong_is_told_at_its_place(files: dict[str, str], found: tuple[str, str]) -> None:
    assert found in told({**GOOD, **files})


def test_a_secret_in_a_sibling_is_ignored_in_the_ignore_file_in_force() -> None:
    files = {**GOOD, "../../packages/ui/.env": "KEY=1"}
    problems = problems_of_app(MemoryTree(files, APP))
    (secret,) = [each for each in problems if each.code == "secret-in-image"]
    (repair,) = secret.repairs
    (edit,) = repair.edits
    assert (edit.place.path, edit.text) == (APP / "Dockerfile.dockerignore", "packages/ui/.env\n")
    assert secret.related[0][0].path == ROOT / "packages/ui/.env"


def test_unsaved_text_of_a_sibling_counts(tmp_path: Path) -> None:
    app = tmp_path / "apps/web"
    for name, text in GOOD.items():
        path = (app / name).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert problems_of_app(DiskTree(app)) == ()
    memory = Memory()
    tree = OverlayTree(DiskTree(app), {"../../packages/ui/.env": "KEY=1"})
    assert [each.code for each in problems_of_app(tree, memory)] == ["secret-in-image"]
    assert problems_of_app(DiskTree(app), memory) == ()


def test_completion_offers_the_folders_that_it_may_be() -> None:
    line = '    build_context = ""'
    text = f"[environments]\n  [environments.development]\n{line}\n"
    proposals = complete(text, Position(2, len(line) - 1), MemoryTree(GOOD, APP))
    assert [(each.label, each.detail) for each in proposals] == [
        (".", "web"),
        ("..", "apps"),
        ("../..", "shop"),
    ]
