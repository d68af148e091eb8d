"""Which probe a container was ended for. No I/O.

The kubelet ends a container whose startup or liveness probe fails, and then it looks like any other whose
program ended: only the events tell, and they come later than the status. The times tell what is possible.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from draft_ls.cluster.kinds import Object, list_at, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBES = ("startup", "liveness")
"""The probes for whose failure the kubelet ends a container; in its order."""
STOPPED = frozenset({0, 137, 143})
"""Exit codes of a program that was told to end: many servers end well when they get SIGTERM."""

_SECOND = len("2006-01-02T15:04:05")


def possible_probes(pod: Object, name: str, ended: Object) -> tuple[str, ...]:
    """The probes that may have ended a container: those that can have failed often enough while it ran."""
    containers = list_at(pod, "spec", "containers") + list_at(pod, "spec", "initContainers")
    specs = [item for item in containers if item["name"] == name]
    ran = _seconds(ended)
    return tuple(
        kind
        for kind in PROBES
        for spec in specs
        if (probe := spec.get(f"{kind}Probe")) is not None and (ran is None or ran >= _least(probe))
    )


def _least(probe: Object) -> float:
    """Seconds after which a probe can have failed for good at the earliest."""
    between = probe.get("periodSeconds", 10) * (probe.get("failureThreshold", 3) - 1)
    return probe.get("initialDelaySeconds", 0) + between


def _seconds(ended: Object) -> float | None:
    """How long a container ran at most; none if the cluster does not say."""
    try:
        began, end = (datetime.fromisoformat(ended[key]) for key in ("startedAt", "finishedAt"))
    except (KeyError, TypeError, ValueError):
        return None
    return (end - began).total_seconds() + 1  # The times are whole seconds.


def killing_probe(
    name: str, probes: Sequence[str], ended: Object, events: Sequence[Object]
) -> tuple[str, str] | None:
    """The probe for whose failure the kubelet ended a container, and its words; none if none is known.

    Args:
        name: the container.
        probes: those that may have.
        ended: how its last run ended.
        events: the events about the pod, the newest last.
    """
    told_to_end = ended.get("exitCode") in STOPPED
    # The kubelet drops events about a pod of which it has told much: an earlier run's have to do.
    said = [words_of(event) for event in reversed(events) if told_to_end or _is_of_run(event, ended)]
    failed = {
        kind: next(
            (text for text in said if re.match(f"{kind.capitalize()} probe (failed|errored)", text)), ""
        )
        for kind in probes
    }
    for kind in probes:
        killed = next((text for text in said if f"Container {name} failed {kind} probe" in text), "")
        if killed:
            return kind, failed[kind] or killed
    return next(((kind, text) for kind, text in failed.items() if text and told_to_end), None)


def _is_of_run(event: Object, ended: Object) -> bool:
    """Whether an event can be about that run of a container, and not only about an earlier one."""
    when, began = event.get("lastTimestamp") or event.get("eventTime"), ended.get("startedAt")
    return not when or not began or when[:_SECOND] >= began[:_SECOND]
