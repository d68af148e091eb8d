"""After a roll back: the person's files are newer than what is live, and the older ones are offered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from draft_ls.server.scaffolding import apply_edit, edit_of
from draft_ls.server.sessions import ask

if TYPE_CHECKING:
    from draft_ls.engine.events import Key
    from draft_ls.server.server import DraftLanguageServer

REVIEW = "Review Their Changes"
KEEP = "Keep My Files"
NAMED = 3
"""Files that the question names."""


async def offer_files(ls: DraftLanguageServer, key: Key) -> None:
    """Ask whether the files are to become those that are live again; then as an edit to look through and undo."""
    back = await ls.engine.files_back(key)
    if not back.edits:
        return
    names = [edit.path for edit in back.edits]
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    differs = "differs" if len(names) == 1 else "differ"
    question = f"{shown} {differs} from what is live again. Bring the files back too?"
    if await ask(ls, question, (REVIEW, KEEP)) != REVIEW:
        return
    if ls.client.create_files and ls.client.apply_edits:
        edit = edit_of(ls, back.root, list(back.edits), confirm=True)
        await apply_edit(ls, edit, "Draft: bring the files back")
        return
    from draft_ls.engine.writing import write

    await asyncio.to_thread(write, back.root, back.edits)
