"""Code actions: Draft: Create for a folder without draft.toml, each missing piece, and quick fixes.

The menu must open at once, so an action that makes files is listed with only what it is about, and gets its
edit when it is chosen.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from lsprotocol.types import (
    CODE_ACTION_RESOLVE,
    TEXT_DOCUMENT_CODE_ACTION,
    CodeAction,
    CodeActionKind,
    CodeActionOptions,
    CodeActionParams,
    Command,
    TextEdit,
    WorkspaceEdit,
)
from pygls.exceptions import JsonRpcException

from draft_ls.config.model import CONFIG_FILE
from draft_ls.errors import DraftError, Problem
from draft_ls.server import scaffolding
from draft_ls.server.protocol import CommandArguments
from draft_ls.server.refactorings import EXTRACT, REWRITE, refactorings
from draft_ls.server.repairs import repairs
from draft_ls.server.rpc import INVALID_PARAMS
from draft_ls.server.sessions import app_at
from draft_ls.server.uris import path_of, uri_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lsprotocol.types import Range

    from draft_ls.server.server import DraftLanguageServer

logger = logging.getLogger(__name__)

CREATE_KIND = "refactor.draft.create"
"""A refactoring and not a ``source`` action, because editors do not list those with the others."""

MANIFESTS = frozenset({
        "requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "manage.py", "app.py", "main.py",
        "wsgi.py", "package.json", "server.js", "index.js", "app.js", "main.js", "server.ts", "index.ts",
        "main.ts", "deno.json", "go.mod", "main.go", "Cargo.toml", "pom.xml", "build.gradle",
        "build.gradle.kts", "Gemfile", "config.ru", "composer.json", "index.php", "mix.exs", "Program.cs",
        "build.sbt", "Package.swift", "index.html", "Dockerfile",
})  # fmt: skip
"""Files in which a person looks for a way to deploy the app; the folder alone decides what it is."""

_PIECES = {"missing-dockerfile": ("Dockerfile", ".dockerignore"), "missing-chart": ("chart/",)}
"""Problem → the files of a scaffold that do away with it, by how their paths start."""


def register(ls: DraftLanguageServer) -> None:
    """Add the handlers of this module."""
    options = CodeActionOptions(
        code_action_kinds=[
            CodeActionKind.QuickFix,
            CodeActionKind.RefactorExtract,
            CodeActionKind.RefactorRewrite,
            CREATE_KIND,
        ],
        resolve_provider=True,
    )
    ls.feature(TEXT_DOCUMENT_CODE_ACTION, options)(_code_actions)
    ls.feature(CODE_ACTION_RESOLVE)(_resolve)


async def _code_actions(ls: DraftLanguageServer, params: CodeActionParams) -> list[CodeAction | Command]:
    path = path_of(params.text_document.uri)
    if path is None:
        return []
    wanted = params.context.only
    found: list[CodeAction | Command] = []
    if _wants(wanted, CREATE_KIND) and path.name in MANIFESTS and app_at(ls, path) is None:
        found.append(
            _create(ls, path.parent, "Draft: Create (Dockerfile, chart, draft.toml)", CREATE_KIND, ())
        )
    if ls.client.code_actions and (_wants(wanted, EXTRACT) or _wants(wanted, REWRITE)):
        found += [each for each in refactorings(ls, path, params.range) if _wants(wanted, each.kind or "")]
    if path.name == "Dockerfile" and _wants(wanted, CREATE_KIND) and _lacks_ignore_file(ls, path):
        found.append(_create(ls, path.parent, "Draft: Create .dockerignore", CREATE_KIND, (".dockerignore",)))
    if _wants(wanted, CodeActionKind.QuickFix):
        if app := app_at(ls, path):
            await ls.analysis.settled(app)  # an edit must fit the text as it is now
        for problem in ls.diagnostics.problems(path):
            if _touches(ls, path, problem, params.range):
                found.extend(_quick_fixes(ls, path, problem))
    return found


def _wants(only: Iterable[CodeActionKind | str] | None, kind: str) -> bool:
    """Whether the client asks for a kind: it names the kind itself or one above it."""
    if only is None:
        return True
    names = [each.value if isinstance(each, CodeActionKind) else each for each in only]
    return any(name in ("", kind) or kind.startswith(f"{name}.") for name in names)


def _lacks_ignore_file(ls: DraftLanguageServer, dockerfile: Path) -> bool:
    names = (".dockerignore", f"{dockerfile.name}.dockerignore")
    return app_at(ls, dockerfile) is not None and all(
        ls.text(dockerfile.parent / each) is None for each in names
    )


def _create(
    ls: DraftLanguageServer, folder: Path, title: str, kind: CodeActionKind | str, pieces: tuple[str, ...]
) -> CodeAction | Command:
    """An action that is resolved later, or a command for a client that cannot."""
    if ls.client.code_actions and ls.client.resolve_edits and ls.client.create_files:
        return CodeAction(title, kind=kind, data={"folder": uri_of(folder), "pieces": list(pieces)})
    arguments: list[Any] = [{"app": uri_of(folder), "pieces": list(pieces)}]
    command = Command(title, f"{ls.options.command_prefix}create", arguments=arguments)
    return CodeAction(title, kind=kind, command=command) if ls.client.code_actions else command


def _touches(ls: DraftLanguageServer, path: Path, problem: Problem, wanted: Range) -> bool:
    span = problem.place.span if problem.place else None
    found = ls.lines(path).range(span)
    return found.start <= wanted.end and wanted.start <= found.end


def _quick_fixes(ls: DraftLanguageServer, path: Path, problem: Problem) -> Iterator[CodeAction | Command]:
    if problem.code in _PIECES:
        pieces = _PIECES[problem.code]
        title = f"Draft: Create {' and '.join(piece.rstrip('/') for piece in pieces)}"
        yield _create(ls, path.parent, title, CodeActionKind.QuickFix, pieces)
    if not ls.client.code_actions:
        return
    lines = ls.lines(path)
    where = lines.range(problem.place.span if problem.place else None)
    shown = ls.diagnostics.shown(path)
    diagnostics = [each for each in shown if each.code == problem.code and each.range == where]
    yield from repairs(ls, problem, diagnostics)
    if path.name == CONFIG_FILE:
        from draft_ls.analysis.draft_toml_fixes import fixes

        for fix in fixes(problem, ls.text(path) or ""):
            edit = TextEdit(lines.range(fix.span), fix.text)
            document = ls.document(path)
            changes = {document.uri if document else uri_of(path): [edit]}
            yield CodeAction(
                fix.title,
                kind=CodeActionKind.QuickFix,
                diagnostics=diagnostics,
                is_preferred=True,
                edit=WorkspaceEdit(changes=changes),
            )


async def _resolve(ls: DraftLanguageServer, action: CodeAction) -> CodeAction:
    """The edit of a chosen action, made from what is written now."""
    data: Any = action.data
    if not isinstance(data, dict):
        return action
    given = cast("dict[str, Any]", data)
    folder = path_of(str(given.get("folder", "")))
    if folder is None:
        raise JsonRpcException("The action's data is not what the server sent.", INVALID_PARAMS)
    pieces = tuple(str(each) for each in given.get("pieces") or ())
    creation = await scaffolding.plan(ls, folder, CommandArguments())
    edits = scaffolding.wanted(creation, pieces)
    if not edits:
        raise DraftError(Problem("nothing-to-create", "Everything is there already."))
    action.edit = scaffolding.edit_of(ls, creation.folder, edits, confirm=True)
    return action
