"""Values as JSON, for ``-o json``: camelCase names, files as paths, places as people count them, from 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, cast

from draft_ls.engine.events import Event, Key
from draft_ls.errors import Problem


def encode(value: object) -> Any:
    """A value as ``json.dumps`` takes it. A dataclass field that is none is left out."""
    if isinstance(value, Problem):
        return encode_problem(value)
    if isinstance(value, Key):
        return {"app": str(value.app), "environment": value.environment}
    if is_dataclass(value) and not isinstance(value, type):
        return _encode_fields(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): encode(each) for key, each in cast("Mapping[object, object]", value).items()}
    if isinstance(value, tuple | list):
        return [encode(each) for each in cast("tuple[object, ...] | list[object]", value)]
    return value


def encode_event(event: Event) -> dict[str, Any]:
    """An event, its kind first: ``status``, ``stage-started``, ``stage-ended``, ``log``, ``run-ended``."""
    return {"event": _kebab(type(event).__name__), **encode(event)}


def encode_problem(problem: Problem) -> dict[str, Any]:
    """A problem, flat; ``line`` and ``column`` count from 1."""
    place = problem.place
    span = place.span if place else None
    found = {
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity.value,
        "stage": problem.stage.value if problem.stage else None,
        "path": str(place.path) if place else None,
        "line": span.start.line + 1 if span else None,
        "column": span.start.character + 1 if span else None,
        "endLine": span.end.line + 1 if span else None,
        "endColumn": span.end.character + 1 if span else None,
        "cause": problem.cause or None,
        "fix": problem.fix or None,
        "details": list(problem.details) or None,
        "related": [{"place": str(place), "message": said} for place, said in problem.related] or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _encode_fields(value: Any) -> dict[str, Any]:
    encoded: dict[str, Any] = {}
    for each in fields(value):
        found = getattr(value, each.name)
        if isinstance(found, Key):
            encoded |= encode(found)
        elif found is not None:
            encoded[_camel(each.name)] = encode(found)
    return encoded


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
