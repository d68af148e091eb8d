"""The disk watcher: changes that no editor told us about, after a time of quiet.

``.draftignore`` (gitignore syntax, at the app's root) says what is not watched; version control folders and
editors' temporary files never are. Filtering is by the path relative to the app, so an app that itself lies
below a folder called ``build`` or ``.venv`` is watched like any other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from pathspec import GitIgnoreSpec

    from draft_ls.build.surroundings import Surroundings

logger = logging.getLogger(__name__)

IGNORE_FILE = ".draftignore"

NEVER = (
    ".git", ".hg", ".svn", ".jj", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache",
    "*.swp", "*.swx", "*~", ".#*", "#*#", "4913", ".DS_Store", "*.tmp.[0-9]*", "___jb_tmp___", "___jb_old___",
)  # fmt: skip
"""What is never watched; the file names are those of Vim, Emacs, JetBrains IDEs and macOS."""

STEP = 50
"""Milliseconds of quiet after which the kernel's events are handed over."""

AWAY = 0.5
"""Seconds between two looks for a folder that was deleted."""


def ignore_rules(app: Path) -> GitIgnoreSpec:
    """The rules of an app: ``NEVER``, then its ``.draftignore``."""
    try:
        own = (app / IGNORE_FILE).read_text("utf-8", errors="replace")
    except OSError:
        own = ""
    return _compiled(own)


@lru_cache(maxsize=16)
def _compiled(own: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines([*NEVER, *own.splitlines()])


async def watch(app: Path, delay: Callable[[], float], changed: Callable[[tuple[str, ...]], None]) -> None:
    """Call ``changed`` with the relative paths that changed, once it has been quiet; until cancelled.

    A folder that is deleted, or replaced by another (git worktree, a moved backup), is watched again when it is
    back; that is told as a change of its own name.

    Args:
        app: the folder.
        delay: seconds of quiet, asked anew each time.
        changed: called on the event loop.

    Raises:
        FileNotFoundError: the folder was never there.
    """
    gathering = _Gathering(delay, changed)
    try:
        while True:
            await _watch_one(app, gathering)
            while _identity(app) is None:  # noqa: ASYNC110 - nothing tells of a folder that is not there
                await asyncio.sleep(AWAY)
            gathering.add({app.name})
    finally:
        gathering.cancel()


async def watch_around(
    around: Callable[[], tuple[Surroundings | None, asyncio.Event]],
    delay: Callable[[], float],
    changed: Callable[[tuple[str, ...]], None],
) -> None:
    """The same for what else goes into an app's image, wherever that lies at the moment; until cancelled.

    Args:
        around: what to watch, and the event that says that it has changed.
        delay: seconds of quiet, asked anew each time.
        changed: called on the event loop, with paths relative to the build context.
    """
    gathering = _Gathering(delay, changed)
    try:
        while True:
            found, moved = around()
            watching = asyncio.ensure_future(_watch_folders(found, gathering) if found else asyncio.sleep(0))
            try:
                await moved.wait()
            finally:
                watching.cancel()
                await asyncio.wait([watching])
            if not watching.cancelled() and (error := watching.exception()) is not None:
                logger.warning("what lies around the app is not watched: %s", error)
    finally:
        gathering.cancel()


async def _watch_folders(around: Surroundings, gathering: _Gathering) -> None:
    """Watch the folders around an app until cancelled."""
    never, stop = _compiled(""), asyncio.Event()

    async def watch_these(folders: tuple[str, ...], *, recursive: bool) -> None:
        async for paths in _events([around.root / each for each in folders], stop, recursive=recursive):
            names = {name for path in paths if (name := around.name(Path(path))) is not None}
            gathering.add({name for name in names if not never.match_file(name)})

    try:
        await asyncio.gather(
            watch_these(around.flat, recursive=False),
            *([watch_these(around.deep, recursive=True)] if around.deep else []),
        )
    finally:
        stop.set()


async def _events(
    folders: Sequence[Path], stop: asyncio.Event, *, recursive: bool = True
) -> AsyncIterator[set[str]]:
    """The paths that change below folders, as they change; an empty set every now and then."""
    from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType] - an anyio type is unknown

    async for events in awatch(
        *folders,
        watch_filter=None,
        step=STEP,
        debounce=STEP * 4,
        stop_event=stop,
        yield_on_timeout=True,
        recursive=recursive,
        ignore_permission_denied=True,
    ):
        yield {path for _, path in events}


async def _watch_one(app: Path, gathering: _Gathering) -> None:
    """Watch a folder until it is gone or another one."""
    identity, rules, stop = _identity(app), ignore_rules(app), asyncio.Event()
    try:
        async for events in _events([app], stop):
            paths = {_relative(app, path) for path in events}
            if IGNORE_FILE in paths:
                rules = ignore_rules(app)
            gathering.add({path for path in paths if path and not rules.match_file(path)})
            if _identity(app) != identity:
                return
    finally:
        stop.set()


class _Gathering:
    """Paths, handed over once no more have come for a while."""

    def __init__(self, delay: Callable[[], float], changed: Callable[[tuple[str, ...]], None]) -> None:
        self._delay = delay
        self._changed = changed
        self._paths: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, paths: set[str]) -> None:
        """Gather paths, and wait anew."""
        if paths:
            self._paths |= paths
            self.cancel()
            self._timer = asyncio.get_running_loop().call_later(self._delay(), self._hand_over)

    def cancel(self) -> None:
        """Hand over nothing."""
        if self._timer is not None:
            self._timer.cancel()

    def _hand_over(self) -> None:
        paths = tuple(sorted(self._paths))
        self._paths.clear()
        self._changed(paths)


def _identity(app: Path) -> tuple[int, int] | None:
    """What tells a folder from another one that takes its place; none if there is none."""
    try:
        status = app.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _relative(app: Path, path: str) -> str:
    with contextlib.suppress(ValueError):
        relative = Path(path).relative_to(app).as_posix()
        return "" if relative == "." else relative
    return ""
