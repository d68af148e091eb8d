"""The smallest editor: it drives the real draft-ls over stdio, and remembers what the server said."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from place import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

SERVER = ROOT / ".venv/bin/draft-ls"


CAPABILITIES = lsp.ClientCapabilities(
    text_document=lsp.TextDocumentClientCapabilities(diagnostic=lsp.DiagnosticClientCapabilities())
)
"""It cannot apply edits, show documents or ask: the server has to do without."""

LANGUAGES = {".py": "python", ".js": "javascript", ".toml": "toml", ".html": "html", ".go": "go"}


class FailedError(Exception):
    """The server said that a deployment failed, or ended."""


class Editor:
    """A client for one folder. It lets the server write files itself, and wants Draft's own notifications."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.status: Any = None
        self.log: list[str] = []
        self._client = LanguageClient("draft-demo", "1")
        self._changed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._versions: dict[str, int] = {}
        self._listen()

    def _listen(self) -> None:
        @self._client.feature("draft/status")
        def on_status(params: Any) -> None:
            self.status = params
            self._changed.set()

        @self._client.feature("draft/log")
        def on_log(params: Any) -> None:
            self.log.extend(line.text for line in params.lines)

        def on_other(params: Any) -> None:
            """What a person would see besides; a script tells its own story."""

        for method in (lsp.WINDOW_SHOW_MESSAGE, lsp.WINDOW_LOG_MESSAGE, lsp.PROGRESS, "draft/appsChanged"):
            self._client.feature(method)(on_other)
        self._client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(on_other)

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The server's process."""
        process = self._client._server  # noqa: SLF001 - pygls offers no other way to it
        assert process is not None
        return process

    async def start(self, environment: Mapping[str, str]) -> None:
        """Start the server and shake hands."""
        await self._client.start_io(str(SERVER), env=dict(environment))
        self._reading = asyncio.create_task(self._read_errors())
        folder = lsp.WorkspaceFolder(self.folder.as_uri(), self.folder.name)
        try:
            await self._client.initialize_async(
                lsp.InitializeParams(
                    capabilities=CAPABILITIES,
                    workspace_folders=[folder],
                    initialization_options={"notifications": True},
                )
            )
        except RuntimeError as error:  # pygls: the process has ended
            await self._reading
            raise FailedError("\n".join([str(error), *self.log[-20:]])) from error
        self._client.initialized(lsp.InitializedParams())

    async def command(self, name: str, **arguments: Any) -> Any:
        """Run one of the server's commands on the folder's app."""
        try:
            return await self._client.workspace_execute_command_async(
                lsp.ExecuteCommandParams(name, [{"app": self.folder.as_uri(), **arguments}])
            )
        except JsonRpcException as error:
            raise FailedError("\n".join([f"{name}: {error.message}", *self.log[-20:]])) from error

    async def request(self, method: str, params: Any) -> Any:
        """Send any request; its answer."""
        return await self._client.protocol.send_request_async(method, params)

    def open(self, path: Path) -> None:
        """Tell the server that a file is open, unless it has been told."""
        uri = path.as_uri()
        if uri not in self._versions:
            self._versions[uri] = 1
            item = lsp.TextDocumentItem(uri, LANGUAGES.get(path.suffix, "plaintext"), 1, path.read_text())
            self._client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def change(self, path: Path, text: str) -> None:
        """Type: the whole text anew."""
        self.open(path)
        uri = path.as_uri()
        self._versions[uri] += 1
        document = lsp.VersionedTextDocumentIdentifier(self._versions[uri], uri)
        changes: list[lsp.TextDocumentContentChangeEvent] = [lsp.TextDocumentContentChangeWholeDocument(text)]
        self._client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, changes))

    def save(self, path: Path, text: str) -> None:
        """Type a text, write it to disk, and tell the server, as an editor does."""
        self.change(path, text)
        path.write_text(text)
        document = lsp.TextDocumentIdentifier(path.as_uri())
        self._client.text_document_did_save(lsp.DidSaveTextDocumentParams(document, text))

    async def live(self, *, after: int, timeout: float) -> Any:
        """The status of the first run later than ``after`` that is live. Raises ``FailedError``."""
        async with asyncio.timeout(timeout):
            while True:
                self._changed.clear()
                status = self.status
                if status is not None and status.run > after:
                    if status.state == "live" and status.took is not None:
                        return status
                    if status.state in ("failed", "held"):
                        raise FailedError(self.why())
                if self.process.returncode is not None:
                    raise FailedError(f"draft-ls ended with code {self.process.returncode}\n{self.why()}")
                await self._changed.wait()

    def why(self) -> str:
        """Why the last run failed, with the end of its log."""
        problems = [
            "\n    ".join(text for name in ("message", "cause", "fix") if (text := getattr(each, name, None)))
            for each in getattr(self.status, "problems", None) or ()
        ]
        said = problems or [getattr(self.status, "message", "no status yet")]
        return "\n".join([*said, *self.log[-20:]])

    async def close(self) -> None:
        """Shut the server down as the protocol wants it."""
        if self.process.returncode is None:
            async with asyncio.timeout(15):
                await self._client.shutdown_async(None)
                self._client.exit(None)
                await self.process.wait()
        await self._client.stop()
        if self._reading is not None:
            await self._reading

    async def _read_errors(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.log.append(line.decode(errors="replace").rstrip())
        self._changed.set()


@asynccontextmanager
async def editing(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Editor]:
    """An editor with ``folder`` open, closed again at the end."""
    editor = Editor(folder)
    await editor.start(environment)
    try:
        yield editor
    finally:
        await editor.close()
