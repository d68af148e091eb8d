"""What a user installs: the wheel holds the code, the packs and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from ground import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.mark.parametrize("folder", ["packs", "builder"])
def test_the_wheel_holds_every_pack_and_the_builders_chart(wheel: Path, folder: str) -> None:
    shipped = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert shipped
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    for path in shipped:
        assert held[f"draft_ls/_{folder}/{path.relative_to(ROOT / folder).as_posix()}"] == path.read_bytes()


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"draft_ls"}


def test_the_wheel_brings_both_commands(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        text = archive.read(entry_points).decode()
    assert "draft = draft_ls.cli:main" in text
    assert "draft-ls = draft_ls.__main__:main" in text


def test_the_installed_wheel_finds_its_packs(wheel: Path, tmp_path: Path) -> None:
    """From the wheel alone, far from the checkout."""
    installed, app = tmp_path / "installed", tmp_path / "app"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    app.mkdir()
    (app / "requirements.txt").write_text("flask\n")
    (app / "app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    code = (
        "import sys; from pathlib import Path; import draft_ls; from draft_ls.detect.detect import detect; "
        "from draft_ls.files import DiskTree; "
        "print(Path(draft_ls.__file__).parent, *(each.pack for each in detect(DiskTree(Path(sys.argv[1])))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, app],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [str(installed / "draft_ls"), "python"]
