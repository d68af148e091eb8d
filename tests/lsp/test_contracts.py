"""Contracts across an app's files, over real stdio: told where they are broken, repaired at a keystroke, gone after."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from lsp_client import apply, apply_text, editing, profile
from tests.unit.analysis.broken import project
from tests.unit.analysis.test_refactorings import DEPLOYMENT

if TYPE_CHECKING:
    from pathlib import Path

    from lsp_client import EditorClient

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  ports:
    - port: {{ .Values.service.port }}
      targetPort: web
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The Python example with what ``draft create`` writes."""
    folder = tmp_path / "shop"
    for path, text in project("python").items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


async def quick_fixes(client: EditorClient, path: Path, range_: types.Range) -> list[types.CodeAction]:
    params = types.CodeActionParams(
        types.TextDocumentIdentifier(path.as_uri()),
        range_,
        types.CodeActionContext([], only=[types.CodeActionKind.QuickFix]),
    )
    found: Any = await client.text_document_code_action_async(params)
    return list(found or ())


async def test_a_port_that_differs_is_told_and_set(app: Path) -> None:
    dockerfile = app / "Dockerfile"
    good = dockerfile.read_text()
    bad = good.replace("EXPOSE 5000", "EXPOSE 8000")
    async with editing(app, capabilities=profile("neovim")) as client:
        uri = client.open(dockerfile, bad)
        (problem,) = await client.problems(dockerfile)
        assert problem.code == "port-mismatch"
        assert problem.severity == types.DiagnosticSeverity.Warning
        line = bad.split("\n").index("EXPOSE 8000")
        assert problem.range == types.Range(types.Position(line, 7), types.Position(line, 11))
        related = {each.location.uri for each in problem.related_information}
        assert (app / "chart/values.yaml").as_uri() in related
        (fix,) = await quick_fixes(client, dockerfile, problem.range)
        assert (fix.title, fix.is_preferred) == ("Set it to 5000", True)
        assert [each.code for each in fix.diagnostics or ()] == ["port-mismatch"]
        assert fix.edit is not None
        client.change(dockerfile, apply_text(bad, (fix.edit.changes or {})[uri], "utf-8"))
        assert await client.problems(dockerfile, none=True) == ()


async def test_unsaved_code_breaks_the_contract_of_a_file_that_is_not_open(app: Path) -> None:
    async with editing(app, capabilities=profile("neovim")) as client:
        client.open(app / "app.py", "from flask import Flask\nserver = Flask(__name__)\n")
        (problem,) = await client.problems(app / "Dockerfile")
        assert problem.code == "start-name-missing"
        client.change(app / "app.py", "from flask import Flask\napp = Flask(__name__)\n")
        assert await client.problems(app / "Dockerfile", none=True) == ()


async def test_a_secret_is_ignored_with_one_action_that_makes_the_file(app: Path) -> None:
    (app / ".dockerignore").unlink()
    (app / ".env").write_text("TOKEN=abc\n")
    dockerfile = app / "Dockerfile"
    async with editing(app) as client:
        uri = client.open(dockerfile)
        pull = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        report: Any = await client.text_document_diagnostic_async(pull)
        (problem,) = report.items
        assert problem.code == "secret-in-image"
        assert problem.related_information[0].location.uri == (app / ".env").as_uri()
        (fix,) = await quick_fixes(client, dockerfile, problem.range)
        assert fix.title == "Add .env to .dockerignore"
        assert fix.edit is not None
        apply(fix.edit)
        assert (app / ".dockerignore").read_text() == ".env\n"
        change = types.FileEvent((app / ".dockerignore").as_uri(), types.FileChangeType.Created)
        client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))
        report = await client.text_document_diagnostic_async(pull)
        assert report.items == ()
        assert await quick_fixes(client, dockerfile, problem.range) == []


async def test_a_client_that_cannot_make_files_is_not_offered_to(app: Path) -> None:
    (app / ".dockerignore").unlink()
    (app / ".env").write_text("TOKEN=abc\n")
    async with editing(app, capabilities=profile("minimal")) as client:
        client.open(app / "Dockerfile")
        (problem,) = await client.problems(app / "Dockerfile")
        assert problem.code == "secret-in-image"
        assert await quick_fixes(client, app / "Dockerfile", problem.range) == []


async def test_the_chart_is_rendered_with_what_is_not_saved(app: Path, helm4: Path) -> None:
    template = app / "chart/templates/service.yaml"
    good = template.read_text()
    bad = good.replace("{{ .Values.service.type }}", "{{ required `no type` .Values.service.kind }}")
    async with editing(app, capabilities=profile("neovim"), environment={"HELM": str(helm4)}) as client:
        client.open(template, bad)
        (problem,) = await client.problems(template)
        assert problem.code == "chart-template-invalid"
        assert "no type" in problem.message
        assert problem.range.start.line == bad.split("\n").index(
            "  type: {{ required `no type` .Values.service.kind }}"
        )
        client.change(template, good)
        assert await client.problems(template, none=True) == ()


async def test_a_field_that_kubernetes_does_not_know_is_found_in_the_template(app: Path, helm4: Path) -> None:
    template = app / "chart/templates/service.yaml"
    bad = template.read_text().replace("targetPort: http", "targetPrt: http")
    async with editing(app, capabilities=profile("neovim"), environment={"HELM": str(helm4)}) as client:
        client.open(template, bad)
        (problem,) = await client.problems(template)
        assert problem.code == "chart-object-invalid"
        assert "targetPrt is no field of ports" in problem.message
        line = next(number for number, text in enumerate(bad.split("\n")) if "targetPrt" in text)
        assert problem.range == types.Range(types.Position(line, 6), types.Position(line, 15))


async def test_nothing_is_run_in_a_workspace_that_is_not_trusted(app: Path, helm4: Path) -> None:
    template = app / "chart/templates/service.yaml"
    bad = template.read_text().replace("targetPort: http", "targetPrt: http")
    async with editing(
        app, capabilities=profile("neovim"), environment={"HELM": str(helm4)}, options={"trusted": False}
    ) as client:
        client.open(template, bad)
        client.open(app / "Dockerfile", "FRM x\n")
        await client.problems(app / "Dockerfile")
        await asyncio.sleep(2)
        assert not client.diagnostics.get(template.as_uri())


async def refactorings(client: EditorClient, uri: str, line: int, only: str) -> dict[str, types.CodeAction]:
    where = types.Position(line, 8)
    params = types.CodeActionParams(
        types.TextDocumentIdentifier(uri), types.Range(where, where), types.CodeActionContext([], only=[only])
    )
    found: Any = await client.text_document_code_action_async(params)
    return {each.title: each for each in found or ()}


async def test_a_value_is_extracted_and_an_environment_added(app: Path) -> None:
    deployment = app / "chart/templates/deployment.yaml"
    text = deployment.read_text()
    async with editing(app) as client:
        uri = client.open(deployment)
        line = text[: text.index("maxSurge: 1")].count("\n")
        found = await refactorings(client, uri, line, "refactor.extract")
        edit = found["Extract 1 to values.yaml as maxSurge"].edit
        assert edit is not None
        apply(edit)
        assert "maxSurge: {{ .Values.maxSurge }}" in deployment.read_text()
        assert (app / "chart/values.yaml").read_text().endswith("\nmaxSurge: 1\n")
        uri = client.open(app / "draft.toml")
        found = await refactorings(client, uri, 2, "refactor")
        edit = found["Add the environment staging, like development"].edit
        assert edit is not None
        apply(edit)
        assert '[environments.staging]\n    name = "sample-staging"' in (app / "draft.toml").read_text()
        assert await refactorings(client, uri, 2, "refactor.inline") == {}


async def test_probes_and_an_ingress_for_a_chart_that_has_none(app: Path) -> None:
    """A chart as a person begins one by hand."""
    templates = app / "chart/templates"
    for path in templates.iterdir():
        path.unlink()
    (templates / "deployment.yaml").write_text(DEPLOYMENT)
    (templates / "service.yaml").write_text(SERVICE)
    (app / "chart/values.yaml").write_text("service: {port: 80}\n")
    async with editing(app) as client:
        for name, title, made in (
            ("deployment.yaml", "Add probes to the container", "readinessProbe:"),
            ("service.yaml", "Add an ingress for the service", "kind: Ingress"),
        ):
            uri = client.open(templates / name)
            assert made not in "".join(path.read_text() for path in templates.iterdir())
            edit = (await refactorings(client, uri, 0, "refactor.rewrite"))[title].edit
            assert edit is not None
            apply(edit)
            assert made in "".join(path.read_text() for path in templates.iterdir())
            client.change(templates / name, (templates / name).read_text())
            assert title not in await refactorings(client, uri, 0, "refactor.rewrite")


async def test_an_ignore_file_that_is_not_there_is_made(app: Path) -> None:
    (app / ".dockerignore").unlink()
    async with editing(app) as client:
        uri = client.open(app / "Dockerfile")
        found = await refactorings(client, uri, 0, "refactor.draft.create")
        resolved = await client.code_action_resolve_async(found["Draft: Create .dockerignore"])
        assert resolved.edit is not None
        apply(resolved.edit)
        assert ".git" in (app / ".dockerignore").read_text()
        assert await refactorings(client, uri, 0, "refactor.draft.create") == {}


async def test_the_weight_of_the_context_is_above_the_copy_that_takes_it(app: Path) -> None:
    (app / "data").mkdir()
    (app / "data/big.bin").write_bytes(b"x" * 3 * 1024 * 1024)
    async with editing(app) as client:
        params = types.CodeLensParams(types.TextDocumentIdentifier(client.open(app / "Dockerfile")))
        (lens,) = list(await client.text_document_code_lens_async(params) or ())
        assert lens.command is not None
        assert re.fullmatch(
            r"\d+ files, 3 MB in the build context; most in data: 1 file, 3 MB", lens.command.title
        )
        line = (app / "Dockerfile").read_text().split("\n")[lens.range.start.line]
        assert line == "COPY --chown=10001:10001 . ."
        other = types.CodeLensParams(types.TextDocumentIdentifier((app / "Dockerfile.other").as_uri()))
        assert not await client.text_document_code_lens_async(other)
