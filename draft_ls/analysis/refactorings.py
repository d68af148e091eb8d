"""Changes that a person may want and that nothing is wrong without: as edits, from the texts as they are. Pure."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from draft_ls.analysis.draft_toml_completion import USUAL_ENVIRONMENTS
from draft_ls.analysis.toml_lines import environment_headers, table_at
from draft_ls.config.edit import add_environment, set_value
from draft_ls.config.names import dns_label
from draft_ls.config.read import parse
from draft_ls.config.schema import ENVIRONMENTS
from draft_ls.errors import DraftError, Edit, Place, Position, Repair, Span
from draft_ls.files import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from draft_ls.files import Tree

_LITERAL = re.compile(
    r"^\s*(?:-\s+)?(?P<key>[A-Za-z_]\w*):[ \t]+"
    r"(?P<value>\"[^\"{}]*\"|'[^'{}]*'|[^\s\"'{}\[\]#|>&*!][^{}#]*?)"
    r"[ \t]*(?:#.*)?$"
)
_FIXED = frozenset({"apiVersion", "kind"})
"""Keys that make an object what it is: no values."""

_IMAGE = re.compile(r"^(?P<indent>[ ]*(?:-[ ]+)?)image:.*$", re.MULTILINE)
_PORT_ITEM = re.compile(r"^[ ]*(?:-[ ]+)?containerPort:[ \t]*(?P<port>\S.*?)[ \t\r]*$", re.MULTILINE)
_PORT_NAME = re.compile(r"^[ ]*-[ ]+name:[ \t]*(?P<name>[\w-]+)[ \t\r]*\n[ ]*containerPort:", re.MULTILINE)
_SERVICE = re.compile(r"^kind:[ \t]*Service[ \t\r]*$", re.MULTILINE)
_NAME = re.compile(
    r"^metadata:[ \t\r]*\n(?:[ ]+\S.*\n)*?[ ]+name:[ \t]*(?P<name>\S.*?)[ \t\r]*$", re.MULTILINE
)
_SERVICE_PORT = re.compile(r"^[ ]*(?:-[ ]+)?port:[ \t]*(?P<port>\S.*?)[ \t\r]*$", re.MULTILINE)


def environment_copies(text: str, file: Path, line: int) -> Iterator[Repair]:
    """One more environment, made like the one that a line is in.

    Args:
        text: the draft.toml.
        file: where it is.
        line: the line, from 0.
    """
    table = table_at(text, line)
    if len(table) < 2 or table[0] != ENVIRONMENTS:
        return
    present = {name for name, _ in environment_headers(text)}
    environment = parse(text, file).environments.get(table[1])
    new = next((each for each in USUAL_ENVIRONMENTS if each not in present), f"{table[1]}-2")
    if environment is None or new in present:
        return
    try:
        made = add_environment(text, new, like=table[1])
        made = set_value(made, new, "name", dns_label(f"{environment.name}-{new}"))
    except DraftError:
        return  # a text that does not parse is told by itself
    yield Repair(f"Add the environment {new}, like {table[1]}", (_difference(text, made, file),))


def _difference(before: str, after: str, file: Path) -> Edit:
    """The one stretch in which two texts differ."""
    start = len(posixpath.commonprefix([before, after]))
    end = len(posixpath.commonprefix([before[start:][::-1], after[start:][::-1]]))
    span = Span(_position(before, start), _position(before, len(before) - end))
    return Edit(Place(file, span), after[start : len(after) - end])


def _position(text: str, offset: int) -> Position:
    line = text.count("\n", 0, offset)
    return Position(line, offset - (text.rfind("\n", 0, offset) + 1))


def extractions(tree: Tree, chart: str, path: str, line: int) -> Iterator[Repair]:
    """The literal of a template's line as a value of values.yaml.

    Args:
        tree: the app's folder.
        chart: the chart's folder in it.
        path: the template.
        line: the line, from 0.
    """
    lines = (tree.read(path) or "").split("\n")
    match = _LITERAL.match(lines[line].rstrip("\r")) if line < len(lines) else None
    if match is None or match["key"] in _FIXED:
        return
    values = f"{chart}/values.yaml"
    text = tree.read(values)
    key = _free(text or "", match["key"])
    value, quoted = match["value"], match["value"][0] in "\"'"
    place = Place(tree.root / path, Span.of(line, match.start("value"), match.end("value")))
    used = f"{{{{ .Values.{key}{' | quote' if quoted else ''} }}}}"
    yield Repair(
        f"Extract {value} to values.yaml as {key}",
        (Edit(place, used), _added(tree, values, f"{key}: {value}\n")),
    )


def _free(values: str, key: str) -> str:
    """A name at the top of the values that is not taken."""
    taken = set(re.findall(r"^([\w-]+):", values, re.MULTILINE))
    return next(name for name in (key, *(f"{key}{number}" for number in range(2, 100))) if name not in taken)


def _added(tree: Tree, path: str, text: str) -> Edit:
    """A text at the end of a file, which is made if there is none."""
    before = tree.read(path)
    if before is None:
        return Edit(Place(tree.root / path), text)
    end = _position(before, len(before))
    lead = "" if not before or before.endswith("\n") else "\n"
    made = lead + text
    return Edit(
        Place(tree.root / path, Span(end, end)), made.replace("\n", "\r\n") if "\r\n" in before else made
    )


def probes(tree: Tree, chart: str, path: str) -> Iterator[Repair]:
    """Probes for a container that has a port and none."""
    text = tree.read(path) or ""
    image, port = _IMAGE.search(text), _PORT_ITEM.search(text)
    if image is None or port is None or any("Probe:" in other for other in _templates(tree, chart)):
        return
    named = _PORT_NAME.search(text)
    indent = " " * len(image["indent"])
    checked = named["name"] if named else port["port"]
    lines = "".join(
        f"\n{indent}{name}:\n{indent}  tcpSocket:\n{indent}    port: {checked}"
        for name in ("readinessProbe", "livenessProbe")
    )
    at = _position(text, len(image[0].rstrip("\r")) + image.start())
    yield Repair("Add probes to the container", (Edit(Place(tree.root / path, Span(at, at)), lines),))


def ingress(tree: Tree, chart: str, path: str) -> Iterator[Repair]:
    """An ingress for a service, switched off until values.yaml says otherwise."""
    text = tree.read(path) or ""
    name, port = _NAME.search(text), _SERVICE_PORT.search(text)
    made = f"{chart}/templates/ingress.yaml"
    known = any(re.search(r"^kind:[ \t]*Ingress", other, re.MULTILINE) for other in _templates(tree, chart))
    if not _SERVICE.search(text) or name is None or port is None or known or tree.kind(made) is not None:
        return
    values = f"{chart}/values.yaml"
    if re.search(r"^ingress:", tree.read(values) or "", re.MULTILINE):
        return
    template = _INGRESS.replace("NAME", name["name"]).replace("PORT", port["port"])
    yield Repair(
        "Add an ingress for the service",
        (Edit(Place(tree.root / made), template), _added(tree, values, _INGRESS_VALUES)),
    )


def _templates(tree: Tree, chart: str) -> Iterator[str]:
    folder = f"{chart}/templates"
    if tree.kind(folder) is Kind.FOLDER:
        yield from (tree.read(f"{folder}/{name}") or "" for name in tree.listing(folder).files)


_INGRESS = """\
{{- if .Values.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: NAME
spec:
  {{- with .Values.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  rules:
    - host: {{ .Values.ingress.host | quote }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: NAME
                port:
                  number: PORT
{{- end }}
"""
_INGRESS_VALUES = """\
ingress:
  enabled: false
  className: ""
  host: app.local
"""
