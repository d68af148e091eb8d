"""What needs no cluster: start-up, idle, detection, the digest of a build context."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from benches.numbers import progress, summary, timed
from draft_ls.build.context import ContextReader
from draft_ls.detect.detect import detect, survey
from draft_ls.detect.memory import Memory
from draft_ls.engine.remembered import RememberedTree
from draft_ls.files import READ_LIMIT, DiskTree
from editor import Editor, editing
from place import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

IDLE = 5.0
"""Seconds over which idle CPU is measured."""


async def start_up(runs: int) -> dict[str, Any]:
    """Process start → ``initialize`` answered, next to Python doing nothing, or importing pygls."""
    progress("start-up")
    samples: list[float] = []
    for _ in range(runs):
        editor = Editor(ROOT / "examples/python")
        started = time.perf_counter()
        await editor.start(os.environ)
        samples.append(time.perf_counter() - started)
        await editor.close()

    def python(code: str) -> dict[str, float]:
        return summary(timed(lambda: subprocess.run([sys.executable, "-c", code], check=True), runs))

    bare = await asyncio.to_thread(python, "pass")
    pygls = await asyncio.to_thread(python, "import pygls.lsp.server")
    return {**summary(samples), "python_alone": bare, "python_with_pygls": pygls}


async def idle() -> dict[str, Any]:
    """What the server holds and does after start, with nobody asking for anything."""
    progress("idle")
    async with editing(ROOT / "examples/python", os.environ) as editor:
        await asyncio.sleep(1)
        process = psutil.Process(editor.process.pid)
        before = process.cpu_times()
        await asyncio.sleep(IDLE)
        after = process.cpu_times()
        busy = (after.user + after.system) - (before.user + before.system)
        return {
            "rss_mb": round(process.memory_info().rss / 1e6, 1),
            "cpu_percent": round(100 * busy / IDLE, 2),
            "threads": process.num_threads(),
            "network_connections": len(process.net_connections()),
        }


class CountingTree(DiskTree):
    """The disk, with a count of the files that were read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read_files: set[str] = set()

    def read(self, path: str, limit: int = READ_LIMIT) -> str | None:
        text = super().read(path, limit)
        if text is not None:
            self.read_files.add(path)
        return text


def detection(runs: int, files: int = 50_000) -> dict[str, Any]:
    """A small app, and a repository of ``files`` files with two apps in it."""
    progress(f"detection in {files} files")
    small = summary(timed(lambda: detect(DiskTree(ROOT / "examples/python")), runs, warm=3))
    with tempfile.TemporaryDirectory(prefix="draft-bench-") as folder:
        repository = Path(folder)
        _write_repository(repository, files)
        large = summary(timed(lambda: detect(DiskTree(repository)), runs, warm=1))
        counting = CountingTree(repository)
        found = detect(counting)
        changed = summary(_redetected(repository, runs))
    return {
        "example": small,
        "repository": {
            **large,
            "files": files,
            "files_read": len(counting.read_files),
            "apps": len(found),
            "one_changed": changed,
        },
    }


def _redetected(repository: Path, runs: int) -> list[float]:
    """The repository again and again, with one source file of an app changed each time."""
    tree, memory = RememberedTree(repository), Memory()
    source = repository / "services/api/app.py"
    text = source.read_text()

    def change_and_look() -> object:
        source.write_text(f"{text}\n# {time.perf_counter_ns()}\n")
        return survey(tree, memory=memory)

    time.sleep(2.1)  # out of the time in which folders cannot be trusted by their times
    return timed(change_and_look, runs, warm=1)


def digest(runs: int, files: int = 10_000) -> dict[str, Any]:
    """A build context of ``files`` files: read for the first time, unchanged, and with one file changed."""
    progress(f"digest of a context of {files} files")
    with tempfile.TemporaryDirectory(prefix="draft-bench-") as folder:
        root = Path(folder)
        (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
        for path in _paths(root, files):
            path.write_text(f"{path.name}\n" * 20)
        time.sleep(1.1)  # out of the tick in which files cannot be trusted by their times
        cold = timed(lambda: ContextReader(root).read(), max(3, runs // 3), warm=0)
        reader = ContextReader(root)
        reader.read()
        unchanged = timed(reader.read, runs)
        changed_file = root / "d0/f0.txt"

        def change_and_read() -> object:
            changed_file.write_text(f"{time.perf_counter_ns()}")
            return reader.read()

        changed = timed(change_and_read, runs)
    return {
        "files": files,
        "first": summary(cold),
        "unchanged": summary(unchanged),
        "one_changed": summary(changed),
    }


def _paths(root: Path, files: int) -> Iterator[Path]:
    """``files`` paths, a hundred to a folder; the folders are made."""
    for number in range(files):
        folder = root / f"d{number // 100}"
        if number % 100 == 0:
            folder.mkdir(parents=True)
        yield folder / f"f{number % 100}.txt"


def _write_repository(root: Path, files: int) -> None:
    """A monorepo: two apps, and all the rest of it."""
    for app, source in (("api", "python"), ("web", "javascript")):
        for path in (ROOT / "examples" / source).rglob("*"):
            if path.is_file():
                target = root / "services" / app / path.relative_to(ROOT / "examples" / source)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    for path in _paths(root / "assets", files):
        path.write_text(path.name)
