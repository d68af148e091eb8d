"""What draft.toml says, as values.

A value that the file does not set has its default here, and no entry in ``spans``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from draft_ls.errors import Place, Problem, Span

CONFIG_FILE = "draft.toml"
DEFAULT_ENVIRONMENT = "development"


def _empty() -> Mapping[str, str]:
    return MappingProxyType({})


def _no_spans() -> Mapping[str, Span]:
    return MappingProxyType({})


class Builder(StrEnum):
    """Who builds the image.

    ``auto`` takes BuildKit where there is one, else the Engine's own builder; without Docker, the builder in
    the cluster where there are one and a registry.
    """

    AUTO = "auto"
    DOCKER = "docker"
    BUILDKIT = "buildkit"
    CLUSTER = "cluster"


class SyncMode(StrEnum):
    """Whether changed files may be copied into the running container instead of building."""

    AUTO = "auto"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class PortOverride:
    """A fixed local port for a port of the container: ``"8080:80"``."""

    local: int
    remote: int


@dataclass(frozen=True, slots=True)
class SyncRules:
    """The ``sync`` key.

    Attributes:
        mode: ``auto`` computes the mapping from the Dockerfile; ``off`` always builds.
        exclude: gitignore-style patterns of files that are never synced but built.
        restart: gitignore-style patterns of files that restart the process; none leaves it to the pack.
    """

    mode: SyncMode = SyncMode.AUTO
    exclude: tuple[str, ...] = ()
    restart: tuple[str, ...] | None = None


REGISTRY_SECRET = "draft-registry"  # noqa: S105 - its name
"""The secret that the builder in the cluster pushes with, unless draft.toml names another."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One table ``[environments.<key>]``: how and where the app is deployed.

    Attributes:
        key: the table's name.
        name: the Helm release name, a DNS label.
        contexts: the kube contexts it may be deployed to; empty: whichever is current.
        registry: where images are pushed, without a scheme; none: straight into a local cluster.
        registry_secret: the secret with which the builder in the cluster pushes, in the namespace.
        build_context: the folder whose files go into the image: ``.``, or ``..`` as often as it lies above.
        dockerfile, chart, values, build_tar, chart_tar: paths relative to the app's folder.
        timeout: seconds for the rollout.
        watch_delay: seconds of quiet before a change from disk counts.
        spans: key (snake_case) → the span of its value in draft.toml, for keys that are set.
        table: the span of the table's header.
    """

    key: str
    name: str
    namespace: str = "default"
    contexts: tuple[str, ...] = ()
    registry: str | None = None
    registry_secret: str = REGISTRY_SECRET
    builder: Builder = Builder.AUTO
    build_context: str = "."
    dockerfile: str = "Dockerfile"
    chart: str = "chart"
    image_build_args: Mapping[str, str] = field(default_factory=_empty)
    platforms: tuple[str, ...] = ()
    custom_tags: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    wait: bool = True
    timeout: float = 300.0
    watch: bool = True
    watch_delay: float = 2.0
    override_ports: tuple[PortOverride, ...] = ()
    auto_connect: bool = True
    sync: SyncRules = SyncRules()
    build_tar: str | None = None
    chart_tar: str | None = None
    spans: Mapping[str, Span] = field(default_factory=_no_spans)
    table: Span | None = None


@dataclass(frozen=True, slots=True)
class AppConfig:
    """A whole draft.toml.

    Attributes:
        path: the absolute path of draft.toml; its folder is the app.
        environments: by key, in the file's order. Those with errors are left out.
        problems: everything wrong with the file, errors and hints, in the file's order.
    """

    path: Path
    environments: Mapping[str, Environment]
    problems: tuple[Problem, ...] = ()

    def place(self, environment: str, key: str) -> Place:
        """Where ``key`` of an environment stands, else its table's header, else the file."""
        from draft_ls.errors import Place

        found = self.environments.get(environment)
        return Place(self.path, (found.spans.get(key) or found.table) if found else None)
