"""What editors show beside the text: code lenses and inlay hints, asked for again when they have changed."""

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
        """What lenses and hints say has changed."""
        if not self._planned and (self._ls.client.refresh_lenses or self._ls.client.refresh_hints):
            self._planned = True
            self._ls.tasks.start(self._refresh(), "refresh of views")

    async def _refresh(self) -> None:
        await asyncio.sleep(INTERVAL)
        self._planned = False
        try:
            if self._ls.client.refresh_lenses:
                await self._ls.workspace_code_lens_refresh_async(None)
            if self._ls.client.refresh_hints:
                await self._ls.workspace_inlay_hint_refresh_async(None)
        except JsonRpcException as error:
            logger.warning("The client refused to refresh: %s", error)
