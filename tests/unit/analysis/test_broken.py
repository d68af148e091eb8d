"""Each broken project is told with the right code at the right place, and its repair does away with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from draft_ls.analysis.app import problems_of_app
from draft_ls.analysis.draft_toml_fixes import Fix, fixes
from draft_ls.errors import Edit, Place, Position, Problem, Repair, Severity
from draft_ls.files import MemoryTree
from tests.unit.analysis.broken import BROKEN, ROOT, Broken


def look(files: dict[str, str], *, sync: bool = True) -> tuple[Problem, ...]:
    """What is told; most Dockerfiles here leave the files to root, whose hint is beside their point."""
    found = problems_of_app(MemoryTree(files, ROOT))
    return tuple(each for each in found if sync or not each.code.startswith("sync-"))


def offset(text: str, position: Position) -> int:
    lines = text.split("\n")
    if position.line >= len(lines):
        return len(text)
    return sum(len(line) + 1 for line in lines[: position.line]) + position.character


def said(files: dict[str, str], place: Place) -> str:
    text = files[place.path.relative_to(ROOT).as_posix()]
    assert place.span is not None
    return text[offset(text, place.span.start) : offset(text, place.span.end)]


def repaired(files: dict[str, str], repair: Repair) -> dict[str, str]:
    result = dict(files)
    for edit in repair.edits:
        path = edit.place.path.relative_to(ROOT).as_posix()
        if edit.place.span is None:
            assert path not in result
            result[path] = edit.text
            continue
        text = result[path]
        start, end = offset(text, edit.place.span.start), offset(text, edit.place.span.end)
        result[path] = text[:start] + edit.text + text[end:]
    return result


def repair_of_fix(fix: Fix) -> Repair:
    return Repair(fix.title, (Edit(Place(ROOT / "draft.toml", fix.span), fix.text),))


def test_the_table_is_broad() -> None:
    assert len(BROKEN) >= 120
    assert len({each.name for each in BROKEN}) == len(BROKEN)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_broken(case: Broken) -> None:
    files = case.files
    sync = case.code.startswith("sync-")
    found = look(files, sync=sync)
    shown = [f"{each.code} {each.place}: {each.message}" for each in found]
    assert {each.code for each in found} - set(case.others) == {case.code}, shown
    problem = next(each for each in found if each.code == case.code)
    assert problem.place is not None
    assert problem.place.path.relative_to(ROOT).as_posix() == case.file
    assert said(files, problem.place) == case.text
    assert problem.message.endswith((".", "!"))
    assert problem.fix
    for place, words in problem.related:
        assert words
        if place.span:
            assert said(files, place)
    if case.repaired:
        repairs = (*problem.repairs, *map(repair_of_fix, fixes(problem, files["draft.toml"])))
        assert repairs
        after = look(repaired(files, repairs[0]), sync=sync)
        left = [
            f"{each.code} {each.place}: {each.message}"
            for each in after
            if each.severity is not Severity.HINT or each.code == case.code
        ]
        assert left == []


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_every_edit_lies_in_its_file(case: Broken) -> None:
    for problem in look(case.files):
        for repair in problem.repairs:
            assert repair.title
            assert repaired(case.files, repair) != case.files


@pytest.mark.parametrize(
    "path", ["Dockerfile", "chart/values.yaml", "chart/templates/deployment.yaml", "draft.toml", "app.py"]
)
def test_text_that_is_being_typed_never_breaks_the_analysis(path: str) -> None:
    files = Broken("", {}, "", "", "").files
    text = files[path]
    for end in range(0, len(text), max(len(text) // 60, 1)):
        for problem in look(files | {path: text[:end]}):
            assert problem.place is None or problem.place.path.is_relative_to(ROOT)


def test_the_page_of_codes_is_whole() -> None:
    page = (Path(__file__).parents[3] / "docs/diagnostics.md").read_text()
    rows = re.findall(r"^\| (`[a-z-]+`[^|]*)", page, re.MULTILINE)
    documented = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    caused = {each.code for each in BROKEN if not each.code.startswith(("dockerfile-", "config-"))}
    documented |= {each for each in caused if each.startswith("missing-")}
    assert documented - caused == {
        "chart-object-invalid"
    }  # Helm's; see tests/unit/engine/test_chart_check.py
    assert caused <= documented
