"""The repairs that a problem carries, as quick fixes that the client applies and undoes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import (
    CodeAction,
    CodeActionKind,
    CreateFile,
    OptionalVersionedTextDocumentIdentifier,
    Position,
    Range,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)

from draft_ls.server.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from lsprotocol.types import Diagnostic

    from draft_ls.errors import Edit, Problem
    from draft_ls.server.server import DraftLanguageServer

_START = Range(Position(0, 0), Position(0, 0))


def repairs(
    ls: DraftLanguageServer, problem: Problem, diagnostics: Sequence[Diagnostic]
) -> Iterator[CodeAction]:
    """The quick fixes of a problem, the preferred one first.

    Args:
        ls: the server.
        problem: the problem, as it was told last.
        diagnostics: how the client shows it.
    """
    for number, repair in enumerate(problem.repairs):
        edit = edit_of(ls, repair.edits)
        if edit is not None:
            yield CodeAction(
                repair.title,
                kind=CodeActionKind.QuickFix,
                diagnostics=list(diagnostics),
                is_preferred=number == 0,
                edit=edit,
            )


def edit_of(ls: DraftLanguageServer, edits: Sequence[Edit]) -> WorkspaceEdit | None:
    """One edit for the client; none if it makes a file and the client cannot, or the file is there by now."""
    new = [each for each in edits if each.place.span is None]
    if any(ls.text(each.place.path) is not None for each in new) or (new and not ls.client.create_files):
        return None
    changes: dict[str, list[TextEdit]] = {}
    for each in edits:
        if each.place.span is not None:
            range_ = ls.lines(each.place.path).range(each.place.span)
            changes.setdefault(_uri(ls, each.place.path), []).append(TextEdit(range_, each.text))
    if not new:
        return WorkspaceEdit(changes=changes)
    made = [_text(uri_of(each.place.path), [TextEdit(_START, each.text)]) for each in new]
    files = [CreateFile(uri_of(each.place.path)) for each in new]
    return WorkspaceEdit(
        document_changes=[*files, *made, *(_text(uri, texts) for uri, texts in changes.items())]
    )


def _uri(ls: DraftLanguageServer, path: Path) -> str:
    """The client's own spelling of a file's URI, if it has the file open."""
    document = ls.document(path)
    return document.uri if document else uri_of(path)


def _text(uri: str, edits: Sequence[TextEdit]) -> TextDocumentEdit:
    return TextDocumentEdit(OptionalVersionedTextDocumentIdentifier(uri), list(edits))
