"""How a session's status changes: from a status to the next one. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from draft_ls.engine.events import Outcome, StageTook, State, Status
from draft_ls.engine.model import Deployment
from draft_ls.errors import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from draft_ls.engine.report import Facts
    from draft_ls.engine.target import Live, Target
    from draft_ls.errors import Problem

MOST_WARNINGS = 20
"""How many warnings about a live app are kept; the newest stay."""

STATES = {
    Stage.BUILD: State.BUILDING,
    Stage.PUSH: State.PUSHING,
    Stage.SYNC: State.SYNCING,
    Stage.RELEASE: State.RELEASING,
    Stage.ROLLOUT: State.ROLLING_OUT,
    Stage.ROUTE: State.ROLLING_OUT,
}


def noticed(status: Status, cause: str) -> Status:
    """A change is known."""
    return replace(status, state=State.SAVED, cause=cause, message=cause)


def begun(status: Status, run: int, cause: str, message: str, content: str | None = None) -> Status:
    """A run begins."""
    return replace(
        status, state=State.SAVED, run=run, cause=cause, message=message, stage=None, problems=(), stages=(),
        took=None, content_digest=content or status.content_digest,
    )  # fmt: skip


def in_stage(status: Status, stage: Stage, message: str) -> Status:
    """The run has come to a stage."""
    return replace(status, state=STATES.get(stage, State.SAVED), stage=stage, message=message)


def with_facts(status: Status, facts: Facts) -> Status:
    """The run has found something out; what it does not say stays."""
    known = {name: value for name in facts.__slots__ if (value := getattr(facts, name)) is not None}
    return replace(status, **known)


def live(status: Status, found: Live, stages: Sequence[StageTook], took: float) -> Status:
    """The new content answers."""
    where = f" at {found.route.url}" if found.route else ""
    return replace(
        status, state=State.LIVE, stage=None, message=f"Live{where} ({took:.1f} s)", revision=found.revision,
        image=found.image, route=found.route, live_digest=found.content, problems=(), stages=tuple(stages),
        took=took,
    )  # fmt: skip


def failed(
    status: Status,
    run: int,
    cause: str,
    problems: tuple[Problem, ...],
    stages: Sequence[StageTook],
    took: float,
    *,
    survived: bool,
) -> Status:
    """The run failed; ``survived`` says whether what was live before still answers."""
    return replace(
        status, state=State.FAILED, run=run, cause=cause, stage=None, message=problems[0].message,
        problems=problems, stages=tuple(stages), took=took,
        live_digest=status.live_digest if survived else None,
    )  # fmt: skip


def cancelled(status: Status, *, survived: bool) -> Status:
    """The person ended the run."""
    still = status.live_digest is not None and survived
    return replace(
        status, state=State.LIVE if still else State.IDLE, stage=None, problems=(),
        live_digest=status.live_digest if still else None,
        message=f"Cancelled; {status.live_digest} is still live" if still else "Cancelled",
    )  # fmt: skip


def nothing_to_do(status: Status, run: int, cause: str, reason: str, target: Target) -> Status:
    """What is saved is live."""
    return replace(
        status, state=State.LIVE, run=run, stage=None, problems=(), cause=cause,
        content_digest=target.identity.content, message=f"Nothing to do: {reason}",
    )  # fmt: skip


def held(status: Status, run: int, cause: str, target: Target, *, working: bool) -> Status:
    """The newest content must wait; a run of older content may still be under way."""
    waiting = replace(
        status, cause=cause, content_digest=target.identity.content, problems=target.held,
        message=f"Held: {target.held[0].message}",
    )  # fmt: skip
    return waiting if working else replace(waiting, state=State.HELD, run=run, stage=None)


def in_trouble(status: Status, problem: Problem) -> Status:
    """What was live is not well any more; whatever else is under way or has failed keeps its own word."""
    gone = replace(status, live_digest=None)
    if status.state is not State.LIVE:
        return gone
    return replace(gone, state=State.FAILED, message=problem.message, problems=(problem,))


def warned(status: Status, problem: Problem) -> Status:
    """Something in what is live is not right, though it answers; told once for each place."""
    known = [each for each in status.problems if each.place != problem.place]
    return replace(status, problems=(*known[-MOST_WARNINGS + 1 :], problem))


def recovered(status: Status, problem: Problem, content: str | None) -> Status:
    """What was in trouble, with a problem, answers again by itself; it is this content."""
    back = replace(status, live_digest=content)
    if status.problems != (problem,):
        return back
    return replace(back, state=State.LIVE, message="It answers again", problems=())


def stopped(status: Status) -> Status:
    """The session has ended; what is deployed stays."""
    return replace(
        status, state=State.IDLE, stage=None, watching=False, route=None, message="Stopped", problems=(),
        live_digest=None, pods=(),
    )  # fmt: skip


def deployment(
    status: Status, outcome: Outcome, cause: str, took: float, found: Live | None = None, message: str = ""
) -> Deployment:
    """What is recorded of a run that has ended."""
    return Deployment(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        outcome=outcome,
        cause=cause,
        context=status.context or "",
        namespace=status.namespace or "",
        release=status.release or "",
        revision=status.revision,
        image=status.image,
        image_digest=found.image_digest if found else None,
        content_digest=found.content if found else status.content_digest,
        files=found.changed if found else (),
        took=round(took, 3),
        url=found.route.url if found and found.route else None,
        message=message,
    )
