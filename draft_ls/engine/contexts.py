"""The build contexts of one session: read again and again, and what of them lies around the app's own folder."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from draft_ls.build.context import ArchiveReader, ContextReader
from draft_ls.engine import reading

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.build.model import BuildContext
    from draft_ls.build.surroundings import Surroundings
    from draft_ls.config.model import AppConfig, Environment


class Contexts:
    """See the module.

    Args:
        app: the app's folder.

    Attributes:
        around: what else than that folder goes into the image; none before it is read, and for most apps.
        moved: set once ``around`` has changed, and then another one.
    """

    def __init__(self, app: Path) -> None:
        self._app = app
        self._readers: dict[tuple[Path, str, str | None], ContextReader | ArchiveReader] = {}
        self.around: Surroundings | None = None
        self.moved = asyncio.Event()

    async def read(self, config: AppConfig, environment: Environment) -> BuildContext:
        """An environment's build context as it is now; the very same object as before when nothing changed.

        Raises:
            DraftError: it cannot be read, or lies where it may not (``context-outside``).
        """
        context, around = await asyncio.to_thread(self._read, config, environment)
        if around != self.around:
            self.around = around
            self.moved.set()
            self.moved = asyncio.Event()
        return context

    def _read(self, config: AppConfig, environment: Environment) -> tuple[BuildContext, Surroundings | None]:
        reader = self._reader(reading.context_root(config, environment), environment)
        context = reader.read()
        return context, reader.around(self._app) if isinstance(reader, ContextReader) else None

    def _reader(self, root: Path, environment: Environment) -> ContextReader | ArchiveReader:
        """The reader of a context; it remembers what it has read."""
        name = (root, environment.dockerfile, environment.build_tar)
        if name not in self._readers:
            if environment.build_tar:
                archive = self._app / environment.build_tar
                self._readers[name] = ArchiveReader(self._app, archive, environment.dockerfile)
            else:
                dockerfile = os.path.relpath(self._app / environment.dockerfile, root)
                self._readers[name] = ContextReader(root, dockerfile)
        return self._readers[name]
