"""A chart rendered by Helm and held against Kubernetes' schemas, with every error at its line of the chart.

Nothing is written and no cluster is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from draft_ls.deploy import chart_errors
from draft_ls.deploy.chart_places import field_places, rendered_place
from draft_ls.deploy.model import Target
from draft_ls.deploy.object_errors import rejection
from draft_ls.deploy.rendered import segments
from draft_ls.deploy.schemas import faults
from draft_ls.errors import Place, Problem
from draft_ls.processes import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from draft_ls.deploy.cluster_schemas import ClusterSchemas
    from draft_ls.deploy.helm import Helm
    from draft_ls.deploy.object_errors import Rejection
    from draft_ls.deploy.rendered import Segment
    from draft_ls.deploy.schemas import Fault
    from draft_ls.processes import Finished

_OF_OBJECTS = frozenset({"chart-yaml-invalid", "chart-object-invalid", "release-immutable-field"})
"""Problems of what the chart renders to."""
TIMEOUT = 20.0
"""Seconds that Helm may take to render a chart."""


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


async def check(helm: Helm, wanted: Rendering, schemas: ClusterSchemas | None = None) -> tuple[Problem, ...]:
    """What is wrong with a chart: what stops Helm, else what an API server would not take.

    Args:
        helm: the program.
        wanted: what to render.
        schemas: those of the cluster that it is for, if they are known.

    Raises:
        TimeoutError: Helm took too long.
    """
    finished = await _render(helm, wanted)
    if finished.ok:
        return await asyncio.to_thread(_faults, finished.stdout, wanted, schemas)
    target = Target(release=wanted.release, namespace=wanted.namespace, context="")
    problem = chart_errors.explain(finished.stderr, wanted.chart, target, wanted.values)
    if problem.code == "chart-dependency-missing":  # a deployment fetches them first
        return ()
    problem = await located(helm, wanted, problem)
    place = problem.place or Place(wanted.chart / "Chart.yaml")
    return (Problem(problem.code, problem.message, place=place, fix=problem.fix, related=problem.related),)


async def located(helm: Helm, wanted: Rendering, problem: Problem) -> Problem:
    """The same problem at its line of the chart or the values, where it is about what the chart renders to.

    Helm and API servers name lines and fields of the rendered text. The chart is rendered once more.
    """
    if problem.code not in _OF_OBJECTS or not wanted.chart.is_dir():
        return problem
    with contextlib.suppress(TimeoutError):
        rendered = (await _render(helm, wanted, "--debug")).stdout
        places = await asyncio.to_thread(_places, wanted, problem, segments(rendered))
        if places:
            others = tuple((place, "it is rendered here") for place in places[1:])
            return replace(problem, place=places[0], related=(*problem.related, *others))
    return problem


async def _render(helm: Helm, wanted: Rendering, *options: str) -> Finished:
    arguments: list[str | Path] = [helm.path, "template", wanted.release, wanted.chart, *options]
    arguments += ["--namespace", wanted.namespace]
    for file in wanted.values:
        arguments += ["--values", file]
    arguments += ["--values", "-"]
    for text in wanted.set_values:
        arguments += ["--set", text]
    return await run(arguments, timeout=TIMEOUT, stdin=json.dumps(wanted.injected).encode())


def _places(wanted: Rendering, problem: Problem, parts: Sequence[Segment]) -> tuple[Place, ...]:
    if problem.code == "chart-yaml-invalid":
        broken = ((each, _broken_line(each.text)) for each in parts)
        return tuple(rendered_place(wanted.chart, each, line) for each, line in broken if line is not None)[
            :1
        ]
    found = rejection(problem.cause)
    if found is None:
        return ()
    for part in parts:
        for manifest in _manifests(part):
            if _is_meant(manifest, found):
                return field_places(wanted.chart, wanted.values, part, found.path, found.key)
    return ()


def _is_meant(manifest: Mapping[str, Any], found: Rejection) -> bool:
    if not found.kind:  # then by the field: only what makes pods has this one
        spec: Any = manifest.get("spec")
        return isinstance(spec, dict) and found.path[1:2] == ("template",) and "template" in spec
    return manifest.get("kind") == found.kind and found.name in ("", _name(manifest))


def _broken_line(text: str) -> int | None:
    """The line at which a rendered text stops being YAML."""
    import yaml

    try:
        list(yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark
        context: Any = error.context_mark
        opened = context if context is not None and "expected" in str(error.problem) else mark
        return int(opened.line)
    except yaml.YAMLError:
        return None
    return None


def _manifests(part: Segment) -> Iterator[dict[str, Any]]:
    import yaml

    try:
        documents: list[Any] = list(yaml.load_all(part.text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError:
        return  # Helm took it: YAML of a kind that PyYAML does not read
    yield from (cast("dict[str, Any]", each) for each in documents if isinstance(each, dict))


def _name(manifest: Mapping[str, Any]) -> str:
    metadata: Any = manifest.get("metadata")
    return str(cast("dict[str, Any]", metadata).get("name", "")) if isinstance(metadata, dict) else ""


def _faults(rendered: str, wanted: Rendering, schemas: ClusterSchemas | None) -> tuple[Problem, ...]:
    found = [
        _problem(wanted, part, manifest, fault)
        for part in segments(rendered)
        for manifest in _manifests(part)
        for fault in faults(manifest, schemas)
    ]
    return tuple(dict.fromkeys(found))


def _problem(wanted: Rendering, part: Segment, manifest: Mapping[str, Any], fault: Fault) -> Problem:
    path = ".".join(fault.path)
    where = f" ({path})" if path else ""
    place, *others = field_places(wanted.chart, wanted.values, part, fault.path, fault.key)
    return Problem(
        "chart-object-invalid",
        f"Kubernetes does not accept this {manifest.get('kind')}: {fault.message}{where}.",
        place=place,
        fix="Correct the field; kubectl explain tells what it takes.",
        related=tuple((each, "it is rendered here") for each in others),
    )
