"""A chart rendered by Helm and held against Kubernetes' schemas, with every error at its line of the chart.

Nothing is written and no cluster is asked.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from draft_ls.deploy import chart_errors
from draft_ls.deploy.model import Target
from draft_ls.deploy.schemas import faults
from draft_ls.errors import Place, Problem, Span
from draft_ls.processes import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from draft_ls.deploy.helm import Helm
    from draft_ls.deploy.schemas import Fault

TIMEOUT = 20.0
"""Seconds that Helm may take to render a chart."""

_SOURCE = re.compile(r"^---\n# Source: (?P<file>\S+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rendering:
    """What to render.

    Attributes:
        chart: the chart's folder.
        release: the release's name; ``namespace`` its namespace.
        values: values files, laid over the chart's own; ``set_values`` as ``--set`` takes them.
        injected: our own values.
    """

    chart: Path
    release: str
    namespace: str
    values: tuple[Path, ...]
    set_values: tuple[str, ...]
    injected: Mapping[str, Any]


async def check(helm: Helm, wanted: Rendering) -> tuple[Problem, ...]:
    """What is wrong with a chart: what stops Helm, else what an API server would not take.

    Raises:
        TimeoutError: Helm took too long.
    """
    arguments: list[str | Path] = [helm.path, "template", wanted.release, wanted.chart]
    arguments += ["--namespace", wanted.namespace]
    for file in wanted.values:
        arguments += ["--values", file]
    arguments += ["--values", "-"]
    for text in wanted.set_values:
        arguments += ["--set", text]
    finished = await run(arguments, timeout=TIMEOUT, stdin=json.dumps(wanted.injected).encode())
    if not finished.ok:
        return tuple(_explained(finished.stderr, wanted))
    return await asyncio.to_thread(_faults, finished.stdout, wanted)


def _explained(said: str, wanted: Rendering) -> Iterator[Problem]:
    target = Target(release=wanted.release, namespace=wanted.namespace, context="")
    problem = chart_errors.explain(said, wanted.chart, target, wanted.values)
    if problem.code != "chart-dependency-missing":  # a deployment fetches them first
        place = problem.place or Place(wanted.chart / "Chart.yaml")
        yield Problem(
            problem.code,
            problem.message,
            place=place,
            fix=problem.fix,
            related=problem.related,
        )


def _faults(rendered: str, wanted: Rendering) -> tuple[Problem, ...]:
    import yaml

    found: list[Problem] = []
    parts = _SOURCE.split("\n" + rendered if not rendered.startswith("---") else rendered)
    for file, text in zip(parts[1::2], parts[2::2], strict=True):
        try:
            documents: list[Any] = list(yaml.safe_load_all(text))
        except yaml.YAMLError:
            continue  # Helm took it: YAML of a kind that PyYAML does not read
        for document in documents:
            if isinstance(document, dict):
                manifest = cast("dict[str, Any]", document)
                found += [_problem(wanted, file, manifest, fault) for fault in faults(manifest)]
    return tuple(dict.fromkeys(found))


def _problem(wanted: Rendering, file: str, manifest: Mapping[str, Any], fault: Fault) -> Problem:
    path = ".".join(fault.path)
    where = f" at {path}" if path else ""
    return Problem(
        "chart-object-invalid",
        f"Kubernetes does not accept this {manifest.get('kind')}{where}: {fault.message}.",
        place=_place(wanted, file, fault),
        fix="Correct the field; kubectl explain tells what it takes.",
    )


def _place(wanted: Rendering, file: str, fault: Fault) -> Place:
    """The one line of the template, else of a values file, that has the key; else the template."""
    template = wanted.chart / file.partition("/")[2]
    for path in (template, *reversed(wanted.values), wanted.chart / "values.yaml"):
        lines = _lines_with(path, fault.key)
        if len(lines) == 1:
            return Place(path, lines[0])
    return Place(template)


def _lines_with(path: Path, key: str) -> Sequence[Span]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    expression = re.compile(rf"^\s*(?:-\s+)?(?P<key>{re.escape(key)}):")
    found = ((number, expression.match(line)) for number, line in enumerate(lines))
    return [Span.of(number, *match.span("key")) for number, match in found if match] if key else ()
