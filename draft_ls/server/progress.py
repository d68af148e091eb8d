"""Work-done progress that the server starts, or that the client offered with its request."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lsprotocol.types import (
    WorkDoneProgressBegin,
    WorkDoneProgressCreateParams,
    WorkDoneProgressEnd,
    WorkDoneProgressReport,
)
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from collections.abc import Callable

    from lsprotocol.types import ProgressToken

    from draft_ls.server.server import DraftLanguageServer


class Progress:
    """One progress: shown as soon as the client agrees, gone when ``end`` is called.

    A client that cannot show progress, or declines, sees none. pygls keeps a token for ever and refuses one
    that it has seen, so tokens are random and removed at the end.

    Args:
        ls: the server.
        title: what is under way.
        on_cancel: called on the event loop when the person cancels; none if it cannot be cancelled.
        token: the client's own token, if it offered one.
    """

    def __init__(
        self,
        ls: DraftLanguageServer,
        title: str,
        *,
        on_cancel: Callable[[], None] | None = None,
        token: ProgressToken | None = None,
    ) -> None:
        self._ls = ls
        self._title = title
        self._on_cancel = on_cancel
        self._token = str(uuid4()) if token is None else token
        progress: Any = ls.work_done_progress
        self._tokens: dict[ProgressToken, Future[None]] = progress.tokens
        self._message = ""
        self._shown = False
        self._ended = False
        if token is not None:
            self._begin()
        elif ls.client.progress:
            ls.tasks.start(self._create(), f"progress {title}")

    def report(self, message: str) -> None:
        """Say what is being done now."""
        self._message = message
        if self._shown and not self._ended:
            value = WorkDoneProgressReport(message=message, cancellable=self._on_cancel is not None)
            self._ls.work_done_progress.report(self._token, value)

    def end(self, message: str) -> None:
        """It is over, and this is how it ended. May be called more than once."""
        if self._shown and not self._ended:
            self._ls.work_done_progress.end(self._token, WorkDoneProgressEnd(message=message))
            self._tokens.pop(self._token, None)
        self._ended = True

    async def _create(self) -> None:
        try:
            await self._ls.window_work_done_progress_create_async(WorkDoneProgressCreateParams(self._token))
        except JsonRpcException:
            return
        if not self._ended:
            self._begin()

    def _begin(self) -> None:
        cancelled: Future[None] = Future()
        cancelled.add_done_callback(self._cancelled)
        self._tokens[self._token] = cancelled
        value = WorkDoneProgressBegin(
            title=self._title, message=self._message or None, cancellable=self._on_cancel is not None
        )
        self._ls.work_done_progress.begin(self._token, value)
        self._shown = True

    def _cancelled(self, future: Future[None]) -> None:
        if future.cancelled() and self._on_cancel is not None:
            self._on_cancel()
