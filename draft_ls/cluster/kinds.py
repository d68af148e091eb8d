"""The kinds of object that we talk about, and where the API keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""An API object as its JSON. Rollouts see hundreds of them a second, so none is turned into a model class."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object.

    Attributes:
        name: as manifests write it.
        plural: as paths and RBAC write it.
        group: the API group; empty for the core.
        version: the API version.
        namespaced: whether its objects live in a namespace.
    """

    name: str
    plural: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True

    def path(
        self, namespace: str | None = None, name: str | None = None, subresource: str | None = None
    ) -> str:
        """The path below the server's URL; all namespaces if none is given."""
        parts = [f"/apis/{self.group}" if self.group else "/api", self.version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


NAMESPACES = Kind("Namespace", "namespaces", namespaced=False)
NODES = Kind("Node", "nodes", namespaced=False)
PODS = Kind("Pod", "pods")
SERVICES = Kind("Service", "services")
ENDPOINTS = Kind("Endpoints", "endpoints")
EVENTS = Kind("Event", "events")
SECRETS = Kind("Secret", "secrets")
CLAIMS = Kind("PersistentVolumeClaim", "persistentvolumeclaims")
QUOTAS = Kind("ResourceQuota", "resourcequotas")
DEPLOYMENTS = Kind("Deployment", "deployments", "apps")
REPLICA_SETS = Kind("ReplicaSet", "replicasets", "apps")
STATEFUL_SETS = Kind("StatefulSet", "statefulsets", "apps")
DAEMON_SETS = Kind("DaemonSet", "daemonsets", "apps")
JOBS = Kind("Job", "jobs", "batch")
INGRESSES = Kind("Ingress", "ingresses", "networking.k8s.io")
ACCESS_REVIEWS = Kind(
    "SelfSubjectAccessReview", "selfsubjectaccessreviews", "authorization.k8s.io", namespaced=False
)

WORKLOADS = {kind.name: kind for kind in (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS)}
"""The kinds that make pods and that a chart may hold, by name."""


def name_of(thing: Object) -> str:
    """An object's name."""
    return thing["metadata"]["name"]


def uid_of(thing: Object) -> str:
    """An object's unique id: another object of the same name has another."""
    return thing["metadata"]["uid"]


def words_of(event: Object) -> str:
    """What an event says. The cluster puts many alike into one, and says so before its words."""
    return event.get("message", "").removeprefix("(combined from similar events): ")


def owner_of(thing: Object) -> str | None:
    """The unique id of the controller that made an object, if one did."""
    owners: list[Object] = thing["metadata"].get("ownerReferences", [])
    return next((owner["uid"] for owner in owners if owner.get("controller")), None)


def mapping_at(thing: Object, *keys: str) -> Object:
    """The mapping at a path of keys; an empty one if there is none or it is null."""
    for key in keys:
        thing = thing.get(key) or {}
    return thing


def list_at(thing: Object, *keys: str) -> list[Object]:
    """The list at a path of keys; an empty one if there is none or it is null."""
    found: list[Object] | None = mapping_at(thing, *keys[:-1]).get(keys[-1])
    return found or []
