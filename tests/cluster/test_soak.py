"""A working day in a few minutes: many saves in one engine, and nothing grows.

``DRAFT_SOAK_SAVES`` sets how many (default: 80; a whole day is about 2,000).
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

import contents
from draft_ls.engine.create import plan_create
from draft_ls.engine.events import Outcome
from draft_ls.engine.writing import write
from draft_ls.errors import Stage
from engine_bench import Bench, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ground import RealCluster

SAVES = int(os.environ.get("DRAFT_SOAK_SAVES", "80"))
WARM_UP = 30
"""Saves until every cache and buffer has its size."""
BUILDS = 3
"""How many of the saves in each half need a build."""


@dataclass(frozen=True)
class Held:
    """What the process holds between two saves."""

    memory: int
    threads: int
    files: Counter[str]
    children: int
    tasks: Counter[str]

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        process = psutil.Process()
        tasks = Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())  # type: ignore[union-attr]
        return cls(
            process.memory_info().rss,
            process.num_threads(),
            Counter(_kind(each) for each in Path("/proc/self/fd").iterdir()) + _peers(process),
            len(process.children(recursive=True)),
            tasks,
        )


def _kind(descriptor: Path) -> str:
    """What a descriptor leads to, without numbers; what has just been closed leads nowhere."""
    try:
        return descriptor.readlink().as_posix().partition(":")[0]
    except OSError:
        return "closed"


def _peers(process: psutil.Process) -> Counter[str]:
    """How many connections there are to each peer: the pool's idle ones come and go."""
    return Counter(str(each.raddr) for each in process.net_connections() if each.raddr)


@pytest.fixture
async def flask(
    leaves_nothing: None, app_folder: Callable[..., Path], namespace: str, tmp_path: Path
) -> AsyncIterator[Bench]:
    """The Python example, with an engine; nothing deployed yet."""
    del leaves_nothing
    app = app_folder("python", "flask")
    write(app, plan_create(app, name="flask", namespace=namespace).scaffold.edits)
    async with bench(app, tmp_path / "state") as made:
        yield made


async def work(flask: Bench, saves: range, builds: int) -> None:
    """Save again and again; some saves change what only a build can take up."""
    step = max(1, len(saves) // builds) if builds else len(saves) + 1
    for number in saves:
        flask.events.clear()
        if number % step == 0:
            text = (flask.app / "requirements.txt").read_text().split("#")[0]
            ended = await flask.save("requirements.txt", f"{text}# {number}\n")
            assert Stage.BUILD in flask.stages()
        else:
            text = (flask.app / "app.py").read_text().split("#")[0]
            ended = await flask.save("app.py", f"{text}# {number}\n")
            assert flask.stages()[0] is Stage.SYNC
        assert ended.outcome is Outcome.LIVE, flask.status.problems


@pytest.mark.timeout(300 + 2 * SAVES)
async def test_a_working_day(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    await work(flask, range(1, WARM_UP), 1)
    before = await settled(flask)
    await work(flask, range(WARM_UP, SAVES), BUILDS)
    after = await settled(flask)
    # Measured over 1,900 saves: 0.8 MB, one thread, no descriptor, no task.
    assert after.memory - before.memory < 6 * 2**20 + 2**10 * SAVES, (before, after)
    assert after.threads <= before.threads + 4, "the executor's threads come as needed, to a limit"
    assert after.files.total() <= before.files.total() + 4, after.files - before.files
    assert after.children <= before.children
    assert after.tasks.total() <= before.tasks.total() + 2, after.tasks - before.tasks
    await contents.assert_equal(flask, cluster)


async def settled(flask: Bench) -> Held:
    """What is held once the last save's loose ends are tied: images tidied, old streams closed."""
    del flask
    found = Held.now()
    for _ in range(50):
        await asyncio.sleep(0.2)
        earlier, found = found, Held.now()
        if (earlier.tasks, earlier.files) == (found.tasks, found.files):
            break
    return found
