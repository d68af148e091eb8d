"""The command in this process, over an engine that does what the test says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from draft_ls.cli import running
from draft_ls.cli.app import make_app
from draft_ls.deploy.model import Route, RouteKind
from draft_ls.engine.events import Event, Key, Log, Outcome, RunEnded, State, Status
from draft_ls.engine.model import Ask, Check, Plan, PlanKind, Question
from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    from pathlib import Path

TUNNEL = Route("http://localhost:49591", RouteKind.TUNNEL, ((49591, 8080),))
NODE_PORT = Route("http://10.0.0.1:30001", RouteKind.NODE_PORT)


@dataclass
class StandInEngine:
    """The engine's methods, in memory: emits the given events and ends as told."""

    events: list[Callable[[Key], Event]] = field(default_factory=list[Callable[[Key], Event]])
    outcome: Outcome = Outcome.LIVE
    problem: Problem | None = None
    route: Route = NODE_PORT
    question: Question | None = None
    checks: tuple[Check, ...] = ()
    calls: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])
    answers: list[str | None] = field(default_factory=list[str | None])
    watching: bool = False

    def bind(self, listen: Callable[[Event], None], ask: Ask) -> StandInEngine:
        self._listen, self._ask = listen, ask
        return self

    async def up(self, key: Key, *, watch: bool | None = None, force: bool = False) -> RunEnded:
        self.calls.append(("up", (watch, force)))
        return await self._run(key)

    async def rollback(self, key: Key, revision: int | None = None) -> RunEnded:
        self.calls.append(("rollback", revision))
        return await self._run(key)

    async def _run(self, key: Key) -> RunEnded:
        self._raise()
        if self.question:
            self.answers.append(await self._ask(self.question))
        for make in self.events:
            self._listen(make(key))
        ended = RunEnded(key, 1, self.outcome, 4.06)
        self._listen(ended)
        return ended

    def status(self, key: Key) -> Status:
        return Status(key, State.LIVE, route=self.route, watching=self.watching)

    async def stop(self, key: Key) -> None:
        self.calls.append(("stop", key))

    async def close(self) -> None:
        self.calls.append(("close", None))

    async def connect(self, key: Key) -> Route:
        self._raise()
        return self.route

    async def logs(self, key: Key, *, follow: bool = False, tail: int = 200) -> AsyncIterator[Log]:
        self._raise()
        self.calls.append(("logs", (follow, tail)))
        for text in ("one", "two [bold]"):
            yield Log(key, None, "app-1", text)

    async def delete(self, key: Key) -> None:
        self._raise()
        self.calls.append(("delete", key))

    async def plan(self, key: Key) -> Plan:
        self._raise()
        return Plan(PlanKind.BUILD, "app.py is not yet live", ("app.py",), 4, 9)

    async def doctor(self, key: Key | None = None) -> tuple[Check, ...]:
        self.calls.append(("doctor", key))
        return self.checks

    def _raise(self) -> None:
        if self.problem:
            raise DraftError(self.problem)


def status(state: State, **more: Any) -> Callable[[Key], Event]:
    """A status event of the stand-in's one run."""
    return lambda key: replace(Status(key, state, run=1), **more)


@dataclass
class Result:
    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.stdout.splitlines()]


Draft = Callable[..., Result]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandInEngine:
    stand_in = StandInEngine()
    monkeypatch.setattr(running, "make_engine", stand_in.bind)
    return stand_in


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An app's folder with a draft.toml, as the current folder."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "draft.toml").write_text('[environments]\n  [environments.development]\n    name = "app"\n')
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def draft(home: Path) -> Draft:
    del home

    def run(*arguments: str, stdin: str = "") -> Result:
        result = CliRunner().invoke(make_app(), arguments, input=stdin, prog_name="draft")
        return Result(result.exit_code, result.stdout, result.stderr)

    return run
