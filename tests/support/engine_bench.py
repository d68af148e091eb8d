"""The real engine on the real cluster, as a test drives it."""

from __future__ import annotations

import asyncio
import re
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from draft_ls.config.edit import set_value
from draft_ls.engine.engine import Engine
from draft_ls.engine.events import Outcome, RunEnded, StageStarted, Status

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from draft_ls.engine.events import Event, Key, State
    from draft_ls.engine.model import Question
    from draft_ls.errors import Stage

PATIENCE = 90.0


@dataclass
class Bench:
    """An engine, one app, and everything it said."""

    engine: Engine
    key: Key
    events: list[Event] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def app(self) -> Path:
        return self.key.app

    @property
    def status(self) -> Status:
        return self.engine.status(self.key)

    def listen(self, event: Event) -> None:
        self.events.append(event)
        self.more.set()

    async def until(self, wanted: Callable[[], bool], what: str) -> None:
        """Wait until something is true; looks again after each event."""
        async with asyncio.timeout(PATIENCE):
            while not wanted():
                self.more.clear()
                if not wanted():
                    await self.more.wait()
        assert wanted(), what

    async def stage(self, stage: Stage, after: int = 0) -> None:
        """Wait until a stage begins, in the events from ``after`` on."""
        await self.until(lambda: stage in self.stages(after), f"{stage} begins")

    async def state(self, state: State) -> Status:
        await self.until(lambda: self.status.state is state, f"state {state}")
        return self.status

    def stages(self, after: int = 0) -> list[Stage]:
        return [event.stage for event in self.events[after:] if isinstance(event, StageStarted)]

    def ends(self, after: int = 0) -> list[Outcome]:
        return [event.outcome for event in self.events[after:] if isinstance(event, RunEnded)]

    async def up(self, **options: bool) -> RunEnded:
        async with asyncio.timeout(PATIENCE):
            return await self.engine.up(self.key, **options)

    async def live(self, **options: bool) -> Status:
        """Up, and it must be live."""
        ended = await self.up(**options)
        assert ended.outcome is Outcome.LIVE, self.status.problems
        return self.status

    async def save(self, path: str, text: str) -> RunEnded:
        """Write a file, say that the editor saved it, and wait for the end of what that starts."""
        seen = len(self.events)
        self.write(path, text)
        assert self.engine.saved(self.app / path) == (self.key,)
        await self.until(lambda: bool(self.ends(seen)), "the run ends")
        return next(event for event in self.events[seen:] if isinstance(event, RunEnded))

    def write(self, path: str, text: str) -> None:
        """Write a file, at once: the engine may be reading it."""
        beside = self.app.with_name(f"{self.app.name}.new")
        beside.write_text(text)
        beside.replace(self.app / path)

    def replace(self, path: str, old: str, new: str) -> str:
        """The text of a file with a part replaced."""
        text = (self.app / path).read_text()
        assert old in text
        return text.replace(old, new)

    def configure(self, **values: object) -> None:
        """Set keys in draft.toml."""
        file = self.app / "draft.toml"
        text = file.read_text()
        for key, value in values.items():
            text = set_value(text, self.key.environment, key, value)  # type: ignore[arg-type]
        file.write_text(text)

    async def get(self, path: str = "/") -> str:
        """What the app's URL answers."""
        route = self.status.route
        assert route is not None
        return await asyncio.to_thread(fetch, route.url.rstrip("/") + path)


def fetch(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"


async def yes(question: Question) -> str | None:
    return question.choices[0]


@asynccontextmanager
async def bench(app: Path, state: Path, environment: str = "development") -> AsyncGenerator[Bench]:
    """An engine for one app, closed at the end."""
    holder: list[Bench] = []
    engine = Engine(listen=lambda event: holder[0].listen(event), ask=yes, state=state)
    holder.append(Bench(engine, engine.key(app, environment)))
    try:
        yield holder[0]
    finally:
        await engine.close()


def step(text: str) -> int | None:
    """The number in a BuildKit step's line."""
    match = re.search(r"\[(\d+)/\d+\]", text)
    return int(match[1]) if match else None
