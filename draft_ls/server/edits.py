"""A scaffold → an edit that the client shows, applies and undoes.

Files are created without options, so that the client refuses where a file has appeared meanwhile; creating
with ``ignoreIfExists`` would skip the file and still put the text into the one that is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import (
    AnnotatedTextEdit,
    ChangeAnnotation,
    CreateFile,
    OptionalVersionedTextDocumentIdentifier,
    Position,
    Range,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)

from draft_ls.scaffold.model import Action
from draft_ls.server.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lsprotocol.types import ChangeAnnotationIdentifier

    from draft_ls.scaffold.model import FileEdit
    from draft_ls.server.texts import Lines

_START = Range(Position(0, 0), Position(0, 0))

_CREATED = "draft-create"


def new_files(app: Path, edits: Iterable[FileEdit], *, annotate: bool, confirm: bool) -> WorkspaceEdit:
    """The edit that creates the files of a scaffold; those that exist stay as they are.

    Args:
        app: the app's folder.
        edits: the scaffold's.
        annotate: whether the client knows change annotations.
        confirm: whether the client shall show the files before it makes them.
    """
    created = [edit for edit in edits if edit.action is Action.CREATE]
    note = _CREATED if annotate else None
    changes = [change for edit in created for change in _create(app / edit.path, edit.text, note)]
    annotation = ChangeAnnotation(
        label="Draft: Create", needs_confirmation=confirm, description=_description(created)
    )
    return WorkspaceEdit(
        document_changes=changes, change_annotations={_CREATED: annotation} if annotate else None
    )


def _description(created: list[FileEdit]) -> str:
    """The files at the top, with the chart as one."""
    names = dict.fromkeys(edit.path.partition("/")[0] + ("/" if "/" in edit.path else "") for edit in created)
    return ", ".join(names)


def _create(
    path: Path, text: str, note: ChangeAnnotationIdentifier | None
) -> tuple[CreateFile, TextDocumentEdit]:
    edit = AnnotatedTextEdit(note, _START, text) if note else TextEdit(_START, text)
    document = OptionalVersionedTextDocumentIdentifier(uri_of(path))
    return CreateFile(uri_of(path), annotation_id=note), TextDocumentEdit(document, [edit])


def replacement(path: Path, text: str, lines: Lines, version: int | None) -> TextDocumentEdit:
    """The edit that gives a file a whole new text."""
    document = OptionalVersionedTextDocumentIdentifier(uri_of(path), version)
    return TextDocumentEdit(document, [TextEdit(lines.whole(), text)])
