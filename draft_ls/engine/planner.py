"""What the next run does, and why: a pure function of what is saved, released and live."""

from __future__ import annotations

from dataclasses import dataclass

from draft_ls.engine.model import Plan, PlanKind


@dataclass(frozen=True, slots=True)
class Identity:
    """What a deployment is made of, as digests: equal identities behave equally.

    Attributes:
        content: the content tag: build context, Dockerfile, build args, platforms.
        release: digest over chart, values files, ``set`` and the environment's settings.
    """

    content: str
    release: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a session knows about the cluster.

    Attributes:
        released: what the last Helm write made, whether or not it came up.
        running: what the containers hold; its content is newer than ``released`` after a sync.
        live: what was last seen to answer; none if what runs does not.
        images: content tags of images that the cluster can take without a build.
    """

    released: Identity | None = None
    running: Identity | None = None
    live: Identity | None = None
    images: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SyncVerdict:
    """Whether the changed files can be copied into the running container.

    Attributes:
        possible: whether they can.
        reason: why not, or what would be done: ``app.py, then restart``.
        from_step: if not, the first Dockerfile instruction whose cache is lost, from 1, if known.
        steps: how many instructions the image has, if known.
    """

    possible: bool
    reason: str
    from_step: int | None = None
    steps: int | None = None


def plan(
    target: Identity,
    known: Known,
    *,
    changed: tuple[str, ...] = (),
    sync: SyncVerdict | None = None,
    held: tuple[str, ...] = (),
    force: bool = False,
) -> Plan:
    """Decide what to do to make ``target`` live.

    Args:
        target: what is saved.
        known: what the cluster has.
        changed: the files that differ from what runs, relative to the app.
        sync: whether they can be synced; none if sync is off or nothing is live yet.
        held: why the deploy must wait, one line each; empty if it need not.
        force: build and release even if nothing changed.
    """
    if held:
        return Plan(PlanKind.HOLD, "; ".join(held), changed)
    if force:
        return Plan(PlanKind.BUILD, "asked for", changed, forced=True)
    if known.live == target:
        return Plan(PlanKind.NOTHING, f"what is saved is live ({target.content})")
    if known.running is None:
        return Plan(PlanKind.BUILD, "this session has deployed nothing yet", changed)
    if known.running == target:
        return Plan(PlanKind.BUILD, "what is saved runs, but does not answer", changed)
    if known.running.content != target.content:
        return _new_content(target, known, changed, sync)
    if known.released is not None and known.released.content == target.content:
        return Plan(PlanKind.RELEASE, f"{_names(changed) or 'the chart'} changed, the image did not", changed)
    # After a sync the image lags behind the container: a release alone would go back to it.
    return Plan(PlanKind.BUILD, "synced files are not yet in an image, and the release changes", changed)


def _new_content(target: Identity, known: Known, changed: tuple[str, ...], sync: SyncVerdict | None) -> Plan:
    same_release = known.running is not None and known.running.release == target.release
    if sync is not None and sync.possible and same_release:
        return Plan(PlanKind.SYNC, sync.reason, changed)
    if target.content in known.images:
        return Plan(PlanKind.RELEASE, f"image {target.content} is already built", changed)
    reason = f"{_names(changed) or 'the image'} changed"
    if sync is None:
        return Plan(PlanKind.BUILD, reason, changed)
    if sync.possible:
        return Plan(PlanKind.BUILD, f"{reason}, and so did the release", changed)
    return Plan(PlanKind.BUILD, sync.reason or reason, changed, sync.from_step, sync.steps)


def _names(paths: tuple[str, ...], most: int = 3) -> str:
    """``a.py, b.py, c.py and 4 more``."""
    shown = ", ".join(paths[:most])
    return f"{shown} and {len(paths) - most} more" if len(paths) > most else shown
