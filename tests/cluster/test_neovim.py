"""``editors/neovim/draft.lua`` in a real Neovim: open a folder, see a diagnostic, create, up, edit, save."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ground import ROOT, RealCluster

SCENARIO = Path(__file__).parent / "neovim/scenario.lua"
DRAFT = ROOT / "editors/neovim/draft.lua"


@pytest.fixture(scope="session")
def neovim() -> str:
    """Debian's Neovim, installed if it is missing."""
    if shutil.which("nvim") is None:
        subprocess.run([ROOT / "scripts/vscode-setup"], check=True, stdin=subprocess.DEVNULL)
    return shutil.which("nvim") or "nvim"


def test_the_whole_story(neovim: str, cluster: RealCluster, namespace: str, tmp_path: Path) -> None:
    del cluster
    app = tmp_path / "neovim-app"
    shutil.copytree(ROOT / "examples/python", app)
    server = Path(sys.executable).with_name("draft-ls")
    variables = {
        "DRAFT_SCENARIO": "|".join(map(str, (app, DRAFT, server))),
        "DRAFT_NAMESPACE": namespace,
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    done = subprocess.run(
        [neovim, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-S", SCENARIO],
        cwd=tmp_path,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for line in ("attached", "created", "diagnostic:", "status: neovim-app: live http", "redeployed"):
        assert line in said, said
