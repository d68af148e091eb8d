"""A scaffold → an edit that the client shows, applies and undoes.

Files are created without options, so that the client refuses where a file has appeared meanwhile; creating
with ``ignoreIfExists`` would skip the file and still put the text into the one that is there.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from lsprotocol.types import ChangeAnnotationIdentifier

    from draft_ls.scaffold.model import FileEdit
    from draft_ls.server.texts import Lines

CREATE = "draft-create"
REPLACE = "draft-replace"
REVIEW = "draft-review"

_START = Range(Position(0, 0), Position(0, 0))


@dataclass(frozen=True, slots=True)
class Note:
    """How a client that knows change annotations is told what an edit is about.

    Attributes:
        confirm: whether new files are shown before they are made; files to be replaced always are.
    """

    confirm: bool


def file_edits(
    app: Path, edits: Sequence[FileEdit], lines: Callable[[Path], Lines], note: Note | None
) -> WorkspaceEdit:
    """The edit that creates and replaces the files of a scaffold; those to be kept stay as they are.

    Args:
        app: the app's folder.
        edits: the scaffold's.
        lines: gives the text that a file has now.
        note: none for a client that does not know change annotations.
    """
    changes = [
        *_new_files(app, edits, annotated=note is not None),
        *_new_texts(app, edits, lines, annotated=note is not None),
    ]
    if note is None:
        return WorkspaceEdit(document_changes=changes)
    annotations = _annotations(edits)
    if note.confirm or REPLACE in annotations:
        changes.append(_review(changes))
        annotations[REVIEW] = ChangeAnnotation(
            "Draft: look through the files, then apply", needs_confirmation=True
        )
    return WorkspaceEdit(document_changes=changes, change_annotations=annotations)


def _review(changes: Sequence[CreateFile | TextDocumentEdit]) -> TextDocumentEdit:
    """An edit that changes nothing and asks to be confirmed, so that the client shows all the others.

    VS Code leaves out whatever asks to be confirmed until the person ticks it: if the files themselves asked,
    *Apply* would make none of them.
    """
    last = next(change for change in reversed(changes) if isinstance(change, TextDocumentEdit))
    return TextDocumentEdit(last.text_document, [AnnotatedTextEdit(REVIEW, _START, "")])


def _new_files(app: Path, edits: Sequence[FileEdit], *, annotated: bool) -> Iterator[CreateFile]:
    """All files before all texts: what lies together in an edit, VS Code takes back together."""
    for edit in edits:
        if edit.action is Action.CREATE:
            yield CreateFile(uri_of(app / edit.path), annotation_id=CREATE if annotated else None)


def _new_texts(
    app: Path, edits: Sequence[FileEdit], lines: Callable[[Path], Lines], *, annotated: bool
) -> Iterator[TextDocumentEdit]:
    for edit in edits:
        path = app / edit.path
        if edit.action is Action.CREATE:
            yield _texts(path, [TextEdit(_START, edit.text)], CREATE if annotated else None)
        elif edit.action is Action.REPLACE:
            yield _texts(path, lines(path).changes(edit.text), REPLACE if annotated else None)


def _texts(
    path: Path, edits: Sequence[TextEdit], note: ChangeAnnotationIdentifier | None
) -> TextDocumentEdit:
    noted = [AnnotatedTextEdit(note, each.range, each.new_text) if note else each for each in edits]
    return TextDocumentEdit(OptionalVersionedTextDocumentIdentifier(uri_of(path)), noted)


def _annotations(edits: Sequence[FileEdit]) -> dict[str, ChangeAnnotation]:
    found: dict[str, ChangeAnnotation] = {}
    for action, identifier, label in (
        (Action.CREATE, CREATE, "Draft: new files"),
        (Action.REPLACE, REPLACE, "Draft: files that are there already"),
    ):
        names = _names(edit.path for edit in edits if edit.action is action)
        if names:
            found[identifier] = ChangeAnnotation(label, needs_confirmation=False, description=names)
    return found


def _names(paths: Iterator[str]) -> str:
    """The files at the top, with each folder as one."""
    return ", ".join(dict.fromkeys(path.partition("/")[0] + ("/" if "/" in path else "") for path in paths))
