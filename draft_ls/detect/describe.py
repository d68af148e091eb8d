"""Detections as plain data: the shape of ``draft detect -o json``. What cannot be known is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from draft_ls.detect.commands import shell_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from draft_ls.detect.model import Detection, Evidence, Fact

FACTS: Final = ("framework", "version", "package_manager", "build", "start", "port", "health")
"""The facts that stand by their own names; their evidence says which of them it is for."""


def described(apps: Iterable[Detection]) -> list[dict[str, Any]]:
    """Apps, in their order, as JSON takes them. Lines and columns count from 1; the end is exclusive."""
    return [_app(each) | {"alternatives": [_app(other) for other in each.alternatives]} for each in apps]


def _app(app: Detection) -> dict[str, Any]:
    facts: dict[str, Fact[Any] | None] = {name: getattr(app, name) for name in FACTS}
    values = {name: fact.value if fact else None for name, fact in facts.items()}
    if app.start:
        values["start"] = shell_line(app.start.value)
    evidence = [_evidence(each, "pack") for each in app.evidence]
    evidence += [_evidence(each, name) for name, fact in facts.items() if fact for each in fact.evidence]
    evidence += [_evidence(each, "variables") for fact in app.variables for each in fact.evidence]
    return {
        "path": app.path or ".",
        "pack": app.pack,
        "language": app.language if app.language != app.pack or app.pack != "docker" else None,
        **values,
        "reads_port": app.reads_port,
        "variables": [fact.value for fact in app.variables],
        "confidence": app.confidence,
        "evidence": evidence,
    }


def _evidence(evidence: Evidence, fact: str) -> dict[str, Any]:
    span = evidence.span
    return {
        "fact": fact,
        "path": evidence.path,
        "line": span.start.line + 1 if span else None,
        "column": span.start.character + 1 if span else None,
        "end_line": span.end.line + 1 if span else None,
        "end_column": span.end.character + 1 if span else None,
        "seen": evidence.seen,
    }
