"""What Helm 3 and Helm 4 say of a broken chart, turned into problems at their place. The real Helm speaks."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from draft_ls.deploy.chart_errors import dependency_step, explain
from draft_ls.deploy.model import Target
from tiny import CHART

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from draft_ls.errors import Problem

TARGET = Target("context", "space", "app")


@pytest.fixture(params=["helm4", "helm3"])
def problem_of(request: pytest.FixtureRequest) -> Callable[..., Problem]:
    """What is told of a chart, by both Helms in turn."""
    helm: Path = request.getfixturevalue(request.param)

    def render(chart: Path, *arguments: str, values: tuple[Path, ...] = ()) -> Problem:
        files = [word for file in values for word in ("--values", str(file))]
        done = subprocess.run(
            [helm, "template", "app", str(chart), *files, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode, done.stdout
        return explain(done.stderr, chart, TARGET, values)

    return render


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return shutil.copytree(CHART, tmp_path / "chart")


def append(chart: Path, text: str, file: str = "templates/service.yaml") -> int:
    """Put a line at a file's end; its number from 0."""
    path = chart / file
    before = path.read_text()
    path.write_text(before + text + "\n")
    return len(before.splitlines())


def at(problem: Problem) -> tuple[str, int]:
    assert problem.place is not None
    assert problem.place.span is not None
    return problem.place.path.name, problem.place.span.start.line


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{{ .Values.nope.deep }}", "nil pointer"),
        ("{{ if }", "in if"),
        ("{{ nofunc }}", "nofunc"),
        ('{{ required "say a name" .Values.zzz }}', "say a name"),
        ('{{ include "tiny.none" . }}', "tiny.none"),
    ],
)
def test_a_template_that_cannot_be_rendered(
    chart: Path, problem_of: Callable[..., Problem], line: str, said: str
) -> None:
    number = append(chart, line)
    problem = problem_of(chart)
    assert problem.code == "chart-template-invalid"
    assert at(problem) == ("service.yaml", number)
    assert said in problem.message


def test_an_error_in_an_included_template_is_there_and_names_its_caller(
    chart: Path, problem_of: Callable[..., Problem]
) -> None:
    (chart / "templates/_parts.tpl").write_text('{{ define "part" }}\n{{ .Values.a.b }}\n{{ end }}\n')
    number = append(chart, '{{ include "part" . }}')
    problem = problem_of(chart)
    assert at(problem) == ("_parts.tpl", 1)
    ((caller, _),) = problem.related
    assert caller.path.name == "service.yaml"
    assert caller.span is not None
    assert caller.span.start.line == number


def test_a_template_that_renders_to_no_yaml(chart: Path, problem_of: Callable[..., Problem]) -> None:
    append(chart, "bad: [")
    problem = problem_of(chart)
    assert problem.code == "chart-yaml-invalid"
    assert problem.place is not None
    assert problem.place.path == chart / "templates/service.yaml"


def test_a_broken_values_yaml(chart: Path, problem_of: Callable[..., Problem]) -> None:
    append(chart, "a: [", "values.yaml")
    problem = problem_of(chart)
    assert problem.code == "chart-file-invalid"
    assert at(problem)[0] == "values.yaml"


def test_a_broken_values_file_of_the_person(
    chart: Path, problem_of: Callable[..., Problem], tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("a: 1\nb: [\n")
    problem = problem_of(chart, values=(file,))
    assert problem.code == "chart-file-invalid"
    assert problem.place is not None
    assert problem.place.path == file


def test_a_values_file_that_is_not_there(
    chart: Path, problem_of: Callable[..., Problem], tmp_path: Path
) -> None:
    assert problem_of(chart, values=(tmp_path / "gone.yaml",)).code == "values-missing"


def test_a_folder_that_is_no_chart(problem_of: Callable[..., Problem], chart: Path) -> None:
    (chart / "Chart.yaml").unlink()
    assert problem_of(chart).code == "chart-yaml-missing"


def test_no_chart_at_all(problem_of: Callable[..., Problem], tmp_path: Path) -> None:
    assert problem_of(tmp_path / "nothing").code == "chart-missing"


@pytest.mark.parametrize(
    ("text", "code"),
    [("name: [", "chart-file-invalid"), ("apiVersion: v2\nname: tiny\n", "chart-metadata-invalid")],
)
def test_a_broken_chart_yaml(chart: Path, problem_of: Callable[..., Problem], text: str, code: str) -> None:
    (chart / "Chart.yaml").write_text(text)
    problem = problem_of(chart)
    assert problem.code == code
    assert problem.place is not None
    assert problem.place.path == chart / "Chart.yaml"


def test_values_that_do_not_fit_the_schema(chart: Path, problem_of: Callable[..., Problem]) -> None:
    (chart / "values.schema.json").write_text('{"properties": {"replicas": {"type": "string"}}}')
    problem = problem_of(chart)
    assert problem.code == "values-invalid"
    assert at(problem) == ("values.yaml", 2)


def test_a_set_that_cannot_be_read(chart: Path, problem_of: Callable[..., Problem]) -> None:
    assert problem_of(chart, "--set", "a").code == "release-set-invalid"


def test_a_dependency_that_is_not_there(chart: Path, problem_of: Callable[..., Problem]) -> None:
    append(chart, "dependencies: [{name: part, version: 0.1.0, repository: 'file://../part'}]", "Chart.yaml")
    assert problem_of(chart).code == "chart-dependency-missing"
    assert dependency_step(chart) == "update"
    (chart / "Chart.lock").write_text("")
    assert dependency_step(chart) == "build"
    (chart / "charts/part").mkdir(parents=True)
    assert dependency_step(chart) is None


@pytest.mark.parametrize("text", ["", "[", "- a\n- b", "dependencies: 7"])
def test_an_odd_chart_yaml_asks_for_no_dependency(chart: Path, text: str) -> None:
    (chart / "Chart.yaml").write_text(text)
    assert dependency_step(chart) is None


PENDING = "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress"
FOREIGN = (
    'Error: unable to continue with update: Service "a" in namespace "b" exists and cannot be imported into '
    "the current release: invalid ownership metadata"
)
UNKNOWN = (
    'Error: unable to build kubernetes objects from release manifest: resource mapping not found: name: "x" '
    'namespace: "" from "": no matches for kind "Nope" in version "foo/v1"'
)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (PENDING, "release-pending"),
        (FOREIGN, "release-foreign-object"),
        (UNKNOWN, "chart-kind-unknown"),
        ("Error: Kubernetes cluster unreachable: dial tcp: connection refused", "cluster-unreachable"),
        ('Error: query: failed: secrets is forbidden: User "me" cannot list', "release-forbidden"),
        ("Error: something new", "helm-failed"),
        ("", "helm-failed"),
    ],
)
def test_what_the_cluster_refuses(chart: Path, said: str, code: str) -> None:
    problem = explain(said, chart, TARGET)
    assert problem.code == code
    assert problem.message.endswith(".")
    assert problem.cause == said.rpartition("Error: ")[2].removeprefix("UPGRADE FAILED: ")
