"""``.draft-tasks.toml``: the commands around a deployment."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.config.document import Entry, Table, read_document
from draft_ls.config.schema import nearest
from draft_ls.config.syntax import BROKEN
from draft_ls.config.values import describe
from draft_ls.errors import Place, Problem, Severity, Span

if TYPE_CHECKING:
    from pathlib import Path

TASKS_FILE = ".draft-tasks.toml"

PRE_UP = "pre-up"
POST_DEPLOY = "post-deploy"
CLEANUP = "cleanup"
_MOMENTS = (PRE_UP, POST_DEPLOY, CLEANUP)


@dataclass(frozen=True, slots=True)
class Task:
    """One command: its name, its argument list (no shell reads it), and the place of its command line."""

    name: str
    arguments: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Tasks:
    """Every task that is well, by moment, in the file's order; and everything wrong with the file.

    Attributes:
        path: the absolute path of the file.
        pre_up: run in the app's folder before the build.
        post_deploy: run in the app's container once it is live.
        cleanup: run in the app's folder after the release was deleted.
    """

    path: Path
    pre_up: tuple[Task, ...] = ()
    post_deploy: tuple[Task, ...] = ()
    cleanup: tuple[Task, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing in the file is an error."""
        return not any(problem.severity == Severity.ERROR for problem in self.problems)


def parse_tasks(text: str, path: Path) -> Tasks:
    """Read the text of a ``.draft-tasks.toml``; never raises."""
    document = read_document(text)
    reader = _Reader(path)
    for fault in document.faults:
        reader.report(fault.what.code, fault.what.message, fault.what.fix, fault.what.span)
    found: dict[str, tuple[Task, ...]] = {}
    for entry in document.root.entries.values():
        moment = entry.key.replace("_", "-")
        if moment in _MOMENTS:
            found[moment] = found.get(moment, ()) + reader.tasks(entry)
        elif not entry.key.startswith(BROKEN):
            reader.unknown(entry)
    problems = sorted(
        reader.problems, key=lambda problem: (problem.place and problem.place.span) or Span.line(0)
    )
    return Tasks(
        path, found.get(PRE_UP, ()), found.get(POST_DEPLOY, ()), found.get(CLEANUP, ()), tuple(problems)
    )


class _Reader:
    def __init__(self, path: Path) -> None:
        self.problems: list[Problem] = []
        self._path = path

    def tasks(self, entry: Entry) -> tuple[Task, ...]:
        """The tasks of one moment."""
        table = entry.value.table
        if table is None:
            message = f"{entry.key} must be a table, not {describe(entry.value)}."
            self.report("wrong-type", message, f"Write [{entry.key}].", entry.value.span)
            table = Table()
        tasks = (self._task(each) for each in table.entries.values())
        return tuple(task for task in tasks if task)

    def _task(self, entry: Entry) -> Task | None:
        line, span = entry.value.data, entry.value.span
        if not isinstance(line, str):
            message = f"The task {entry.key!r} must be a command line, not {describe(entry.value)}."
            self.report("wrong-type", message, f'Write {entry.key} = "command argument".', span)
            return None
        try:
            arguments = tuple(shlex.split(line))
        except ValueError as error:
            message = f"The command line of {entry.key!r} cannot be split into arguments."
            self.report(
                "bad-value", message, "Close every quote, and escape nothing at the end.", span, str(error)
            )
            return None
        if not arguments or not arguments[0]:
            self.report(
                "bad-value", f"The task {entry.key!r} runs nothing.", "Write a command, or remove it.", span
            )
            return None
        return Task(entry.key, arguments, span)

    def unknown(self, entry: Entry) -> None:
        """A table that stands for no moment."""
        good = nearest(entry.key, _MOMENTS)
        fix = f"Write [{good}]." if good else f"Use [{PRE_UP}], [{POST_DEPLOY}] or [{CLEANUP}]."
        self.report("unknown-key", f"{TASKS_FILE} has no table {entry.key!r}.", fix, entry.span)

    def report(self, code: str, message: str, fix: str, span: Span, cause: str = "") -> None:
        """Note a problem."""
        self.problems.append(
            Problem(f"tasks-{code}", message, place=Place(self._path, span), cause=cause, fix=fix)
        )
