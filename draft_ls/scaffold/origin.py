"""The record of what a scaffold was made from, so that a newer pack can be merged into what became of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from draft_ls.detect.documents import plain, table
from draft_ls.detect.rules import RuleError
from draft_ls.detect.ties import ORIGIN_FILE
from draft_ls.scaffold.model import Action, SyncRules
from draft_ls.scaffold.packs import sync_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from draft_ls.detect.model import Detail
    from draft_ls.scaffold.model import FileEdit
    from draft_ls.scaffold.packs import Pack

__all__ = ["ORIGIN_FILE", "Origin", "origin_text", "read_origin", "written"]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a scaffold was made from.

    Attributes:
        pack: the pack's name; ``version`` its version then.
        name: the app's name.
        answers: what the person chose.
        files: path → text, exactly as the pack wrote it; only files that the pack did write.
        sync: what the pack says about syncing; kept here so that it holds where the pack is not known.
    """

    pack: str
    version: str
    name: str
    answers: Mapping[str, Detail]
    files: Mapping[str, str]
    sync: SyncRules = field(default_factory=SyncRules)


def origin_text(pack: Pack, name: str, answers: Mapping[str, Detail], files: Mapping[str, str]) -> str:
    """The record as a file's text."""
    document = {
        "about": "What draft create wrote, for draft update to merge a newer pack. Keep it in version control.",
        "pack": pack.name,
        "version": pack.version,
        "name": name,
        "answers": {
            key: list(value) if isinstance(value, tuple) else value for key, value in answers.items()
        },
        "files": dict(files),
    }
    if pack.sync != SyncRules():
        document["sync"] = {key: value for key, value in asdict(pack.sync).items() if value is not None}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read_origin(text: str) -> Origin | None:
    """The record of a file's text; none if it is no such record."""
    try:
        document = table(json.loads(text))
    except (ValueError, RecursionError):
        return None
    files = {path: text for path, text in table(document.get("files")).items() if isinstance(text, str)}
    try:
        sync = sync_rules(document.get("sync"))
    except RuleError:  # of a newer Draft, or changed by hand: without rules every save is still right
        sync = SyncRules()
    if not isinstance(document.get("pack"), str) or not files:
        return None
    answers = {key: plain(value) for key, value in table(document.get("answers")).items()}
    return Origin(
        pack=document["pack"],
        version=str(document.get("version", "")),
        name=str(document.get("name", "app")),
        answers=answers,
        files=files,
        sync=sync,
    )


def written(edits: Iterable[FileEdit]) -> dict[str, str]:
    """What of a plan the pack writes by itself: path → text."""
    return {edit.path: edit.text for edit in edits if edit.action is not Action.KEEP}
