"""Charts rendered by Helm while they are written: later than the texts' own analysis, and given up by each edit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from draft_ls.errors import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from draft_ls.deploy.cluster_schemas import ClusterSchemas
    from draft_ls.engine.chart_check import ChartText
    from draft_ls.errors import Problem
    from draft_ls.server.server import DraftLanguageServer

DELAY = 0.4
"""Seconds of quiet, after the texts' own analysis, before Helm is run."""


class Charts:
    """At most one rendering under way for each app; equal texts are not rendered again."""

    def __init__(self, ls: DraftLanguageServer) -> None:
        self._ls = ls
        self._checks: dict[Path, asyncio.Task[None]] = {}
        self._checked: dict[Path, tuple[ChartText, ...]] = {}

    def changed(self, app: Path, problems: Iterable[Problem]) -> None:
        """The texts of an app have been looked at.

        Args:
            app: the app.
            problems: what they say by themselves. Helm stops at the first error, so it is not asked while the
                chart has one that is known already.
        """
        if known := self._checks.pop(app, None):
            known.cancel()
        if not self._ls.options.trusted:
            return
        broken = any(each.severity is Severity.ERROR and each.code.startswith("chart-") for each in problems)
        task = self._ls.tasks.start(self._check(app, broken=broken), f"chart of {app.name}")
        self._checks[app] = task
        task.add_done_callback(lambda done: self._done(app, done))

    async def _check(self, app: Path, *, broken: bool) -> None:
        if broken:
            self._tell(app, (), ())
            return
        await asyncio.sleep(DELAY)
        from draft_ls.engine.chart_check import chart_texts, check_charts

        texts = await asyncio.to_thread(chart_texts, self._ls.tree(app))
        if texts != self._checked.get(app, ()):
            self._tell(app, texts, await check_charts(texts, self._schemas(app)))

    def _schemas(self, app: Path) -> ClusterSchemas | None:
        """Those of the cluster that the app is deployed to; without one, of the newest known version."""
        engine = self._ls.running_engine
        contexts = (each.context for each in engine.statuses() if each.key.app == app) if engine else ()
        context = next((each for each in contexts if each), None)
        return engine.knowledge.schemas(context) if engine and context else None

    def _tell(self, app: Path, texts: tuple[ChartText, ...], problems: Iterable[Problem]) -> None:
        found: dict[Path, list[Problem]] = {}
        for problem in problems:
            if problem.place:
                found.setdefault(problem.place.path, []).append(problem)
        self._checked[app] = texts
        self._ls.diagnostics.replace(("text", ("chart", app)), found)

    def _done(self, app: Path, task: asyncio.Task[None]) -> None:
        if self._checks.get(app) is task:
            del self._checks[app]
