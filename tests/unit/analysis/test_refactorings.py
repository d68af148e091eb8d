"""Edits that a person asks for: what they make reads well, and nothing is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from draft_ls.analysis.app import problems_of_app
from draft_ls.analysis.refactorings import environment_copies, extractions, ingress, probes
from draft_ls.config.read import parse
from draft_ls.files import MemoryTree
from tests.unit.analysis.broken import ROOT, project
from tests.unit.analysis.test_broken import repaired

if TYPE_CHECKING:
    from draft_ls.errors import Repair

TEMPLATE = "chart/templates/deployment.yaml"
SERVICE = "chart/templates/service.yaml"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: app
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          imagePullPolicy: "Always"  # why
          ports:
            - name: web
              containerPort: 5000
"""


def told(files: dict[str, str]) -> list[str]:
    return [each.message for each in problems_of_app(MemoryTree(files, ROOT))]


def after(files: dict[str, str], repair: Repair) -> dict[str, str]:
    made = repaired(files, repair)
    assert made != files
    return made


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_environment_like_this_one(end: str) -> None:
    files = project("python")
    text = files["draft.toml"].replace("\n", end)
    (repair,) = environment_copies(text, ROOT / "draft.toml", 3)
    assert repair.title == "Add the environment staging, like development"
    made = after(files | {"draft.toml": text}, repair)
    found = parse(made["draft.toml"], ROOT / "draft.toml")
    assert not found.problems
    assert found.environments["staging"].name == "sample-staging"
    assert made["draft.toml"].startswith(text)
    assert told(made) == []
    assert list(environment_copies("[environments.x]\nname = [", ROOT / "draft.toml", 1)) == []
    assert list(environment_copies(text, ROOT / "draft.toml", 0)) == []


@pytest.mark.parametrize(
    ("line", "used", "value"),
    [
        ("  replicas: 3", "  replicas: {{ .Values.replicas }}", "replicas: 3"),
        (
            '          imagePullPolicy: "Always"  # why',
            "          imagePullPolicy: {{ .Values.imagePullPolicy | quote }}  # why",
            'imagePullPolicy: "Always"',
        ),
        ("        - name: app", "        - name: {{ .Values.name }}", "name: app"),
    ],
)
def test_a_literal_goes_into_the_values(line: str, used: str, value: str) -> None:
    files = project("python") | {TEMPLATE: DEPLOYMENT}
    number = list[str](DEPLOYMENT.split("\n")).index(line)
    (repair,) = extractions(MemoryTree(files, ROOT), "chart", TEMPLATE, number)
    made = after(files, repair)
    assert made[TEMPLATE].split("\n")[number] == used
    assert made["chart/values.yaml"].endswith(f"\n{value}\n")


def test_what_is_no_literal_stays() -> None:
    tree = MemoryTree({TEMPLATE: DEPLOYMENT}, ROOT)
    lines = DEPLOYMENT.split("\n")
    stays = [number for number in range(len(lines)) if not list(extractions(tree, "chart", TEMPLATE, number))]
    assert {lines[number].strip() for number in stays} >= {
        "apiVersion: apps/v1",
        "kind: Deployment",
        "name: {{ .Release.Name }}",
        "ports:",
        "",
    }
    (repair,) = extractions(tree, "chart", TEMPLATE, lines.index("  replicas: 3"))
    assert repaired({TEMPLATE: DEPLOYMENT}, repair)["chart/values.yaml"] == "replicas: 3\n"


def test_a_taken_name_gets_a_number() -> None:
    tree = MemoryTree({TEMPLATE: DEPLOYMENT, "chart/values.yaml": "replicas: 1"}, ROOT)
    (repair,) = extractions(tree, "chart", TEMPLATE, DEPLOYMENT.split("\n").index("  replicas: 3"))
    assert [each.text for each in repair.edits] == ["{{ .Values.replicas2 }}", "\nreplicas2: 3\n"]


def test_probes_and_an_ingress_where_there_are_none() -> None:
    files = project("python") | {TEMPLATE: DEPLOYMENT}
    files["chart/templates/service.yaml"] = files[SERVICE].replace("targetPort: http", "targetPort: web")
    for name in ("_helpers.tpl", "ingress.yaml"):
        if name != "_helpers.tpl":
            del files[f"chart/templates/{name}"]
    helpers = files["chart/templates/_helpers.tpl"]
    files["chart/templates/_helpers.tpl"] = helpers[: helpers.index("{{/* A probe")]
    files["chart/values.yaml"] = (
        "containerPort: 5000\nservice: {type: ClusterIP, port: 80}\nserviceAccount: {}\n"
    )
    (repair,) = probes(MemoryTree(files, ROOT), "chart", TEMPLATE)
    made = after(files, repair)
    assert "          readinessProbe:\n            tcpSocket:\n              port: web\n" in made[TEMPLATE]
    assert list(probes(MemoryTree(made, ROOT), "chart", TEMPLATE)) == []
    (repair,) = ingress(MemoryTree(made, ROOT), "chart", SERVICE)
    made = after(made, repair)
    assert "number: {{ .Values.service.port }}" in made["chart/templates/ingress.yaml"]
    assert list(ingress(MemoryTree(made, ROOT), "chart", SERVICE)) == []


def test_what_create_writes_lacks_nothing() -> None:
    tree = MemoryTree(project("python"), ROOT)
    assert list(probes(tree, "chart", TEMPLATE)) == []
    assert list(ingress(tree, "chart", SERVICE)) == []
