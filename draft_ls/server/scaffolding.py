"""Draft: Create and Draft: Update Scaffold, as edits that the person can preview and undo."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from lsprotocol.types import (
    ApplyWorkspaceEditParams,
    MessageType,
    ShowMessageParams,
    WorkspaceEditMetadata,
)
from pygls.exceptions import JsonRpcException

from draft_ls.errors import DraftError, Problem, Stage
from draft_ls.server.convert import problem_info
from draft_ls.server.protocol import APPS_CHANGED, CommandArguments, CreateResult, FileInfo
from draft_ls.server.sessions import ask, choose_app, given_path
from draft_ls.server.texts import Lines
from draft_ls.server.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsprotocol.types import WorkspaceEdit

    from draft_ls.detect.model import Detection
    from draft_ls.engine.create import Creation
    from draft_ls.scaffold.model import FileEdit
    from draft_ls.scaffold.packs import Packs
    from draft_ls.server.server import DraftLanguageServer

logger = logging.getLogger(__name__)


async def create(ls: DraftLanguageServer, arguments: CommandArguments) -> CreateResult:
    """Add what a folder needs to be deployed; files that exist are kept unless they are named.

    The client makes the files if it can, so that the person may review and undo; else they are written here.
    """
    creation = await plan(ls, await _folder(ls, arguments.app), arguments)
    edits = wanted(creation, arguments.pieces)
    if not edits or arguments.dry_run:
        return await _result(ls, creation, None if edits else "Everything is there already.")
    return await _make(ls, creation, edits, "Draft: Create", confirm=arguments.confirm)


async def update(ls: DraftLanguageServer, arguments: CommandArguments) -> CreateResult:
    """Merge an app's pack, as it is now, into the files that it once wrote; the person's changes stay.

    Raises:
        DraftError: there is no such app, no record of the pack that made it, or the pack is gone or broken.
    """
    from draft_ls.engine.update import plan as plan_update
    from draft_ls.scaffold.origin import ORIGIN_FILE

    app = await choose_app(ls, arguments.app)
    creation = await asyncio.to_thread(plan_update, app, tree=ls.tree(app), trusted=ls.options.trusted)
    edits = wanted(creation, ())
    if all(edit.path == ORIGIN_FILE for edit in edits):
        return await _result(ls, creation, f"Nothing has changed in the pack {creation.scaffold.pack}.")
    if arguments.dry_run:
        return await _result(ls, creation, None)
    result = await _make(ls, creation, edits, "Draft: Update Scaffold", confirm=True)
    if result.applied and not ls.options.notifications:
        for problem in creation.problems:
            ls.window_show_message(
                ShowMessageParams(MessageType.Warning, f"{problem.message} {problem.fix}".strip())
            )
    return result


async def plan(ls: DraftLanguageServer, folder: Path, arguments: CommandArguments) -> Creation:
    """What would be created, from what is written now, saved or not; asks what only a person knows.

    Raises:
        DraftError: no app was found and none chosen, or the pack is broken.
    """
    from draft_ls.engine.create import plan_create, with_replaced

    pack = arguments.pack
    if pack is None:
        folder, pack = await _choose(ls, folder)
    creation = await asyncio.to_thread(
        plan_create,
        folder,
        pack=pack,
        name=arguments.name,
        answers=arguments.answers,
        tree=ls.tree(folder),
        trusted=ls.options.trusted,
    )
    return with_replaced(creation, arguments.replace)


def wanted(creation: Creation, pieces: Sequence[str]) -> list[FileEdit]:
    """The files to write: all that are missing or to be replaced, or those whose paths start like a piece."""
    from draft_ls.scaffold.model import Action

    edits = [edit for edit in creation.scaffold.edits if edit.action is not Action.KEEP]
    return [edit for edit in edits if not pieces or edit.path.startswith(tuple(pieces))]


async def detect_in(ls: DraftLanguageServer, folder: Path) -> tuple[tuple[Detection, ...], Packs]:
    """What a folder holds, and the packs that were considered; without trust only the built-in ones."""
    from draft_ls.detect.detect import detect
    from draft_ls.engine.packs import available_packs

    root = next((root for root in ls.roots() if folder.is_relative_to(root)), folder)
    packs = await asyncio.to_thread(available_packs, root, trusted=ls.options.trusted)
    return await asyncio.to_thread(detect, ls.tree(folder), rules=packs.rules), packs


async def _choose(ls: DraftLanguageServer, folder: Path) -> tuple[Path, str | None]:
    """The folder of the app, and the pack if the person had to name it."""
    from draft_ls.engine.create import tie_of

    found, packs = await detect_in(ls, folder)
    here = next((detection for detection in found if not detection.path), None)
    here = here or (found[0] if len(found) == 1 else None)
    if here:
        tie = tie_of(folder, here)
        return folder / here.path, await _answer(ls, tie.question, tie.packs) if tie else None
    if found:
        question = f"{folder.name} holds several apps. Create the files of which?"
        return folder / await _answer(ls, question, [detection.path for detection in found]), None
    question = f"No app was detected in {folder.name}. Which pack fits?"
    return folder, await _answer(ls, question, sorted(packs.packs))


async def _folder(ls: DraftLanguageServer, named: str | None) -> Path:
    """The named folder, that of the named file, or the workspace folder."""
    if named is not None:
        path = given_path(named)
        return path if path.is_dir() else path.parent
    roots = ls.roots()
    if not roots:
        problem = Problem("no-folder", "No folder is open.", Stage.SCAFFOLD, fix="Open the app's folder.")
        raise DraftError(problem)
    if len(roots) == 1:
        return roots[0]
    return Path(await _answer(ls, "Create the files of which folder?", [str(root) for root in roots]))


async def _answer(ls: DraftLanguageServer, question: str, choices: Sequence[str]) -> str:
    chosen = await ask(ls, question, choices)
    if chosen is None:
        fix = f"Choose one of: {', '.join(choices)}."
        raise DraftError(Problem("no-choice", f"{question} Nothing was chosen.", Stage.SCAFFOLD, fix=fix))
    return chosen


async def _make(
    ls: DraftLanguageServer, creation: Creation, edits: list[FileEdit], label: str, *, confirm: bool
) -> CreateResult:
    """Make the files, and say what became of it."""
    result = await _result(ls, creation, None)
    refusal = await _apply(ls, creation.folder, edits, label, confirm=confirm)
    if refusal is not None:
        return attrs.evolve(result, message=refusal)
    ls.analysis.changed(creation.folder)
    if ls.options.notifications:
        ls.protocol.notify(APPS_CHANGED)
    return attrs.evolve(result, applied=True)


async def _apply(
    ls: DraftLanguageServer, app: Path, edits: list[FileEdit], label: str, *, confirm: bool
) -> str | None:
    """Make the files. Returns why not, if the client or the person declined."""
    if not (ls.client.create_files and ls.client.apply_edits):
        from draft_ls.engine.writing import write

        await asyncio.to_thread(write, app, edits)
        return None
    return await apply_edit(ls, edit_of(ls, app, edits, confirm=confirm), label)


def edit_of(ls: DraftLanguageServer, app: Path, edits: list[FileEdit], *, confirm: bool) -> WorkspaceEdit:
    """The edit that makes the files, as this client can show it."""
    from draft_ls.server.edits import Note, file_edits

    return file_edits(app, edits, ls.lines, Note(confirm=confirm) if ls.client.annotations else None)


async def apply_edit(ls: DraftLanguageServer, edit: WorkspaceEdit, label: str) -> str | None:
    """Let the client apply an edit. Returns why not, if it or the person declined."""
    metadata = WorkspaceEditMetadata(is_refactoring=True) if ls.client.refactoring else None
    try:
        answer = await ls.workspace_apply_edit_async(ApplyWorkspaceEditParams(edit, label, metadata))
    except JsonRpcException as error:
        return error.message
    return None if answer.applied else answer.failure_reason or "The edit was not applied."


async def _result(ls: DraftLanguageServer, creation: Creation, message: str | None) -> CreateResult:
    """What is planned; nothing is applied yet."""
    from draft_ls.engine.create import replaceable

    differing = {edit.path for edit in await asyncio.to_thread(replaceable, creation)}
    scaffold = creation.scaffold
    texts = {creation.folder / edit.path: edit.text for edit in scaffold.edits}

    def lines(path: Path) -> Lines:
        return Lines(texts[path], ls.encoding) if path in texts else ls.lines(path)

    return CreateResult(
        app=uri_of(creation.folder),
        name=scaffold.name,
        pack=scaffold.pack,
        applied=False,
        files=tuple(
            FileInfo(
                uri_of(creation.folder / edit.path), edit.action.value, edit.reason, edit.path in differing
            )
            for edit in scaffold.edits
        ),
        problems=tuple(problem_info(problem, lines) for problem in creation.problems),
        message=message,
    )
