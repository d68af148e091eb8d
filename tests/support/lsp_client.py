"""A pytest-lsp client that does what an editor does: apply edits, answer questions, remember everything."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import register_lsp_features

from draft_ls.server.protocol import LogParams, StatusParams
from draft_ls.server.texts import Lines
from draft_ls.server.uris import path_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

PROFILES = Path(__file__).parents[1] / "lsp/profiles"
PATIENCE = 30.0
"""Seconds for anything that needs no cluster."""


def profile(name: str) -> types.ClientCapabilities:
    """The capabilities of an editor, from ``tests/lsp/profiles``."""
    data = json.loads((PROFILES / f"{name}.json").read_text())
    return get_converter().structure(data, types.ClientCapabilities)


class EditorClient(LanguageClient):
    """One editor window.

    Attributes:
        statuses: every ``draft/status``, in order.
        logs: every line of ``draft/log``.
        questions: every question; the answers are taken from ``answers`` by what the question contains.
        applied: every edit that the server asked for; each is applied to the disk as VS Code does.
        requests: how often the server sent each of the other requests.
    """

    def __init__(self) -> None:
        super().__init__(converter_factory=default_converter)
        register_lsp_features(self)
        self.statuses: list[StatusParams] = []
        self.logs: list[str] = []
        self.questions: list[types.ShowMessageRequestParams] = []
        self.answers: dict[str, str] = {}
        self.applied: list[types.ApplyWorkspaceEditParams] = []
        self.requests: dict[str, int] = {}
        self.accepts_edits = True
        self.reads = get_converter()
        self._changed = asyncio.Event()
        self._versions: dict[str, int] = {}
        self._listen()

    def _listen(self) -> None:
        self.feature("draft/status")(partial(self._on_status))
        self.feature("draft/log")(partial(self._on_log))
        self.feature("draft/appsChanged")(lambda params: self._count("draft/appsChanged"))
        self.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)(partial(self._on_question))
        self.feature(types.WORKSPACE_APPLY_EDIT)(partial(self._on_edit))
        for method in (
            types.CLIENT_REGISTER_CAPABILITY,
            types.WORKSPACE_CODE_LENS_REFRESH,
            types.WORKSPACE_INLAY_HINT_REFRESH,
        ):
            self.feature(method)(self._counter(method))

    def _counter(self, method: str) -> Callable[[Any], None]:
        return lambda params: self._count(method)

    def _count(self, method: str) -> None:
        self.requests[method] = self.requests.get(method, 0) + 1
        self._changed.set()

    def _on_status(self, params: Any) -> None:
        self.statuses.append(self.reads.structure(_plain(params), StatusParams))
        self._changed.set()

    def _on_log(self, params: Any) -> None:
        self.logs.extend(line.text for line in self.reads.structure(_plain(params), LogParams).lines)
        self._changed.set()

    def _on_question(self, params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
        self.questions.append(params)
        answer = next((text for part, text in self.answers.items() if part in params.message), None)
        return next((each for each in params.actions or () if each.title == answer), None)

    def _on_edit(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        self.applied.append(params)
        if not self.accepts_edits:
            return types.ApplyWorkspaceEditResult(applied=False, failure_reason="the person declined")
        apply(params.edit)
        return types.ApplyWorkspaceEditResult(applied=True)

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The server's process."""
        assert self._server is not None
        return self._server

    # What an editor does

    def open(self, path: Path, text: str | None = None, language: str = "plaintext") -> str:
        """Open a file, with the text on disk or with another one; returns its URI."""
        uri = path.as_uri()
        said = path.read_bytes().decode() if text is None else text
        self._versions[uri] = 1
        self.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, 1, said))
        )
        return uri

    def change(self, path: Path, text: str) -> None:
        """Give an open document another text."""
        uri = path.as_uri()
        self._versions[uri] += 1
        self.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self._versions[uri], uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def save(self, path: Path, text: str) -> None:
        """Change an open document (opened if it is not) and save it."""
        if path.as_uri() not in self._versions:
            self.open(path)
        self.change(path, text)
        path.write_bytes(text.encode())
        self.text_document_did_save(
            types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(path.as_uri()))
        )

    async def command(self, name: str, **arguments: Any) -> Any:
        """Run a command with its one object."""
        return await self.execute(types.ExecuteCommandParams(name, [arguments] if arguments else []))

    async def execute(self, params: types.ExecuteCommandParams) -> Any:
        """Run a command; what is left out of its answer is none."""
        return _answer(await self.workspace_execute_command_async(params))

    async def send(self, method: str, params: object = None) -> Any:
        """One of Draft's own requests; the answer as plain JSON."""
        return _plain(await self.protocol.send_request_async(method, params))

    # What an editor sees

    async def until(self, seen: Callable[[], Any], timeout: float = PATIENCE) -> Any:
        """Wait until something is so; returns what ``seen`` returned."""
        async with asyncio.timeout(timeout):
            while not (found := seen()):
                self._changed.clear()
                try:
                    async with asyncio.timeout(0.05):  # standard notifications do not set the event
                        await self._changed.wait()
                except TimeoutError:
                    continue
            return found

    async def problems(self, path: Path, *, none: bool = False, timeout: float = PATIENCE) -> Any:
        """The diagnostics of a file, once there are any (or, with ``none``, once there are none)."""
        uri = path.as_uri()
        await self.until(lambda: uri in self.diagnostics and bool(self.diagnostics[uri]) != none, timeout)
        return self.diagnostics[uri]

    async def status(self, seen: Callable[[StatusParams], bool], timeout: float = PATIENCE) -> StatusParams:
        """The first status, from now on or already there, of which something is true."""
        return await self.until(lambda: next((each for each in self.statuses if seen(each)), None), timeout)


class Answer(dict[str, Any]):
    """A JSON object whose fields are attributes."""

    __getattr__ = dict.get


def _answer(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_answer(each) for each in value]
    return Answer((name, _answer(each)) for name, each in value.items()) if isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    """What pygls read as nested named tuples, as JSON again."""
    if hasattr(value, "_asdict"):
        return {name: _plain(each) for name, each in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def apply(edit: types.WorkspaceEdit) -> None:
    """Apply an edit to the disk, as VS Code would: a file to create must not exist."""
    for change in edit.document_changes or ():
        if isinstance(change, types.CreateFile):
            path = path_of(change.uri)
            assert path is not None
            assert not path.exists(), f"{path} would be overwritten"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        else:
            assert isinstance(change, types.TextDocumentEdit)
            path = path_of(change.text_document.uri)
            assert path is not None
            path.write_bytes(apply_text(path.read_text(), change.edits).encode())
    for uri, edits in (edit.changes or {}).items():
        path = path_of(uri)
        assert path is not None
        path.write_bytes(apply_text(path.read_bytes().decode(), edits).encode())


def apply_text(text: str, edits: Any, encoding: str = "utf-16") -> str:
    """A text after edits that do not overlap."""
    lines = Lines(text, encoding)
    spans = [(lines.offset(each.range.start), lines.offset(each.range.end), each.new_text) for each in edits]
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


@asynccontextmanager
async def editing(
    *folders: Path,
    capabilities: types.ClientCapabilities | None = None,
    options: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncGenerator[EditorClient]:
    """An editor with folders open; when the block ends the server is told to shut down, if it still runs.

    Args:
        capabilities: what the editor can; VS Code if none.
        options: its ``initializationOptions``; by default it knows Draft's own notifications.
        settings: its ``draft`` section.
        environment: variables laid over this process's own.
    """
    client = EditorClient()
    client.set_configuration({"draft": dict(settings or {})})
    await client.start_io(sys.executable, "-m", "draft_ls", env={**os.environ, **(environment or {})})
    await client.initialize_session(
        types.InitializeParams(
            capabilities=capabilities or profile("visual_studio_code"),
            workspace_folders=[types.WorkspaceFolder(each.as_uri(), each.name) for each in folders],
            initialization_options=dict(options) if options is not None else {"notifications": True},
        )
    )
    try:
        yield client
    finally:
        async with asyncio.timeout(10):
            if client.process.returncode is None:
                await client.shutdown_session()
            await client.stop()
