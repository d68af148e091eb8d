"""What the client tells about files. These handlers only take note: they run on the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import (
    TEXT_DOCUMENT_DID_CHANGE,
    TEXT_DOCUMENT_DID_CLOSE,
    TEXT_DOCUMENT_DID_OPEN,
    TEXT_DOCUMENT_DID_SAVE,
    WORKSPACE_DID_CHANGE_WATCHED_FILES,
    WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS,
    WORKSPACE_DID_CREATE_FILES,
    WORKSPACE_DID_DELETE_FILES,
    WORKSPACE_DID_RENAME_FILES,
    CreateFilesParams,
    DeleteFilesParams,
    DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams,
    DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams,
    DidOpenTextDocumentParams,
    DidSaveTextDocumentParams,
    FileChangeType,
    FileOperationFilter,
    FileOperationPattern,
    FileOperationRegistrationOptions,
    RenameFilesParams,
    SaveOptions,
)

from draft_ls.config.model import CONFIG_FILE
from draft_ls.server.protocol import APPS_CHANGED, HOLD, HoldParams
from draft_ls.server.sessions import app_at
from draft_ls.server.uris import path_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from draft_ls.server.server import DraftLanguageServer


_FILES = FileOperationRegistrationOptions([FileOperationFilter(FileOperationPattern("**/*"), "file")])
"""Files and folders that the person makes, renames or deletes in the editor itself."""


def register(ls: DraftLanguageServer) -> None:
    """Add the handlers of this module."""
    ls.feature(TEXT_DOCUMENT_DID_OPEN)(_opened)
    ls.feature(TEXT_DOCUMENT_DID_CHANGE)(_changed)
    ls.feature(TEXT_DOCUMENT_DID_SAVE, SaveOptions(include_text=False))(_saved)
    ls.feature(TEXT_DOCUMENT_DID_CLOSE)(_closed)
    ls.feature(WORKSPACE_DID_CHANGE_WATCHED_FILES)(_files_changed)
    ls.feature(WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(_folders_changed)
    ls.feature(WORKSPACE_DID_CREATE_FILES, _FILES)(_created)
    ls.feature(WORKSPACE_DID_RENAME_FILES, _FILES)(_renamed)
    ls.feature(WORKSPACE_DID_DELETE_FILES, _FILES)(_deleted)
    ls.feature(HOLD)(_held)


def _opened(ls: DraftLanguageServer, params: DidOpenTextDocumentParams) -> None:
    if path := path_of(params.text_document.uri):
        ls.diagnostics.push(path)
        _look_at(ls, path, delay=0)


def _changed(ls: DraftLanguageServer, params: DidChangeTextDocumentParams) -> None:
    if path := path_of(params.text_document.uri):
        _look_at(ls, path)


def _saved(ls: DraftLanguageServer, params: DidSaveTextDocumentParams) -> None:
    path = path_of(params.text_document.uri)
    if path is None:
        return
    if ls.running_engine is not None and ls.settings.deploy_on_save:
        ls.running_engine.saved(path)
    if path.name == CONFIG_FILE:
        _apps_changed(ls)
    elif ls.running_engine is not None:
        ls.refresh_views()  # what was edited is saved


def _closed(ls: DraftLanguageServer, params: DidCloseTextDocumentParams) -> None:
    if path := path_of(params.text_document.uri):
        ls.diagnostics.closed(path)
        _look_at(ls, path, delay=0)


def _files_changed(ls: DraftLanguageServer, params: DidChangeWatchedFilesParams) -> None:
    for change in params.changes:
        path = path_of(change.uri)
        if path is None:
            continue
        if path.name == CONFIG_FILE and change.type != FileChangeType.Changed:
            _apps_changed(ls)
        if not ls.is_open(path):
            _look_at(ls, path)


def _created(ls: DraftLanguageServer, params: CreateFilesParams) -> None:
    _moved(ls, (each.uri for each in params.files))


def _renamed(ls: DraftLanguageServer, params: RenameFilesParams) -> None:
    _moved(ls, (uri for each in params.files for uri in (each.old_uri, each.new_uri)))


def _deleted(ls: DraftLanguageServer, params: DeleteFilesParams) -> None:
    _moved(ls, (each.uri for each in params.files))


def _moved(ls: DraftLanguageServer, uris: Iterable[str]) -> None:
    """Files or folders have come or gone; a folder may take whole apps with it."""
    for uri in uris:
        path = path_of(uri)
        if path is None:
            continue
        if path.name == CONFIG_FILE or not path.suffix:
            _apps_changed(ls)
        for app in {each for each in ls.analysis.known() if each.is_relative_to(path)}:
            ls.analysis.changed(app)
        _look_at(ls, path)


def _folders_changed(ls: DraftLanguageServer, params: DidChangeWorkspaceFoldersParams) -> None:
    del params
    _apps_changed(ls)


def _held(ls: DraftLanguageServer, params: HoldParams) -> None:
    path = path_of(params.uri)
    if path and ls.running_engine is not None:
        ls.running_engine.hold(path, params.reasons if ls.settings.save_gate else ())


def _apps_changed(ls: DraftLanguageServer) -> None:
    ls.refresh_views()
    if ls.options.notifications:
        ls.protocol.notify(APPS_CHANGED)


def _look_at(ls: DraftLanguageServer, path: Path, delay: float | None = None) -> None:
    """Analyse the apps that a file belongs to; a draft.toml that is gone has an app too: to forget it."""
    own = path.parent if path.name == CONFIG_FILE else app_at(ls, path)
    apps = ls.analysis.reached(path)
    for app in apps | {own} if own else apps:
        if delay is None:
            ls.analysis.changed(app)
        else:
            ls.analysis.changed(app, delay)
