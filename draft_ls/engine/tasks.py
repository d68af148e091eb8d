"""Running the commands of ``.draft-tasks.toml`` that belong on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.config.tasks import TASKS_FILE, Task, Tasks, parse_tasks
from draft_ls.errors import DraftError, Place, Problem
from draft_ls.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from draft_ls.processes import Stream

TIMEOUT = 600.0
"""Seconds that one task may take."""


def read_tasks(app: Path) -> Tasks:
    """The app's tasks; none of any kind if it has no such file.

    Raises:
        DraftError: the file has errors; no task of it is run then.
    """
    path = app / TASKS_FILE
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except FileNotFoundError:
        return Tasks(path)
    except OSError as error:
        raise DraftError(
            Problem(
                "tasks-unreadable",
                f"{path} cannot be read.",
                place=Place(path),
                cause=error.strerror or str(error),
                fix="Let your user read it, or remove it.",
            )
        ) from error
    tasks = parse_tasks(text, path)
    if not tasks.ok:
        raise DraftError(*tasks.problems)
    return tasks


async def run_tasks(
    tasks: tuple[Task, ...],
    file: Path,
    environment: Mapping[str, str],
    on_line: Callable[[Stream, str], None],
) -> None:
    """Run tasks one after the other in the app's folder.

    Args:
        tasks: which.
        file: the tasks file, where a failure is shown.
        environment: variables laid over our own.
        on_line: takes each line that a task writes: its stream and its text.

    Raises:
        DraftError: one failed; those after it are not run.
    """
    for task in tasks:
        on_line("stdout", f"$ {' '.join(task.arguments)}")
        try:
            finished = await run(
                task.arguments, cwd=file.parent, environment=environment, timeout=TIMEOUT, on_line=on_line
            )
        except FileNotFoundError:
            raise task_failed(task, file, f"There is no program {task.arguments[0]}.", ()) from None
        except TimeoutError:
            raise task_failed(task, file, f"It did not end within {TIMEOUT:.0f} s.", ()) from None
        if not finished.ok:
            raise task_failed(task, file, f"It ended with exit code {finished.code}.", finished.tail())


def task_failed(task: Task, file: Path, cause: str, details: tuple[str, ...]) -> DraftError:
    """The error of a task that failed, placed at its line."""
    return DraftError(
        Problem(
            "task-failed",
            f"The task {task.name} failed.",
            place=Place(file, task.span),
            cause=cause,
            fix="Repair the command, or take it out of the file.",
            details=details,
        )
    )
