"""What an edit makes of an app is foretold exactly: as it is read once the edit is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from draft_ls.build.context import ContextReader
from draft_ls.config.read import parse
from draft_ls.engine.outlook import edited, is_part, says
from draft_ls.engine.planner import Identity
from draft_ls.engine.reading import read_dockerfile, read_release
from draft_ls.engine.target import Target

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
[environments]
  [environments.development]
    name = "shop"
    values = ["values.dev.yaml"]
"""
FILES = {
    "draft.toml": CONFIG,
    "Dockerfile": "FROM scratch\nCOPY . .\n",
    ".dockerignore": "chart\nREADME.md\n",
    "app.py": "print(1)\n",
    "README.md": "# Shop\n",
    "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    "chart/values.yaml": "a: 1\n",
    "values.dev.yaml": "a: 2\n",
}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def saved(app: Path) -> Target:
    config = parse((app / "draft.toml").read_text(), app / "draft.toml")
    environment = config.environments["development"]
    context = ContextReader(app).read()
    release = read_release(app, environment)
    return Target(
        config, environment, context, Identity("", ""), dockerfile=read_dockerfile(context), release=release
    )


@pytest.mark.parametrize("ignored", ["", "Dockerfile\n"], ids=["", "a Dockerfile that is ignored"])
@pytest.mark.parametrize("name", ["app.py", "Dockerfile", "chart/values.yaml", "values.dev.yaml"])
@pytest.mark.parametrize("data", [b"x = 2\r\n", b"\xef\xbb\xbfx = '\xc3\xbc'\n"], ids=["crlf", "bom"])
def test_an_edit_is_what_is_read_once_it_is_saved(app: Path, name: str, data: bytes, ignored: str) -> None:
    (app / ".dockerignore").write_text(FILES[".dockerignore"] + ignored)
    before = saved(app)
    assert is_part(before, name)
    for text, same in ((FILES[name].encode(), True), (data, False)):
        assert says(before.context.files, before.dockerfile, before.release, name, name, text) is same
    foretold = edited(before, name, data)
    (app / name).write_bytes(data)
    after = saved(app)
    assert foretold.context.digest == after.context.digest != "" or name.startswith("chart")
    assert foretold.release == after.release
    assert foretold.dockerfile == after.dockerfile
    assert says(after.context.files, after.dockerfile, after.release, name, name, data)


def test_what_is_in_neither_image_nor_release_is_no_part(app: Path) -> None:
    target = saved(app)
    assert not is_part(target, "README.md")
    assert not is_part(target, "gone.py")


def test_an_edit_that_does_not_parse_would_be_held(app: Path) -> None:
    target = saved(app)
    [held] = edited(target, "app.py", b"def broken(:\n").held
    assert held.place is not None
    assert held.place.path == app / "app.py"
    assert edited(edited(target, "app.py", b"def broken(:\n"), "app.py", b"x = 1\n").held == ()
