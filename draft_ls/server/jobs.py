"""Long commands. Editors send no progress token and no cancellation with a command, so each starts a job."""

from __future__ import annotations

import asyncio
import itertools
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lsprotocol.types import MessageType, ShowMessageParams

from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from draft_ls.engine.events import Key
    from draft_ls.server.server import DraftLanguageServer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended.

    Attributes:
        outcome: ``done``, ``failed``, ``cancelled``, or how its run ended.
        message: one line for the person; empty if there is nothing to say.
        url: where the app answers, if the job was about that.
    """

    outcome: str
    message: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A command at work for one session."""

    identifier: str
    command: str
    key: Key
    task: asyncio.Task[JobEnd] = field(repr=False)


class Jobs:
    """The jobs under way."""

    def __init__(self, ls: DraftLanguageServer) -> None:
        self._ls = ls
        self._numbers = itertools.count(1)
        self._running: dict[str, Job] = {}

    def start(self, command: str, key: Key, work: Coroutine[Any, Any, JobEnd]) -> Job:
        """Run ``work`` as a job; how it ends is shown to the person who asked for it."""
        identifier = f"{command}-{next(self._numbers)}"
        task = self._ls.tasks.start(self._run(work), identifier)
        job = Job(identifier, command, key, task)
        self._running[identifier] = job
        task.add_done_callback(lambda _: self._running.pop(identifier, None))
        return job

    def find(self, identifier: str) -> Job | None:
        """A job under way."""
        return self._running.get(identifier)

    def of(self, key: Key) -> tuple[Job, ...]:
        """The jobs of a session."""
        return tuple(job for job in self._running.values() if job.key == key)

    async def _run(self, work: Coroutine[Any, Any, JobEnd]) -> JobEnd:
        try:
            end = await work
        except asyncio.CancelledError:
            return JobEnd("cancelled")
        except DraftError as error:
            end = JobEnd("failed", _explanation(error.problem))
        except Exception:
            logger.exception("A job failed unexpectedly")
            end = JobEnd("failed", "Draft met an unexpected error. Its log says more.")
        if end.message:
            kind = MessageType.Error if end.outcome == "failed" else MessageType.Info
            self._ls.window_show_message(ShowMessageParams(kind, end.message))
        return end


def _explanation(problem: Problem) -> str:
    return f"{problem.message} {problem.fix}".strip()
