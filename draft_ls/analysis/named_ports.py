"""Ports by name: what services, probes and ingresses call a port must be what the port is called.

Helm and the API server take any name. A probe of an unknown name fails for ever, a service leads nowhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import accumulate
from typing import TYPE_CHECKING

from draft_ls.analysis.chart import span_at
from draft_ls.analysis.edits import replacement
from draft_ls.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from draft_ls.analysis.chart import Chart, Template
    from draft_ls.analysis.subject import Subject
    from draft_ls.errors import Place

_CONTAINER_PORT = re.compile(r"^(?P<indent>[ ]*(?:-[ ]+)?)containerPort:", re.MULTILINE)
_NAME = re.compile(r"^[ ]*(?:-[ ]+)?name:[ \t]*(?P<value>\S.*?)[ \t\r]*$")
_OPAQUE = re.compile(r"^[ ]*ports:[ \t\r]*\n[ ]*\{\{-?\s*(?:toYaml|include|with|tpl)\b", re.MULTILINE)
_TARGET = re.compile(r"^[ ]*(?:-[ ]+)?targetPort:[ \t]*(?P<value>\S.*?)[ \t\r]*$", re.MULTILINE)
_PORT = re.compile(r"^(?P<indent>[ ]*)port:[ \t]*(?P<value>[\w\"'-]+)[ \t\r]*$", re.MULTILINE)
_WORD = re.compile(r"[\"']?(?P<name>[a-z0-9-]*[a-z][a-z0-9-]*)[\"']?")
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")


@dataclass(frozen=True, slots=True)
class _Named:
    """A port's name, and where it is written."""

    name: str
    place: Place


def named_port_problems(subject: Subject) -> Iterator[Problem]:
    """Names of ports that no container of the chart has."""
    chart = subject.chart
    if chart is None or any(_OPAQUE.search(template.text) for template in chart.templates):
        return
    names = tuple(_container_ports(subject, chart))
    if not names or any("{{" in each.name for each in names):
        return
    known = {each.name for each in names}
    for what, each in (*_targets(subject, chart), *_probes(subject, chart)):
        if each.name not in known:
            yield _unknown(what, each, names)


def _unknown(what: str, odd: _Named, names: tuple[_Named, ...]) -> Problem:
    choices = sorted({each.name for each in names})
    near = get_close_matches(odd.name, choices, n=1, cutoff=0.6) or choices[:1]
    return Problem(
        "port-name-unknown",
        f"{what} names the port {odd.name!r}, and no container has a port of that name.",
        place=odd.place,
        cause="The probe fails for ever." if what in _PROBES else "The service leads nowhere.",
        fix=f"Use {near[0]}, or give the container's port that name.",
        related=tuple((each.place, f"a port is named {each.name} here") for each in names),
        repairs=(replacement(f"Use {near[0]}", odd.place, near[0]),),
    )


def _container_ports(subject: Subject, chart: Chart) -> Iterator[_Named]:
    """The names beside each ``containerPort``; a port without a name has none."""
    for template in chart.templates:
        lines = template.text.splitlines(keepends=True)
        starts = [0, *accumulate(len(line) for line in lines)]
        for number, line in enumerate(lines):
            if found := _CONTAINER_PORT.match(line):
                for each in _item(lines, number, len(found["indent"])):
                    if name := _NAME.match(lines[each]):
                        yield _named(subject, template, name["value"], starts[each] + name.start("value"))


def _item(lines: Sequence[str], number: int, column: int) -> Iterator[int]:
    """The lines of the list's item that has a key at a column of a line."""
    yield number
    for step in (-1, 1):
        at = number if step < 0 else number + 1
        while 0 <= at < len(lines):
            line = lines[at]
            bare = line.strip()
            indent = len(line) - len(line.lstrip())
            begins = bare.startswith("- ") and indent < column
            if bare and not bare.startswith("{{") and indent < column and (step > 0 or not begins):
                break
            if at != number:
                yield at
            if begins:
                break
            at += step


def _named(subject: Subject, template: Template, written: str, start: int) -> _Named:
    name = written.strip("\"'")
    start += written.index(name) if name else 0
    return _Named(name, subject.place(template.path, span_at(template.text, start, start + len(name))))


def _targets(subject: Subject, chart: Chart) -> Iterator[tuple[str, _Named]]:
    for template in chart.templates:
        for match in _TARGET.finditer(template.text):
            if _WORD.fullmatch(match["value"]):
                yield "targetPort", _named(subject, template, match["value"], match.start("value"))


def _probes(subject: Subject, chart: Chart) -> Iterator[tuple[str, _Named]]:
    for path, setting in chart.settings.items():
        if len(path) > 2 and path[-1] == "port" and path[-3] in _PROBES and isinstance(setting.value, str):
            yield path[-3], _Named(setting.value, setting.place)
    for template in chart.templates:
        yield from _probes_of(subject, template)


def _probes_of(subject: Subject, template: Template) -> Iterator[tuple[str, _Named]]:
    """``port: http`` below a probe that is written out in a template."""
    probe, depth, offset = "", 0, 0
    for line in template.text.splitlines(keepends=True):
        stripped, indent = line.strip(), len(line) - len(line.lstrip())
        if stripped.rstrip(":") in _PROBES:
            probe, depth = stripped.rstrip(":"), indent
        elif probe and stripped and indent <= depth and not stripped.startswith("{{"):
            probe = ""
        elif probe and (match := _PORT.match(line.rstrip("\n"))) and _WORD.fullmatch(match["value"]):
            yield probe, _named(subject, template, match["value"], offset + match.start("value"))
        offset += len(line)
