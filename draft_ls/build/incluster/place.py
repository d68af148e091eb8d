"""Where the builder is: its namespace, its pod, and whether it is of our kind."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.build.incluster import troubles
from draft_ls.cluster.faults import ApiError
from draft_ls.cluster.kinds import DEPLOYMENTS, PODS, Object, list_at, mapping_at, name_of
from draft_ls.cluster.watch import Mirror
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.cluster.client import Cluster

PROTOCOL = 1
"""What client and script agree on; the chart's ``appVersion`` and the script's ``PROTOCOL`` say the same."""

NAMESPACE = "draft-builder"
"""Where the builder is installed unless somebody says otherwise."""

NAMESPACE_VARIABLE = "DRAFT_BUILDER_NAMESPACE"

RELEASE = "draft-builder"
"""The name of its release, one in a namespace."""

CONTAINER = "builder"
LABELS = f"app.kubernetes.io/name={RELEASE},app.kubernetes.io/component=builder"
VERSION_LABEL = "app.kubernetes.io/version"
ENGINE_LABEL = "draft/engine"

ENGINES = {"buildah": "Buildah", "buildkit": "BuildKit"}
"""What builds, as the chart calls it, and as it calls itself."""

READY = 60.0
"""Seconds that a pod which is being replaced gets to be ready."""


@dataclass(frozen=True, slots=True)
class Place:
    """A builder that is installed.

    Attributes:
        namespace: where.
        version: of the protocol that it speaks, as the chart labelled it.
        engine: what builds, one of ``ENGINES``.
        image: what it runs.
        privileged: whether it has every right on its node.
    """

    namespace: str
    version: str
    engine: str
    image: str
    privileged: bool


def namespaces(own: str, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Where a builder is looked for: as the variable says, else the app's namespace, then the usual one."""
    named = (os.environ if environment is None else environment).get(NAMESPACE_VARIABLE)
    return (named,) if named else tuple(dict.fromkeys((own, NAMESPACE)))


async def find(cluster: Cluster, where: tuple[str, ...]) -> Place | None:
    """The first builder in these namespaces; none if there is none, or none that we may see."""
    for namespace in where:
        try:
            found, _ = await cluster.list(DEPLOYMENTS, namespace, labels=LABELS)
        except ApiError as error:
            if error.status in {403, 404}:
                continue
            raise
        if found:
            labels = mapping_at(found[0], "metadata", "labels")
            (container,) = list_at(found[0], "spec", "template", "spec", "containers")
            privileged = bool(mapping_at(container, "securityContext").get("privileged"))
            return Place(
                namespace,
                version=labels.get(VERSION_LABEL, ""),
                engine=labels.get(ENGINE_LABEL, ""),
                image=container["image"],
                privileged=privileged,
            )
    return None


async def ready_pod(cluster: Cluster, place: Place, patience: float = READY) -> str:
    """The builder's pod, once it is ready.

    Raises:
        DraftError: ``builder-version``, or ``builder-not-ready`` if no pod is ready in time.
    """
    if place.version != str(PROTOCOL):
        raise DraftError(troubles.other_version(place.namespace, place.version, PROTOCOL))
    changed = asyncio.Event()
    pods = Mirror(cluster, PODS, place.namespace, labels=LABELS, changed=changed.set)
    try:
        async with asyncio.timeout(patience), pods:
            while True:
                changed.clear()
                for pod in pods.objects.values():
                    if _is_ready(pod):
                        return name_of(pod)
                await changed.wait()
    except TimeoutError:
        reason = "; ".join(filter(None, map(_waits_for, pods.objects.values()))) or "It has no pod."
        raise DraftError(troubles.not_ready(place.namespace, reason)) from None


def _is_ready(pod: Object) -> bool:
    if "deletionTimestamp" in pod["metadata"]:
        return False
    conditions = list_at(pod, "status", "conditions")
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _waits_for(pod: Object) -> str:
    """Why a pod is not ready, in the cluster's words."""
    words = [
        f"{state.get('reason', '')}: {state.get('message', '')}".strip(": ")
        for container in list_at(pod, "status", "containerStatuses")
        for kind in ("waiting", "terminated")
        if (state := mapping_at(container, "state", kind) or mapping_at(container, "lastState", kind))
    ]
    words += [
        each.get("message", "")
        for each in list_at(pod, "status", "conditions")
        if each["status"] == "False" and each["type"] == "PodScheduled"
    ]
    return f"{name_of(pod)}: {', '.join(filter(None, words)) or mapping_at(pod, 'status').get('phase', '')}"
