"""Where a rendered object's field can be corrected: the line of the template, or of the values that fill it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from draft_ls.analysis.chart import flattened
from draft_ls.deploy.rendered import line_of, suffixes, template_line, values_path
from draft_ls.errors import Place, Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from draft_ls.deploy.rendered import Segment

FEWEST = 2
"""A value with fewer keys in common with a field may be one of another object's."""


def field_places(
    chart: Path, values: Sequence[Path], segment: Segment, path: Sequence[str], key: str = ""
) -> tuple[Place, ...]:
    """Where a field is written, the likeliest first: what the values say comes before the template's line.

    Args:
        chart: the chart's folder.
        values: the values files laid over the chart's own, in their order.
        segment: the rendered text that has the field.
        path: the field, as keys and indexes; indexes may be left out.
        key: a key of the value at that path, if that one is meant.
    """
    file = chart / segment.file.partition("/")[2]
    template = _read(file)
    line = line_of(_composed(segment.text), path, key)
    if template is None or line is None:
        return (Place(file),)
    at = template_line(template, segment.text, line)
    found = Place(file, _span(template, at))
    unknown = bool(key) and tuple(path[-1:]) != (key,)
    start = template.splitlines()[at].find(f"{key}:") if unknown else -1
    if start >= 0:  # the name of the field is at fault, whatever it holds
        return (Place(file, Span.of(at, start, start + len(key))),)
    whole = (*path, key) if unknown else tuple(path)
    value = _value(chart, values, values_path(template, at), whole, template, at)
    return (value, found) if value is not None else (found,)


def rendered_place(chart: Path, segment: Segment, line: int) -> Place:
    """The line of a template that a line of its rendered text comes from."""
    file = chart / segment.file.partition("/")[2]
    template = _read(file)
    if template is None:
        return Place(file)
    return Place(file, _span(template, template_line(template, segment.text, line)))


def _value(
    chart: Path,
    values: Sequence[Path],
    named: tuple[str, ...] | None,
    field: tuple[str, ...],
    template: str,
    line: int,
) -> Place | None:
    """The value that a line of a template takes, or the part of it that a field is."""
    text = template.splitlines()[line]
    if "{{" not in text:
        return None
    for file in (*reversed(values), chart / "values.yaml"):
        settings = setting_places(file)
        if named is not None:
            inner = (named + tail for tail in (*suffixes(field), ()))
            hit = next((path for path in inner if path in settings), None)
            if hit is not None:
                return settings[hit]
        for tail in suffixes(field):
            if len(tail) >= FEWEST and tail in settings:
                return settings[tail]
    return None


def setting_places(file: Path) -> dict[tuple[str, ...], Place]:
    """Each key of a values file, list items by their keys alone too, and the line that it is on."""
    text = _read(file)
    if text is None:
        return {}
    try:
        found = flattened(text, Place(file))
    except ValueError:
        return {}
    places: dict[tuple[str, ...], Place] = {}
    lines = [*text.splitlines(), ""]
    for path, setting in found.items():
        span = setting.place.span
        if span is None:
            continue
        line = span.start.line
        if not setting.scalar and f"{path[-1]}:" not in lines[line]:
            line = max(line - 1, 0)  # a block begins on the line after its key
        place = Place(file, _span(text, line))
        places.setdefault(path, place)
        places.setdefault(tuple(part for part in path if not part.isdigit()), place)
    return places


def _composed(text: str) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return next(iter(yaml.compose_all(text, Loader=loader)), None)
    except yaml.YAMLError:
        return None


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _span(text: str, line: int) -> Span:
    """A line without the blanks around it."""
    lines = text.splitlines()
    written = lines[line] if line < len(lines) else ""
    return Span.of(line, len(written) - len(written.lstrip()), len(written.rstrip()))
