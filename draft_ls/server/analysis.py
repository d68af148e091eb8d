"""Looking at an app's texts, saved or not, soon after they change; the newest text wins."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from draft_ls.files import upwards

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from draft_ls.analysis.context import Memory
    from draft_ls.errors import Problem
    from draft_ls.files import Tree
    from draft_ls.server.server import DraftLanguageServer

T = TypeVar("T")

logger = logging.getLogger(__name__)

DELAY = 0.15
"""Seconds of quiet before a text that is being typed is looked at."""


class Analysis:
    """One look under way for each app, and at most one that waits.

    The pure analysis runs in a thread of its own, so that a big chart never holds up the event loop.
    """

    def __init__(self, ls: DraftLanguageServer) -> None:
        self._ls = ls
        self._executor: ThreadPoolExecutor | None = None
        self._looks: dict[Path, asyncio.Task[None]] = {}
        self._seen: set[Path] = set()
        self._memories: dict[Path, Memory] = {}
        self._contexts: dict[Path, Path] = {}
        """The build contexts that lie above their apps; hardly any does."""

    def changed(self, app: Path, delay: float = DELAY) -> None:
        """A text of an app has changed; one that is waited for is looked at later, with this change."""
        if known := self._looks.get(app):
            known.cancel()
        task = self._ls.tasks.start(self._look(app, delay), f"analysis of {app.name}")
        self._looks[app] = task
        task.add_done_callback(lambda done: self._done(app, done))

    def known(self) -> frozenset[Path]:
        """The apps that were looked at."""
        return frozenset(self._seen)

    def reached(self, path: Path) -> frozenset[Path]:
        """The apps that were looked at and whose build context lies above them and holds a file."""
        return frozenset(app for app, root in self._contexts.items() if path.is_relative_to(root))

    async def settled(self, app: Path) -> None:
        """Wait until what is written is looked at, without the wait for quiet."""
        if app in self._looks or app not in self._seen:
            self.changed(app, delay=0)
        while task := self._looks.get(app):
            await asyncio.wait({task})

    async def ask(self, app: Path, question: Callable[[Tree, Memory], T]) -> T:
        """What a function finds in an app as it is written now, in the thread that looks at apps."""
        from draft_ls.analysis.context import Memory

        memory = self._memories.setdefault(app, Memory())
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread(), question, self._ls.tree(app), memory)

    def _thread(self) -> ThreadPoolExecutor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="draft-analysis")
        return self._executor

    def close(self) -> None:
        """Give the thread back."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    async def _look(self, app: Path, delay: float) -> None:
        await asyncio.sleep(delay)
        from draft_ls.analysis.app import highest_context, problems_of_app

        def look(tree: Tree, memory: Memory) -> tuple[tuple[Problem, ...], int]:
            return problems_of_app(tree, memory), highest_context(tree)

        problems, levels = await self.ask(app, look)
        found: dict[Path, list[Problem]] = {}
        for problem in problems:
            if problem.place:
                found.setdefault(problem.place.path, []).append(problem)
        self._seen.add(app)
        if levels:
            self._contexts[app] = upwards(app, levels)
        else:
            self._contexts.pop(app, None)
        self._ls.diagnostics.replace(("text", app), found)
        self._ls.charts.changed(app, problems)

    def _done(self, app: Path, task: asyncio.Task[None]) -> None:
        if self._looks.get(app) is task:
            del self._looks[app]
