"""The state machine, with a pipeline whose every step the test controls."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from draft_ls.build.model import BuildContext
from draft_ls.config.model import AppConfig, Environment
from draft_ls.engine.events import Event, Key, Outcome, RunEnded, State, Status
from draft_ls.engine.history import History
from draft_ls.engine.planner import Identity, Known, plan
from draft_ls.engine.session import SETTLE, Session
from draft_ls.engine.target import Live, OutdatedError, Target
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from draft_ls.engine.model import Plan
    from draft_ls.engine.report import Report

KEY = Key(Path("/app"), "development")


@dataclass
class Scripted:
    """A pipeline that deploys what ``content`` says, when the test lets it."""

    content: str = "a"
    held: tuple[Problem, ...] = ()
    broken: Problem | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    deployed: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    known: Known = field(default_factory=Known)
    closed: bool = False
    failure: Problem | None = None

    async def observe(self) -> Target:
        await asyncio.sleep(0)
        if self.broken:
            raise DraftError(self.broken)
        environment = Environment("development", "app")
        context = BuildContext(Path("/app"), "Dockerfile", {}, self.content, 0)
        identity = Identity(self.content, "r")
        return Target(AppConfig(Path("/app/draft.toml"), {}), environment, context, identity, self.held)

    def plan(self, target: Target, *, force: bool = False) -> Plan:
        return plan(target.identity, self.known, force=force)

    async def deploy(self, target: Target, plan: Plan, report: Report) -> Live:
        content = target.identity.content
        try:
            with report.stage(Stage.BUILD, "Building Dockerfile"):
                self.begun.set()
                await self.gate.wait()
                if self.failure:
                    raise DraftError(self.failure)
        except asyncio.CancelledError:
            self.cancelled.append(content)
            raise
        self.deployed.append(content)
        self.known = Known(target.identity, target.identity, target.identity)
        return Live(content, None, len(self.deployed), f"app:{content}", None)

    def survived(self) -> bool:
        return self.known.live is not None

    async def close(self) -> None:
        self.closed = True


@dataclass
class Bench:
    session: Session
    pipeline: Scripted
    events: list[Event]

    def states(self) -> list[State]:
        return [event.state for event in self.events if isinstance(event, Status)]

    def ends(self) -> list[Outcome]:
        return [event.outcome for event in self.events if isinstance(event, RunEnded)]


@pytest.fixture
async def bench(tmp_path: Path):
    events: list[Event] = []
    pipeline = Scripted()
    session = Session(KEY, pipeline, events.append, History(tmp_path))
    yield Bench(session, pipeline, events)
    await session.stop()


async def test_up_goes_live(bench: Bench) -> None:
    bench.pipeline.gate.set()
    ended = await bench.session.request("up")
    assert ended.outcome is Outcome.LIVE
    assert bench.states() == [State.SAVED, State.SAVED, State.BUILDING, State.LIVE]
    status = bench.session.status
    assert (status.live_digest, status.content_digest, status.image) == ("a", "a", "app:a")
    assert [took.stage for took in status.stages] == [Stage.BUILD]


async def test_a_newer_save_supersedes(bench: Bench) -> None:
    first = bench.session.request("up")
    await bench.pipeline.begun.wait()
    bench.pipeline.content = "b"
    bench.pipeline.gate.clear()
    second = bench.session.request("app.py saved")
    assert (await first).outcome is Outcome.SUPERSEDED
    bench.pipeline.gate.set()
    assert (await second).outcome is Outcome.LIVE
    assert bench.pipeline.cancelled == ["a"]
    assert bench.pipeline.deployed == ["b"]


async def test_a_save_of_equal_content_joins_the_run(bench: Bench) -> None:
    first = bench.session.request("up")
    await bench.pipeline.begun.wait()
    second = bench.session.request("app.py saved")
    await asyncio.sleep(0.01)
    bench.pipeline.gate.set()
    assert (await first) == (await second)
    assert bench.pipeline.deployed == ["a"]


async def test_a_burst_ends_on_the_newest_with_bounded_work(bench: Bench) -> None:
    bench.pipeline.gate.set()
    futures = []
    for number in range(1000):
        bench.pipeline.content = f"c{number}"
        futures.append(bench.session.request(f"save {number}"))
        if number % 100 == 0:
            await asyncio.sleep(0)
    ends = await asyncio.gather(*futures)
    assert ends[-1].outcome is Outcome.LIVE
    assert bench.session.status.live_digest == "c999"
    assert len(bench.pipeline.deployed) + len(bench.pipeline.cancelled) <= 12


async def test_of_a_burst_over_builds_only_the_first_and_the_last_are_built(bench: Bench) -> None:
    first = bench.session.request("up")
    await bench.pipeline.begun.wait()
    saves = []
    for number in range(10):
        bench.pipeline.content = f"c{number}"
        saves.append(bench.session.request(f"save {number}"))
        await asyncio.sleep(0.02)
    bench.pipeline.gate.set()
    assert (await first).outcome is Outcome.SUPERSEDED
    assert {(await save).outcome for save in saves} == {Outcome.LIVE}
    assert (bench.pipeline.cancelled, bench.pipeline.deployed) == (["a"], ["c9"])


async def test_saves_that_never_end_are_built_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draft_ls.engine.session.UNSETTLED", 0.1)
    bench.session.request("up")
    await bench.pipeline.begun.wait()
    bench.pipeline.gate.set()
    async with asyncio.timeout(10):
        while not bench.pipeline.deployed:
            bench.pipeline.content += "."
            bench.session.request("saved")
            await asyncio.sleep(0.01)


async def test_cancel_while_a_burst_settles(bench: Bench) -> None:
    bench.session.request("up")
    await bench.pipeline.begun.wait()
    bench.pipeline.content = "b"
    save = bench.session.request("saved")
    while not bench.pipeline.cancelled:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    assert bench.session.status.state is State.SAVED
    await bench.session.cancel()
    assert bench.session.status.state is State.IDLE
    bench.pipeline.gate.set()
    assert (await save).outcome is Outcome.CANCELLED
    await asyncio.sleep(SETTLE * 1.5)
    assert bench.pipeline.deployed == []


async def test_a_save_without_change_does_nothing_and_says_why(bench: Bench) -> None:
    bench.pipeline.gate.set()
    await bench.session.request("up")
    ended = await bench.session.request("app.py saved")
    assert ended.outcome is Outcome.NOTHING
    assert bench.session.status.message == "Nothing to do: what is saved is live (a)"
    assert bench.session.status.state is State.LIVE


async def test_an_echo_from_disk_is_silent(bench: Bench) -> None:
    bench.pipeline.gate.set()
    await bench.session.request("up")
    bench.events.clear()
    await bench.session.request("1 file changed on disk", quiet=True)
    assert bench.events == []


async def test_the_echo_of_a_failed_save_does_not_try_again(bench: Bench) -> None:
    bench.pipeline.gate.set()
    await bench.session.request("up")
    bench.pipeline.content, bench.pipeline.failure = "b", Problem("build-failed", "step 3 failed")
    await bench.session.request("app.py saved")
    bench.events.clear()
    bench.pipeline.begun.clear()
    await bench.session.request("app.py changed on disk", quiet=True)
    assert bench.events == []
    assert not bench.pipeline.begun.is_set()
    ended = await bench.session.request("app.py saved")
    assert ended.outcome is Outcome.FAILED, "a person who saves again wants another try"


async def test_an_echo_does_not_end_a_roll_back(bench: Bench) -> None:
    bench.pipeline.gate.set()
    await bench.session.request("up")
    going = asyncio.Event()

    async def go_back(report: Report) -> Live:
        going.set()
        await bench.session.request("app.py changed on disk", quiet=True)
        return Live("old", None, 1, "app:old", None)

    ended = await bench.session.perform("back to revision 1", go_back)
    assert ended.outcome is Outcome.LIVE
    assert bench.session.status.live_digest == "old"


async def test_the_echo_of_a_broken_config_is_silent(bench: Bench) -> None:
    bench.pipeline.broken = Problem("toml-syntax", "draft.toml does not parse")
    await bench.session.request("draft.toml saved")
    bench.events.clear()
    await bench.session.request("draft.toml changed on disk", quiet=True)
    assert bench.events == []


async def test_a_failure_keeps_what_is_live_and_the_next_save_works(bench: Bench) -> None:
    bench.pipeline.gate.set()
    await bench.session.request("up")
    bench.pipeline.content, bench.pipeline.failure = "b", Problem("build-failed", "step 3 failed")
    ended = await bench.session.request("app.py saved")
    assert ended.outcome is Outcome.FAILED
    status = bench.session.status
    assert (status.state, status.live_digest, status.content_digest) == (State.FAILED, "a", "b")
    assert status.problems[0].stage is Stage.BUILD
    bench.pipeline.failure = None
    assert (await bench.session.request("app.py saved")).outcome is Outcome.LIVE
    assert bench.session.status.problems == ()


async def test_files_that_moved_on_are_looked_at_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.pipeline.gate.set()
    deploy = bench.pipeline.deploy

    async def moved_on(target: Target, plan: Plan, report: Report) -> Live:
        monkeypatch.undo()
        bench.pipeline.content = "b"
        raise OutdatedError

    monkeypatch.setattr(bench.pipeline, "deploy", moved_on)
    ended = await bench.session.request("app.py saved")
    assert ended.outcome is Outcome.LIVE
    assert bench.pipeline.deployed == ["b"]
    assert deploy == bench.pipeline.deploy


async def test_a_broken_config_fails_and_supersedes(bench: Bench) -> None:
    bench.pipeline.broken = Problem("toml-syntax", "draft.toml does not parse")
    assert (await bench.session.request("up")).outcome is Outcome.FAILED
    bench.pipeline.broken = None
    bench.pipeline.gate.set()
    assert (await bench.session.request("draft.toml saved")).outcome is Outcome.LIVE


async def test_held_until_the_fixing_save(bench: Bench) -> None:
    bench.pipeline.gate.set()
    await bench.session.request("up")
    bench.pipeline.content, bench.pipeline.held = "b", (Problem("syntax", "app.py does not parse"),)
    assert (await bench.session.request("app.py saved")).outcome is Outcome.HELD
    assert bench.session.status.state is State.HELD
    assert bench.session.status.live_digest == "a"
    bench.pipeline.content, bench.pipeline.held = "c", ()
    assert (await bench.session.request("app.py saved")).outcome is Outcome.LIVE
    assert bench.pipeline.deployed == ["a", "c"]


async def test_cancel_keeps_what_was_live(bench: Bench) -> None:
    bench.pipeline.gate.set()
    await bench.session.request("up")
    bench.pipeline.gate.clear()
    bench.pipeline.begun.clear()
    bench.pipeline.content = "b"
    future = bench.session.request("app.py saved")
    await bench.pipeline.begun.wait()
    await bench.session.cancel()
    assert (await future).outcome is Outcome.CANCELLED
    assert bench.session.status.state is State.LIVE
    assert bench.session.status.live_digest == "a"


async def test_stop_ends_everything(bench: Bench) -> None:
    future = bench.session.request("up")
    await bench.pipeline.begun.wait()
    await bench.session.stop()
    assert (await future).outcome is Outcome.CANCELLED
    assert bench.pipeline.closed
    assert bench.session.status.state is State.IDLE


async def test_a_fault_of_ours_is_a_problem_not_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode() -> Target:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(bench.pipeline, "observe", explode)
    assert (await bench.session.request("up")).outcome is Outcome.FAILED
    assert bench.session.status.problems[0].code == "internal-error"
    monkeypatch.undo()
    bench.pipeline.gate.set()
    assert (await bench.session.request("up")).outcome is Outcome.LIVE


async def test_deployments_are_recorded(bench: Bench, tmp_path: Path) -> None:
    bench.pipeline.gate.set()
    await bench.session.request("up")
    bench.pipeline.content, bench.pipeline.failure = "b", Problem("build-failed", "step 3 failed")
    await bench.session.request("app.py saved")
    newest, oldest = History(tmp_path).read(KEY)
    assert (oldest.outcome, oldest.content_digest, oldest.revision) == (Outcome.LIVE, "a", 1)
    assert (newest.outcome, newest.content_digest, newest.message) == (Outcome.FAILED, "b", "step 3 failed")


def test_a_torn_line_of_history_is_left_out(tmp_path: Path) -> None:
    history = History(tmp_path)
    folder = tmp_path / "history"
    folder.mkdir()
    history._file(KEY).write_text('{"at": "2026-01-01", "outc\n')
    assert history.read(KEY) == ()


async def test_trouble_after_live_is_told_and_taken_back(bench: Bench) -> None:
    bench.pipeline.gate.set()
    await bench.session.request("up")
    bench.session.trouble(Problem("crash", "the container crashed"))
    assert bench.session.status.state is State.FAILED
    assert bench.session.status.live_digest is None
    bench.session.recovered()
    assert bench.session.status.state is State.LIVE
    assert bench.session.status.live_digest == "a"
