"""The ``draft`` section of the client's settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from lsprotocol.types import (
    WORKSPACE_DID_CHANGE_CONFIGURATION,
    ConfigurationItem,
    ConfigurationParams,
    DidChangeConfigurationParams,
)
from pygls.exceptions import JsonRpcException

from draft_ls.server.client import read_options
from draft_ls.server.protocol import Settings

if TYPE_CHECKING:
    from draft_ls.server.server import DraftLanguageServer

logger = logging.getLogger(__name__)

SECTION = "draft"


def register(ls: DraftLanguageServer) -> None:
    """Add the handlers of this module."""
    ls.feature(WORKSPACE_DID_CHANGE_CONFIGURATION)(_changed)


async def fetch(ls: DraftLanguageServer) -> None:
    """Ask the client for the settings."""
    if not ls.client.configuration:
        return
    try:
        params = ConfigurationParams([ConfigurationItem(section=SECTION)])
        found = await ls.workspace_configuration_async(params)
    except JsonRpcException as error:
        logger.warning("The client has no settings for Draft: %s", error)
        return
    ls.settings = read_options(Settings, found[0] if found else None)
    ls.refresh_views()


def _changed(ls: DraftLanguageServer, params: DidChangeConfigurationParams) -> None:
    """Ask again; a client that cannot be asked sends the settings along."""
    if ls.client.configuration:
        ls.tasks.start(fetch(ls), "settings")
        return
    settings: object = cast("object", params.settings)
    if isinstance(settings, dict):
        ls.settings = read_options(Settings, cast("dict[str, object]", settings).get(SECTION))
        ls.refresh_views()
