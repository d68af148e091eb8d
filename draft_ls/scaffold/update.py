"""A newer pack, merged into what became of an older one's files. Pure: it plans edits, others make them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from draft_ls.errors import DraftError, Place, Problem, Severity, Span, Stage
from draft_ls.scaffold.model import Action, FileEdit, Scaffold
from draft_ls.scaffold.origin import ORIGIN_FILE, Origin, origin_text, read_origin
from draft_ls.scaffold.scaffold import rendered, template_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from draft_ls.detect.model import Detail, Detection
    from draft_ls.files import Tree
    from draft_ls.scaffold.packs import Pack

MINE, THEIRS = "<<<<<<< yours", ">>>>>>> the pack's"


def origin_of(tree: Tree, app: str = "") -> Origin:
    """The record of how an app was made.

    Raises:
        DraftError: there is none, or it cannot be read.
    """
    path = f"{app}/{ORIGIN_FILE}" if app else ORIGIN_FILE
    origin = read_origin(tree.read(path) or "")
    if origin is None:
        problem = Problem(
            code="no-origin",
            message="It is not known which pack made this app, so there is nothing to update from.",
            stage=Stage.SCAFFOLD,
            place=Place(tree.root / path),
            fix="Run draft create; it keeps the files that are there and shows how the pack would write them.",
        )
        raise DraftError(problem)
    return origin


def plan_update(
    tree: Tree,
    detection: Detection,
    pack: Pack,
    origin: Origin,
    *,
    answers: Mapping[str, Detail] = MappingProxyType({}),
) -> Scaffold:
    """Plan how a pack's present files are merged into an app's, against what the pack wrote then.

    A file that the person deleted stays deleted, one that they changed keeps their changes. Where both changed the
    same lines, both stand in the file between markers, and a problem says where.

    Args:
        tree: the tree that the detection was made from.
        detection: what was found out about the app now.
        pack: the pack as it is now.
        origin: the record of what it was made from.
        answers: the person's new answers, over those of the record.

    Raises:
        DraftError: a template of the pack is broken, or an answer does not fit.
    """
    chosen = {
        key: value for key, value in origin.answers.items() if key in pack.defaults or pack.variable(key)
    } | dict(answers)
    texts = rendered(pack, template_values(detection, pack, origin.name, chosen))
    app = f"{detection.path}/" if detection.path else ""
    edits: list[FileEdit] = []
    problems: list[Problem] = []
    for path in sorted({*texts, *origin.files}):
        edit, conflict = _merge(path, origin.files.get(path), tree.read(app + path), texts.get(path))
        edits += [edit] if edit else []
        if edit and conflict is not None:
            problems.append(_conflict(tree.root / app / path, conflict))
    base = {path: texts[path] for path in texts if path in origin.files or tree.read(app + path) is None}
    record = origin_text(pack, origin.name, chosen, base)
    changed = record != tree.read(app + ORIGIN_FILE)
    edits.append(
        FileEdit(ORIGIN_FILE, Action.REPLACE if changed else Action.KEEP, record, "what the pack wrote")
    )
    return Scaffold(detection.path, origin.name, pack.name, detection, tuple(edits), tuple(problems))


def _merge(
    path: str, base: str | None, mine: str | None, theirs: str | None
) -> tuple[FileEdit | None, int | None]:
    """The edit for one file; and the line (from 0) of the first conflict, if there is one."""
    if theirs is None or (mine is None and base is not None):
        return None, None
    if mine is None:
        return FileEdit(path, Action.CREATE, theirs, "new in the pack"), None
    if base is None:
        return FileEdit(path, Action.KEEP, theirs, "yours, and kept"), None
    if mine in {theirs, base}:
        same = mine == theirs
        action = Action.KEEP if same else Action.REPLACE
        return FileEdit(
            path, action, theirs, "as the pack writes it" if same else "changed in the pack, not by you"
        ), None
    if theirs == base:
        return FileEdit(path, Action.KEEP, mine, "changed by you, not in the pack"), None
    merged = merge(base, mine, theirs)
    lines = merged.splitlines()
    conflict = lines.index(MINE) if MINE in lines else None
    reason = "your changes and the pack's, merged" if conflict is None else "both changed the same lines"
    return FileEdit(path, Action.REPLACE, merged, reason), conflict


def merge(base: str, mine: str, theirs: str) -> str:
    """The three-way merge of a text, by lines."""
    from merge3 import Merge3

    lines = Merge3(
        base.splitlines(keepends=True), mine.splitlines(keepends=True), theirs.splitlines(keepends=True)
    )
    return "".join(
        lines.merge_lines(
            name_a="yours", name_b="the pack's", start_marker="<<<<<<<", end_marker=">>>>>>>", reprocess=True
        )
    )


def _conflict(path: Path, line: int) -> Problem:
    return Problem(
        code="update-conflict",
        message=f"You and the pack changed the same lines of {path.name}.",
        stage=Stage.SCAFFOLD,
        place=Place(path, Span.line(line, len(MINE))),
        fix=f"Keep what is right between {MINE!r} and {THEIRS!r}, and remove the markers.",
        severity=Severity.WARNING,
    )
