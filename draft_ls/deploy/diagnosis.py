"""Why a workload's new pods do not come up, from what the cluster says of them. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.cluster.kinds import Object, list_at, mapping_at, name_of, uid_of, words_of
from draft_ls.deploy import container_diagnosis
from draft_ls.deploy.findings import (
    AT_ONCE,
    FIRST_CRASH,
    GONE,
    NEVER,
    REPLACING,
    SANDBOX,
    SCHEDULING,
    Finding,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from draft_ls.deploy.progress import Progress


def findings(progress: Progress, events: Mapping[str, Sequence[Object]]) -> Iterator[Finding]:
    """Everything that is wrong with a workload now, the most telling first.

    Args:
        progress: where the workload stands.
        events: the cluster's events by the unique id of the object they are about, the newest last.
    """
    for pod in progress.pods:
        yield from _of_pod(pod, events.get(uid_of(pod), ()))
    for maker in progress.makers:
        # An event stays when what it tells of has passed.
        said = events.get(uid_of(maker), ()) if len(progress.pods) < progress.wanted else ()
        yield from _of_maker(maker, said, replacing=progress.old > 0)
    yield from _of_workload(progress)


def _of_workload(progress: Progress) -> Iterator[Finding]:
    workload = progress.workload
    if progress.thing is None:
        yield Finding(
            "workload-deleted",
            f"{workload.kind} {workload.name!r} is no longer in namespace {workload.namespace!r}: "
            "somebody has deleted it.",
            fix="Deploy again: save, or run “Draft: Up”.",
            patience=GONE,
        )
    elif progress.thing["spec"].get("paused"):
        yield Finding(
            "rollout-paused",
            f"{workload.kind} {workload.name!r} is paused, so nothing is rolled out.",
            fix=f"kubectl rollout resume {workload.kind.lower()}/{workload.name}",
        )


def _of_pod(pod: Object, events: Sequence[Object]) -> Iterator[Finding]:
    statuses = list_at(pod, "status", "initContainerStatuses") + list_at(pod, "status", "containerStatuses")
    for container in statuses:
        found = container_diagnosis.diagnose(pod, container, events)
        if found is not None:
            yield found
    yield from _unscheduled(pod, events)
    yield from _not_set_up(pod, events)
    status = mapping_at(pod, "status")
    if status.get("phase") == "Failed" and status.get("reason"):
        message = f"Pod {name_of(pod)!r} was ended by the cluster: {status['reason']}."
        yield Finding("pod-ended", message, status.get("message", ""), pod=name_of(pod))
    yield from _unready(pod, statuses, events)


def _unscheduled(pod: Object, events: Sequence[Object]) -> Iterator[Finding]:
    for entry in list_at(pod, "status", "conditions"):
        if entry["type"] != "PodScheduled" or entry["status"] != "False":
            continue
        text = entry.get("message", "")
        growing = any(event.get("reason") == "TriggeredScaleUp" for event in events)
        if "persistentvolumeclaim" in text.lower():
            code = "volume-claim-unbound"
            fix = "Make the claim's PersistentVolume, or name a storage class that this cluster has."
        else:
            code = "pod-unschedulable"
            fix = (
                "Lower resources.requests, correct nodeSelector or tolerations in the chart, or free a node."
            )
        patience = NEVER if growing else SCHEDULING
        yield Finding(
            code, f"No node can take pod {name_of(pod)!r}.", text, fix, name_of(pod), patience=patience
        )


def _not_set_up(pod: Object, events: Sequence[Object]) -> Iterator[Finding]:
    """Volumes and network, as long as no container has been made."""
    if any(mapping_at(item, "state").get("running") for item in list_at(pod, "status", "containerStatuses")):
        return
    name = name_of(pod)
    for event in reversed(events):
        text = words_of(event)
        if container_diagnosis.passes(text):
            continue
        if event.get("reason") in {"FailedMount", "FailedAttachVolume"}:
            missing = container_diagnosis.missing_object(text, f"A volume of pod {name!r}")
            message = f"A volume of pod {name!r} cannot be mounted."
            yield missing or Finding("volume-not-mounted", message, text, pod=name, patience=SANDBOX)
            return
        if event.get("reason") == "FailedCreatePodSandBox":
            message = f"The node cannot set up pod {name!r}."
            yield Finding("pod-sandbox-failed", message, text, pod=name, patience=SANDBOX)
            return


def _unready(pod: Object, statuses: Sequence[Object], events: Sequence[Object]) -> Iterator[Finding]:
    """A probe that fails. A slow start looks the same, so it is told only when time is up."""
    failed = [words_of(event) for event in events if event.get("reason") == "Unhealthy"]
    unready = [
        item for item in statuses if not item.get("ready") and mapping_at(item, "state").get("running")
    ]
    if not unready:
        return
    container = unready[0]
    # An app that has been restarted fails its readiness probe too, while it starts again.
    kinds = ("Startup", "Readiness", "Liveness")
    kinds = ("Liveness", *kinds) if container.get("restartCount") else kinds
    found = next(((kind, text) for kind in kinds for text in reversed(failed) if text.startswith(kind)), None)
    if found is not None:
        kind, cause, how = found[0].lower(), found[1], "fails"
    elif awaited := _awaited_probe(pod, container):
        kind, cause, how = awaited, "", "has not succeeded yet"
    else:
        return
    yield Finding(
        f"{kind}-probe-failed",
        f"Container {container['name']!r} runs, but its {kind} probe {how}.",
        cause,
        "Correct the probe's path and port in the chart, and let the app listen on 0.0.0.0.",
        name_of(pod),
        container["name"],
        NEVER,
        log=True,
    )


def _awaited_probe(pod: Object, container: Object) -> str | None:
    """What a running container that is not ready can only wait for, though no event says so; none if for nothing."""
    name = container["name"]
    (spec,) = [item for item in list_at(pod, "spec", "containers") if item["name"] == name] or [{}]
    if "startupProbe" in spec and container.get("started") is False:
        return "startup"
    return "readiness" if "readinessProbe" in spec else None


def _of_maker(maker: Object, events: Sequence[Object], *, replacing: bool) -> Iterator[Finding]:
    conditions = list_at(maker, "status", "conditions")
    denied = [entry.get("message", "") for entry in conditions if entry["type"] == "ReplicaFailure"]
    denied += [words_of(event) for event in reversed(events) if event.get("reason") == "FailedCreate"]
    if denied:
        yield _denied(denied[0], REPLACING if replacing else AT_ONCE)
    for entry in conditions:
        if entry["type"] == "Failed" and entry["status"] == "True":
            yield Finding("job-failed", f"Job {name_of(maker)!r} failed.", entry.get("message", ""))


def _denied(text: str, patience: float) -> Finding:
    """Why the cluster makes no pod: what admission said."""
    if "exceeded quota" in text:
        message = "A quota of the namespace does not allow another pod."
        fix = "Lower resources in the chart's values, delete what is unused, or ask for a larger quota."
        return Finding("quota-exceeded", message, text, fix, patience=patience)
    if "failed quota" in text:
        message = "A quota of the namespace demands resources that the chart does not set."
        fix = "Set resources.requests and resources.limits in the chart's values."
        return Finding("quota-needs-resources", message, text, fix)
    if "serviceaccount" in text.lower() and "not found" in text:
        message = "The pod's service account does not exist."
        fix = "Let the chart make it (serviceAccount.create), or name one that exists."
        return Finding("service-account-missing", message, text, fix, patience=FIRST_CRASH)
    if "podsecurity" in text.lower() or "pod security" in text.lower():
        message = "The security rules of the namespace do not allow the pod."
        fix = "Let securityContext in the chart meet what the cause names."
        return Finding("pod-security-denied", message, text, fix)
    return Finding(
        "pod-denied", "The cluster refuses to make the pod.", text, patience=max(patience, FIRST_CRASH)
    )
