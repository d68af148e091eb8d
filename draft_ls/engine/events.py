"""What the engine tells the faces, in the order in which it happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.deploy.model import PodState, Route
    from draft_ls.errors import Problem, Stage


class State(StrEnum):
    """Where a session stands."""

    IDLE = "idle"
    """Not watching: never started, or stopped."""
    SAVED = "saved"
    """A change is known and not yet worked on."""
    HELD = "held"
    """A change is known but not deployed until it parses."""
    BUILDING = "building"
    PUSHING = "pushing"
    SYNCING = "syncing"
    RELEASING = "releasing"
    ROLLING_OUT = "rolling out"
    LIVE = "live"
    """The newest content answers."""
    FAILED = "failed"

    @property
    def working(self) -> bool:
        """Whether a run is under way in this state."""
        return self in {
            State.SAVED, State.BUILDING, State.PUSHING, State.SYNCING, State.RELEASING, State.ROLLING_OUT,
        }  # fmt: skip


class Outcome(StrEnum):
    """How a run ended."""

    LIVE = "live"
    NOTHING = "nothing"
    """There was nothing to do: what runs is what is saved."""
    HELD = "held"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    """A newer change took over."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Key:
    """Which session: the app's folder (absolute) and the environment's key."""

    app: Path
    environment: str


@dataclass(frozen=True, slots=True)
class StageTook:
    """How long a stage took, in seconds."""

    stage: Stage
    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """The whole truth about a session at one moment; each replaces the one before.

    Attributes:
        key: which session.
        state: where it stands.
        run: the number of the current or last run of this session; 0 before the first.
        message: one line for the person.
        cause: what started the run: ``up``, ``app.py saved``, ``3 files changed on disk`` …
        stage: the stage under way; none between runs.
        context, namespace, release: where it is deployed; none until that is resolved.
        revision: the Helm revision that is live or being made.
        image: the reference of the image that is live or being made.
        content_digest: digest of the newest content known.
        live_digest: digest of the content that answers; equal to ``content_digest`` when the save is live.
        route: how to reach it; kept while a newer version is on its way.
        pods: the release's pods, the newest first; empty while nobody looks at them.
        problems: what is wrong now; empty when nothing is.
        stages: how long the stages of the current or last run took.
        took: seconds from the run's cause to live; none while it runs.
        watching: whether saves redeploy.
    """

    key: Key
    state: State
    run: int = 0
    message: str = ""
    cause: str = ""
    stage: Stage | None = None
    context: str | None = None
    namespace: str | None = None
    release: str | None = None
    revision: int | None = None
    image: str | None = None
    content_digest: str | None = None
    live_digest: str | None = None
    route: Route | None = None
    pods: tuple[PodState, ...] = ()
    problems: tuple[Problem, ...] = ()
    stages: tuple[StageTook, ...] = ()
    took: float | None = None
    watching: bool = False


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins. ``message`` is its line for the person: ``Building Dockerfile``."""

    key: Key
    run: int
    stage: Stage
    message: str


@dataclass(frozen=True, slots=True)
class StageEnded:
    """A stage ended well after ``seconds``; ``message`` may add a fact about its result."""

    key: Key
    run: int
    stage: Stage
    seconds: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """A line from a tool or from the app itself.

    Attributes:
        stage: whose output it is; none for the app's own log.
        stream: ``stdout``, ``stderr``, or the pod's name for the app's log.
    """

    key: Key
    stage: Stage | None
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run is over. The ``Status`` that goes with it was sent just before."""

    key: Key
    run: int
    outcome: Outcome
    took: float


Event = Status | StageStarted | StageEnded | Log | RunEnded
