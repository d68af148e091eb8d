"""JSON-RPC at its edges: every request is answered, whatever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wire import Wire, serving

PARSE_ERROR, INVALID_REQUEST, NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
NOT_INITIALIZED, REQUEST_FAILED = -32002, -32803


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/hover", {"position": {"line": "x"}}),
        ("textDocument/hover", []),
        ("textDocument/completion", {"textDocument": {"uri": "file:///x"}, "position": 3}),
        ("textDocument/codeAction", {}),
        ("workspace/executeCommand", None),
        ("workspace/executeCommand", {"command": 7}),
        ("draft/detect", {}),
        ("draft/plan", 5),
    ],
)
async def test_malformed_params_are_answered(method: str, params: Any) -> None:
    async with serving() as wire:
        await wire.initialize()
        answer = await wire.request(method, params)
        assert answer["error"]["code"] == INVALID_PARAMS
        assert "Traceback" not in json.dumps(answer)
        assert await still_serves(wire)


async def test_malformed_notifications_change_nothing() -> None:
    async with serving() as wire:
        await wire.initialize()
        wire.notify("textDocument/didOpen", {"textDocument": 1})
        wire.notify("textDocument/didChange", {"textDocument": {"uri": "file:///never/opened", "version": 1}})
        wire.notify("textDocument/didSave", None)
        wire.notify("draft/hold", {"uri": []})
        wire.notify("no/suchThing", {"a": 1})
        wire.notify("$/cancelRequest", {"id": 4711})
        assert await still_serves(wire)
        assert wire.received == [], "the person is not told about what a client does wrong"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", PARSE_ERROR),
        (b"\xff\xfe", PARSE_ERROR),
        (b"[" * 100_000, PARSE_ERROR),
        (b"[]", INVALID_REQUEST),
        (b"17", INVALID_REQUEST),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "x"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": [], "method": "x"}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', INVALID_REQUEST),
        (b'{"jsonrpc": "2.0"}', INVALID_REQUEST),
    ],
)
async def test_what_is_no_message_is_answered(body: bytes, code: int) -> None:
    async with serving() as wire:
        await wire.initialize()
        wire.send_bytes(body)
        answer = await wire.read()
        while "method" in answer:
            answer = await wire.read()
        assert answer["error"]["code"] == code
        assert await still_serves(wire)


async def test_requests_before_initialize_and_after_shutdown_are_refused() -> None:
    async with serving() as wire:
        early = await wire.request("draft/apps", {})
        assert early["error"]["code"] == NOT_INITIALIZED
        await wire.initialize()
        assert (await wire.request("initialize", {"capabilities": {}}))["error"]["code"] == INVALID_REQUEST
        assert (await wire.request("shutdown"))["result"] is None
        late = await wire.request("draft/apps", {})
        assert late["error"]["code"] == INVALID_REQUEST
        wire.notify("exit")
        assert await wire.ended() == 0


async def test_a_nested_jsonrpc_field_is_only_data() -> None:
    async with serving() as wire:
        await wire.initialize()
        inner = {"jsonrpc": "2.0", "id": 99, "method": "shutdown"}
        answer = await wire.request(
            "workspace/executeCommand", {"command": "draft.cancel", "arguments": [inner]}
        )
        assert "error" in answer
        assert await still_serves(wire)


async def test_unknown_methods_and_commands_are_named() -> None:
    async with serving() as wire:
        await wire.initialize()
        assert (await wire.request("no/such"))["error"]["code"] == NOT_FOUND
        answer = await wire.request("workspace/executeCommand", {"command": "draft.sail"})
        assert answer["error"]["code"] == INVALID_PARAMS
        assert "draft.sail" in answer["error"]["message"]


async def test_expected_failures_are_said_in_words_without_a_traceback() -> None:
    async with serving() as wire:
        await wire.initialize()
        answer = await wire.request("draft/plan", {"app": "/no/such/app"})
        assert answer["error"]["code"] == REQUEST_FAILED
        assert answer["error"]["data"]["code"] == "no-app"
        assert "Draft: Create" in answer["error"]["message"]
        assert ".py" not in json.dumps(answer)


async def test_headers_in_any_order_and_garbage_between_messages() -> None:
    async with serving() as wire:
        await wire.initialize()
        body = json.dumps({"jsonrpc": "2.0", "id": "a", "method": "draft/apps", "params": {}}).encode()
        head = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(
            body
        )
        wire.send_raw(b"Content-Length: many\r\n\r\nnonsense\r\n" + head + body)
        assert (await wire.answer("a"))["result"] is not None


async def still_serves(wire: Wire) -> bool:
    """Whether the server answers as if nothing had happened."""
    return (await wire.request("draft/apps", {}))["result"] is not None
