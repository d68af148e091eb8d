"""What DraftProtocol keeps, or rather does not keep, in a long session."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol.types import ConfigurationParams

from draft_ls.server.server import DraftLanguageServer, create_server

if TYPE_CHECKING:
    from pathlib import Path


class Writer:
    """Remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.sent.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def close(self) -> None:
        raise AssertionError("the transport closes the stream")


def started() -> tuple[DraftLanguageServer, Writer]:
    server, writer = create_server(), Writer()
    server.protocol.set_writer(writer)
    call(server, 1, "initialize", {"capabilities": {}, "processId": None, "rootUri": None})
    notify(server, "initialized", {})
    return server, writer


def call(server: DraftLanguageServer, identifier: object, method: str, params: object) -> None:
    server.protocol.handle_message({"jsonrpc": "2.0", "id": identifier, "method": method, "params": params})


def notify(server: DraftLanguageServer, method: str, params: object) -> None:
    server.protocol.handle_message({"jsonrpc": "2.0", "method": method, "params": params})


async def test_typing_leaves_nothing_behind(tmp_path: Path) -> None:
    server, _ = started()
    uri = (tmp_path / "app.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": ""}
    notify(server, "textDocument/didOpen", {"textDocument": item})
    for version in range(2, 300):
        document = {"uri": uri, "version": version}
        change = {
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
            "text": "x",
        }
        notify(server, "textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    notify(server, "textDocument/didClose", {"textDocument": {"uri": uri}})
    assert server.protocol._request_futures == {}
    await server.close()


async def test_nothing_is_sent_after_the_end() -> None:
    server, writer = started()
    server.protocol.close()
    count = len(writer.sent)
    for _ in range(3):
        call(server, 2, "draft/nothing", {})
        server.protocol.notify("draft/status", {})
    assert len(writer.sent) == count
    await server.close()


@pytest.mark.parametrize("result", [None, {"applied": True}])
async def test_an_answer_that_nobody_waits_for_is_dropped(result: object) -> None:
    server, writer = started()
    server.protocol.handle_message({"jsonrpc": "2.0", "id": "unknown", "result": result})
    future = server.protocol.send_request("workspace/configuration", ConfigurationParams([]))
    future.cancel()
    (identifier,) = (each["id"] for each in writer.sent if each.get("method") == "workspace/configuration")
    server.protocol.handle_message({"jsonrpc": "2.0", "id": identifier, "result": []})
    assert identifier not in server.protocol._request_futures
    await server.close()


async def test_cancelling_a_command_cancels_its_work() -> None:
    server, writer = started()
    ended: list[str] = []

    async def command(params: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    server.command("test.wait")(command)
    call(server, 7, "workspace/executeCommand", {"command": "test.wait"})
    await asyncio.sleep(0)
    notify(server, "$/cancelRequest", {"id": 7})
    for _ in range(5):
        await asyncio.sleep(0)
    assert ended == ["cancelled"]
    (answer,) = (each for each in writer.sent if each.get("id") == 7)
    assert answer["error"]["code"] == -32800
    await server.close()
