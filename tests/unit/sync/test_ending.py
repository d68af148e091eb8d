"""Why an app ended, from a log that is behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from draft_ls.errors import DraftError, Problem
from draft_ls.sync import ending
from draft_ls.sync.ending import last_lines
from draft_ls.sync.model import AppState, Replica, Running
from draft_ls.sync.supervisor import ENDED

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    import pytest

    from draft_ls.cluster.client import Cluster

REPLICA = Replica("default", "pod", "app", "uid")


def end(start: int) -> str:
    return f"{ENDED.format(start=start)} with exit code 1; the next sync starts it again"


class Logs:
    """A cluster with a log: what is there at once, and what comes when ``late`` is set. It goes on for ever."""

    def __init__(
        self, *lines: str, later: Sequence[str] = (), problem: Problem | None = None, refused: int = 0
    ) -> None:
        self.lines = lines
        self.later = later
        self.problem = problem
        self.refused = refused
        self.late = asyncio.Event()
        self.closed = False

    async def logs(self, *_where: str, follow: bool, tail: int) -> AsyncGenerator[str]:
        assert follow
        assert tail >= ending.LINES
        if self.refused:
            self.refused -= 1
            raise DraftError(Problem("cluster-bad-request", "container is waiting to start"))
        try:
            for line in self.lines:
                yield line
            if self.problem is not None:
                raise DraftError(self.problem)
            await self.late.wait()
            for line in self.later:
                yield line
            await asyncio.Event().wait()
        finally:
            self.closed = True


async def said(logs: Logs, start: int) -> tuple[tuple[str, ...], str]:
    state = AppState(Running.ENDED, 1, start)
    return await last_lines(cast("Cluster", logs), REPLICA, state)


async def test_a_log_that_is_behind_is_waited_for() -> None:
    logs = Logs("GET /", "old error", end(1), later=("Traceback", "RuntimeError: no luck", end(2), "stdout"))
    asking = asyncio.create_task(said(logs, 2))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not asking.done()
    logs.late.set()
    assert await asking == (("Traceback", "RuntimeError: no luck", "stdout"), "")
    assert logs.closed


async def test_an_app_that_wrote_nothing() -> None:
    assert await said(Logs(end(1), end(2)), 2) == ((), "It wrote nothing.")


async def test_a_log_that_never_has_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "PATIENCE", 0.01)
    assert await said(Logs("a line"), 1) == (("a line",), "")


async def test_a_node_that_says_the_container_has_not_started_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ending, "REST", 0.001)
    logs = Logs("RuntimeError: no luck", end(1), refused=2)
    assert await said(logs, 1) == (("RuntimeError: no luck",), "")
    assert logs.refused == 0


async def test_a_log_that_cannot_be_read() -> None:
    problem = Problem("cluster-forbidden", "You may not read logs.")
    lines, cause = await said(Logs(problem=problem), 1)
    assert lines == ()
    assert cause == "Its log cannot be read: You may not read logs."
