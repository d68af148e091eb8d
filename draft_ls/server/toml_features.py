"""draft.toml as a language: the pure functions of ``analysis``, as LSP.

Each handler reads one text and answers at once; nothing is remembered between requests.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lsprotocol import types

from draft_ls.config.model import CONFIG_FILE
from draft_ls.files import READ_LIMIT
from draft_ls.server.uris import path_of, uri_of

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.analysis.draft_toml_completion import Proposal
    from draft_ls.analysis.draft_toml_outline import Symbol
    from draft_ls.server.server import DraftLanguageServer
    from draft_ls.server.texts import Lines

logger = logging.getLogger(__name__)

_KINDS = {
    "key": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.Value,
    "table": types.CompletionItemKind.Module,
    "file": types.CompletionItemKind.File,
    "folder": types.CompletionItemKind.Folder,
}


def register(ls: DraftLanguageServer) -> None:
    """Add the handlers of this module."""
    completion = types.CompletionOptions(trigger_characters=["[", ".", "=", '"', "'", "/"])
    ls.feature(types.TEXT_DOCUMENT_COMPLETION, completion)(_completion)
    ls.feature(types.TEXT_DOCUMENT_HOVER)(_hover)
    ls.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)(_symbols)
    ls.feature(types.TEXT_DOCUMENT_DOCUMENT_LINK, types.DocumentLinkOptions(resolve_provider=False))(_links)
    ls.feature(types.TEXT_DOCUMENT_DEFINITION)(_definition)
    ls.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)(_folds)
    ls.feature(types.TEXT_DOCUMENT_INLAY_HINT, types.InlayHintOptions(resolve_provider=False))(_hints)
    ls.feature(types.TEXT_DOCUMENT_FORMATTING)(_formatting)
    ls.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))(_rename)
    ls.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)(_prepare_rename)


def _read(ls: DraftLanguageServer, uri: str) -> tuple[Path, str, Lines] | None:
    """A draft.toml as it is written now; none for other files, or for one that is too large to be one."""
    path = path_of(uri)
    text = ls.text(path) if path and path.name == CONFIG_FILE else None
    if path is None or text is None or len(text) > READ_LIMIT:
        return None
    return path, text, ls.lines(path)


def _completion(ls: DraftLanguageServer, params: types.CompletionParams) -> types.CompletionList | None:
    """Keys, tables and values."""
    read = _read(ls, params.text_document.uri)
    if read is None:
        return None
    from draft_ls.analysis.draft_toml_completion import complete

    path, text, lines = read
    position = lines.text_position(params.position)
    proposals = complete(text, position, ls.tree(path.parent), ls.offered.now(path.parent))
    items = [_item(lines, number, each) for number, each in enumerate(proposals)]
    return types.CompletionList(is_incomplete=False, items=items)


def _item(lines: Lines, number: int, proposal: Proposal) -> types.CompletionItem:
    documentation = types.MarkupContent(types.MarkupKind.Markdown, proposal.documentation)
    return types.CompletionItem(
        label=proposal.label,
        kind=_KINDS[proposal.sort.value],
        detail=proposal.detail or None,
        documentation=documentation if proposal.documentation else None,
        sort_text=f"{number:03}",
        filter_text=proposal.text,
        text_edit=types.TextEdit(lines.range(proposal.span), proposal.text),
    )


def _hover(ls: DraftLanguageServer, params: types.HoverParams) -> types.Hover | None:
    """The documentation of a key, and the value in effect."""
    read = _read(ls, params.text_document.uri)
    if read is None:
        return None
    from draft_ls.analysis.draft_toml_hover import explain

    path, text, lines = read
    found = explain(text, lines.text_position(params.position), ls.tree(path.parent))
    if found is None:
        return None
    kind = types.MarkupKind.Markdown if ls.client.markdown else types.MarkupKind.PlainText
    return types.Hover(types.MarkupContent(kind, found.text), lines.range(found.span))


def _symbols(
    ls: DraftLanguageServer, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol] | list[types.SymbolInformation]:
    """The environments and their keys."""
    read = _read(ls, params.text_document.uri)
    if read is None:
        return []
    from draft_ls.analysis.draft_toml_outline import outline

    _, text, lines = read
    found = outline(text)
    if ls.client.symbols:
        return [_symbol(lines, symbol) for symbol in found]
    uri = params.text_document.uri
    return [
        types.SymbolInformation(types.Location(uri, lines.range(each.whole)), each.name, _symbol_kind(each))
        for symbol in found
        for each in (symbol, *symbol.children)
    ]


def _links(ls: DraftLanguageServer, params: types.DocumentLinkParams) -> list[types.DocumentLink]:
    """The files that values name."""
    read = _read(ls, params.text_document.uri)
    if read is None:
        return []
    from draft_ls.analysis.draft_toml_hover import links, opened

    path, text, lines = read
    tree = ls.tree(path.parent)
    return [
        types.DocumentLink(lines.range(link.span), uri_of(path.parent / opened(link.path, tree)))
        for link in links(text, tree)
    ]


def _definition(ls: DraftLanguageServer, params: types.DefinitionParams) -> types.Location | None:
    """The file that a value names."""
    read = _read(ls, params.text_document.uri)
    if read is None:
        return None
    from draft_ls.analysis.draft_toml_hover import target

    path, text, lines = read
    found = target(text, lines.text_position(params.position), ls.tree(path.parent))
    start = types.Position(0, 0)
    return types.Location(uri_of(path.parent / found), types.Range(start, start)) if found else None


def _folds(ls: DraftLanguageServer, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    """Tables, and values over several lines."""
    read = _read(ls, params.text_document.uri)
    if read is None:
        return []
    from draft_ls.analysis.draft_toml_outline import folds

    return [types.FoldingRange(start, end) for start, end in folds(read[1]) if end > start]


def _hints(ls: DraftLanguageServer, params: types.InlayHintParams) -> list[types.InlayHint]:
    """The defaults in effect."""
    read = _read(ls, params.text_document.uri)
    if read is None:
        return []
    from draft_ls.analysis.draft_toml_hover import hints

    path, text, lines = read
    wanted = range(params.range.start.line, params.range.end.line + 1)
    return [
        types.InlayHint(
            lines.position(hint.position),
            hint.text,
            tooltip=f"In effect by default: {hint.text.strip()}",  # editors cut a long hint short
            padding_left=True,
        )
        for hint in hints(text, ls.tree(path.parent))
        if hint.position.line in wanted
    ]


def _formatting(
    ls: DraftLanguageServer, params: types.DocumentFormattingParams
) -> list[types.TextEdit] | None:
    """The text in the shape that ``draft create`` writes."""
    read = _read(ls, params.text_document.uri)
    if read is None:
        return None
    from draft_ls.analysis.draft_toml_edits import formatted

    _, text, lines = read
    made = formatted(text)
    if made is None or made == text:
        return None
    return [types.TextEdit(lines.whole(), made)]


def _prepare_rename(ls: DraftLanguageServer, params: types.PrepareRenameParams) -> types.Range | None:
    """The name of an environment."""
    read = _read(ls, params.text_document.uri)
    if read is None:
        return None
    from draft_ls.analysis.draft_toml_edits import environment_at

    _, text, lines = read
    found = environment_at(text, lines.text_position(params.position))
    return lines.range(found) if found else None


def _rename(ls: DraftLanguageServer, params: types.RenameParams) -> types.WorkspaceEdit | None:
    """Give an environment another name, wherever the file says it."""
    read = _read(ls, params.text_document.uri)
    if read is None:
        return None
    from draft_ls.analysis.draft_toml_edits import rename_environment

    _, text, lines = read
    found = rename_environment(text, lines.text_position(params.position), params.new_name)
    edits = [types.TextEdit(lines.range(span), name) for span, name in found]
    return types.WorkspaceEdit(changes={params.text_document.uri: edits})


def _symbol(lines: Lines, symbol: Symbol) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        name=symbol.name or "?",
        kind=_symbol_kind(symbol),
        range=lines.range(symbol.whole),
        selection_range=lines.range(symbol.key),
        detail=symbol.detail or None,
        children=[_symbol(lines, child) for child in symbol.children],
    )


def _symbol_kind(symbol: Symbol) -> types.SymbolKind:
    return types.SymbolKind.Module if symbol.table else types.SymbolKind.Property
