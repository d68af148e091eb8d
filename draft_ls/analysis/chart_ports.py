"""Where a chart names the container's port: values, templates, services, probes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.analysis.chart import span_at
from draft_ls.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from draft_ls.analysis.chart import Chart, Setting, Template

_LINE = re.compile(r"^[ \t-]*(?P<key>containerPort|targetPort):[ \t]*(?P<value>\S.*?)[ \t\r]*$", re.MULTILINE)
_VALUE = re.compile(r"\{\{-?\s*(?:int\s+)?\(?\$?\.Values\.(?P<path>[\w.]+)\)?(?P<rest>[^}]*)\}\}")
_WITH = re.compile(r"\{\{-?\s*with\s+\$?\.Values\.(?P<path>[\w.]+)\s*-?\}\}")
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_PROBE_PORT = re.compile(r"^[ \t]*port:[ \t]*[\"']?(?P<port>\d+)[\"']?[ \t\r]*$")


@dataclass(frozen=True, slots=True)
class PortSetting:
    """A place of the chart that names the container's port; see ``ports.Statement``."""

    what: str
    port: int
    place: Place
    near: int


def chart_ports(chart: Chart, root: Path) -> Iterator[PortSetting]:
    """Every place of a chart that names the container's port as a number.

    Args:
        chart: the chart.
        root: the app's folder.
    """
    seen: set[Place] = set()
    for each in (*_of_templates(chart, root), *_of_probes(chart), *_of_probe_templates(chart, root)):
        if each.place not in seen and 0 < each.port < 65536:
            seen.add(each.place)
            yield each


def _of_templates(chart: Chart, root: Path) -> Iterator[PortSetting]:
    for template in chart.templates:
        for match in _LINE.finditer(template.text):
            what = match["key"]
            near = 4 if what == "containerPort" else 3
            value = match["value"].strip("\"'")
            if value.isdigit():
                start = match.start("value") + match["value"].find(value)
                span = span_at(template.text, start, start + len(value))
                yield PortSetting(what, int(value), Place(root / template.path, span), near)
            elif (path := _path(template, match)) and (setting := chart.setting(*path)):
                yield from _numbered(what if path[-1] == what else ".".join(path), setting, near)


def _path(template: Template, match: re.Match[str]) -> tuple[str, ...] | None:
    """The path of the value that a line takes."""
    if found := _VALUE.search(match["value"]):
        return tuple(found["path"].strip(".").split("."))
    if re.fullmatch(r"\{\{-?\s*\.\s*-?\}\}", match["value"]):
        opened = list(_WITH.finditer(template.text, 0, match.start()))
        return tuple(opened[-1]["path"].split(".")) if opened else None
    return None


def _numbered(what: str, setting: Setting, near: int) -> Iterator[PortSetting]:
    if isinstance(setting.value, bool):
        return
    text = str(setting.value)
    if setting.scalar and text.isdigit():
        yield PortSetting(what, int(text), setting.place, near)


def _of_probes(chart: Chart) -> Iterator[PortSetting]:
    for path, setting in chart.settings.items():
        if path[-1] == "port" and len(path) > 2 and path[-3] in _PROBES and isinstance(setting.value, int):
            yield from _numbered(path[-3], setting, 2)


def _of_probe_templates(chart: Chart, root: Path) -> Iterator[PortSetting]:
    """Probes written out in a template: ``port: 8080`` below ``readinessProbe:``."""
    for template in chart.templates:
        probe, depth, offset = "", 0, 0
        for line in template.text.splitlines(keepends=True):
            stripped = line.strip()
            indent = len(line) - len(line.lstrip())
            if stripped.rstrip(":") in _PROBES:
                probe, depth = stripped.rstrip(":"), indent
            elif probe and stripped and indent <= depth and not stripped.startswith("{{"):
                probe = ""
            elif probe and (match := _PROBE_PORT.match(line.rstrip("\n"))):
                span = span_at(template.text, offset + match.start("port"), offset + match.end("port"))
                yield PortSetting(probe, int(match["port"]), Place(root / template.path, span), 2)
            offset += len(line)
