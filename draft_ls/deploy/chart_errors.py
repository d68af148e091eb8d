"""What Helm says when it fails, as problems with their place in the chart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from draft_ls.deploy.object_errors import rejection
from draft_ls.errors import Place, Position, Problem, Span, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from draft_ls.deploy.model import Target

_AT = re.compile(r"(?P<file>[\w.+-]+(?:/[\w.+-]+)+\.\w+):(?P<line>\d+)(?::(?P<column>\d+))?")
_RENDERED = re.compile(
    r"YAML parse error on (?P<file>\S+): (?P<cause>.*?)(?:line (?P<line>\d+): (?P<what>.*))?$", re.MULTILINE
)
_LOAD = re.compile(r"cannot load (?P<file>[\w./-]+): (?P<cause>.*)")
_LINE = re.compile(r"line (?P<line>\d+)")
_VALUES = re.compile(r"failed to parse (?P<file>.+?): (?P<cause>.*)")
_NO_KIND = re.compile(r"no matches for kind \"(?P<kind>\w+)\" in version \"(?P<version>[^\"]+)\"")


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one of Helm's messages is told: the sign it is known by, and the problem's words."""

    sign: str
    code: str
    message: str
    fix: str = ""


_RULES = (
    _Rule(
        'failed to create: namespaces "',
        "namespace-missing",
        "There is no namespace {namespace!r}, in the cluster of context {context!r}.",
        "Ask for the namespace, or name another one in draft.toml.",
    ),
    _Rule(
        "another operation",
        "release-pending",
        "Another Helm is writing release {release!r}, or was killed while it did.",
        "Wait for it to end. If none is running, run draft up again: it repairs the release.",
    ),
    _Rule(
        "invalid ownership metadata",
        "release-foreign-object",
        "An object of the chart exists already in namespace {namespace!r} and is not of this release.",
        "Delete that object, or choose another name in draft.toml.",
    ),
    _Rule(
        "field is immutable",
        "release-immutable-field",
        "The chart changes a field that Kubernetes does not allow to change.",
        "Undo the change, or run draft delete and draft up again: the objects are made anew.",
    ),
    _Rule(
        "release name is invalid",
        "release-name-invalid",
        "{release!r} cannot be the name of a release.",
        "Use lower-case letters, digits and hyphens as name in draft.toml, 53 characters at most.",
    ),
    _Rule(
        "exceeded quota",
        "release-quota",
        "A quota of namespace {namespace!r} does not allow what the chart asks for.",
        "Lower the chart's requests, or ask for a larger quota.",
    ),
    _Rule(
        "is forbidden",
        "release-forbidden",
        "The user of context {context!r} may not make what the chart asks for in namespace {namespace!r}.",
        "Ask for a role that allows it, or use another namespace or context.",
    ),
    _Rule(
        "cluster unreachable",
        "cluster-unreachable",
        "Helm cannot reach the cluster of context {context!r}.",
        "Check that the cluster is running and that the context is right.",
    ),
    _Rule(
        "connection refused",
        "cluster-refused",
        "Helm cannot reach the cluster of context {context!r}: nothing listens there.",
        "Start the cluster, or choose another context.",
    ),
    _Rule(
        "missing in charts/ directory",
        "chart-dependency-missing",
        "The chart depends on charts that are not in its charts folder.",
        "Run helm dependency build on the chart.",
    ),
    _Rule("failed parsing --set", "release-set-invalid", "A value of set in draft.toml cannot be read."),
    _Rule(
        "timed out waiting",
        "release-hook-timeout",
        "A hook of the chart did not end in time.",
        "Look at the hook's Job, or raise timeout in draft.toml.",
    ),
    _Rule(
        "release: not found",
        "release-missing",
        "There is no release {release!r} in namespace {namespace!r}.",
    ),
)  # fmt: skip


def explain(said: str, chart: Path | None, target: Target, values: Sequence[Path] = ()) -> Problem:
    """The problem behind what Helm wrote to its standard error.

    Args:
        said: everything it wrote.
        chart: the chart's folder or archive, if one was involved.
        target: the release it was about.
        values: the values files that were passed.
    """
    text = _error_of(said)
    found = _in_chart(text, chart, values) if chart is not None else None
    if found is not None:
        return found
    for rule in _RULES:
        if rule.sign in text.lower():
            message = rule.message.format(
                release=target.release, namespace=target.namespace, context=target.context
            )
            place = _kind_place(chart, text)
            return Problem(rule.code, message, Stage.RELEASE, place, cause=text, fix=rule.fix)
    return Problem(
        "helm-failed",
        f"Helm could not write release {target.release!r}.",
        Stage.RELEASE,
        _kind_place(chart, text),
        cause=text,
        fix="Correct what Helm names; then the next save deploys.",
        details=tuple(said.strip().splitlines()[-20:]),
    )


def explain_dependencies(said: str, chart: Path) -> Problem:
    """The problem behind a failed ``helm dependency build``."""
    text = _error_of(said)
    return Problem(
        "chart-dependency-missing",
        "The charts that this chart depends on cannot be fetched.",
        Stage.RELEASE,
        Place(chart / "Chart.yaml", _line_span(chart / "Chart.yaml", "dependencies:")),
        cause=text,
        fix="Add the repository that Helm names with helm repo add, or check name and version."
        if "no repository definition" in text
        else "Check name, version and repository of the dependencies in Chart.yaml.",
    )


def dependency_step(chart: Path) -> str | None:
    """What ``helm dependency`` must do before the chart is whole: ``build``, ``update`` or nothing.

    Nothing as well for an archive and for a Chart.yaml that cannot be read: Helm will say so.
    """
    import yaml

    try:
        data: Any = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    listed: Any = cast("dict[str, Any]", data).get("dependencies") if isinstance(data, dict) else None
    names = [cast("dict[str, Any]", entry).get("name") for entry in _dictionaries(listed)]
    folder = chart / "charts"
    if all((folder / str(name)).is_dir() or any(folder.glob(f"{name}-*.tgz")) for name in names if name):
        return None
    return "build" if (chart / "Chart.lock").exists() else "update"


def _dictionaries(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from (entry for entry in cast("list[Any]", value) if isinstance(entry, dict))


def _error_of(said: str) -> str:
    """What follows Helm's last ``Error:``; without its shouting."""
    text = said[said.rfind("Error: ") + 7 :] if "Error: " in said else said
    return re.sub(r"^(?:UPGRADE|INSTALLATION) FAILED: ", "", text.strip())


def _in_chart(text: str, chart: Path, values: Sequence[Path]) -> Problem | None:
    """The problem if the chart or a values file is at fault."""
    for explain_one in (_rendered, _template, _missing_file, _broken_file, _schema, _object):
        found = explain_one(text, chart, values)
        if found is not None:
            return found
    return None


def _rendered(text: str, chart: Path, _: Sequence[Path]) -> Problem | None:
    """A template that renders to something that is no YAML. Helm's line is one of the rendered text."""
    match = _RENDERED.search(text)
    if match is None:
        return None
    line = f" (line {match['line']} of the rendered text)" if match["line"] else ""
    what = match["what"] or match["cause"]
    return Problem(
        "chart-yaml-invalid",
        f"{_inside(match['file'])} renders to something that is no YAML: {what}{line}.",
        Stage.RELEASE,
        Place(_file(chart, match["file"])),
        cause=text,
        fix=f"See what it renders to: helm template --debug {chart.name}",
    )


def _template(text: str, chart: Path, _: Sequence[Path]) -> Problem | None:
    """An error in a template. Of several places, the last is where it happened; the others led there."""
    matches = list(_AT.finditer(text))
    if not matches:
        return None
    *callers, last = [_place(chart, match) for match in matches]
    cause = text[matches[-1].end() :].strip(" :)\n") or text
    cause = re.sub(r"\s*\n\s*", " ", re.sub(r'^executing "[^"]*" ', "", cause))
    return Problem(
        "chart-template-invalid",
        f"{_inside(matches[-1]['file'])} cannot be rendered: {cause}",
        Stage.RELEASE,
        last,
        cause=text,
        fix="Correct the template, or set in the values what it takes from them.",
        related=tuple((place, "called from here") for place in callers if place != last),
    )


def _missing_file(text: str, chart: Path, values: Sequence[Path]) -> Problem | None:
    for file in values:
        if f"open {file}: no such file" in text:
            return Problem(
                "values-missing",
                f"The values file {file.name} does not exist.",
                Stage.RELEASE,
                Place(file),
                fix="Create it, or remove it from values in draft.toml.",
            )
    if not chart.exists():
        return Problem(
            "chart-missing",
            f"There is no chart at {chart}.",
            Stage.RELEASE,
            fix="Run draft create, or correct chart in draft.toml.",
        )
    if "Chart.yaml file is missing" in text or ("Chart.yaml" in text and "no such file" in text):
        return Problem(
            "chart-yaml-missing",
            f"{chart} has no Chart.yaml, so it is no chart.",
            Stage.RELEASE,
            Place(chart / "Chart.yaml"),
            cause=text,
            fix="Add a Chart.yaml with apiVersion, name and version, or run draft create.",
        )
    return None


def _broken_file(text: str, chart: Path, _: Sequence[Path]) -> Problem | None:
    """A values file, Chart.yaml or the like that cannot be read."""
    match = _LOAD.search(text) or _VALUES.search(text)
    if match is not None:
        path = chart / match["file"] if match.re is _LOAD else Path(match["file"])
        return Problem(
            "chart-file-invalid",
            f"{path.name} cannot be read: {_yaml_cause(match['cause'])}.",
            Stage.RELEASE,
            Place(path, _numbered_span(match["cause"])),
            cause=text,
            fix="Correct its YAML: indentation, quotes, brackets.",
        )
    if text.startswith("validation: "):
        return Problem(
            "chart-metadata-invalid",
            f"Chart.yaml is not complete: {text.removeprefix('validation: ')}.",
            Stage.RELEASE,
            Place(chart / "Chart.yaml"),
            cause=text,
        )
    return None


def _schema(text: str, chart: Path, values: Sequence[Path]) -> Problem | None:
    if "specifications of the schema" not in text:
        return None
    faults = [line.strip(" -") for line in text.splitlines() if line.startswith("- ")]
    path = values[-1] if values else chart / "values.yaml"
    key = re.search(r"at '/([^/']+)", text)
    return Problem(
        "values-invalid",
        f"The values do not fit the chart's schema: {'; '.join(faults) or text}.",
        Stage.RELEASE,
        Place(path, _line_span(path, f"{key[1]}:") if key else None),
        cause=text,
    )


def _object(text: str, chart: Path, _: Sequence[Path]) -> Problem | None:
    """An object that the API server does not accept."""
    if "immutable" in text:
        return None
    if (match := _NO_KIND.search(text)) is not None:
        return Problem(
            "chart-kind-unknown",
            f"The cluster knows no {match['kind']} of {match['version']}.",
            Stage.RELEASE,
            _kind_place(chart, text),
            cause=text,
            fix="Install what defines it (a CRD), or use a version that this cluster has.",
        )
    if (found := rejection(text)) is not None:
        named = f"{found.kind} {found.name!r}" if found.name else f"this {found.kind or 'object'}"
        where = f" ({'.'.join(found.path)})" if found.path and not found.name else ""
        return Problem(
            "chart-object-invalid",
            f"The cluster does not accept {named}: {found.message}{where}",
            Stage.RELEASE,
            _kind_place(chart, text),
            cause=text,
            fix="Correct the field; kubectl explain tells what it takes.",
        )
    return None


def _inside(file: str) -> str:
    """The path inside the chart: Helm puts the chart's name in front."""
    return file.partition("/")[2] or file


def _file(chart: Path, file: str) -> Path:
    return chart / _inside(file) if chart.is_dir() else chart


def _place(chart: Path, match: re.Match[str]) -> Place:
    line = int(match["line"]) - 1
    column = int(match["column"]) if match["column"] else 0
    path = _file(chart, match["file"])
    text = _line_of(path, line)
    return Place(path, Span.of(line, min(column, len(text)), len(text))) if chart.is_dir() else Place(chart)


def _line_of(path: Path, line: int) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[line] if 0 <= line < len(lines) else ""


def _numbered_span(text: str) -> Span | None:
    match = _LINE.search(text)
    return Span(Position(int(match["line"]) - 1, 0), Position(int(match["line"]), 0)) if match else None


def _yaml_cause(text: str) -> str:
    return re.sub(r"^.*?yaml: (?:line \d+: )?", "", text).strip()


def _line_span(path: Path, start: str) -> Span | None:
    """The first line of a file that begins with a text."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return next((Span.line(n, len(line)) for n, line in enumerate(lines) if line.startswith(start)), None)


def _kind_place(chart: Path | None, text: str) -> Place | None:
    """The one template that makes an object of the kind that a message names, if there is just one."""
    named = _NO_KIND.search(text) or re.search(r"(?P<kind>[A-Z][a-z]\w+)(?:\.[\w.]+)? \"", text)
    if chart is None or named is None or not chart.is_dir():
        return None
    line = f"kind: {named['kind']}"
    found = [
        Place(path, span)
        for path in sorted((chart / "templates").rglob("*.yaml"))
        if (span := _line_span(path, line)) is not None
    ]
    return found[0] if len(found) == 1 else None
