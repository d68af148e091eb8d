"""From a Dockerfile and changed files to copy operations, or to the reason why a build is needed. Pure.

A file may be synced if it is certain where the image has it, and that nothing in the build has read it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.dockerfile import placement
from draft_ls.dockerfile.settings import walk
from draft_ls.scaffold.model import SyncRules
from draft_ls.sync.follow import Change, Follow, Image, NotSyncableError, mounted
from draft_ls.sync.model import Rebuild, SyncPlan, Write
from draft_ls.sync.restart import first_match, needs_restart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from draft_ls.dockerfile.model import Dockerfile, Instruction
    from draft_ls.dockerfile.settings import Settings
    from draft_ls.sync.model import Member, Operation

__all__ = ["Change", "Image", "changes_between", "first_step", "plan_sync", "restarting", "same_build"]

_THEN = ", then restart"

LARGEST = 200 * 1024 * 1024
"""More bytes than this are not synced: a build keeps them in a layer."""


def changes_between(before: Mapping[str, Member], after: Mapping[str, Member]) -> tuple[Change, ...]:
    """What differs between two build contexts, by path. An ignored file is in neither."""
    found: list[Change] = []
    # A reader hands out the same object for what has not changed: most need no closer look.
    suspects = [path for path, new in after.items() if before.get(path) is not new]
    for path in sorted([*suspects, *(before.keys() - after.keys())]):
        old, new = before.get(path), after.get(path)
        if old is None or new is None or _identity(old) != _identity(new):
            found.append(Change(path, old, new))
    return tuple(found)


def _identity(member: Member) -> tuple[str, int, str]:
    return str(member.type), member.mode, member.digest


def plan_sync(
    image: Image, changes: Sequence[Change], rules: SyncRules | None = None, before: Dockerfile | None = None
) -> SyncPlan | Rebuild:
    """What to do with changed files.

    Args:
        image: the Dockerfile and its context.
        changes: what differs from what is live; see ``changes_between``.
        rules: what is known of how the app takes new files.
        before: the Dockerfile as it was, to tell the step from which a changed one builds anew.
    """
    paths = [change.path for change in changes]
    if image.name in paths if before is None else not same_build(before, image.dockerfile):
        step = _first_difference(before, image.dockerfile) if before else None
        return Rebuild(f"{image.name} changed", step, _steps(image))
    rules = rules or SyncRules()
    built = first_match(rules.rebuild, paths, image.app)
    if built is not None:
        return Rebuild(f"{built} is always built, by its pack", first_step(image, paths), _steps(image))
    follow = Follow(image)
    operations: dict[str, Operation] = {}
    for change in sorted(changes, key=lambda each: each.after is not None):
        try:
            found = follow.operations(change)
        except NotSyncableError as reason:
            return Rebuild(f"{change.path} {reason}", first_step(image, paths), _steps(image))
        operations.update((each.target, each) for each in found)
    size = sum(each.size for each in operations.values() if isinstance(each, Write))
    if size > LARGEST:
        reason = f"{size / 1024 / 1024:.0f} MB changed, which is too much to sync"
        return Rebuild(reason, first_step(image, paths), _steps(image))
    return _plan(image, tuple(operations.values()), paths, rules)


def _plan(
    image: Image, operations: tuple[Operation, ...], paths: Sequence[str], rules: SyncRules
) -> SyncPlan:
    if not operations:
        return SyncPlan((), restart=False, reason=f"{_names(paths)}: not part of the image")
    sources = [each.source for each in operations]
    restart = needs_restart(image.dockerfile, sources, rules, image.tree, image.app)
    names = _names(sorted({each.source for each in operations}))
    return restarting(SyncPlan(operations, restart=False, reason=names), restart=restart)


def restarting(plan: SyncPlan, *, restart: bool) -> SyncPlan:
    """The same plan with or without a restart."""
    names = plan.reason.removesuffix(_THEN)
    return replace(plan, restart=restart, reason=names + _THEN if restart else names)


def _names(paths: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(paths[:most])
    return f"{shown} and {len(paths) - most} more" if len(paths) > most else shown


def _steps(image: Image) -> int:
    return len(image.dockerfile.instructions)


def same_build(one: Dockerfile, other: Dockerfile) -> bool:
    """Whether two Dockerfiles build the same: they differ in comments and blanks at most."""
    return [_wording(each) for each in one.instructions] == [_wording(each) for each in other.instructions]


def _first_difference(before: Dockerfile, after: Dockerfile) -> int | None:
    """The number of the first instruction that says something else than before."""
    old = [_wording(each) for each in before.instructions]
    return next(
        (
            each.number
            for place, each in enumerate(after.instructions)
            if [_wording(each)] != old[place : place + 1]
        ),
        None,
    )


def _wording(instruction: Instruction) -> tuple[object, ...]:
    flags = tuple((flag.name, flag.value) for flag in instruction.flags)
    heredocs = tuple(heredoc.content for heredoc in instruction.heredocs)
    return instruction.keyword, instruction.text, flags, heredocs


def first_step(image: Image, paths: Iterable[str]) -> int | None:
    """The number of the first instruction that takes one of these files from the context, if one does."""
    final = image.dockerfile.final
    wanted = list(paths)
    steps: list[int] = []
    for stage in image.dockerfile.stages if final else ():
        for instruction, now, _ in walk(image.dockerfile, stage, image.build_arguments):
            if instruction.stage == stage.index and _takes_any(image, instruction, now, wanted):
                steps.append(instruction.number)
                break
    return min(steps, default=None)


def _takes_any(image: Image, instruction: Instruction, now: Settings, paths: Sequence[str]) -> bool:
    if instruction.keyword in ("COPY", "ADD") and instruction.flag("from") is None:
        try:
            copy = placement.read_copy(instruction, now, image.dockerfile.escape)
        except placement.UnclearError:
            return True
        return copy is not None and any(_taken(copy, path) for path in paths)
    return any(mounted(instruction, now, image, path, None) for path in paths)


def _taken(copy: placement.Copy, path: str) -> bool:
    try:
        return placement.destination(copy, path, ()) is not None
    except placement.UnclearError:
        return True
