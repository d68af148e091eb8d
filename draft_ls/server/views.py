"""What editors ask for again when it has changed: code lenses, inlay hints, pulled diagnostics."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from draft_ls.server.server import DraftLanguageServer

logger = logging.getLogger(__name__)

INTERVAL = 0.25
"""The shortest time between two refreshes, in seconds."""


class Views:
    """Asks the client to refresh, at most four times a second and only if it can."""

    def __init__(self, ls: DraftLanguageServer) -> None:
        self._ls = ls
        self._planned = False

    def changed(self) -> None:
        """Something has changed that a client that can refresh should ask for again."""
        client = self._ls.client
        if not self._planned and (
            client.refresh_lenses or client.refresh_hints or client.refresh_diagnostics
        ):
            self._planned = True
            self._ls.tasks.start(self._refresh(), "refresh of views")

    async def _refresh(self) -> None:
        await asyncio.sleep(INTERVAL)
        self._planned = False
        client = self._ls.client
        try:
            if client.refresh_lenses:
                await self._ls.workspace_code_lens_refresh_async(None)
            if client.refresh_hints:
                await self._ls.workspace_inlay_hint_refresh_async(None)
            if client.refresh_diagnostics and self._ls.diagnostics.stale():
                await self._ls.workspace_diagnostic_refresh_async(None)
        except JsonRpcException as error:
            logger.warning("The client refused to refresh: %s", error)
