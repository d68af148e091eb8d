"""From ``initialize`` to ``shutdown``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from lsprotocol.types import (
    INITIALIZE,
    INITIALIZED,
    SHUTDOWN,
    TEXT_DOCUMENT_DIAGNOSTIC,
    WORKSPACE_DID_CHANGE_CONFIGURATION,
    WORKSPACE_DID_CHANGE_WATCHED_FILES,
    DiagnosticOptions,
    DidChangeConfigurationRegistrationOptions,
    DidChangeWatchedFilesRegistrationOptions,
    FileSystemWatcher,
    InitializedParams,
    InitializeParams,
    Registration,
    RegistrationParams,
)
from pygls.exceptions import JsonRpcException

from draft_ls.server import commands, configuration, requests
from draft_ls.server.client import Client, read_options
from draft_ls.server.protocol import VERSION, InitializationOptions
from draft_ls.server.transport import CLOSE_BUDGET

if TYPE_CHECKING:
    from draft_ls.server.server import DraftLanguageServer

logger = logging.getLogger(__name__)

WATCHED = (
    "**/draft.toml",
    "**/*Dockerfile*",
    "**/*.dockerignore",
    "**/chart/**",
    "**/{requirements*.txt,pyproject.toml,package.json,package-lock.json,.env*,values*.yaml}",
)
"""What the client watches for us: files that the analysis reads but that need not be open."""


def register(ls: DraftLanguageServer) -> None:
    """Add the handlers of this module."""
    ls.feature(INITIALIZE)(_initialize)
    ls.feature(INITIALIZED)(_initialized)
    ls.feature(SHUTDOWN)(_shutdown)


def _initialize(ls: DraftLanguageServer, params: InitializeParams) -> None:
    """Learn what the client can do, and register what depends on it."""
    ls.client = Client.of(params.capabilities)
    ls.options = read_options(InitializationOptions, params.initialization_options)
    ls.protocol.experimental = {"draft": {"version": VERSION, "commandPrefix": ls.options.command_prefix}}
    commands.register(ls, ls.options.command_prefix)
    if ls.client.pull:
        options = DiagnosticOptions(
            inter_file_dependencies=True, workspace_diagnostics=False, identifier="draft"
        )
        ls.feature(TEXT_DOCUMENT_DIAGNOSTIC, options)(requests.diagnostic)


def _initialized(ls: DraftLanguageServer, params: InitializedParams) -> None:
    del params
    ls.initialized.set()
    ls.tasks.start(_get_acquainted(ls), "first questions to the client")


async def _get_acquainted(ls: DraftLanguageServer) -> None:
    """Ask for settings and file events; a client that refuses works on with the defaults."""
    await asyncio.gather(_watch(ls), configuration.fetch(ls))
    if ls.on_idle is not None:
        await asyncio.to_thread(ls.on_idle)


async def _watch(ls: DraftLanguageServer) -> None:
    wanted: list[Registration] = []
    if ls.client.watch_files:
        watchers = DidChangeWatchedFilesRegistrationOptions([FileSystemWatcher(each) for each in WATCHED])
        wanted.append(Registration("draft-files", WORKSPACE_DID_CHANGE_WATCHED_FILES, watchers))
    if ls.client.watch_configuration:
        section = DidChangeConfigurationRegistrationOptions(section=configuration.SECTION)
        wanted.append(Registration("draft-settings", WORKSPACE_DID_CHANGE_CONFIGURATION, section))
    if not wanted:
        return
    try:
        await ls.client_register_capability_async(RegistrationParams(wanted))
    except JsonRpcException as error:
        logger.warning("The client refused to watch files or settings: %s", error)


async def _shutdown(ls: DraftLanguageServer, params: None) -> None:
    """Give everything back before answering, because editors kill a server that lingers after ``exit``."""
    del params
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_BUDGET):
            await ls.close()
