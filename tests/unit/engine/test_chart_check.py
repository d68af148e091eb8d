"""Charts rendered by the real Helm from unsaved text: what is wrong, at its line of the app's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from draft_ls.engine.chart_check import chart_texts, check_charts
from draft_ls.files import DiskTree, OverlayTree
from tests.unit.analysis.broken import project

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.errors import Problem

SERVICE = "chart/templates/service.yaml"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    for path, text in project("python").items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    program: Path = request.getfixturevalue(request.param)
    monkeypatch.setenv("HELM", str(program))
    return program


async def told(app: Path, **unsaved: str) -> list[tuple[str, str, str]]:
    """Each problem's code, file, and what stands in its range."""
    texts = {path.replace("__", "/").replace("_yaml", ".yaml"): text for path, text in unsaved.items()}
    tree = OverlayTree(DiskTree(app), texts)
    found = await check_charts(chart_texts(tree))
    return [(each.code, *_where(each, tree)) for each in found]


def _where(problem: Problem, tree: OverlayTree) -> tuple[str, str]:
    assert problem.place is not None
    path = problem.place.path.relative_to(tree.root).as_posix()
    span = problem.place.span
    if span is None:
        return path, ""
    line = (tree.read(path) or "").split("\n")[span.start.line]
    return path, line[span.start.character : span.end.character].strip()


@pytest.mark.usefixtures("helm")
async def test_what_create_writes_is_right(app: Path) -> None:
    assert await told(app) == []


@pytest.mark.usefixtures("helm")
async def test_an_error_of_a_template_is_at_its_unsaved_line(app: Path) -> None:
    text = "# not saved\n" + (app / SERVICE).read_text().replace(".Values.service.port", ".Values.a.b.c")
    ((code, path, said),) = await told(app, chart__templates__service_yaml=text)
    assert (code, path) == ("chart-template-invalid", SERVICE)
    assert ".a.b.c" in said


@pytest.mark.usefixtures("helm")
async def test_a_field_that_comes_from_the_values_is_found_there(app: Path) -> None:
    text = (
        (app / "chart/values.yaml").read_text().replace("    memory: 512Mi", "    memory: 512Mi\n  limit: {}")
    )
    found = await told(app, chart__values_yaml=text)
    assert found == [("chart-object-invalid", "chart/values.yaml", "limit: {}")]


@pytest.mark.usefixtures("helm")
async def test_a_wrong_type_is_found(app: Path) -> None:
    text = (app / "chart/values.yaml").read_text().replace("replicaCount: 1", "replicaCount: many")
    ((code, path, said),) = await told(app, chart__values_yaml=text)
    assert (code, path, said) == ("chart-object-invalid", "chart/values.yaml", "replicaCount: many")


@pytest.mark.usefixtures("helm")
async def test_a_template_that_renders_to_no_yaml_is_found_at_its_line(app: Path) -> None:
    text = (
        (app / SERVICE)
        .read_text()
        .replace("      targetPort: http", "      targetPort: {{ .Values.service.port }}: x")
    )
    found = await told(app, chart__templates__service_yaml=text)
    assert found == [("chart-yaml-invalid", SERVICE, "targetPort: {{ .Values.service.port }}: x")]


@pytest.mark.usefixtures("helm")
async def test_a_text_of_the_values_that_breaks_the_yaml_is_found_where_it_is_rendered(app: Path) -> None:
    values = (app / "chart/values.yaml").read_text().replace("  type: ClusterIP", '  type: "a: [b"')
    found = await told(app, chart__values_yaml=values)
    assert found == [("chart-yaml-invalid", SERVICE, "type: {{ .Values.service.type }}")]


async def test_without_helm_nothing_is_told(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM", str(app / "no-helm"))
    assert await told(app, chart__templates__service_yaml="{{") == []


def test_equal_texts_are_known_by_it(app: Path) -> None:
    tree = DiskTree(app)
    before = chart_texts(tree)
    assert before == chart_texts(OverlayTree(tree, {"app.py": "x = 1\n"}))
    assert before != chart_texts(OverlayTree(tree, {"chart/values.yaml": "a: 1\n"}))
