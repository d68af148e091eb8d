"""Build contexts and images, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from draft_ls.errors import Problem


def _empty() -> Mapping[str, str]:
    return MappingProxyType({})


class FileType(StrEnum):
    """What a member of a build context is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class ContextFile:
    """One member of a build context.

    Attributes:
        path: POSIX, relative to the context's root.
        type: file, folder or symbolic link.
        mode: permission bits.
        size: bytes; 0 for folders and links.
        digest: hex SHA-256 of the bytes (of the target for a link; empty for a folder).
    """

    path: str
    type: FileType
    mode: int
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class BuildContext:
    """The files that go into an image build, after ``.dockerignore``.

    Attributes:
        root: the folder.
        dockerfile: the Dockerfile's path relative to the root.
        files: by path, sorted by it.
        digest: hex SHA-256 over path, type, mode, bytes of each member and over the Dockerfile; never times.
        size: bytes in all files.
        ignore: lines that were applied after those of the ignore file.
        problems: what was left out though nothing says so; warnings.
    """

    root: Path
    dockerfile: str
    files: Mapping[str, ContextFile]
    digest: str
    size: int
    ignore: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class Delivery(StrEnum):
    """How an image gets to the nodes."""

    PUSH = "push"
    """Pushed to the environment's registry."""
    SHARED = "shared"
    """Nothing to do: the node runs pods with the very Docker Engine that built the image."""
    KIND = "kind"
    K3D = "k3d"
    MINIKUBE = "minikube"


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What to build.

    Attributes:
        context: the files.
        repository: the image's name without tag, with the registry in front if there is one.
        tags: all tags; the first is the content tag that the chart uses.
        arguments: build args.
        platforms: e.g. ``linux/amd64``; empty: the Engine's own.
        labels: image labels.
        archive: a ready-made tar of the context that is sent instead of the files (``build_tar``).
        dockerfile_text: what is built instead of the Dockerfile's own text. It begins with that text, so that
            lines and steps stay those of the file.
    """

    context: BuildContext
    repository: str
    tags: tuple[str, ...]
    arguments: Mapping[str, str] = field(default_factory=_empty)
    platforms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=_empty)
    archive: Path | None = None
    dockerfile_text: str | None = None

    @property
    def is_index(self) -> bool:
        """Whether it is for several platforms at once: an index of images, which only a registry can hold."""
        return len(self.platforms) > 1


@dataclass(frozen=True, slots=True)
class Image:
    """A built image.

    Attributes:
        repository: name without tag.
        tag: the content tag.
        identifier: the Engine's id, ``sha256:…``.
        digest: the registry's digest once pushed, else none.
    """

    repository: str
    tag: str
    identifier: str
    digest: str | None = None

    @property
    def reference(self) -> str:
        """``repository:tag``."""
        return f"{self.repository}:{self.tag}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a build as the builder counts them.

    Attributes:
        index, total: ``3`` and ``9`` of "step 3 of 9"; BuildKit counts each stage by itself.
        text: the builder's own line for it.
        line: the first line of its instruction in the Dockerfile, from 1; none if that is not known.
        cached: whether it was taken from the cache; none while it runs.
    """

    index: int
    total: int
    text: str
    line: int | None = None
    cached: bool | None = None


@dataclass(frozen=True, slots=True)
class NodeImage:
    """An image that a node's kubelet reports: all its names, and its size in bytes."""

    names: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node says about itself; enough to find out how an image gets there.

    Attributes:
        name: the node's name.
        runtime: ``status.nodeInfo.containerRuntimeVersion``, e.g. ``docker://20.10.24``.
        provider: ``spec.providerID``, e.g. ``kind://docker/kind/kind-control-plane``.
        labels: its labels.
        images: ``status.images``; the kubelet reports the 50 largest.
        pods: the UIDs of some pods that run on it.
    """

    name: str
    runtime: str
    provider: str = ""
    labels: Mapping[str, str] = field(default_factory=_empty)
    images: tuple[NodeImage, ...] = ()
    pods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image says about the containers made from it; an empty tuple where it says nothing.

    Attributes:
        user: as USER has it, ``""`` for root.
        workdir: absolute; ``/`` if the image has none.
        ports: e.g. ``8080/tcp``.
        environment: variables.
        labels: image labels.
        layers: the digests of its layers, base first.
    """

    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    user: str
    workdir: str
    ports: tuple[str, ...]
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuildCheck:
    """One thing that builds need: whether it is well, what was seen, and what to do if it is not."""

    name: str
    ok: bool
    seen: str
    fix: str = ""
