"""The disk watcher: changes that no editor told us about, after a time of quiet.

``.draftignore`` (gitignore syntax, at the app's root) says what is not watched; version control folders and
editors' temporary files never are. Filtering is by the path relative to the app, so an app that itself lies
below a folder called ``build`` or ``.venv`` is watched like any other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pathspec import GitIgnoreSpec

logger = logging.getLogger(__name__)

IGNORE_FILE = ".draftignore"

NEVER = (
    ".git", ".hg", ".svn", ".jj", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache",
    "*.swp", "*.swx", "*~", ".#*", "#*#", "4913", ".DS_Store", "*.tmp.[0-9]*", "___jb_tmp___", "___jb_old___",
)  # fmt: skip
"""What is never watched; the file names are those of Vim, Emacs, JetBrains IDEs and macOS."""

STEP = 50
"""Milliseconds of quiet after which the kernel's events are handed over."""


def ignore_rules(app: Path) -> GitIgnoreSpec:
    """The rules of an app: ``NEVER``, then its ``.draftignore``."""
    from pathspec import GitIgnoreSpec

    try:
        own = (app / IGNORE_FILE).read_text("utf-8", errors="replace").splitlines()
    except OSError:
        own = []
    return GitIgnoreSpec.from_lines([*NEVER, *own])


async def watch(app: Path, delay: Callable[[], float], changed: Callable[[tuple[str, ...]], None]) -> None:
    """Call ``changed`` with the relative paths that changed, once it has been quiet; until cancelled.

    Args:
        app: the folder.
        delay: seconds of quiet, asked anew each time.
        changed: called on the event loop.

    Raises:
        FileNotFoundError: the folder is gone.
    """
    from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType] - an anyio type is unknown

    stop = asyncio.Event()
    rules = ignore_rules(app)
    gathered: set[str] = set()
    timer: asyncio.TimerHandle | None = None
    loop = asyncio.get_running_loop()

    def hand_over() -> None:
        paths = tuple(sorted(gathered))
        gathered.clear()
        changed(paths)

    try:
        async for events in awatch(
            app,
            watch_filter=None,
            step=STEP,
            debounce=STEP * 4,
            stop_event=stop,
            ignore_permission_denied=True,
        ):
            paths = {_relative(app, path) for _, path in events}
            if IGNORE_FILE in paths:
                rules = ignore_rules(app)
            found = {path for path in paths if path and not rules.match_file(path)}
            if not found:
                continue
            gathered |= found
            if timer is not None:
                timer.cancel()
            timer = loop.call_later(delay(), hand_over)
    finally:
        stop.set()
        if timer is not None:
            timer.cancel()


def _relative(app: Path, path: str) -> str:
    with contextlib.suppress(ValueError):
        from pathlib import Path

        return Path(path).relative_to(app).as_posix()
    return ""
