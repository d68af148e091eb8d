"""What is wrong with a chart, as far as its texts say: files, metadata, blocks, values that templates miss."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from draft_ls.analysis.chart import flattened, span_at
from draft_ls.analysis.edits import replacement
from draft_ls.errors import Edit, Place, Position, Problem, Repair, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.chart import Chart, Reference, Template
    from draft_ls.analysis.subject import Subject

INJECTED = frozenset(
    {("image",), ("image", "repository"), ("image", "tag"), ("draft",), ("buildID",), ("global",)}
)
"""Values that every deployment sets by itself."""

_IMAGE_LINE = re.compile(r"^[ \t-]*image:[ \t]*(?P<value>\S.*?)[ \t]*$", re.MULTILINE)
_ACTION = re.compile(
    r"\{\{-?\s*(?P<word>if|range|with|define|block|end|else)\b(?P<rest>.*?)-?\}\}", re.DOTALL
)
_GUARDS = re.compile(
    r"\b(?:if|with|range|and|or|not|hasKey|default|dig|empty|coalesce|ternary|get|index|eq|ne)\b"
)
_DEFAULTS = {
    "apiVersion": "v2",
    "version": "0.1.0",
}


def chart_problems(subject: Subject) -> Iterator[Problem]:
    """The problems of an environment's chart."""
    chart = subject.chart
    if chart is None:
        return
    yield from chart.problems
    if chart.metadata is None:
        yield _no_metadata(subject, chart)
        return
    if not any(each.place and each.place.path.name == "Chart.yaml" for each in chart.problems):
        yield from _metadata(subject, chart, chart.metadata)
    for template in chart.templates:
        yield from _blocks(subject, template)
    if not any(each.place and each.place.path.name == "values.yaml" for each in chart.problems):
        yield from _missing_values(subject, chart)
    yield from _image(subject, chart)


def _no_metadata(subject: Subject, chart: Chart) -> Problem:
    name = subject.environment.name
    text = f"apiVersion: v2\nname: {name}\ntype: application\nversion: 0.1.0\n"
    return Problem(
        "chart-yaml-missing",
        f"The folder {chart.folder!r} has no Chart.yaml, so it is no chart.",
        place=subject.config.place(subject.environment.key, "chart"),
        fix="Add a Chart.yaml, or name the chart's folder in chart.",
        repairs=(Repair("Create Chart.yaml", (Edit(subject.place(f"{chart.folder}/Chart.yaml"), text),)),),
    )


def _metadata(subject: Subject, chart: Chart, text: str) -> Iterator[Problem]:
    place = subject.place(f"{chart.folder}/Chart.yaml")
    found = flattened(text, place)
    for key in ("apiVersion", "name", "version"):
        setting = found.get((key,))
        if setting is not None and setting.value not in (None, ""):
            continue
        value = _DEFAULTS.get(key, subject.environment.name)
        start = Span(Position(0, 0), Position(0, 0))
        edit = (
            Edit(setting.place, f" {value}" if setting.value is None else value)
            if setting
            else Edit(Place(place.path, start), f"{key}: {value}\n")
        )
        yield Problem(
            "chart-metadata-invalid",
            f"Chart.yaml has no {key}; Helm refuses the chart.",
            place=setting.place if setting and setting.place.span else Place(place.path, _first_line(text)),
            fix=f"Write {key}: {value}.",
            repairs=(Repair(f"Write {key}: {value}", (edit,)),),
        )


def _first_line(text: str) -> Span:
    return Span.line(0, len(text.split("\n", maxsplit=1)[0].rstrip("\r")))


def _blocks(subject: Subject, template: Template) -> Iterator[Problem]:
    """``{{ if }}`` without ``{{ end }}``, and the other way round."""
    opened: list[re.Match[str]] = []
    for match in _ACTION.finditer(template.text):
        word = match["word"]
        if word == "end":
            if not opened:
                yield _block(
                    subject,
                    template,
                    match,
                    "There is no if, range, with or define that this ends.",
                    "Remove it.",
                )
                return
            opened.pop()
        elif word != "else":
            opened.append(match)
    for match in opened[-1:]:
        yield _block(
            subject, template, match, f"This {match['word']} has no end.", "Add {{- end }} where it ends."
        )


def _block(subject: Subject, template: Template, match: re.Match[str], message: str, fix: str) -> Problem:
    place = subject.place(template.path, span_at(template.text, *match.span()))
    repairs = (replacement("Remove it", place, ""),) if match["word"] == "end" else ()
    return Problem("chart-template-invalid", message, place=place, fix=fix, repairs=repairs)


def _missing_values(subject: Subject, chart: Chart) -> Iterator[Problem]:
    """Values that a template names and nothing sets: an empty text at best, a failed release at worst."""
    guarded = _guarded(chart)
    told: set[tuple[str, ...]] = set()
    for reference in chart.references:
        path = reference.path
        if path in told or path in INJECTED or path in chart.settings or path[0] == "global":
            continue
        if any(path[:end] in guarded for end in range(1, len(path) + 1)) or _opaque(chart, path):
            continue
        told.add(path)
        yield from _missing_value(subject, chart, reference)


def _guarded(chart: Chart) -> set[tuple[str, ...]]:
    """Values that some template asks for before it uses them, or has a default for."""
    found: set[tuple[str, ...]] = set()
    for template in chart.templates:
        for action in re.finditer(r"\{\{(.*?)\}\}", template.text, re.DOTALL):
            if _GUARDS.search(action[1]):
                for match in re.finditer(r"\.Values((?:\.\w+)+)", action[1]):
                    found.add(tuple(match[1].strip(".").split(".")))
    return found


def _opaque(chart: Chart, path: tuple[str, ...]) -> bool:
    """Whether a scalar or list stands on the way: what is below it is the template's own affair."""
    return any(
        (setting := chart.settings.get(path[:end])) is not None
        and setting.scalar
        and setting.value is not None
        for end in range(1, len(path))
    )


def _missing_value(subject: Subject, chart: Chart, reference: Reference) -> Iterator[Problem]:
    path = reference.path
    name = ".".join(path)
    parent = path[:-1]
    siblings = sorted(
        {
            each[len(parent)]
            for each in chart.settings
            if each[: len(parent)] == parent and len(each) == len(path)
        }
    )
    near = get_close_matches(path[-1], siblings, n=1, cutoff=0.75)
    broken = bool(parent) and parent not in chart.settings and parent not in INJECTED
    if not near and not broken:
        return
    repairs: tuple[Repair, ...] = ()
    if near:
        better = ".".join((*parent, near[0]))
        written = f".Values.{better}"
        repairs = (replacement(f"Use {written}", reference.place, _prefix(subject, reference) + written),)
    related: tuple[tuple[Place, str], ...] = ()
    if near:
        related = ((chart.settings[*parent, near[0]].place, f"{'.'.join((*parent, near[0]))} is here"),)
    yield Problem(
        "chart-value-missing",
        f"No values file sets {name}"
        + (
            f", and nothing sets {'.'.join(parent)}: Helm cannot render this."
            if broken
            else "; it renders to nothing."
        ),
        place=reference.place,
        fix=f"Did you mean {'.'.join((*parent, near[0]))}?" if near else f"Set {name} in values.yaml.",
        severity=Severity.ERROR if broken else Severity.WARNING,
        related=related,
        repairs=repairs,
    )


def _prefix(subject: Subject, reference: Reference) -> str:
    """``$`` if the reference is written ``$.Values``."""
    path = reference.place.path.relative_to(subject.tree.root).as_posix()
    span = reference.place.span
    line = (subject.tree.read(path) or "").split("\n")[span.start.line] if span else ""
    return "$" if span and line[span.start.character : span.start.character + 1] == "$" else ""


def _image(subject: Subject, chart: Chart) -> Iterator[Problem]:
    """A chart that never uses the image that was built deploys something else."""
    if "dependencies:" in (chart.metadata or "") or not chart.templates:
        return
    text = "\n".join(template.text for template in chart.templates)
    if re.search(r"\.Values\.image\b|[\"']image[\"']", text):
        used = all(re.search(rf"\.Values\.image\.{key}\b", text) for key in ("repository", "tag"))
        if used or not re.search(r"\.Values\.image\.\w+", text):
            return
    for template in chart.templates:
        for match in _IMAGE_LINE.finditer(template.text):
            place = subject.place(template.path, span_at(template.text, *match.span("value")))
            written = '"{{ .Values.image.repository }}:{{ .Values.image.tag }}"'
            yield Problem(
                "chart-image-unused",
                "The chart does not run the image that is built: it does not use image.repository and image.tag.",
                place=place,
                cause="Each deployment sets image.repository and image.tag to what was built.",
                fix=f"Write image: {written}.",
                repairs=(replacement("Use the image that is built", place, written),),
            )
            return
