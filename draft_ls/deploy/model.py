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
