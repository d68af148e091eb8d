"""Whether a save can be synced: what the Dockerfile, the app's pack and draft.toml say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from draft_ls.build.context import ContextReader
from draft_ls.config.read import parse
from draft_ls.detect.builtin import builtin_packs_folder
from draft_ls.detect.detect import detect
from draft_ls.engine.planner import Identity
from draft_ls.engine.syncing import judge
from draft_ls.engine.target import Target
from draft_ls.engine.writing import write
from draft_ls.files import DiskTree
from draft_ls.scaffold.packs import Pack, load_pack, load_packs
from draft_ls.scaffold.scaffold import scaffold

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "requirements.txt": "flask\n",
    "app.py": "from flask import Flask\napp = Flask(__name__)\n",
    "static/style.css": "a {}\n",
    "templates/page.html": "<p>",
    "api.proto": "x",
}


def created(folder: Path, pack: Pack | None = None) -> Path:
    """A Flask app as ``create`` makes it."""
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    tree = DiskTree(folder)
    [app] = detect(tree)
    pack = pack or load_packs((DiskTree(builtin_packs_folder()),)).packs["python"]
    write(folder, scaffold(tree, app, pack, name="shop").edits)
    return folder


def saved(app: Path) -> Target:
    config = parse((app / "draft.toml").read_text(), app / "draft.toml")
    assert config.problems == ()
    context = ContextReader(app).read()
    dockerfile = (app / "Dockerfile").read_text()
    environment = config.environments["development"]
    return Target(config, environment, context, Identity("", ""), dockerfile=dockerfile)


def verdict(app: Path, *changed: str) -> str:
    """What is said of a save of these files."""
    before = saved(app)
    for path in changed:
        (app / path).write_text((app / path).read_text() + "# changed")
    said, plan = judge(saved(app), before.context.files, before.dockerfile, None)
    assert said is not None
    assert said.possible is (plan is not None)
    if plan is not None:
        assert plan.restart is said.reason.endswith(", then restart")
    return said.reason


def configured(app: Path, sync: str) -> Path:
    (app / "draft.toml").write_text((app / "draft.toml").read_text() + f"    sync = {sync}\n")
    return app


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("app.py", "app.py, then restart"),
        ("templates/page.html", "templates/page.html, then restart"),
        ("static/style.css", "static/style.css"),
    ],
)
def test_the_pack_says_what_restarts(tmp_path: Path, changed: str, said: str) -> None:
    assert verdict(created(tmp_path), changed) == said


def test_a_pack_of_ones_own_says_what_is_built_and_what_reloads(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "pack.toml").write_text(
        'extends = "python"\n[sync]\nrebuild = ["*.proto"]\nreloads = ["python"]\n'
    )
    mine = load_pack(DiskTree(folder), shared=DiskTree(builtin_packs_folder()))
    app = created(tmp_path / "app", mine)
    assert verdict(app, "app.py") == "app.py"
    assert verdict(app, "app.py", "api.proto") == "api.proto is always built, by its pack"


def test_draft_toml_has_the_last_word(tmp_path: Path) -> None:
    app = configured(created(tmp_path), '{ restart = ["*.css"], exclude = ["templates/"] }')
    assert verdict(app, "app.py") == "app.py"
    assert verdict(app, "static/style.css") == "static/style.css, then restart"
    assert verdict(app, "templates/page.html") == "templates/page.html is excluded from sync in draft.toml"


def test_without_a_record_every_file_restarts(tmp_path: Path) -> None:
    app = created(tmp_path)
    (app / ".draft" / "origin.json").unlink()
    assert verdict(app, "static/style.css") == "static/style.css, then restart"
