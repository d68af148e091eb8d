"""Projects that people write by hand and that work: nothing is told of them.

The table is ``good.txt``: a block for each project, ``=== name``; its files, each after a line ``--- path``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from draft_ls.analysis.app import problems_of_app
from draft_ls.files import MemoryTree

ROOT = Path("/srv/sample")
CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
"""Of projects whose chart is beside the point."""


def projects() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    text = (Path(__file__).parent / "good.txt").read_text()
    for block in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        name, *files = re.split(r"^--- (.+)\n", block, flags=re.MULTILINE)
        pairs = zip(files[::2], files[1::2], strict=True)
        found[name.strip()] = {"chart/Chart.yaml": CHART} | dict(pairs)
    return found


PROJECTS = projects()


@pytest.mark.parametrize("name", PROJECTS)
def test_nothing_is_told(name: str) -> None:
    found = problems_of_app(MemoryTree(PROJECTS[name], ROOT))
    told = [each for each in found if not each.code.startswith("sync-")]  # files of root's: right, if slow
    assert [f"{each.code} {each.place}: {each.message}" for each in told] == []
