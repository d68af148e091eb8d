"""Documents of every kind: never saved, nowhere, huge, with any line ends; folders and files that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from draft_ls.server.protocol import HOLD
from draft_ls.server.server import create_server
from lsp_client import apply_text, editing, profile
from wire import serving

if TYPE_CHECKING:
    from pathlib import Path

    from lsp_client import EditorClient

BAD = "[environments.development]\nnmae = 1\n"
CANCELLED = -32800


async def pulled(client: EditorClient, uri: str) -> list[types.Diagnostic]:
    pull = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
    report: Any = await client.text_document_diagnostic_async(pull)
    return list(report.items)


async def test_a_draft_toml_that_was_never_saved(tmp_path: Path) -> None:
    async with editing(tmp_path) as client:
        uri = client.open(tmp_path / "draft.toml", BAD)
        found = await pulled(client, uri)
        assert {each.code for each in found} == {"config-unknown-key"}
        client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))
        assert await pulled(client, uri) == [], "closed without being saved: there is no such file"


async def test_a_file_outside_of_any_workspace(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    for folders in ((inside,), ()):
        async with editing(*folders) as client:
            found = await pulled(client, client.open(outside / "draft.toml", BAD))
            assert "config-unknown-key" in {each.code for each in found}


@pytest.mark.parametrize(
    "uri", ["untitled:draft.toml", "git:/x/draft.toml?ref=1", "vscode-vfs://github/a/draft.toml"]
)
async def test_documents_of_other_schemes_are_left_alone(uri: str, tmp_path: Path) -> None:
    async with editing(tmp_path) as client:
        client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "toml", 1, BAD))
        )
        whole = types.TextDocumentContentChangeWholeDocument("x = [")
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, uri), [whole])
        )
        assert await pulled(client, uri) == []
        client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))
        assert client.diagnostics == {}


@pytest.mark.parametrize("lead", ["", "\ufeff"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
async def test_line_ends_and_byte_order_marks(end: str, lead: str, tmp_path: Path) -> None:
    text = lead + BAD.replace("\n", end)
    async with editing(tmp_path) as client:
        uri = client.open(tmp_path / "draft.toml", text)
        found = {each.code: each for each in await pulled(client, uri)}
        assert not lead or "config-toml-syntax" not in found, found
        fault = found["config-unknown-key"]
        assert (fault.range.start, fault.range.end) == (types.Position(1, 0), types.Position(1, 4))
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(uri), fault.range, types.CodeActionContext([], only=["quickfix"])
        )
        actions: Any = await client.text_document_code_action_async(params)
        (fix,) = [each for each in actions if each.title == "Write name"]
        assert apply_text(text, fix.edit.changes[uri]) == text.replace("nmae", "name")


async def test_a_document_of_five_megabytes(tmp_path: Path) -> None:
    huge = "[environments.development]\n" + "# a comment that goes on and on\n" * 170_000
    assert len(huge) > 5_000_000
    async with editing(tmp_path) as client:
        for name in ("draft.toml", "data.json", "Dockerfile"):
            uri = client.open(tmp_path / name, huge)
            document = types.TextDocumentIdentifier(uri)
            assert not await client.text_document_code_lens_async(types.CodeLensParams(document))
            assert not await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
        end = types.Position(170_001, 0)
        change = types.TextDocumentContentChangePartial(types.Range(end, end), "x")
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, uri), [change])
        )
        (tmp_path / "draft.toml").write_text(BAD)
        client.change(tmp_path / "draft.toml", BAD)
        found = await pulled(client, (tmp_path / "draft.toml").as_uri())
        assert "config-unknown-key" in {each.code for each in found}, "it serves on"


async def test_files_that_are_made_renamed_and_deleted_in_the_editor(tmp_path: Path) -> None:
    def rename(old: Path, new: Path) -> None:
        old.rename(new)
        renamed = types.FileRename(old.as_uri(), new.as_uri())
        client.workspace_did_rename_files(types.RenameFilesParams([renamed]))

    (tmp_path / "chart").mkdir()
    (tmp_path / "chart/Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 1.0.0\n")
    (tmp_path / "draft.toml").write_text("[environments.development]\n")
    async with editing(tmp_path, capabilities=profile("neovim")) as client:
        client.open(tmp_path / "draft.toml")
        (problem,) = await client.problems(tmp_path / "draft.toml")
        assert problem.code == "missing-dockerfile"
        (tmp_path / "Dockerfile").write_text('FROM debian\nCMD ["sleep", "9"]\n')
        made = types.FileCreate((tmp_path / "Dockerfile").as_uri())
        client.workspace_did_create_files(types.CreateFilesParams([made]))
        assert await client.problems(tmp_path / "draft.toml", none=True) == ()
        rename(tmp_path / "chart", tmp_path / "deploy")
        (problem,) = await client.problems(tmp_path / "draft.toml")
        assert problem.code == "missing-chart"
        rename(tmp_path / "deploy", tmp_path / "chart")
        assert await client.problems(tmp_path / "draft.toml", none=True) == ()
        (tmp_path / "Dockerfile").unlink()
        gone = types.FileDelete((tmp_path / "Dockerfile").as_uri())
        client.workspace_did_delete_files(types.DeleteFilesParams([gone]))
        (problem,) = await client.problems(tmp_path / "draft.toml")
        assert problem.code == "missing-dockerfile"


async def test_workspace_folders_come_and_go(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "draft.toml").write_text("[environments.development]\n")
    async with editing(one) as client:

        async def apps() -> list[str]:
            return [each["app"] for each in (await client.send("draft/apps", {}))["apps"]]

        def folders(added: list[Path], removed: list[Path]) -> None:
            event = types.WorkspaceFoldersChangeEvent(
                [types.WorkspaceFolder(each.as_uri(), each.name) for each in added],
                [types.WorkspaceFolder(each.as_uri(), each.name) for each in removed],
            )
            client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))

        assert await apps() == [one.as_uri()]
        folders([two], [])
        assert await apps() == [one.as_uri(), two.as_uri()]
        folders([], [one])
        assert await apps() == [two.as_uri()]


async def test_every_request_can_be_cancelled(tmp_path: Path) -> None:
    """What has been answered already stays answered; every request gets one answer, and the server serves on."""
    (tmp_path / "draft.toml").write_text(BAD)
    uri = (tmp_path / "draft.toml").as_uri()
    place = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 1}}
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    more = {
        "range": whole,
        "context": {"diagnostics": []},
        "newName": "x",
        "options": {"tabSize": 2, "insertSpaces": True},
    }
    features = create_server().protocol.fm.features.keys() - {"initialize", "initialized", "shutdown"}
    standard = {name for name in features if types.METHOD_TO_TYPES.get(name, (None, None))[1]}
    documents = {name for name in standard if name.startswith("textDocument/")} | {"textDocument/diagnostic"}
    own = {"draft/apps": {}, "draft/detect": {"folder": str(tmp_path)}, "draft/plan": {}, "draft/history": {}}
    async with serving() as wire:
        await wire.initialize(
            {"textDocument": {"diagnostic": {}}}, workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "x"}]
        )
        document = {"uri": uri, "languageId": "toml", "version": 1, "text": BAD}
        wire.notify("textDocument/didOpen", {"textDocument": document})
        asked: dict[str, Any] = dict.fromkeys(documents, place | more) | own
        asked["codeAction/resolve"] = {"title": "x", "data": {"folder": tmp_path.as_uri(), "pieces": []}}
        asked["workspace/executeCommand"] = {"command": "draft.doctor", "arguments": []}
        assert asked.keys() >= standard | {name for name in features if name.startswith("draft/")} - {HOLD}
        for method, params in asked.items():
            wire.send({"jsonrpc": "2.0", "id": method, "method": method, "params": params})
            wire.notify("$/cancelRequest", {"id": method})
        answers: dict[str, Any] = {}
        while answers.keys() != asked.keys():
            message = await wire.read()
            if "method" not in message:
                assert message["id"] not in answers
                answers[message["id"]] = message
        cancelled = {name for name, each in answers.items() if each.get("error", {}).get("code") == CANCELLED}
        assert {"textDocument/diagnostic", "textDocument/codeAction", "draft/detect"} <= cancelled
        assert (await wire.request("draft/apps", {}))["result"]["apps"]
