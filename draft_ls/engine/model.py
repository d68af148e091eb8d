"""What the engine answers: plans, deployments, checks, and the questions it asks a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.config.model import AppConfig
    from draft_ls.detect.model import Detection
    from draft_ls.engine.events import Outcome


class PlanKind(StrEnum):
    """What the next save would do."""

    NOTHING = "nothing"
    SYNC = "sync"
    BUILD = "build"
    RELEASE = "release"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the next save would do, and why.

    Attributes:
        kind: what.
        reason: one line for the person: ``app.py is not yet live``, ``nothing changed since abc123``.
        files: the changed files that it is about, relative to the app.
        from_step: for a build, the first Dockerfile instruction whose cache is lost (from 1), if known.
        steps: how many instructions the final image has, if known.
        forced: whether it was asked for though nothing changed.
    """

    kind: PlanKind
    reason: str
    files: tuple[str, ...] = ()
    from_step: int | None = None
    steps: int | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment as recorded in the state folder.

    Attributes:
        at: when it ended, ISO 8601 in UTC.
        outcome: how it ended.
        cause: what started it.
        context, namespace, release, revision: where it went.
        image: the image's reference; ``image_digest`` its registry digest or Engine id.
        content_digest: the digest of the build context.
        files: what changed since the deployment before, relative to the app.
        took: seconds from cause to live.
        url: where it answered.
        message: the main problem, if it failed.
    """

    at: str
    outcome: Outcome
    cause: str
    context: str
    namespace: str
    release: str
    revision: int | None
    image: str | None
    image_digest: str | None
    content_digest: str | None
    files: tuple[str, ...]
    took: float
    url: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor: what was looked at, whether it is well, what was seen, what to do if not."""

    name: str
    ok: bool
    seen: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class App:
    """An app of a workspace: its folder, its draft.toml if it has one, its detection if there is one."""

    path: Path
    config: AppConfig | None
    detection: Detection | None


@dataclass(frozen=True, slots=True)
class Question:
    """A choice that only a person can make.

    Attributes:
        message: the question, with what hangs on it.
        choices: what can be answered, the safe one last.
    """

    message: str
    choices: tuple[str, ...]


Ask = Callable[[Question], Awaitable[str | None]]
"""Puts a question to the person; none when it was dismissed or nobody is there to answer."""
