from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from draft_ls.engine.watcher import ignore_rules, watch

if TYPE_CHECKING:
    from pathlib import Path


class Seen:
    """Collects what the watcher hands over, and lets a test wait for it."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, ...]] = []
        self._more = asyncio.Event()

    def __call__(self, paths: tuple[str, ...]) -> None:
        self.batches.append(paths)
        self._more.set()

    async def wait(self) -> tuple[str, ...]:
        async with asyncio.timeout(10):
            await self._more.wait()
        self._more.clear()
        return self.batches[-1]


@pytest.fixture
async def watched(tmp_path: Path):
    """An app below a folder that is itself called build, watched."""
    app = tmp_path / "build" / "app"
    app.mkdir(parents=True)
    seen = Seen()
    task = asyncio.create_task(watch(app, lambda: 0.1, seen))
    ready = app / "ready"
    while not seen.batches:  # The kernel's watch is set up by a thread: write until it is seen.
        ready.write_text(f"{len(seen.batches)}")
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    seen.batches.clear()
    seen._more.clear()
    yield app, seen
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_burst_is_one_change(watched: tuple[Path, Seen]) -> None:
    app, seen = watched
    for number in range(20):
        (app / f"file{number}.py").write_text("x")
    await seen.wait()
    await asyncio.sleep(0.3)
    assert len(seen.batches) == 1
    assert len(seen.batches[0]) == 20


async def test_ignored_files_are_not_changes(watched: tuple[Path, Seen]) -> None:
    app, seen = watched
    (app / ".draftignore").write_text("*.log\n")
    assert await seen.wait() == (".draftignore",)
    (app / "a.log").write_text("x")
    (app / ".git").mkdir()
    (app / ".git" / "index").write_text("x")
    (app / ".app.py.swp").write_text("x")
    (app / "app.py").write_text("x")
    assert await seen.wait() == ("app.py",)


async def test_removal_and_new_folders_are_changes(watched: tuple[Path, Seen]) -> None:
    app, seen = watched
    folder = app / "pkg" / "deep"
    folder.mkdir(parents=True)
    assert "pkg" in await seen.wait()
    (folder / "a.py").write_text("x")
    assert "pkg/deep/a.py" in await seen.wait()
    shutil.rmtree(app / "pkg")
    assert "pkg/deep/a.py" in await seen.wait()


def test_rules_without_a_file_still_leave_out_version_control(tmp_path: Path) -> None:
    rules = ignore_rules(tmp_path)
    assert rules.match_file(".git/HEAD")
    assert not rules.match_file("app.py")


@pytest.mark.parametrize("how", ["deleted", "replaced"])
async def test_a_folder_that_goes_and_comes_back_is_watched_again(
    watched: tuple[Path, Seen], how: str
) -> None:
    app, seen = watched
    if how == "deleted":
        shutil.rmtree(app)
        await seen.wait()
        app.mkdir()
    else:
        app.rename(app.parent / "old")
        app.mkdir()
    async with asyncio.timeout(15):
        while "app" not in {path for batch in seen.batches for path in batch}:
            await asyncio.sleep(0.05)
        while not any("new.py" in batch for batch in seen.batches):
            (app / "new.py").write_text(str(len(seen.batches)))
            await asyncio.sleep(0.3)
