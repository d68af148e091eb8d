"""One changed file's way through the stages of a Dockerfile. Pure.

COPY and ADD place it, COPY --from carries it on, a later COPY may put another file over it, and a RUN that
runs while it is there may read it, unless ``effects`` knows better.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from draft_ls.dockerfile import placement
from draft_ls.dockerfile.expand import expand
from draft_ls.dockerfile.settings import Settings, lineage, walk
from draft_ls.sync.effects import after_run
from draft_ls.sync.model import Delete, Kind, Write
from draft_ls.sync.placed import ConsumedError, Placed, Surroundings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from draft_ls.dockerfile.model import Dockerfile, Instruction, Stage
    from draft_ls.files import Tree
    from draft_ls.sync.model import Member, Operation


@dataclass(frozen=True, slots=True)
class Change:
    """One path of the build context that differs from what is live: added, modified or deleted."""

    path: str
    before: Member | None
    after: Member | None


class NotSyncableError(Exception):
    """The file cannot be synced; the message says why, without the file's name."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a plan is made for.

    Attributes:
        dockerfile: as parsed.
        files: every path of the build context that is live or saved: a file may lie over another.
        tree: the context's files, to look into manifests; without one more goes to a build.
        name: the Dockerfile's path relative to the context, for messages and for its own changes.
        workdir: the working directory of the base image, for a Dockerfile without an absolute WORKDIR.
        build_arguments: values of ARGs.
        app: the app's folder, relative to the context; empty if it is the context.
    """

    dockerfile: Dockerfile
    files: Collection[str]
    tree: Tree | None = None
    name: str = "Dockerfile"
    workdir: str | None = None
    build_arguments: Mapping[str, str] | None = None
    app: str = ""


def mounted(instruction: Instruction, now: Settings, image: Image, path: str, stage: Stage | None) -> bool:
    """Whether a RUN mounts a path of the context, or of a stage, into its build container."""
    for flag in instruction.flags if instruction.keyword == "RUN" else ():
        if flag.name != "mount":
            continue
        text = expand(flag.value or "", now.variables, image.dockerfile.escape)
        options = {key: value for key, _, value in (each.partition("=") for each in text.split(","))}
        if options.get("type", "bind") != "bind":
            continue
        origin = options.get("from", "")
        named = image.dockerfile.stage_named(origin, instruction.stage) if origin else None
        if (named.index if named else None) != (stage.index if stage else None) or (origin and not named):
            continue
        source = posixpath.normpath("/" + (options.get("source") or options.get("src") or "").lstrip("/"))
        if placement.below(source, "/" + path.lstrip("/")):
            return True
    return False


class Follow:
    """Follows files through the stages of one Dockerfile."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.dockerfile = image.dockerfile
        self._states: dict[int, list[tuple[Instruction, Settings, frozenset[str]]]] = {}
        self._copies: dict[int, placement.Copy | None] = {}
        self._deleted = False

    def operations(self, change: Change) -> list[Operation]:
        """What to do for one changed path, everywhere the image has it."""
        if re.search(r"[\n\r]", change.path):
            raise NotSyncableError("has a line break in its name")
        final = self.dockerfile.final
        if final is None:
            raise NotSyncableError(f"cannot be followed: {self.image.name} has no FROM")
        member = change.after or change.before
        assert member is not None  # noqa: S101 - a change has at least one side
        if change.before and change.after and str(change.before.type) != str(change.after.type):
            gone, come = replace(change, after=None), replace(change, before=None)
            return [*self.operations(gone), *self.operations(come)]
        self._deleted = change.after is None
        placed = self._at_end(final, change.path, member)
        if change.after is None:
            self._refuse_uncovering(final, change.path, placed)
        return [_operation(change, each) for each in placed]

    def _refuse_uncovering(self, final: Stage, path: str, placed: Sequence[Placed]) -> None:
        """Raise if another file of the context would be there instead of a deleted one."""
        for instruction, now, folders in self._lineage(final):
            if instruction.keyword not in ("COPY", "ADD") or instruction.flag("from") is not None:
                continue
            copy = self._read(instruction, now)
            if copy is None:
                continue
            for each in placed:
                others = placement.overwriters(copy, each.path, self.image.files, folders) - {path}
                if others:
                    raise NotSyncableError(f"lies over {min(others)} in the image")

    def _lineage(self, stage: Stage) -> list[tuple[Instruction, Settings, frozenset[str]]]:
        return [state for each in lineage(self.dockerfile, stage) for state in self._own(each)]

    def _at_end(self, stage: Stage, path: str, member: Member) -> list[Placed]:
        """Where a file lies at the end of a stage."""
        placed: dict[str, Placed] = {}
        if stage.base_stage is not None:
            base = self.dockerfile.stages[stage.base_stage]
            if any(each.keyword == "ONBUILD" for each in base.instructions):
                raise NotSyncableError(f"goes through ONBUILD of stage {base.name}")
            placed = {each.path: each for each in self._at_end(base, path, member)}
        for instruction, now, folders in self._own(stage):
            try:
                self._step(instruction, now, folders, path, member, placed)
            except placement.UnclearError as reason:
                raise NotSyncableError(
                    f"cannot be followed through {self._said(instruction)}: {reason}"
                ) from reason
            except ConsumedError as reason:
                raise NotSyncableError(f"is used by {self._said(instruction)}") from reason
        return list(placed.values())

    def _own(self, stage: Stage) -> list[tuple[Instruction, Settings, frozenset[str]]]:
        """The stage's own instructions with what holds before them and which folders exist."""
        if stage.index not in self._states:
            folders: set[str] = set()
            states: list[tuple[Instruction, Settings, frozenset[str]]] = []
            for instruction, before, after in walk(self.dockerfile, stage, self.image.build_arguments):
                now = self._based(before)
                if instruction.stage == stage.index:
                    states.append((instruction, now, frozenset(folders)))
                folders |= self._made(instruction, now, self._based(after))
            self._states[stage.index] = states
        return self._states[stage.index]

    def _read(self, instruction: Instruction, now: Settings) -> placement.Copy | None:
        """What a COPY or ADD says; the same for every file, so it is read once."""
        if instruction.number not in self._copies:
            self._copies[instruction.number] = placement.read_copy(instruction, now, self.dockerfile.escape)
        return self._copies[instruction.number]

    def _based(self, settings: Settings) -> Settings:
        return settings if settings.workdir else replace(settings, workdir=self.image.workdir)

    def _made(self, instruction: Instruction, now: Settings, after: Settings) -> set[str]:
        """Folders that certainly exist after an instruction."""
        if instruction.keyword == "WORKDIR" and after.workdir:
            return set(_with_parents(after.workdir))
        if instruction.keyword == "RUN":
            made = re.findall(
                r"(?:mkdir(?:\s+-\S+)*|install\s.*?(?:-d|--directory)\S*)\s+([^;&|]+)", instruction.text
            )
            words = " ".join(made).split()
            return {now.absolute(each) for each in words if not each.startswith("-") and "$" not in each}
        if instruction.keyword in ("COPY", "ADD"):
            try:
                copy = self._read(instruction, now)
            except placement.UnclearError:
                return set()
            if copy is not None:
                own = copy.into or any(self._is_folder(each) for each in copy.sources)
                return set(_with_parents(copy.destination if own else posixpath.dirname(copy.destination)))
        return set()

    def _is_folder(self, source: str) -> bool:
        return source in ("", "/") or any(each.startswith(source + "/") for each in self.image.files)

    def _step(
        self,
        instruction: Instruction,
        now: Settings,
        folders: frozenset[str],
        path: str,
        member: Member,
        placed: dict[str, Placed],
    ) -> None:
        if instruction.keyword in ("COPY", "ADD"):
            self._copy(instruction, now, folders, path, member, placed)
        elif instruction.keyword == "RUN":
            self._run(instruction, now, path, member, placed)

    def _run(
        self, instruction: Instruction, now: Settings, path: str, member: Member, placed: dict[str, Placed]
    ) -> None:
        if mounted(instruction, now, self.image, path, None):
            raise ConsumedError
        for flag in instruction.flags:
            origin = re.search(r"(?:^|,)from=([^,]+)", flag.value or "") if flag.name == "mount" else None
            stage = self.dockerfile.stage_named(origin[1], instruction.stage) if origin else None
            if stage is not None:
                for each in self._at_end(stage, path, member):
                    if mounted(instruction, now, self.image, each.path, stage):
                        raise ConsumedError
        for target, each in list(placed.items()):
            around = Surroundings(
                now.workdir or "/", member.mode, self.image.tree, path, deleted=self._deleted
            )
            after = after_run(instruction, each, around)
            if after is None:
                del placed[target]
            else:
                placed[target] = after

    def _copy(
        self,
        instruction: Instruction,
        now: Settings,
        folders: frozenset[str],
        path: str,
        member: Member,
        placed: dict[str, Placed],
    ) -> None:
        copy = self._read(instruction, now)
        if copy is None:
            return
        origin = instruction.flag("from")
        if origin is None:
            arriving = self._from_context(copy, folders, path, member)
            for target in list(placed):
                if placement.overwriters(copy, target, self.image.files, folders) - {path}:
                    del placed[target]
        else:
            origin = expand(origin, now.variables, self.dockerfile.escape)
            arriving = self._from_stage(copy, origin, instruction.stage, folders, path, member)
            for target in placed:
                if copy.covers(target) and all(each.path != target for each in arriving):
                    raise NotSyncableError(f"may be replaced by {self._said(instruction)}")
        placed.update((each.path, each) for each in arriving)

    def _from_context(
        self, copy: placement.Copy, folders: frozenset[str], path: str, member: Member
    ) -> list[Placed]:
        target = placement.destination(copy, path, folders)
        if target is None:
            return []
        if str(member.type) == Kind.LINK and path in copy.sources:
            raise placement.UnclearError("it is a link, and the instruction copies what it points to")
        return [Placed(target, copy.chmod, copy.chown)]

    def _from_stage(
        self,
        copy: placement.Copy,
        origin: str,
        before: int | None,
        folders: frozenset[str],
        path: str,
        member: Member,
    ) -> list[Placed]:
        stage = self.dockerfile.stage_named(origin, before)
        if stage is None:
            return []
        arriving: list[Placed] = []
        for each in self._at_end(stage, path, member):
            target = placement.destination(copy, each.path, folders)
            if target is not None:
                mode = each.mode if copy.chmod is None else copy.chmod
                arriving.append(Placed(target, mode, copy.chown or each.owner))
        return arriving

    def _said(self, instruction: Instruction) -> str:
        text = " ".join(instruction.text.split())
        short = text if len(text) <= 50 else text[:49] + "…"
        return f"{instruction.keyword} {short} ({self.image.name}:{instruction.line})"


def _with_parents(path: str) -> Iterable[str]:
    while path != "/":
        yield path
        path = posixpath.dirname(path)


def _operation(change: Change, placed: Placed) -> Operation:
    if change.after is None:
        assert change.before is not None  # noqa: S101 - a change has at least one side
        return Delete(change.path, placed.path, Kind(str(change.before.type)))
    after = change.after
    mode = after.mode if placed.mode is None else placed.mode
    return Write(
        change.path, placed.path, Kind(str(after.type)), mode, after.size, after.digest, placed.owner
    )
