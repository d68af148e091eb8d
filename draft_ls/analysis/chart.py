"""A chart as text: its values with their places, its templates, and the values that they name. Without Helm."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from draft_ls.errors import Place, Position, Problem, Span
from draft_ls.files import Kind, inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from draft_ls.config.model import Environment
    from draft_ls.files import Tree

TEMPLATE_LIMIT = 200
"""How many templates of one chart are read."""

_VALUE = re.compile(r"(?<![\w)])\$?\.Values((?:\.[A-Za-z_]\w*)+)")
_COMMENT = re.compile(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that is in effect: a scalar, or ``None`` for a table or list, and where it is set."""

    value: str | int | bool | None
    place: Place
    scalar: bool = True


@dataclass(frozen=True, slots=True)
class Reference:
    """A template's ``.Values.image.tag``: the path of the value, and where it is named."""

    path: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Template:
    """A file of ``templates/``: its path relative to the app's folder, and its text without comments.

    Comments are blanked, so that places stay right.
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart's folder.

    Attributes:
        folder: relative to the app's folder.
        metadata: the text of Chart.yaml; none if there is none.
        templates: its templates, helpers and notes included.
        settings: value path → what is in effect: values.yaml, then the environment's files, then its ``set``.
        references: every value that the templates name.
        problems: files that are no YAML.
    """

    folder: str
    metadata: str | None
    templates: tuple[Template, ...]
    settings: Mapping[tuple[str, ...], Setting]
    references: tuple[Reference, ...]
    problems: tuple[Problem, ...]

    def setting(self, *path: str) -> Setting | None:
        """What is set at a path of the values."""
        return self.settings.get(path)


def read_chart(tree: Tree, environment: Environment) -> Chart | None:
    """The chart of an environment with the values that it gives; none if there is no such folder."""
    folder = environment.chart.strip("/")
    if not inside(folder) or tree.kind(folder) is not Kind.FOLDER:
        return None
    settings: dict[tuple[str, ...], Setting] = {}
    problems: list[Problem] = []
    for path in (f"{folder}/values.yaml", *environment.values):
        text = tree.read(path) if inside(path) else None
        if text is not None:
            problems += _lay_over(settings, text, Place(tree.root / path))
    metadata = tree.read(f"{folder}/Chart.yaml")
    if metadata is not None:
        problems += _lay_over({}, metadata, Place(tree.root / folder / "Chart.yaml"))
    _lay_assignments(settings, tree, environment)
    templates = tuple(_templates(tree, folder))
    references = tuple(each for template in templates for each in _references(tree, template))
    return Chart(folder, metadata, templates, settings, references, tuple(problems))


def flattened(text: str, place: Place) -> dict[tuple[str, ...], Setting]:
    """Every key of a YAML text's first mapping, tables before what is in them.

    Raises:
        ValueError: it is no YAML; the error is a ``yaml.MarkedYAMLError`` in ``__cause__``.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node: Any = yaml.compose(text.replace("\r\n", "\n"), Loader=loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error
    found: dict[tuple[str, ...], Setting] = {}
    _flatten(node, (), place, found, 0)
    return found


def _flatten(
    node: Any,
    path: tuple[str, ...],
    place: Place,
    found: dict[tuple[str, ...], Setting],
    depth: int,
) -> None:
    kind = getattr(node, "id", "")
    if kind == "mapping" and depth < 30:
        if path:
            found[path] = Setting(None, _place(node, place), scalar=False)
        for key, value in node.value:
            if getattr(key, "id", "") == "scalar":
                _flatten(value, (*path, str(key.value)), place, found, depth + 1)
    elif kind == "sequence" and depth < 30:
        found[path] = Setting(None, _place(node, place), scalar=False)
        for number, value in enumerate(node.value):
            _flatten(value, (*path, str(number)), place, found, depth + 1)
    elif kind == "scalar" and path:
        found[path] = Setting(_scalar(node), _place(node, place))


def _scalar(node: Any) -> str | int | bool | None:
    text, tag = str(node.value), str(node.tag).rpartition(":")[2]
    if tag == "int" and re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    if tag == "bool":
        return text.lower() in {"true", "yes", "on"}
    return None if tag == "null" else text


def _place(node: Any, place: Place) -> Place:
    start, end = node.start_mark, node.end_mark
    return Place(place.path, Span(Position(start.line, start.column), Position(end.line, end.column)))


def _lay_over(settings: dict[tuple[str, ...], Setting], text: str, place: Place) -> Iterator[Problem]:
    try:
        found = flattened(text, place)
    except ValueError as error:
        yield _broken(text, place, error)
        return
    for path, setting in found.items():
        if setting.scalar or setting.value is None:
            _forget(settings, path, tables=setting.scalar)
        settings[path] = setting


def _forget(settings: dict[tuple[str, ...], Setting], path: tuple[str, ...], *, tables: bool) -> None:
    """A list or scalar replaces all that was below its key; a table is merged into the one before."""
    known = settings.get(path)
    if known is None or (not known.scalar and not tables):
        return
    for each in [each for each in settings if each[: len(path)] == path]:
        del settings[each]


def _lay_assignments(settings: dict[tuple[str, ...], Setting], tree: Tree, environment: Environment) -> None:
    span = environment.spans.get("set")
    place = Place(tree.root / "draft.toml", span)
    for assignment in environment.set:
        for part in re.split(r"(?<!\\),", assignment):
            key, equals, value = part.partition("=")
            if not equals or "[" in key or "{" in value:
                continue
            path = tuple(key.strip().split("."))
            for end in range(1, len(path)):
                settings.setdefault(path[:end], Setting(None, place, scalar=False))
            settings[path] = Setting(int(value) if re.fullmatch(r"\d+", value) else value, place)


def _broken(text: str, place: Place, error: ValueError) -> Problem:
    mark = getattr(error.__cause__, "problem_mark", None)
    cause = getattr(error.__cause__, "problem", None) or str(error)
    lines = text.split("\n")
    line = min(int(mark.line), len(lines) - 1) if mark else 0
    return Problem(
        "chart-file-invalid",
        f"{place.path.name} is no YAML: {cause}.",
        place=Place(place.path, Span.line(line, len(lines[line].rstrip("\r")))),
        fix="Correct the line, or the one before it.",
    )


def _templates(tree: Tree, folder: str) -> Iterator[Template]:
    pending = [f"{folder}/templates"]
    count = 0
    while pending:
        path = pending.pop(0)
        listing = tree.listing(path)
        pending += [f"{path}/{name}" for name in listing.folders]
        for name in listing.files:
            if count >= TEMPLATE_LIMIT:
                return
            count += 1
            text = tree.read(f"{path}/{name}") or ""
            yield Template(
                f"{path}/{name}", _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
            )


def _references(tree: Tree, template: Template) -> Iterator[Reference]:
    file = tree.root / template.path
    for match in _VALUE.finditer(template.text):
        path = tuple(match[1].strip(".").split("."))
        yield Reference(path, Place(file, span_at(template.text, *match.span())))


def span_at(text: str, start: int, end: int) -> Span:
    """The span between two character offsets."""
    before = text.count("\n", 0, start)
    column = start - (text.rfind("\n", 0, start) + 1)
    inner = text.count("\n", start, end)
    last = end - (text.rfind("\n", 0, end) + 1)
    return Span(Position(before, column), Position(before + inner, last))
