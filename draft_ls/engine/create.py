"""From a folder to the files that make it an app: detection, the pack, and the plan of what to write.

Nothing is written here; ``writing.write`` does that with the edits that the person accepted.
"""

from __future__ import annotations

import difflib
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from draft_ls.config.build_context import reach
from draft_ls.config.model import CONFIG_FILE
from draft_ls.config.schema import nearest
from draft_ls.detect.detect import detect
from draft_ls.detect.model import Detection
from draft_ls.detect.ties import tied
from draft_ls.engine.packs import available_packs
from draft_ls.errors import DraftError, Place, Problem, Stage
from draft_ls.files import DiskTree
from draft_ls.scaffold.members import placed
from draft_ls.scaffold.model import Action, FileEdit, Scaffold
from draft_ls.scaffold.scaffold import scaffold
from draft_ls.scaffold.siblings import outside_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from draft_ls.detect.model import Detail
    from draft_ls.files import Tree
    from draft_ls.scaffold.packs import Pack, Packs


@dataclass(frozen=True, slots=True)
class Creation:
    """What ``create`` would do in a folder.

    Attributes:
        folder: the app's folder, absolute.
        title: what a person calls such apps: ``Python``.
        detected: whether the app was detected; if not, the person named the pack.
        scaffold: the files; their paths are relative to ``folder``.
        problems: warnings: about the plan, and about packs that could not be read.
    """

    folder: Path
    title: str
    detected: bool
    scaffold: Scaffold
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Tie:
    """A folder that is two things at once, put as a question; the answer is one of the packs, best first."""

    question: str
    packs: tuple[str, ...]


def plan_create(
    folder: Path,
    *,
    pack: str | None = None,
    name: str | None = None,
    namespace: str = "default",
    registry: str | None = None,
    answers: Mapping[str, str] | None = None,
    tree: Tree | None = None,
    trusted: bool = True,
    choose: Callable[[Tie], str | None] | None = None,
) -> Creation:
    """Plan what makes a folder an app. Reads the disk; writes nothing.

    Args:
        folder: the app's folder, absolute.
        pack: the pack to use instead of the detected one.
        name: the app's name instead of the folder's; made a DNS label.
        namespace: the namespace for draft.toml.
        registry: the registry for draft.toml.
        answers: values for the pack's variables, as typed.
        tree: the folder's files with unsaved text laid over them; the disk alone if none.
        trusted: whether packs that are not built in may be used.
        choose: asked for the pack if the folder is two things at once; none, and no answer, take the first.

    Raises:
        DraftError: no app was found and no pack named, there is no such pack, or the pack is broken.
    """
    packs = available_packs(workspace_of(folder), trusted=trusted)
    seen = tree or DiskTree(folder)
    found = detect(seen, rules=packs.rules)
    here = next((each for each in found if not each.path), None) or _seen_from_above(seen, packs)
    if here is None and pack is None:
        raise DraftError(nothing_detected(folder, [each.path for each in found]))
    if here and pack is None and choose and (tie := tie_of(folder, here)):
        pack = choose(tie)
    chosen = pack_named(packs, pack or (here.pack if here else ""))
    detection = _detection(here, chosen)
    top, detection = placed(seen, detection, chosen)
    planned = scaffold(
        top,
        detection,
        chosen,
        name=name,
        namespace=namespace,
        registry=registry,
        answers={key: _parse(chosen, key, text) for key, text in (answers or {}).items()},
    )
    detected = here is not None and here.pack == chosen.name
    outside = () if detection.details.get("member") else tuple(_outside(seen))
    problems = (*packs.problems, *planned.problems, *outside)
    return Creation(folder, chosen.title, detected, planned, problems)


def _seen_from_above(tree: Tree, packs: Packs) -> Detection | None:
    """The app of a folder of which only its workspace's manifest says that it is one."""
    top = tree.above(reach(tree))
    if top.root == tree.root:
        return None
    path = tree.root.relative_to(top.root).as_posix()
    found = next((each for each in detect(top, rules=packs.rules) if each.path == path), None)
    return replace(found, path="") if found else None


def _outside(tree: Tree) -> Iterable[Problem]:
    """What the app needs of its workspace beyond its own folder."""
    top = tree.above(reach(tree))
    path = tree.root.relative_to(top.root).as_posix()
    return outside_problems(top, "" if path == "." else path)


def tie_of(folder: Path, found: Detection) -> Tie | None:
    """The question of a folder that is two things at once; none if it is plainly one, or was answered before."""
    packs = tuple(each.pack for each in tied(found))
    if not packs:
        return None
    names = " or ".join((", ".join(packs[:-1]), packs[-1]))
    where = folder / found.path if found.path else folder
    return Tie(f"{where.name} could be an app of {names}. Which pack is meant?", packs)


def nothing_detected(folder: Path, below: Iterable[str] = ()) -> Problem:
    """The problem of a folder in which no app was found, with the apps that lie below it."""
    elsewhere = [path for path in below if path]
    if elsewhere:
        cause = f"There are apps in {', '.join(elsewhere)}."
        fix = f"Run draft create {elsewhere[0]}, or choose a pack with --pack."
    else:
        cause = "No pack knows the files of this folder."
        fix = "Run it in the app's folder, or choose a pack with --pack."
    return Problem(
        "no-app-detected", f"No app was detected in {folder}.", Stage.DETECT, Place(folder), cause, fix
    )


def replaceable(creation: Creation) -> tuple[FileEdit, ...]:
    """Kept files that the pack would write otherwise. draft.toml is never among them: it is the person's."""
    return tuple(
        edit
        for edit in creation.scaffold.edits
        if edit.action is Action.KEEP and edit.path != CONFIG_FILE and current(creation, edit) != edit.text
    )


def current(creation: Creation, edit: FileEdit) -> str:
    """What a file says on disk; empty if there is none."""
    return DiskTree(creation.folder).read(edit.path) or ""


def with_replaced(creation: Creation, paths: Iterable[str]) -> Creation:
    """The same plan, with these kept files replaced."""
    wanted = set(paths)
    edits = tuple(
        replace(edit, action=Action.REPLACE, reason="as the pack writes it now")
        if edit.path in wanted
        else edit
        for edit in creation.scaffold.edits
    )
    return replace(creation, scaffold=replace(creation.scaffold, edits=edits))


def difference(creation: Creation, edit: FileEdit) -> tuple[str, ...]:
    """What the edit would change in its file, as a unified diff."""
    before = current(creation, edit).splitlines()
    lines = difflib.unified_diff(
        before, edit.text.splitlines(), f"a/{edit.path}", f"b/{edit.path}", lineterm=""
    )
    return tuple(lines)


def workspace_of(folder: Path) -> Path:
    """The repository that the folder lies in, whose own packs count; else the folder."""
    for each in (folder, *folder.parents):
        if (each / ".git").exists():
            return each
    return folder


def pack_named(packs: Packs, name: str) -> Pack:
    """The pack of a name.

    Raises:
        DraftError: there is none; the fix names the nearest.
    """
    pack = packs.packs.get(name)
    if pack is not None:
        return pack
    good = nearest(name, packs.packs)
    known = ", ".join(sorted(packs.packs))
    fix = f"Use {good}." if good else f"Use one of: {known}."
    raise DraftError(
        Problem(
            "unknown-pack", f"There is no pack {name!r}.", Stage.SCAFFOLD, cause=f"Known: {known}.", fix=fix
        )
    )


def _detection(here: Detection | None, pack: Pack) -> Detection:
    """The detection that fits the pack best; an empty one if nothing was detected."""
    if here is None:
        return Detection("", pack.name, pack.rules.language, 0.0)
    return next((each for each in (here, *here.alternatives) if each.pack == pack.name), here)


def _parse(pack: Pack, key: str, text: str) -> Detail:
    """An answer as typed, with the type that its variable needs."""
    variable = pack.variable(key)
    try:
        if variable is not None:
            return variable.parse(text)
        if key == "port":
            return int(text)
        return tuple(shlex.split(text)) if key == "start" else text
    except ValueError as error:
        problem = Problem(
            "bad-answer", f"{key} cannot be {text!r}.", Stage.SCAFFOLD, cause=str(error), fix="Correct it."
        )
        raise DraftError(problem) from error
