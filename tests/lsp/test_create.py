"""Draft: Create over LSP: an edit to review, files written where the client cannot, nothing overwritten."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from draft_ls.config.read import parse
from lsp_client import EditorClient, apply, editing, profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = types.Range(types.Position(0, 0), types.Position(0, 0))


@pytest.fixture
def app(app_folder: Callable[..., Path]) -> Path:
    """A Flask app, in a folder whose name needs care."""
    return app_folder("python", "Mein Büro App")


async def actions(
    client: EditorClient, uri: str, only: list[str] | None = None, where: types.Range = START
) -> list[Any]:
    context = types.CodeActionContext([], only=only)
    params = types.CodeActionParams(types.TextDocumentIdentifier(uri), where, context)
    return list(await client.text_document_code_action_async(params) or ())


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


async def test_the_action_is_offered_on_a_manifest_and_resolved_when_chosen(app: Path) -> None:
    async with editing(app) as client:
        uri = client.open(app / "requirements.txt")
        (action,) = await actions(client, uri)
        assert action.title.startswith("Draft: Create")
        assert action.edit is None
        before = files(app)
        resolved = await client.code_action_resolve_async(action)
        assert files(app) == before, "nothing is written until the person says so"
        assert resolved.edit is not None
        notes = resolved.edit.change_annotations or {}
        assert notes["draft-create"].description == "Dockerfile, .dockerignore, chart/, .draft/, draft.toml"
        assert [name for name, note in notes.items() if note.needs_confirmation] == ["draft-review"]
        apply(resolved.edit)
        assert {"Dockerfile", ".dockerignore", "draft.toml", "chart/Chart.yaml"} <= files(app) - before
        config = parse((app / "draft.toml").read_text(), app / "draft.toml")
        assert not config.problems
        assert config.environments["development"].name == "mein-buro-app"
        assert await actions(client, uri) == [], "an app needs no creating"


async def test_the_action_is_offered_only_where_it_fits(app: Path) -> None:
    async with editing(app) as client:
        uri = client.open(app / "requirements.txt")
        assert await actions(client, uri, [types.CodeActionKind.QuickFix]) == []
        assert len(await actions(client, uri, ["refactor"])) == 1
        assert await actions(client, "untitled:requirements.txt") == []
        (app / "notes.md").write_text("x")
        assert await actions(client, client.open(app / "notes.md")) == []


async def test_the_command_lets_the_client_make_the_files(app: Path) -> None:
    async with editing(app) as client:
        result = await client.command("draft.create", app=app.as_uri(), confirm=False)
        assert result.applied
        (asked,) = client.applied
        assert asked.label == "Draft: Create"
        assert asked.metadata is not None
        assert asked.metadata.is_refactoring, "so that VS Code saves the files"
        assert "draft.toml" in files(app)
        again = await client.command("draft.create", app=app.as_uri())
        assert not again.applied
        assert again.message == "Everything is there already."
        assert client.requests["draft/appsChanged"]


async def test_a_declined_edit_writes_nothing(app: Path) -> None:
    async with editing(app) as client:
        client.accepts_edits = False
        before = files(app)
        result = await client.command("draft.create", app=app.as_uri())
        assert not result.applied
        assert result.message == "the person declined"
        assert files(app) == before


async def test_a_client_without_edits_gets_the_files_written(app: Path) -> None:
    async with editing(app, capabilities=profile("minimal"), options={}) as client:
        uri = client.open(app / "requirements.txt")
        (command,) = await actions(client, uri)
        assert command.command == "draft.create", "a client without code action literals gets a command"
        result = await client.command("draft.create", app=app.as_uri())
        assert result.applied
        assert {"Dockerfile", "draft.toml", "chart/values.yaml"} <= files(app)


@pytest.mark.parametrize("editor", ["visual_studio_code", "minimal"])
async def test_files_that_exist_stay_as_they_are(app: Path, editor: str) -> None:
    (app / "Dockerfile").write_text("FROM mine\n")
    (app / "chart").mkdir()
    (app / "chart/Chart.yaml").write_text("mine: true\n")
    async with editing(app, capabilities=profile(editor)) as client:
        result = await client.command("draft.create", app=app.as_uri())
        kept = {each.uri.rpartition("/")[2]: each for each in result.files if each.action == "keep"}
        assert {"Dockerfile", "Chart.yaml"} <= set(kept)
        assert kept["Dockerfile"].differs
    assert (app / "Dockerfile").read_text() == "FROM mine\n"
    assert (app / "chart/Chart.yaml").read_text() == "mine: true\n"
    assert (app / "draft.toml").exists()


async def test_a_named_file_is_replaced_after_showing_it(app: Path) -> None:
    (app / "Dockerfile").write_text("FROM mine\n")
    async with editing(app) as client:
        await client.command("draft.create", app=app.as_uri(), replace=["Dockerfile"], confirm=False)
        notes = client.applied[0].edit.change_annotations or {}
        assert notes["draft-replace"].description == "Dockerfile"
        assert notes["draft-review"].needs_confirmation, "a file that exists is never replaced unseen"
        assert (app / "Dockerfile").read_text() != "FROM mine\n"


async def test_unsaved_text_decides(app: Path) -> None:
    async with editing(app) as client:
        client.open(app / "app.py")
        client.change(app / "app.py", (app / "app.py").read_text().replace("8080", "7777"))
        found = await client.send("draft/detect", {"folder": app.as_uri()})
        assert found["detections"][0]["pack"] == "python"
        dry = await client.command("draft.create", app=app.as_uri(), dryRun=True)
        assert dry.pack == "python"
        assert "draft.toml" not in files(app)


async def test_an_unknown_pack_and_a_folder_without_an_app(app: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    async with editing(app, empty) as client:
        with pytest.raises(JsonRpcException, match="no pack 'pyhton'"):
            await client.command("draft.create", app=app.as_uri(), pack="pyhton")
        with pytest.raises(JsonRpcException, match="Which pack fits"):
            await client.command("draft.create", app=empty.as_uri())
        client.answers["Which pack fits?"] = "javascript"
        result = await client.command("draft.create", app=empty.as_uri())
        assert result.pack == "javascript"
        assert (empty / "Dockerfile").exists()


async def test_a_folder_with_several_apps_asks_which(app_folder: Callable[..., Path], tmp_path: Path) -> None:
    app_folder("python", "one")
    app_folder("javascript", "two")
    async with editing(tmp_path) as client:
        client.answers["holds several apps"] = "two"
        result = await client.command("draft.create")
        assert result.app == (tmp_path / "two").as_uri()
        assert (tmp_path / "two/draft.toml").exists()
        assert not (tmp_path / "one/draft.toml").exists()


async def test_a_folder_that_is_two_things_asks_which_and_remembers(app: Path) -> None:
    (app / "go.mod").write_text("module shop\n\ngo 1.24\n")
    (app / "main.go").write_text("package main\n\nfunc main() {}\n")
    async with editing(app) as client:
        with pytest.raises(JsonRpcException, match="Which pack is meant"):
            await client.command("draft.create", app=app.as_uri())
        client.answers["go or python"] = "python"
        result = await client.command("draft.create", app=app.as_uri(), confirm=False)
        assert result.pack == "python"
        client.answers.clear()
        (app / "Dockerfile").unlink()
        again = await client.command("draft.create", app=app.as_uri(), confirm=False)
        assert again.pack == "python", "nobody is asked twice"


@pytest.mark.parametrize(
    ("gone", "seen", "code"),
    [
        ("Dockerfile", "draft.toml", "missing-dockerfile"),
        ("chart", "draft.toml", "missing-chart"),
        ("draft.toml", "requirements.txt", ""),
        (".dockerignore", "Dockerfile", ""),
    ],
)
async def test_each_missing_piece_is_offered_where_it_is_missed(
    app: Path, gone: str, seen: str, code: str
) -> None:
    """As a quick fix where something is told of it, else under the light bulb; what is there stays."""
    async with editing(app) as client:
        await client.command("draft.create", app=app.as_uri(), confirm=False)
        whole = {name: (app / name).read_bytes() for name in files(app)}
        if (app / gone).is_dir():
            shutil.rmtree(app / gone)
        else:
            (app / gone).unlink()
        uri = client.open(app / seen)
        pull = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        report: Any = await client.text_document_diagnostic_async(pull)
        assert [each.code for each in report.items] == ([code] if code else [])
        if code:
            (action,) = await actions(client, uri, [types.CodeActionKind.QuickFix], report.items[0].range)
        else:
            (action,) = await actions(client, uri, ["refactor.draft.create"])
        resolved = await client.code_action_resolve_async(action)
        assert resolved.edit is not None
        assert resolved.edit.change_annotations
        apply(resolved.edit)
        assert {name: (app / name).read_bytes() for name in files(app)} == whole


async def test_an_untrusted_workspace_gets_only_built_in_packs(app: Path) -> None:
    own = app / ".draft/packs/python"
    own.mkdir(parents=True)
    (own / "pack.toml").write_text('title = "Evil"\n[detect]\n')
    async with editing(app, options={"trusted": False}) as client:
        result = await client.command("draft.create", app=app.as_uri(), confirm=False)
        assert result.applied
        assert "FROM" in (app / "Dockerfile").read_text()
        with pytest.raises(JsonRpcException, match="not trusted"):
            await client.command("draft.up", app=app.as_uri())


async def test_an_update_merges_the_pack_into_what_became_of_its_files(app: Path) -> None:
    async with editing(app) as client:
        await client.command("draft.create", app=app.as_uri(), confirm=False)
        same = await client.command("draft.update", app=app.as_uri())
        assert not same.applied
        assert same.message == "Nothing has changed in the pack python."

        older_pack(app, "Dockerfile", "CMD [", "CMD [ ")
        mine = "# mine\n" + (app / "Dockerfile").read_text().replace("CMD [", "CMD [ ")
        (app / "Dockerfile").write_text(mine)
        planned = await client.command("draft.update", app=app.as_uri(), dryRun=True)
        assert {each.uri.rpartition("/")[2] for each in planned.files if each.action == "replace"} == {
            "Dockerfile",
            "origin.json",
        }
        assert (app / "Dockerfile").read_text() == mine

        merged = await client.command("draft.update", app=app.as_uri())
        assert merged.applied
        assert not getattr(merged, "problems", ())
        notes = client.applied[-1].edit.change_annotations or {}
        assert notes["draft-review"].needs_confirmation, "what a person changed is never merged unseen"
        assert (app / "Dockerfile").read_text() == mine.replace("CMD [ ", "CMD [")


async def test_an_update_shows_where_both_changed_the_same_lines(app: Path) -> None:
    async with editing(app) as client:
        await client.command("draft.create", app=app.as_uri(), confirm=False)
        older_pack(app, "Dockerfile", "CMD [", "CMD [ ")
        text = (app / "Dockerfile").read_text()
        (app / "Dockerfile").write_text(text.replace("CMD [", "CMD [  "))
        merged = await client.command("draft.update", app=app.as_uri())
        (problem,) = merged.problems
        assert problem.code == "update-conflict"
        lines = (app / "Dockerfile").read_text().splitlines()
        assert lines[problem.range.start.line] == "<<<<<<< yours"


async def test_an_app_of_nobody_knows_which_pack_cannot_be_updated(app: Path) -> None:
    (app / "draft.toml").write_text("[environments.development]\n")
    async with editing(app) as client:
        with pytest.raises(JsonRpcException, match="not known which pack"):
            await client.command("draft.update", app=app.as_uri())


def older_pack(app: Path, path: str, now: str, then: str) -> None:
    """Make the record say that the pack wrote another text than it writes now."""
    record = app / ".draft/origin.json"
    origin = json.loads(record.read_text())
    assert now in origin["files"][path]
    origin["files"][path] = origin["files"][path].replace(now, then)
    record.write_text(json.dumps(origin))
