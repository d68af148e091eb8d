"""The envelopes of Draft's own messages: how those that a client sends are read."""

from __future__ import annotations

from typing import Any

import attrs

from draft_ls.server.protocol import (
    APPS,
    DETECT,
    HISTORY,
    HOLD,
    PLAN,
    AppsParams,
    DetectParams,
    HoldParams,
    SessionParams,
)


@attrs.frozen
class AppsRequest:
    """The envelope of ``draft/apps``."""

    id: int | str
    method: str
    params: AppsParams | None = None
    jsonrpc: str = "2.0"


@attrs.frozen
class SessionRequest:
    """The envelope of ``draft/plan`` and ``draft/history``."""

    id: int | str
    method: str
    params: SessionParams | None = None
    jsonrpc: str = "2.0"


@attrs.frozen
class DetectRequest:
    """The envelope of ``draft/detect``."""

    id: int | str
    method: str
    params: DetectParams
    jsonrpc: str = "2.0"


@attrs.frozen
class HoldNotification:
    """The envelope of ``draft/hold``."""

    method: str
    params: HoldParams
    jsonrpc: str = "2.0"


MESSAGE_TYPES: dict[str, type[Any]] = {
    APPS: AppsRequest,
    PLAN: SessionRequest,
    HISTORY: SessionRequest,
    DETECT: DetectRequest,
    HOLD: HoldNotification,
}
"""How messages of ours that a client sends are read; what the server sends needs no entry."""
