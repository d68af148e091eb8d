"""The language server: what it knows about its client, the open documents and the engine."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from lsprotocol.types import PositionEncodingKind
from pygls.lsp.server import LanguageServer

from draft_ls import __version__
from draft_ls.config.model import CONFIG_FILE
from draft_ls.engine.events import State, Status
from draft_ls.errors import DraftError, Problem
from draft_ls.files import DiskTree, OverlayTree
from draft_ls.server import (
    code_actions,
    code_lenses,
    configuration,
    lifecycle,
    requests,
    synchronization,
    toml_features,
)
from draft_ls.server.analysis import Analysis
from draft_ls.server.charts import Charts
from draft_ls.server.client import Client
from draft_ls.server.diagnostics import Diagnostics
from draft_ls.server.jobs import Jobs
from draft_ls.server.offers import Offered
from draft_ls.server.protocol import InitializationOptions, Settings
from draft_ls.server.publisher import Publisher
from draft_ls.server.rpc import DraftProtocol
from draft_ls.server.sessions import ask
from draft_ls.server.tasks import Tasks
from draft_ls.server.texts import Document, Lines
from draft_ls.server.uris import path_of
from draft_ls.server.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable

    from draft_ls.engine.apps import AppFinder
    from draft_ls.engine.engine import Engine
    from draft_ls.engine.events import Event, Key
    from draft_ls.engine.model import App, Ask, Question
    from draft_ls.files import Tree

logger = logging.getLogger(__name__)


FEATURES = (
    lifecycle,
    synchronization,
    configuration,
    requests,
    code_actions,
    code_lenses,
    toml_features,
)
"""The modules that handle messages; each registers its own."""


class EngineFactory(Protocol):
    """Makes the engine; called once, when something first needs it."""

    def __call__(self, *, listen: Callable[[Event], None], ask: Ask) -> Engine:
        """Make an engine that tells its events to ``listen`` and puts its questions to ``ask``."""
        ...


def create_server(engine_factory: EngineFactory | None = None) -> DraftLanguageServer:
    """A server with every feature registered; it serves nobody yet."""
    ls = DraftLanguageServer(engine_factory or _real_engine)
    for module in FEATURES:
        module.register(ls)
    return ls


def _real_engine(*, listen: Callable[[Event], None], ask: Ask) -> Engine:
    # Imported here: nothing of Docker, Helm or Kubernetes is needed until somebody deploys.
    from draft_ls.engine.engine import Engine

    return Engine(listen=listen, ask=ask)


class DraftLanguageServer(LanguageServer):
    """One client's server.

    Attributes:
        client: what the client can do.
        options: what the client said at ``initialize``.
        settings: the ``draft`` section of the client's configuration.
        selected: the environment selected for each app.
        initialized: set when the client is known.
        on_idle: called once in a thread when the client has been served: for what may come late.
        tasks, jobs, publisher, diagnostics, analysis, charts, views, offered: see their modules.
    """

    protocol: DraftProtocol  # pyright: ignore[reportIncompatibleVariableOverride] - it never changes

    def __init__(self, engine_factory: EngineFactory) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            "draft-ls", __version__, protocol_cls=DraftProtocol
        )
        self._engine_factory = engine_factory
        self._engine: Engine | None = None
        self._finder: AppFinder | None = None
        self.client = Client()
        self.options = InitializationOptions()
        self.settings = Settings()
        self.selected: dict[Path, str] = {}
        self.initialized = asyncio.Event()
        self.on_idle: Callable[[], None] | None = None
        self.tasks = Tasks()
        self.jobs = Jobs(self)
        self.publisher = Publisher(self)
        self.diagnostics = Diagnostics(self)
        self.analysis = Analysis(self)
        self.charts = Charts(self)
        self.views = Views(self)
        self.offered = Offered(self)

    @property
    def engine(self) -> Engine:
        """The engine, made when it is first needed.

        Raises:
            DraftError: the workspace is not trusted, so nothing may be built or deployed.
        """
        if not self.options.trusted:
            raise DraftError(
                Problem(
                    "untrusted-workspace",
                    "This workspace is not trusted, so nothing is built or deployed from it.",
                    fix="Trust the workspace in the editor first.",
                )
            )
        if self._engine is None:
            self._engine = self._engine_factory(listen=self.publisher.listen, ask=self._ask)
        return self._engine

    @property
    def running_engine(self) -> Engine | None:
        """The engine if something has needed it; a save alone does not start it."""
        return self._engine

    def status(self, key: Key) -> Status:
        """Where a session stands; idle as long as nothing has needed the engine."""
        return self._engine.status(key) if self._engine else Status(key, State.IDLE)

    async def close(self) -> None:
        """Give back everything: tasks, engine, threads."""
        self.analysis.close()
        if self._engine is not None:
            await self._engine.close()
        await self.tasks.close()

    # Documents

    def is_open(self, path: Path) -> bool:
        """Whether the client has a file open."""
        return self.document(path) is not None

    def document(self, path: Path) -> Document | None:
        """The open document of a file."""
        return self.open_documents().get(path)

    def open_documents(self) -> dict[Path, Document]:
        """Every open document that is a file."""
        if not self.initialized.is_set():
            return {}
        found = {path_of(document.uri): document for document in self.workspace.text_documents.values()}
        return {path: cast("Document", document) for path, document in found.items() if path}

    def text(self, path: Path) -> str | None:
        """What a file says now, saved or not; none if there is no such file."""
        document = self.document(path)
        return document.unified if document else DiskTree(path.parent).read(path.name)

    def lines(self, path: Path) -> Lines:
        """A file's text, ready to convert positions."""
        return Lines(self.text(path) or "", self.encoding)

    @property
    def encoding(self) -> PositionEncodingKind | str:
        """The unit in which the client counts characters."""
        return self.workspace.position_encoding or PositionEncodingKind.Utf16

    def tree(self, root: Path) -> Tree:
        """The files of a folder, with the open documents laid over the disk; a snapshot of the latter."""
        return OverlayTree(DiskTree(root), self._texts_from(root))

    def _texts_from(self, root: Path) -> dict[str, str]:
        """The open documents, by path relative to a folder: also those outside, for who looks from above."""
        return {
            os.path.relpath(path, root).replace(os.sep, "/"): document.unified
            for path, document in self.open_documents().items()
        }

    # Apps

    def roots(self) -> tuple[Path, ...]:
        """The folders of the workspace that are on this machine's disk."""
        folders = [path_of(folder.uri) for folder in self.workspace.folders.values()]
        if not folders and self.workspace.root_uri:
            folders = [path_of(self.workspace.root_uri)]
        return tuple(folder for folder in folders if folder)

    def open_apps(self) -> set[Path]:
        """The folders whose draft.toml is open, also if it was never saved."""
        return {path.parent for path in self.open_documents() if path.name == CONFIG_FILE}

    async def find_apps(self) -> tuple[App, ...]:
        """The apps of the workspace, and the folders that could become one, by path."""
        texts = {root: self._texts_from(root) for root in self.roots()}
        finder, trusted = self._app_finder(), self.options.trusted

        def find() -> tuple[App, ...]:
            apps = (app for root in texts for app in finder.find(root, texts[root], trusted=trusted))
            found = {app.path: app for app in apps}
            return tuple(found[path] for path in sorted(found))

        return await asyncio.to_thread(find)

    async def app_folders(self) -> tuple[Path, ...]:
        """The folders of the workspace that have a draft.toml, on disk or in an open document."""
        finder, roots = self._app_finder(), self.roots()

        def find() -> set[Path]:
            return {folder for root in roots for folder in finder.configured(root)}

        return tuple(sorted(await asyncio.to_thread(find) | self.open_apps()))

    def _app_finder(self) -> AppFinder:
        # Imported here: nothing looks for apps until somebody asks for them.
        from draft_ls.engine.apps import AppFinder

        self._finder = self._finder or AppFinder()
        return self._finder

    def short_name(self, path: Path) -> str:
        """A path as people see it: from its workspace folder on."""
        for root in self.roots():
            if path.is_relative_to(root):
                return Path(root.name, path.relative_to(root)).as_posix()
        return str(path)

    def refresh_views(self) -> None:
        """What lenses and hints say has changed."""
        self.views.changed()

    async def _ask(self, question: Question) -> str | None:
        return await ask(self, question.message, question.choices)
