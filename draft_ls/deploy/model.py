"""Releases, rollouts and routes, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Target:
    """Where a release lives: always given whole, so that no call ever falls back to a current context."""

    context: str
    namespace: str
    release: str
    kubeconfig: str | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet, DaemonSet or Job of a release."""

    kind: str
    name: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of a release, as it was when it was looked at.

    Attributes:
        name, namespace, uid: its identity; a pod of the same name made later has another ``uid``.
        workload: what it belongs to.
        containers: the names of its containers, in the order of the chart.
        ports: the ports its containers declare, in that order.
        ready: whether the kubelet says that it may get traffic. That word lags: an app that listens is called
            ready only at the kubelet's next look and probe, half a second to two later.
    """

    name: str
    namespace: str
    uid: str
    workload: Workload
    containers: tuple[str, ...]
    ports: tuple[int, ...] = ()
    ready: bool = False


@dataclass(frozen=True, slots=True)
class PodState:
    """A pod of a release, as a person looks at it.

    Attributes:
        name: its name.
        phase: ``Pending``, ``Running``, ``Succeeded``, ``Failed``, ``Unknown``, or ``Terminating``.
        ready: whether the kubelet says that it may get traffic.
        restarts: how often its containers were started again.
        reason: why it does not run well, or was started again, in the cluster's word: ``CrashLoopBackOff``,
            ``OOMKilled``, ``exit code 1``; empty if there is nothing to say.
    """

    name: str
    phase: str
    ready: bool
    restarts: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout that came to its good end.

    Attributes:
        pods: the pods of the new revision, all ready.
        seconds: how long it took since it was followed.
    """

    pods: tuple[Pod, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Release:
    """A Helm release as the last write left it.

    Attributes:
        name, namespace, revision: its identity.
        status: Helm's word, e.g. ``deployed``.
        manifest: the rendered YAML documents.
        notes: the chart's NOTES, rendered.
        installed: whether this write made it for the first time.
    """

    name: str
    namespace: str
    revision: int
    status: str
    manifest: str
    notes: str = ""
    installed: bool = False


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of a release's history.

    Attributes:
        number: the revision.
        status: Helm's word: ``deployed``, ``superseded``, ``failed``, ``pending-upgrade`` …
        updated: when it was written, ISO 8601.
        description: what Helm says of it.
    """

    number: int
    status: str
    updated: str
    description: str = ""

    @property
    def unfinished(self) -> bool:
        """Whether its write has not ended: it is under way, or was killed."""
        return self.status.startswith("pending-") or self.status == "uninstalling"

    @property
    def was_deployed(self) -> bool:
        """Whether it was once, or is, what runs."""
        return self.status in {"deployed", "superseded"}


class RouteKind(StrEnum):
    """How a person reaches the app."""

    LOAD_BALANCER = "load balancer"
    NODE_PORT = "node port"
    INGRESS = "ingress"
    TUNNEL = "tunnel"


@dataclass(frozen=True, slots=True)
class Route:
    """The way to the app.

    Attributes:
        url: what a browser opens.
        kind: which way that is.
        ports: (local, remote) pairs of a tunnel; empty for the others.
    """

    url: str
    kind: RouteKind
    ports: tuple[tuple[int, int], ...] = ()
