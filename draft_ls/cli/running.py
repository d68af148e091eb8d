"""Running a verb: an engine for as long as it takes, signals, problems, and the exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from typing import TYPE_CHECKING, Never

import typer

from draft_ls.cli.asking import Asker
from draft_ls.cli.exits import Exit
from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from draft_ls.cli.output import Output
    from draft_ls.engine.engine import Engine
    from draft_ls.engine.events import Event
    from draft_ls.engine.model import Ask

    Work = Callable[[Engine], Awaitable[Exit]]

logger = logging.getLogger(__name__)


def make_engine(listen: Callable[[Event], None], ask: Ask) -> Engine:
    """The engine; its modules are loaded only by the verbs that need it."""
    from draft_ls.engine.engine import Engine
    from draft_ls.engine.presence import Program

    return Engine(listen=listen, ask=ask, program=Program.TERMINAL)


def state() -> Path:
    """The user's state folder."""
    from draft_ls.engine.history import state_folder

    return state_folder()


def run_with_engine(
    output: Output,
    work: Work,
    *,
    listen: Callable[[Event], None] | None = None,
    yes: bool = False,
) -> Never:
    """Do a verb's work with an engine, give everything back, and end with its exit code."""

    async def main() -> Exit:
        engine = make_engine(listen or _ignore, Asker(output, yes=yes))
        try:
            return await work(engine)
        finally:
            output.progress(None)
            await engine.close()

    finish(output, lambda: _run(main))


def finish(output: Output, work: Callable[[], Exit]) -> Never:
    """Do a verb's work and end with its exit code; what goes wrong is told as a problem.

    Raises:
        typer.Exit: always.
    """
    _configure_logging()
    try:
        code = work()
    except DraftError as error:
        output.problems(error.problems)
        code = Exit.FAILED
    except KeyboardInterrupt:
        output.progress(None)
        if not output.abandoned:
            output.note("Interrupted.")
        code = Exit.INTERRUPTED
    except Exception as error:
        logger.exception("the command failed")
        output.problems([_internal(error)])
        code = Exit.FAILED
    raise typer.Exit(code)


def _run(main: Callable[[], Awaitable[Exit]]) -> Exit:
    """Run to the end. Ctrl-C cancels the work, which then ends cleanly; a second one ends it at once."""
    terminated = False

    async def guarded() -> Exit:
        task = asyncio.current_task()

        def terminate() -> None:
            nonlocal terminated
            terminated = True
            if task is not None:
                task.cancel()

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
        return await main()

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        return Exit.TERMINATED if terminated else Exit.INTERRUPTED


def _ignore(event: Event) -> None:
    """Verbs whose answer is their result need no events."""
    del event


def _configure_logging() -> None:
    """Our own log goes to standard error if ``DRAFT_LOG`` names a level; otherwise problems say it all."""
    level = os.environ.get("DRAFT_LOG", "").upper()
    if level in logging.getLevelNamesMapping():
        logging.basicConfig(level=level, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    else:
        logging.getLogger().addHandler(logging.NullHandler())


def _internal(error: Exception) -> Problem:
    return Problem(
        "internal-error",
        f"draft met an error of its own: {type(error).__name__}: {error}",
        fix="Run it again with DRAFT_LOG=debug and report what it says.",
    )
