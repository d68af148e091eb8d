"""draft.toml as a language, over real stdio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from lsp_client import apply_text, editing, profile

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
[environments]
  [environments.development]
    name = "example-python"  # 😀 a comment
    namespace = "default"
    watch = true
    values = [
      "values.dev.yaml",
    ]
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app with everything in its place."""
    folder = tmp_path / "my app ü"
    (folder / "chart").mkdir(parents=True)
    (folder / "chart/Chart.yaml").write_text("name: chart\n")
    (folder / "Dockerfile").write_text("FROM scratch\nEXPOSE 8080\n")
    (folder / "values.dev.yaml").write_text("{}\n")
    (folder / "draft.toml").write_text(TEXT)
    return folder


def position(text: str, part: str, offset: int = 0) -> types.Position:
    """Where ``part`` begins, in UTF-16."""
    before = text[: text.index(part) + offset]
    line = before.count("\n")
    column = before.rpartition("\n")[2]
    return types.Position(line, len(column.encode("utf-16-le")) // 2)


def at(uri: str, where: types.Position) -> Any:
    return {"text_document": types.TextDocumentIdentifier(uri), "position": where}


@pytest.mark.parametrize(("editor", "encoding"), [("neovim", "utf-8"), ("minimal", "utf-16")])
async def test_problems_are_pushed_at_their_exact_range(app: Path, editor: str, encoding: str) -> None:
    bad = TEXT.replace("watch = true", 'wtach = "😀" # x').replace("default", "Bad Näme")
    async with editing(app, capabilities=profile(editor)) as client:
        client.open(app / "draft.toml", bad)
        found = await client.problems(app / "draft.toml")
        codes = {each.code: each for each in found}
        assert set(codes) == {"config-unknown-key", "config-bad-value"}
        bad_value = codes["config-bad-value"].range
        line = bad.split("\n")[bad_value.start.line]
        units = line.encode("utf-8") if encoding == "utf-8" else line.encode("utf-16-le")
        size = 1 if encoding == "utf-8" else 2
        said = units[bad_value.start.character * size : bad_value.end.character * size]
        assert said.decode("utf-8" if encoding == "utf-8" else "utf-16-le") == '"Bad Näme"'
        client.change(app / "draft.toml", TEXT)
        assert await client.problems(app / "draft.toml", none=True) == ()


async def test_problems_are_pulled_by_a_client_that_can(app: Path) -> None:
    async with editing(app) as client:
        uri = client.open(app / "draft.toml", TEXT.replace("watch = true", "watch = 3"))
        pull = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        report: Any = await client.text_document_diagnostic_async(pull)
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        assert [each.code for each in report.items] == ["config-wrong-type"]
        pull.previous_result_id = report.result_id
        again = await client.text_document_diagnostic_async(pull)
        assert isinstance(again, types.RelatedUnchangedDocumentDiagnosticReport)
        client.change(app / "draft.toml", TEXT)
        pulled = await client.text_document_diagnostic_async(pull)
        assert isinstance(pulled, types.RelatedFullDocumentDiagnosticReport)
        assert pulled.items == ()
        assert uri not in client.diagnostics, "what is pulled is not pushed too"


async def test_what_another_file_changes_is_asked_for_again(app: Path) -> None:
    async with editing(app) as client:
        uri = client.open(app / "draft.toml")
        pull = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        first: Any = await client.text_document_diagnostic_async(pull)
        assert first.items == ()
        (app / "Dockerfile").unlink()
        event = types.FileEvent((app / "Dockerfile").as_uri(), types.FileChangeType.Deleted)
        client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        await client.until(lambda: client.diagnostic_refresh_count)
        report: Any = await client.text_document_diagnostic_async(pull)
        assert [each.code for each in report.items] == ["missing-dockerfile"]


async def test_completion(app: Path) -> None:
    text = TEXT.replace("    watch = true\n", "    bui\n    wait = \n")
    async with editing(app) as client:
        uri = client.open(app / "draft.toml", text)
        keys = await client.text_document_completion_async(
            types.CompletionParams(**at(uri, position(text, "bui", 3)))
        )
        assert isinstance(keys, types.CompletionList)
        labels = {item.label: item for item in keys.items}
        assert "builder" in labels
        assert "name" not in labels, "it is there already"
        edit = labels["builder"].text_edit
        assert isinstance(edit, types.TextEdit)
        assert "    builder = \n" in apply_text(text, [edit])
        values = await client.text_document_completion_async(
            types.CompletionParams(**at(uri, position(text, "wait = ", 7)))
        )
        assert isinstance(values, types.CompletionList)
        assert [item.label for item in values.items] == ["true", "false"]


async def test_hover_definition_links_and_hints(app: Path) -> None:
    text = TEXT.replace("watch = true", 'chart = "chart"')
    async with editing(app) as client:
        uri = client.open(app / "draft.toml", text)
        document = types.TextDocumentIdentifier(uri)
        hover = await client.text_document_hover_async(
            types.HoverParams(**at(uri, position(text, "namespace")))
        )
        assert hover is not None
        assert isinstance(hover.contents, types.MarkupContent)
        assert 'In effect for `development`: `"default"`' in hover.contents.value
        found = await client.text_document_definition_async(
            types.DefinitionParams(**at(uri, position(text, '"chart"', 2)))
        )
        assert isinstance(found, types.Location)
        assert found.uri == (app / "chart/Chart.yaml").as_uri()
        links = await client.text_document_document_link_async(types.DocumentLinkParams(document))
        assert {link.target for link in links or ()} == {
            (app / "chart/Chart.yaml").as_uri(),
            (app / "values.dev.yaml").as_uri(),
        }
        whole = types.Range(types.Position(0, 0), types.Position(99, 0))
        hints = await client.text_document_inlay_hint_async(types.InlayHintParams(document, whole))
        assert hints
        assert 'dockerfile = "Dockerfile"' in str(hints[0].label)
        assert hints[0].tooltip == f"In effect by default: {hints[0].label}"


async def test_symbols_folding_formatting_and_rename(app: Path) -> None:
    text = TEXT.replace('    name = "', '  name="')
    async with editing(app) as client:
        uri = client.open(app / "draft.toml", text)
        document = types.TextDocumentIdentifier(uri)
        symbols: Any = await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
        assert [symbol.name for symbol in symbols or ()] == ["environments", "development"]
        assert [child.name for child in symbols[1].children] == ["name", "namespace", "watch", "values"]
        folds = await client.text_document_folding_range_async(types.FoldingRangeParams(document))
        assert [(fold.start_line, fold.end_line) for fold in folds or ()] == [(1, 7), (5, 7)]
        options = types.FormattingOptions(tab_size=2, insert_spaces=True)
        edits = await client.text_document_formatting_async(types.DocumentFormattingParams(document, options))
        assert apply_text(text, edits) == TEXT
        where = position(text, "development")
        prepared = await client.text_document_prepare_rename_async(
            types.PrepareRenameParams(**at(uri, where))
        )
        assert prepared == types.Range(where, position(text, "development", len("development")))
        renamed = await client.text_document_rename_async(
            types.RenameParams(new_name="my stage", **at(uri, where))
        )
        assert renamed is not None
        assert '[environments."my stage"]' in apply_text(text, (renamed.changes or {})[uri])


async def test_code_lenses_carry_the_environment(app: Path) -> None:
    async with editing(app, options={"commandPrefix": "draft.server."}) as client:
        uri = client.open(app / "draft.toml")
        lenses = await client.text_document_code_lens_async(
            types.CodeLensParams(types.TextDocumentIdentifier(uri))
        )
        commands = [lens.command for lens in lenses or () if lens.command]
        assert [command.command for command in commands] == [
            f"draft.server.{name}" for name in ("up", "logs", "delete")
        ]
        assert commands[0].arguments is not None
        assert vars_of(commands[0].arguments[0]) == {"app": app.as_uri(), "environment": "development"}


def vars_of(value: Any) -> dict[str, Any]:
    return value._asdict() if hasattr(value, "_asdict") else value


async def test_quick_fix_takes_the_fault_away(app: Path) -> None:
    text = TEXT.replace("watch = true", "wacth = true")
    async with editing(app) as client:
        uri = client.open(app / "draft.toml", text)
        document = types.TextDocumentIdentifier(uri)
        await client.text_document_diagnostic_async(types.DocumentDiagnosticParams(document))
        where = position(text, "wacth")
        actions = await client.text_document_code_action_async(
            types.CodeActionParams(document, types.Range(where, where), types.CodeActionContext([]))
        )
        assert [action.title for action in actions or ()] == ["Write watch"]
        (action,) = list(actions or ())
        assert isinstance(action, types.CodeAction)
        assert action.edit is not None
        assert apply_text(text, (action.edit.changes or {})[uri]) == TEXT


async def test_other_files_get_no_answers(app: Path) -> None:
    (app / "other.toml").write_text("[a]\nb = 1\n")
    async with editing(app) as client:
        for uri in (client.open(app / "other.toml"), "untitled:draft.toml", "git:/x/draft.toml?ref=1"):
            document = types.TextDocumentIdentifier(uri)
            if not uri.startswith("file"):
                client.text_document_did_open(
                    types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "toml", 1, "x = ["))
                )
            where = types.Position(1, 0)
            assert await client.text_document_hover_async(types.HoverParams(document, where)) is None
            assert (
                await client.text_document_completion_async(types.CompletionParams(document, where)) is None
            )
            assert (
                await client.text_document_document_symbol_async(types.DocumentSymbolParams(document)) == []
            )
            assert not await client.text_document_code_lens_async(types.CodeLensParams(document))
            report: Any = await client.text_document_diagnostic_async(
                types.DocumentDiagnosticParams(document)
            )
            assert report.items == ()
