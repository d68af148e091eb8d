"""From rendered text back to what people write, and from an API server's words to the field they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from draft_ls.deploy.chart_places import field_places
from draft_ls.deploy.object_errors import rejection
from draft_ls.deploy.rendered import Segment, line_of, template_line, values_path

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = """\
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  {{- if .Values.count }}
  replicas: {{ .Values.count }}
  {{- end }}
  template:
    spec:
      containers:
        - name: app
          env:
            {{- range $name, $value := .Values.env }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
          {{- with .Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            - containerPort: 8080
"""
RENDERED = """\
kind: Deployment
metadata:
  name: app
spec:
  replicas: many
  template:
    spec:
      containers:
        - name: app
          env:
            - name: A
              value: "1"
            - name: B
              value: "2"
          resources:
            limits:
              memory: 1Zx
          ports:
            - containerPort: 8080
"""


@pytest.mark.parametrize(
    ("made", "written"),
    [
        ("kind: Deployment", "kind: Deployment"),
        ("  name: app", "  name: {{ .Release.Name }}"),
        ("  replicas: many", "  replicas: {{ .Values.count }}"),
        ("            - name: A", "            - name: {{ $name }}"),
        ("            - name: B", "            - name: {{ $name }}"),
        ('              value: "2"', "              value: {{ $value | quote }}"),
        ("          resources:", "          resources:"),
        ("              memory: 1Zx", "            {{- toYaml . | nindent 12 }}"),
        ("            - containerPort: 8080", "            - containerPort: 8080"),
    ],
)
def test_the_line_that_made_a_line(made: str, written: str) -> None:
    line = list[str](RENDERED.split("\n")).index(made)
    assert TEMPLATE.split("\n")[template_line(TEMPLATE, RENDERED, line)] == written


def test_any_line_of_any_text_has_one() -> None:
    for line in range(-1, 40):
        assert 0 <= template_line(TEMPLATE, RENDERED, line) < 22
    assert template_line("", "", 3) == 0
    assert template_line("", RENDERED, 3) == 0


def test_the_value_that_a_line_takes() -> None:
    lines = list[str](TEMPLATE.split("\n"))
    assert values_path(TEMPLATE, lines.index("  replicas: {{ .Values.count }}")) == ("count",)
    assert values_path(TEMPLATE, lines.index("            {{- toYaml . | nindent 12 }}")) == ("resources",)
    assert values_path(TEMPLATE, lines.index("            - containerPort: 8080")) is None


def test_a_field_with_and_without_indexes() -> None:
    document = yaml.compose(RENDERED)
    line = RENDERED.split("\n").index("            - containerPort: 8080")
    keys = ("spec", "template", "spec", "containers")
    assert line_of(document, (*keys, "0", "ports", "0", "containerPort")) == line
    assert line_of(document, (*keys, "ports", "containerPort")) == line
    assert line_of(document, (*keys, "0", "ports", "9")) == line - 1
    assert line_of(document, ("nothing",)) is None


def test_a_field_is_corrected_where_its_value_is(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/a.yaml").write_text(TEMPLATE)
    (tmp_path / "values.yaml").write_text("count: many\nresources:\n  limits:\n    memory: 1Zx\n")
    more = tmp_path / "more.yaml"
    more.write_text("count: most\n")
    segment = Segment("chart/templates/a.yaml", RENDERED)
    value, made = field_places(tmp_path, (more,), segment, ("spec", "replicas"))
    assert (str(value), str(made)) == (f"{more}:1:1", f"{tmp_path}/templates/a.yaml:6:3")
    path = ("spec", "template", "spec", "containers", "0", "resources", "limits", "memory")
    value, made = field_places(tmp_path, (more,), segment, path)
    assert (value.path.name, str(value)[-4:], str(made)[-5:]) == ("values.yaml", ":4:5", "19:13")
    (made,) = field_places(tmp_path, (), segment, ("spec", "template", "spec", "containers", "ports"))
    assert str(made).endswith("a.yaml:21:11")


SAID = {
    'Deployment.apps "app" is invalid: spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 9: no':
        ("Deployment", "app", "spec.template.spec.containers.0.ports.0.containerPort", ""),
    'Service "app" is invalid: [spec.ports[0].port: Invalid value: 0: no, spec.type: Required value]':
        ("Service", "app", "spec.ports.0.port", ""),
    'ValidationError(Deployment.spec): unknown field "replicass" in io.k8s.api.apps.v1.DeploymentSpec':
        ("Deployment", "", "spec", "replicass"),
    '[ValidationError(Deployment.spec.a[0].b[1]): unknown field "c" in io.k8s.X, ValidationError(Deployment.z): q]':
        ("Deployment", "", "spec.a.0.b.1", "c"),
    'ValidationError(Deployment.spec.replicas): invalid type for io.k8s.X.replicas: got "string", expected "integer"':
        ("Deployment", "", "spec.replicas", ""),
    'apply failed for object n/app apps/v1, Kind=Deployment: strict decoding error: unknown field "spec.x.y"':
        ("Deployment", "", "spec.x.y", ""),
    "failed to create patch object (n/app; apps/v1, Kind=Deployment): .spec.replicass: field not declared in schema":
        ("Deployment", "", "spec.replicass", ""),
    'Kind=Deployment: .spec.template.spec.containers[name="app"].resources.requests.cpu: expected string, got &value': (
        "Deployment", "", "spec.template.spec.containers.resources.requests.cpu", ""),
    'Service in version "v1" cannot be handled as a Service: json: cannot unmarshal string into Go struct field '
    "ServicePort.spec.ports.port of type int32": ("Service", "", "spec.ports.port", ""),
    'cannot patch "app" with kind Deployment:  "" is invalid: patch: Invalid value: "{}": quantities must match the '
    "regular expression": ("Deployment", "", "spec.template.spec.containers.resources", ""),
    "Kind=Deployment: unable to convert: quantities must match the regular expression '^x$'":
        ("Deployment", "", "spec.template.spec.containers.resources", ""),
}  # fmt: skip


@pytest.mark.parametrize("said", SAID)
def test_the_field_that_a_message_means(said: str) -> None:
    found = rejection(said)
    assert found is not None
    assert (found.kind, found.name, ".".join(found.path), found.key) == SAID[said]
    assert found.message


def test_other_messages_mean_none() -> None:
    assert rejection("timed out waiting for the condition") is None
    assert rejection('namespaces "x" is forbidden: no') is None
