"""draft/log: every line arrives in order, in few notifications."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.engine.events import Key, Log
from draft_ls.errors import Stage
from draft_ls.server.logs import BATCH_LIMIT, INTERVAL, LogBatches

if TYPE_CHECKING:
    from draft_ls.server.protocol import LogParams

ONE, TWO = Key(Path("/one"), "development"), Key(Path("/two"), "development")


class Client:
    """Remembers what was sent, and when."""

    def __init__(self) -> None:
        self.batches: list[tuple[float, LogParams]] = []

    def notify(self, method: str, params: LogParams) -> None:
        assert method == "draft/log"
        self.batches.append((asyncio.get_running_loop().time(), params))

    def texts(self, app: str) -> list[str]:
        return [line.text for _, batch in self.batches if batch.app == app for line in batch.lines]


def line(key: Key, text: str) -> Log:
    return Log(key, Stage.BUILD, "stdout", text)


async def test_ten_batches_a_second_at_most_and_nothing_lost() -> None:
    client = Client()
    batches = LogBatches(client.notify)
    for number in range(60):
        batches.add(line(ONE, str(number)))
        batches.add(line(TWO, str(number)))
        await asyncio.sleep(0.005)
    await asyncio.sleep(INTERVAL * 2)
    for app in ("file:///one", "file:///two"):
        assert client.texts(app) == [str(number) for number in range(60)]
        times = [time for time, batch in client.batches if batch.app == app]
        assert all(later - earlier >= INTERVAL * 0.9 for earlier, later in pairwise(times))


async def test_the_first_line_is_sent_at_once_and_the_rest_on_flush() -> None:
    client = Client()
    batches = LogBatches(client.notify)
    batches.add(line(ONE, "a"))
    assert client.texts("file:///one") == ["a"]
    batches.add(line(ONE, "b"))
    assert client.texts("file:///one") == ["a"]
    batches.flush(ONE)
    batches.flush(TWO)
    assert client.texts("file:///one") == ["a", "b"]


async def test_a_flood_keeps_the_newest_and_counts_the_others() -> None:
    client = Client()
    batches = LogBatches(client.notify)
    for number in range(BATCH_LIMIT + 11):
        batches.add(line(ONE, str(number)))
    batches.flush(ONE)
    (_, first), (_, second) = client.batches
    assert [each.text for each in first.lines] == ["0"]
    assert second.dropped == 10
    assert second.lines[0].text == "11"
    assert len(second.lines) == BATCH_LIMIT
