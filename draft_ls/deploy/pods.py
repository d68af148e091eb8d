"""The pods of a release, as a person looks at them: what ``kubectl get pods`` would say. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.cluster import kinds
from draft_ls.cluster.kinds import Object, list_at, mapping_at, name_of, owner_of, uid_of
from draft_ls.deploy.model import PodState
from draft_ls.deploy.progress import is_going, is_ready

if TYPE_CHECKING:
    from collections.abc import Iterable

    from draft_ls.deploy.model import Workload
    from draft_ls.deploy.view import View

_STARTING = frozenset({"PodInitializing", "ContainerCreating"})
"""Reasons of containers whose turn has not come yet: another container's reason says more."""


def pods_of(view: View, workloads: Iterable[Workload]) -> tuple[PodState, ...]:
    """The pods of every revision of some workloads, the newest first."""
    things = [view.named(kinds.WORKLOADS[workload.kind], workload.name) for workload in workloads]
    owners = {uid_of(thing) for thing in things if thing is not None}
    owners |= {uid_of(item) for item in view.objects(kinds.REPLICA_SETS) if owner_of(item) in owners}
    pods = [pod for pod in view.objects(kinds.PODS) if owner_of(pod) in owners]
    pods.sort(key=name_of)
    pods.sort(key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
    return tuple(map(pod_state, pods))


def pod_state(pod: Object) -> PodState:
    """A pod as a person looks at it."""
    containers = list_at(pod, "status", "containerStatuses")
    going = is_going(pod)
    return PodState(
        name=name_of(pod),
        phase="Terminating" if going else mapping_at(pod, "status").get("phase", "Unknown"),
        ready=is_ready(pod) and not going,
        restarts=sum(container.get("restartCount", 0) for container in containers),
        reason="" if going else _reason(pod, containers),
    )


def _reason(pod: Object, containers: list[Object]) -> str:
    of_pod: str = mapping_at(pod, "status").get("reason", "")
    if of_pod:  # Evicted, NodeLost
        return of_pod
    init = [_trouble(item) for item in list_at(pod, "status", "initContainerStatuses")]
    found = [text for text in (*init, *map(_trouble, containers)) if text]
    telling = [text for text in found if text not in _STARTING]
    return next(iter((*telling, *found)), "") or _unscheduled(pod)


def _trouble(container: Object) -> str:
    """Why a container does not run, else why it was started again."""
    waiting: str = mapping_at(container, "state", "waiting").get("reason", "")
    if waiting:
        return waiting
    return _ending(mapping_at(container, "state", "terminated")) or _ending(
        mapping_at(container, "lastState", "terminated")
    )


def _ending(ended: Object) -> str:
    """How a container ended, unless it ended well. ``Error`` says less than the exit code."""
    code = ended.get("exitCode", 0)
    if code == 0:
        return ""
    reason: str = ended.get("reason", "Error")
    return f"exit code {code}" if reason == "Error" else reason


def _unscheduled(pod: Object) -> str:
    for entry in list_at(pod, "status", "conditions"):
        if entry["type"] == "PodScheduled" and entry["status"] == "False":
            return entry.get("reason", "")
    return ""
