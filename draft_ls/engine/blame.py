"""Where a failure can be fixed: problems without a place, or with only the Dockerfile's, get one in the app.

A crash goes to the line of the workspace's own source that the traceback names, a compiler's error to the
line that the compiler named, what the cluster says about resources, probes and images to the line of the
chart or of draft.toml that asks for it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.analysis.frames import Source, find_source
from draft_ls.deploy.chart_places import setting_places
from draft_ls.dockerfile.parse import parse
from draft_ls.dockerfile.settings import settings
from draft_ls.errors import Place, Position, Problem, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from draft_ls.engine.target import Target

_VALUES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "container-out-of-memory": (("", "resources.limits.memory"), ("", "resources.limits"), ("", "resources")),
    "pod-unschedulable": (
        ("node selector|affinity", "nodeSelector"), ("affinity", "affinity"), ("taint", "tolerations"),
        ("Insufficient", "resources.requests"), ("Insufficient", "resources"), ("", "nodeSelector"),
    ),
    "quota-exceeded": (("", "resources.requests"), ("", "resources.limits"), ("", "resources")),
    "quota-needs-resources": (("", "resources"),),
    "liveness-probe-failed": (("", "livenessProbe"),),
    "startup-probe-failed": (("", "startupProbe"),),
    "readiness-probe-failed": (("", "readinessProbe"),),
    "container-runs-as-root": tuple(
        ("", f"{context}.{key}")
        for key in ("runAsUser", "runAsNonRoot")
        for context in ("podSecurityContext", "securityContext")
    ),
    "pod-security-denied": (("", "securityContext"), ("", "podSecurityContext")),
    "volume-claim-unbound": (("", "persistence"), ("", "volumes")),
    "volume-not-mounted": (("", "volumes"),),
    "service-account-missing": (("", "serviceAccount.name"), ("", "serviceAccount")),
    "image-not-on-node": (("", "image.pullPolicy"),),
}  # fmt: skip
"""Problem code → values by which the chart asks for it, the likeliest first, each with a sign in the cause."""

_START = ("container-cannot-start", "container-ends", "container-crashes")
"""What a container's command is to blame for, if no line of the source is."""

_IMAGE = re.compile(r"image-.*")
_NAMED = re.compile(r"'([^']+)'")
_LINE_LIMIT = 400


def located(problems: Iterable[Problem], target: Target) -> tuple[Problem, ...]:
    """The problems, each with the best place there is; a compiler's own place is added as a problem more.

    Reads the source that is blamed, and the chart. Blocks on the disk.
    """
    found: list[Problem] = []
    for problem in problems:
        source = _source(problem, target)
        if source is not None and problem.place is None:
            found.append(_at_source(problem, source, target.context.root))
        elif problem.place is None:
            place = (
                _in_chart(problem, target) or _in_config(problem, target) or _in_dockerfile(problem, target)
            )
            found.append(replace(problem, place=place))
        else:
            found.append(problem)
            if source is not None and problem.place.path != target.context.root / source.path:
                found.append(_beside(problem, source, target.context.root))
    return tuple(found)


def _source(problem: Problem, target: Target) -> Source | None:
    dockerfile = parse(target.dockerfile)
    folders = [settings(dockerfile, stage).workdir for stage in dockerfile.stages]
    return find_source(problem.details, target.context.files, [folder for folder in folders if folder])


def _at_source(problem: Problem, source: Source, root: Path) -> Problem:
    cause = source.message or problem.cause
    return replace(problem, place=_place(source, root), cause=cause)


def _beside(problem: Problem, source: Source, root: Path) -> Problem:
    return Problem(
        f"{problem.code}-source",
        source.message or problem.message,
        problem.stage,
        _place(source, root),
        cause=problem.message,
        fix="Correct it here; the next save builds again.",
        related=((problem.place, problem.message),) if problem.place else (),
    )


def _place(source: Source, root: Path) -> Place:
    """The named line, from its first character that is no blank (or the named column) to its end."""
    path = root / source.path
    line = _line(path, source.line)
    start = len(line) - len(line.lstrip()) if source.column is None else min(source.column, len(line))
    end = max(len(line.rstrip()), start + 1)
    return Place(path, Span(Position(source.line, start), Position(source.line, end)))


def _line(path: Path, number: int) -> str:
    try:
        lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[number][:_LINE_LIMIT] if number < len(lines) else ""


def _in_config(problem: Problem, target: Target) -> Place | None:
    """An image that cannot be pulled comes from where draft.toml says."""
    if not _IMAGE.fullmatch(problem.code):
        return None
    spans = target.environment.spans
    key = "registry" if "registry" in spans else "set" if "set" in spans else "name"
    return target.config.place(target.environment.key, key)


def _in_chart(problem: Problem, target: Target) -> Place | None:
    folder = target.config.path.parent
    chart = folder / target.environment.chart
    files = (*(folder / each for each in reversed(target.environment.values)), chart / "values.yaml")
    said = f"{problem.message} {problem.cause}"
    for sign, path in _VALUES.get(problem.code, ()):
        if not re.search(sign, said):
            continue
        keys = tuple(path.split("."))
        found = (place for file in files if (place := setting_places(file).get(keys)) is not None)
        if (place := next(found, None) or _in_templates(chart, keys[-1])) is not None:
            return place
    if problem.code.endswith(("-missing", "-key-missing")):
        names = _NAMED.findall(problem.message)
        for name in reversed(names):
            for file in (*files, *sorted((chart / "templates").glob("*.yaml"))):
                if (place := _text_in(file, name)) is not None:
                    return place
    return None


def _in_templates(chart: Path, key: str) -> Place | None:
    pattern = re.compile(rf"^\s*(?P<hit>{re.escape(key)})\s*:")
    files = sorted((chart / "templates").glob("*.yaml"))
    return next((place for file in files if (place := _search(file, pattern)) is not None), None)


def _in_dockerfile(problem: Problem, target: Target) -> Place | None:
    """The command that the container starts with."""
    if problem.code not in _START:
        return None
    found = settings(parse(target.dockerfile))
    started = found.entrypoint or found.command
    path = target.config.path.parent / target.environment.dockerfile
    return Place(path, started.instruction.span) if started else None


def _text_in(file: Path, text: str) -> Place | None:
    return _search(file, re.compile(rf"(?<![\w.-])(?P<hit>{re.escape(text)})(?![\w.-])"))


def _search(file: Path, pattern: re.Pattern[str]) -> Place | None:
    try:
        lines = file.read_text("utf-8-sig", errors="replace").splitlines()
    except OSError:
        return None
    for number, line in enumerate(lines):
        if match := pattern.search(line):
            return Place(file, Span.of(number, match.start("hit"), match.end("hit")))
    return None
