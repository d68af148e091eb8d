"""How far a workload's new revision has come, from what the cluster holds. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.cluster import kinds
from draft_ls.cluster.kinds import Object, mapping_at, owner_of, uid_of
from draft_ls.deploy.model import Pod, Workload

if TYPE_CHECKING:
    from draft_ls.deploy.view import View

_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a workload stands.

    Attributes:
        workload: which.
        thing: the workload itself; none if the cluster does not show it yet.
        wanted: how many pods of the new revision there shall be.
        pods: the pods of the new revision that are there and not about to go.
        old: how many pods of older revisions still get traffic.
        makers: what makes the new pods and may fail to: the new ReplicaSet, or the workload itself.
        done: whether the new revision has taken over.
    """

    workload: Workload
    thing: Object | None = None
    wanted: int = 1
    pods: tuple[Object, ...] = ()
    old: int = 0
    makers: tuple[Object, ...] = ()
    done: bool = False

    @property
    def ready(self) -> int:
        """How many pods of the new revision are ready."""
        return sum(map(is_ready, self.pods))


def progress_of(view: View, workload: Workload, generation: int) -> Progress:
    """Look at a workload.

    Args:
        view: where.
        workload: which.
        generation: the generation that was written; an older one in the view is no news yet.
    """
    thing = view.named(kinds.WORKLOADS[workload.kind], workload.name)
    if thing is None or thing["metadata"].get("generation", 0) < generation or not _observed(workload, thing):
        return Progress(workload, thing)
    look = {"Deployment": _deployment, "StatefulSet": _stateful_set, "DaemonSet": _daemon_set, "Job": _job}
    return look[workload.kind](view, workload, thing)


def is_ready(pod: Object) -> bool:
    """Whether a pod may get traffic."""
    conditions: list[Object] = pod.get("status", {}).get("conditions", [])
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def is_going(pod: Object) -> bool:
    """Whether a pod is being deleted."""
    return "deletionTimestamp" in pod["metadata"]


def is_scheduled(pod: Object) -> bool:
    """Whether a pod has a node."""
    return bool(pod["spec"].get("nodeName"))


def pod_value(pod: Object, workload: Workload) -> Pod:
    """The pod as a value."""
    containers: list[Object] = pod["spec"]["containers"]
    return Pod(
        name=pod["metadata"]["name"],
        namespace=pod["metadata"]["namespace"],
        uid=uid_of(pod),
        workload=workload,
        containers=tuple(container["name"] for container in containers),
        ports=tuple(port["containerPort"] for item in containers for port in item.get("ports", [])),
        ready=is_ready(pod),
    )


def _observed(workload: Workload, thing: Object) -> bool:
    """Whether the controller has seen the newest spec. Jobs do not say; their spec never changes."""
    seen = mapping_at(thing, "status").get("observedGeneration", 0)
    return workload.kind == "Job" or seen >= thing["metadata"].get("generation", 0)


def _deployment(view: View, workload: Workload, thing: Object) -> Progress:
    sets = [item for item in view.objects(kinds.REPLICA_SETS) if owner_of(item) == uid_of(thing)]
    revision = thing["metadata"].get("annotations", {}).get(_REVISION)
    new = [item for item in sets if item["metadata"].get("annotations", {}).get(_REVISION) == revision]
    new_ids = {uid_of(item) for item in new}
    all_ids = {uid_of(item) for item in sets}
    present = [pod for pod in view.objects(kinds.PODS) if not is_going(pod)]
    pods = tuple(pod for pod in present if owner_of(pod) in new_ids)
    old = sum(owner_of(pod) in all_ids - new_ids for pod in present)
    wanted = thing["spec"].get("replicas", 1)
    available = sum(item.get("status", {}).get("availableReplicas", 0) for item in new)
    patient = thing["spec"].get("minReadySeconds", 0) > 0
    enough = (available if patient else sum(map(is_ready, pods))) >= wanted
    return Progress(workload, thing, wanted, pods, old, tuple(new), bool(new) and enough and not old)


def _stateful_set(view: View, workload: Workload, thing: Object) -> Progress:
    strategy: Object = thing["spec"].get("updateStrategy", {})
    replicas: int = thing["spec"].get("replicas", 1)
    revision = thing["status"].get("updateRevision")
    mine = [pod for pod in view.objects(kinds.PODS) if owner_of(pod) == uid_of(thing) and not is_going(pod)]
    pods = tuple(pod for pod in mine if pod["metadata"]["labels"].get("controller-revision-hash") == revision)
    if strategy.get("type") == "OnDelete":
        return Progress(workload, thing, 0, pods, 0, (thing,), done=True)
    rolling: Object = strategy.get("rollingUpdate") or {}
    wanted = max(0, replicas - rolling.get("partition", 0))
    old = max(0, len(mine) - len(pods) - (replicas - wanted))
    return Progress(
        workload, thing, wanted, pods, old, (thing,), sum(map(is_ready, pods)) >= wanted and not old
    )


def _daemon_set(view: View, workload: Workload, thing: Object) -> Progress:
    wanted: int = thing["status"].get("desiredNumberScheduled", 0)
    template = thing["metadata"].get("annotations", {}).get("deprecated.daemonset.template.generation")
    mine = [pod for pod in view.objects(kinds.PODS) if owner_of(pod) == uid_of(thing) and not is_going(pod)]
    pods = tuple(pod for pod in mine if pod["metadata"]["labels"].get("pod-template-generation") == template)
    if thing["spec"].get("updateStrategy", {}).get("type") == "OnDelete":
        return Progress(workload, thing, 0, pods, 0, (thing,), done=True)
    old = len(mine) - len(pods)
    return Progress(
        workload, thing, wanted, pods, old, (thing,), sum(map(is_ready, pods)) >= wanted and not old
    )


def _job(view: View, workload: Workload, thing: Object) -> Progress:
    """A job has taken over once it has ended well or its pod runs: nobody waits for its end."""
    status: Object = thing.get("status", {})
    pods = tuple(
        pod for pod in view.objects(kinds.PODS) if owner_of(pod) == uid_of(thing) and not is_going(pod)
    )
    conditions: list[Object] = status.get("conditions", [])
    complete = any(entry["type"] == "Complete" and entry["status"] == "True" for entry in conditions)
    return Progress(workload, thing, 1, pods, 0, (thing,), complete or any(map(is_ready, pods)))
