"""One process for each environment of an app, whatever kind of process it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from draft_ls.engine import presence
from draft_ls.engine.engine import Engine
from draft_ls.engine.events import Key
from draft_ls.engine.presence import Holder, Presence, Program
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLD = """
import signal, sys, time
from pathlib import Path
from draft_ls.engine.presence import Presence, Program
from draft_ls.engine.events import Key
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a script
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
here = Presence(Path(sys.argv[1]), Program.TERMINAL)
here.take(Key(Path("/app"), "development"))
print("here", flush=True)
time.sleep(60)
"""
KEY = Key(Path("/app"), "development")


@pytest.fixture
def holding(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "here\n"
        yield process
        if process.poll() is None:
            process.kill()


def test_stop_ends_the_process_and_waits_for_its_end(tmp_path: Path, holding: subprocess.Popen[str]):
    assert presence.holder(tmp_path, KEY) == Holder(holding.pid, Program.TERMINAL)
    assert presence.holder(tmp_path, Key(Path("/app"), "production")) is None
    here = Presence(tmp_path, Program.EDITOR)
    with pytest.raises(DraftError, match=str(holding.pid)):
        here.take(KEY)
    assert presence.stop(tmp_path, KEY, timeout=10) == holding.pid
    assert holding.wait(timeout=10) == 143
    assert presence.holder(tmp_path, KEY) is None
    here.take(KEY)
    here.take(KEY)
    assert presence.holder(tmp_path, KEY) == Holder(os.getpid(), Program.EDITOR)
    here.give_back(KEY)
    assert presence.holder(tmp_path, KEY) is None


def test_a_killed_process_leaves_nothing_behind(tmp_path: Path, holding: subprocess.Popen[str]):
    holding.send_signal(signal.SIGKILL)
    holding.wait(timeout=10)
    assert presence.holder(tmp_path, KEY) is None
    assert presence.stop(tmp_path, KEY) is None


def test_a_process_that_does_not_end_is_a_problem(tmp_path: Path, holding: subprocess.Popen[str]):
    holding.send_signal(signal.SIGSTOP)
    with pytest.raises(DraftError, match="has not ended") as caught:
        presence.stop(tmp_path, KEY, timeout=0.2)
    assert f"kill {holding.pid}" in caught.value.problem.fix


async def test_an_engine_does_not_deploy_what_another_process_works_on(
    tmp_path: Path, holding: subprocess.Popen[str]
):
    async def ask(_: object) -> None: ...

    engine = Engine(listen=lambda _: None, ask=ask, state=tmp_path)
    with pytest.raises(DraftError) as caught:
        await engine.up(KEY)
    assert caught.value.problem.code == "already-up"
    assert "draft stop" in caught.value.problem.fix
    assert engine.statuses() == ()
    presence.stop(tmp_path, KEY, timeout=10)
    ended = await engine.up(KEY, watch=True)  # there is no such app: it fails, and is watched
    assert ended.outcome == "failed"
    assert presence.holder(tmp_path, KEY) == Holder(os.getpid(), Program.EDITOR)
    await engine.stop(KEY)
    assert presence.holder(tmp_path, KEY) is None
    await engine.up(KEY, watch=False)
    assert presence.holder(tmp_path, KEY) is None, "nothing goes on"
    await engine.close()
