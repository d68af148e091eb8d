"""What is synced, as values."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from draft_ls.errors import Problem


class Kind(StrEnum):
    """What a file is; the words of the build context."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


class Member(Protocol):
    """One file of a build context, as the build room describes it."""

    @property
    def path(self) -> str:
        """POSIX, relative to the context's root."""
        ...

    @property
    def type(self) -> str:
        """``file``, ``folder`` or ``link``."""
        ...

    @property
    def mode(self) -> int:
        """Permission bits."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the bytes; of the target for a link."""
        ...


@dataclass(frozen=True, slots=True)
class Write:
    """A file, folder or link to be put into a container.

    Attributes:
        source: its path relative to the context's root.
        target: its absolute path in the container.
        kind: what it is.
        mode: permission bits.
        size: bytes.
        digest: hex SHA-256 of the bytes; of the target for a link; empty for a folder.
        owner: ``user:group`` as ``--chown`` says; empty for root's. Only root can give files away.
    """

    source: str
    target: str
    kind: Kind
    mode: int
    size: int
    digest: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Delete:
    """Something to be taken away from a container; a folder only if nothing is left in it."""

    source: str
    target: str
    kind: Kind


Operation = Write | Delete


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What makes the containers hold what is saved.

    Attributes:
        operations: in no special order; at most one for each target.
        restart: whether the app must be started again to show it.
        reason: one line for the person: ``app.py, then restart``.
    """

    operations: tuple[Operation, ...]
    restart: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Why the changed files cannot be synced.

    Attributes:
        reason: one line for the person: ``requirements.txt is used by RUN pip install (Dockerfile:6)``.
        from_step: the first instruction whose cache is lost, from 1; none if not known.
        steps: how many instructions the Dockerfile has.
    """

    reason: str
    from_step: int | None
    steps: int


@dataclass(frozen=True, slots=True)
class Replica:
    """A container that runs the app's image.

    Attributes:
        namespace, pod, container: its names.
        uid: the pod's uid: a pod that was made anew under its old name is another replica.
        mounts: where volumes are mounted in it.
    """

    namespace: str
    pod: str
    container: str
    uid: str
    mounts: tuple[str, ...] = ()

    def mount_over(self, target: str) -> str | None:
        """The volume's mount point that a path lies under; none if it is the image's own."""
        covering = [each for each in self.mounts if posixpath.commonpath((each, target)) == each]
        return max(covering, key=len, default=None)

    def __str__(self) -> str:
        return f"{self.pod}/{self.container}"


class Running(StrEnum):
    """How the app stands in a container."""

    RUNNING = "running"
    ENDED = "ended"
    """It was started by a sync and has ended; the container waits for the next sync."""
    UNKNOWN = "unknown"
    """Process 1 is not a supervisor."""


@dataclass(frozen=True, slots=True)
class AppState:
    """The app in one container.

    Attributes:
        running: whether it runs.
        exit_code: if it has ended, with which code.
        start: if it has ended, how many syncs had started it by then; names the end in the log.
    """

    running: Running
    exit_code: int | None = None
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Synced:
    """How one replica took a sync: ``problem`` says why it did not, ``gone`` that it no longer exists."""

    replica: Replica
    seconds: float
    problem: Problem | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How all replicas took a sync.

    Attributes:
        seconds: from the call until the last replica was done.
        replicas: each replica.
        files: how many files were written or deleted.
        bytes: how many bytes the written files have.
    """

    seconds: float
    replicas: tuple[Synced, ...]
    files: int = 0
    bytes: int = 0

    @property
    def problem(self) -> Problem | None:
        """Why it did not succeed everywhere; none if every replica that still exists is up to date."""
        return next((each.problem for each in self.replicas if each.problem and not each.gone), None)
