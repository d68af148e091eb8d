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
    """

    context: BuildContext
    repository: str
    tags: tuple[str, ...]
    arguments: Mapping[str, str] = field(default_factory=_empty)
    platforms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=_empty)


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
