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
from draft_ls.analysis.wanted_packages import find_wanted
from draft_ls.deploy.chart_places import setting_places
from draft_ls.dockerfile.parse import parse
from draft_ls.dockerfile.settings import settings
from draft_ls.errors import Place, Position, Problem, Span, Stage

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
    "pod-denied": (
        (r"(?:memory|cpu) usage per|limit", "resources.limits"), ("usage per|limit", "resources"),
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

_INIT = re.compile(r"^Init container '([^']+)'")
_CONFIG: Mapping[str, tuple[str, ...]] = {
    "image-.*": ("registry", "set", "name"),
    "(?:release|cluster)-forbidden|cluster-unauthorized": ("context", "namespace", "name"),
    "release-name-invalid": ("name",),
    "release-set-invalid": ("set",),
}
"""Problem code → the keys of draft.toml that decide about it, the likeliest first."""
_NAMED = re.compile(r"'([^']+)'")
_WHO = re.compile(r"(?:container|pod) '[^']*'", re.IGNORECASE)
"""Who misses something: not what is missing."""
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
    root, files = target.context.root, target.context.files
    found = find_source(problem.details, files, [each for each in folders if each], _go_module(root))
    if found is None and problem.stage is Stage.BUILD:
        found = find_wanted(problem.details, files, lambda path: _text(root / path))
    return found


def _go_module(root: Path) -> str:
    """What the app's go.mod calls its module; empty if it has none."""
    found = re.search(r"^module\s+\"?([^\s\"]+)", _text(root / "go.mod") or "", re.MULTILINE)
    return found[1] if found else ""


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8-sig", errors="replace")
    except OSError:
        return None


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
    lines = (_text(path) or "").splitlines()
    return lines[number][:_LINE_LIMIT] if number < len(lines) else ""


def _in_config(problem: Problem, target: Target) -> Place | None:
    """An image that cannot be pulled comes from where draft.toml says; so does who may do what where."""
    keys = next((keys for code, keys in _CONFIG.items() if re.fullmatch(code, problem.code)), ())
    key = next((each for each in keys if each in target.environment.spans), keys[-1] if keys else None)
    return target.config.place(target.environment.key, key) if key else None


def _in_chart(problem: Problem, target: Target) -> Place | None:
    folder = target.config.path.parent
    chart = folder / target.environment.chart
    if init := _INIT.match(problem.message):
        return _named_container(chart, init[1])
    files = (*(folder / each for each in reversed(target.environment.values)), chart / "values.yaml")
    said = f"{problem.message} {problem.cause}"
    for sign, path in _VALUES.get(problem.code, ()):
        if not re.search(sign, said):
            continue
        if any(each == path or each.startswith(f"{path}.") for each in _set_names(target)):
            return target.config.place(target.environment.key, "set")
        keys = tuple(path.split("."))
        found = (place for file in files if (place := setting_places(file).get(keys)) is not None)
        if (place := next(found, None) or _in_templates(chart, keys[-1])) is not None:
            return place
    if problem.code.endswith(("-missing", "-key-missing")):
        names = _NAMED.findall(_WHO.sub("", problem.message))
        for name in reversed(names):
            for file in (*files, *sorted((chart / "templates").glob("*.yaml"))):
                if (place := _text_in(file, name)) is not None:
                    return place
    return None


def _named_container(chart: Path, name: str) -> Place | None:
    """The line of the chart that gives a container its name."""
    pattern = re.compile(rf"^\s*(?:- )?(?P<hit>name:\s*[\"']?{re.escape(name)}[\"']?)\s*$")
    files = (*sorted((chart / "templates").glob("*.yaml")), chart / "values.yaml")
    return next((place for file in files if (place := _search(file, pattern)) is not None), None)


def _set_names(target: Target) -> list[str]:
    """What ``set`` in draft.toml lays over the values files."""
    return [each.partition("=")[0].strip() for each in target.environment.set]


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
    for number, line in enumerate((_text(file) or "").splitlines()):
        if match := pattern.search(line):
            return Place(file, Span.of(number, match.start("hit"), match.end("hit")))
    return None
