"""One (app, environment): the state machine from a save to live. The only writer of its status.

Requests come in from ``up``, from editor saves and from the disk watcher; one loop takes the newest, reads
what is saved, and lets the planner decide. **Latest wins:** at most one run is under way; a request whose
content differs from the run's cancels the run (at a safe point: see ``Pipeline.deploy``) and takes over; one
of equal content joins it. No request is lost: the loop always ends on the newest content.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from draft_ls.engine import transitions
from draft_ls.engine.events import Outcome, RunEnded, State, Status
from draft_ls.engine.model import PlanKind
from draft_ls.engine.report import Report, internal_problem
from draft_ls.engine.target import OutdatedError
from draft_ls.errors import DraftError, Severity

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from draft_ls.deploy.model import PodState
    from draft_ls.engine.events import Event, Key
    from draft_ls.engine.history import History
    from draft_ls.engine.model import Plan
    from draft_ls.engine.planner import Identity
    from draft_ls.engine.report import Facts
    from draft_ls.engine.target import Live, Pipeline, Target
    from draft_ls.errors import Problem, Stage

logger = logging.getLogger(__name__)

SETTLE = 0.25
"""Seconds without a save until a build takes the place of one that a save has ended: of a burst, the last counts."""
UNSETTLED = 3.0
"""Seconds after which it begins although saves go on."""


@dataclass(slots=True)
class Request:
    """Somebody wants what is saved to be live.

    Attributes:
        cause: for the person: ``app.py saved``.
        quiet: an echo from disk: say nothing when there is nothing to do.
        force: deploy even if nothing changed.
        began: when it came, on the monotonic clock.
        waiters: told how the run that took it up ended.
        latest: when the newest request came that is part of this one.
        supersedes: whether it has ended a run.
    """

    cause: str
    quiet: bool = False
    force: bool = False
    began: float = field(default_factory=time.monotonic)
    waiters: list[asyncio.Future[RunEnded]] = field(default_factory=list[asyncio.Future[RunEnded]])
    latest: float = field(default_factory=time.monotonic)
    supersedes: bool = False

    def join(self, newer: Request) -> Request:
        """Both requests as one: the newer cause, the older clock."""
        return Request(
            newer.cause,
            self.quiet and newer.quiet,
            self.force or newer.force,
            self.began,
            [*self.waiters, *newer.waiters],
            newer.latest,
            self.supersedes or newer.supersedes,
        )

    def settles_in(self) -> float:
        """Seconds until a build may begin for it; none left: at once."""
        if not self.supersedes:
            return 0.0
        return min(self.latest + SETTLE, self.began + UNSETTLED) - time.monotonic()


@dataclass(slots=True)
class Run:
    """A run under way; ``content`` and ``identity`` say what it makes live, as far as that is known."""

    number: int
    request: Request
    identity: Identity | None
    task: asyncio.Task[None]
    end: Outcome = Outcome.CANCELLED
    """How the run ended, if it is cancelled."""


class Session:
    """See the module.

    Args:
        key: which app and environment.
        pipeline: reads, plans and deploys.
        emit: takes the events.
        history: where deployments are recorded.
    """

    def __init__(self, key: Key, pipeline: Pipeline, emit: Callable[[Event], None], history: History) -> None:
        self.key = key
        self._pipeline = pipeline
        self._emit = emit
        self._history = history
        self._status = Status(key, State.IDLE)
        self._pending: Request | None = None
        self._wake = asyncio.Event()
        self._run: Run | None = None
        self._runs = 0
        self._loop: asyncio.Task[None] | None = None
        self._attempted: Identity | None = None
        """What was taken up last: the disk's echo of it is no news, however it ended."""
        self._trouble: tuple[Problem, str | None] | None = None
        """What befell the content that was live, and which content that was."""

    @property
    def status(self) -> Status:
        """Where the session stands now."""
        return self._status

    def request(self, cause: str, *, quiet: bool = False, force: bool = False) -> asyncio.Future[RunEnded]:
        """Ask for what is saved to become live; the future tells how the run that takes it up ends."""
        future = asyncio.get_running_loop().create_future()
        new = Request(cause, quiet, force, waiters=[future])
        self._pending = self._pending.join(new) if self._pending else new
        self._wake.set()
        if self._loop is None or self._loop.done():
            self._loop = asyncio.create_task(self._serve(), name=f"session {self.key.app.name}")
        return future

    async def perform(self, cause: str, work: Callable[[Report], Awaitable[Live]]) -> RunEnded:
        """Do something other than deploying what is saved (a roll back) as a run of its own."""
        await self.cancel()
        future: asyncio.Future[RunEnded] = asyncio.get_running_loop().create_future()
        number = self._next_run()
        self._set(transitions.begun(self._status, number, cause, cause))
        self._launch(number, Request(cause, waiters=[future]), None, work)
        return await future

    def watching(self, on: bool) -> None:
        """Note whether saves redeploy."""
        if self._status.watching != on:
            self._set(replace(self._status, watching=on))

    def pods(self, pods: tuple[PodState, ...]) -> None:
        """Note what has become of the release's pods."""
        self._set(replace(self._status, pods=pods))

    def trouble(self, problem: Problem) -> None:
        """What was live is not well any more: a crash, a lost pod, no way to the cluster.

        A warning says that it answers, but something in it is not right.
        """
        if problem.severity is not Severity.ERROR:
            if self._run is None and self._status.state is State.LIVE:
                self._set(transitions.warned(self._status, problem))
        elif self._status.state is State.LIVE or self._status.live_digest is not None:
            self._trouble = problem, self._status.live_digest
            self._set(transitions.in_trouble(self._status, problem))

    def recovered(self) -> None:
        """What was in trouble answers again by itself."""
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            self._set(transitions.recovered(self._status, *trouble))

    async def cancel(self) -> None:
        """End the run under way, at a safe point, and drop what is pending."""
        self._drop_pending()
        await self._end_run(Outcome.CANCELLED)
        if self._run is None and self._status.state.working:  # what was pending had been noticed
            self._set(transitions.cancelled(self._status, survived=self._pipeline.survived()))

    async def stop(self) -> None:
        """Cancel, end the loop and close the pipeline. What is deployed stays."""
        self._drop_pending()
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop
            self._loop = None
        await self._end_run(Outcome.CANCELLED)
        self._drop_pending()
        await self._pipeline.close()
        self._attempted = None
        self._set(transitions.stopped(self._status))

    # --- the loop ----------------------------------------------------------

    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            request, self._pending = self._pending, None
            if request is None:
                continue
            try:
                await self._take_up(request)
            except asyncio.CancelledError:
                self._answer(request, self._runs, Outcome.CANCELLED)
                raise
            except Exception as error:
                logger.exception("a request could not be taken up")
                await self._end_run(Outcome.SUPERSEDED)
                self._fail(request, self._next_run(), (internal_problem(error),))

    async def _take_up(self, request: Request) -> None:
        """Turn a request into a run, or into the reason why there is none."""
        if self._run is None and not request.quiet:
            self._set(transitions.noticed(self._status, request.cause))
        try:
            target = await self._pipeline.observe()
        except DraftError as error:
            if request.quiet and error.problems == self._status.problems:
                self._echo(request)
                return
            await self._end_run(Outcome.SUPERSEDED)
            self._attempted = None
            self._fail(request, self._next_run(), error.problems)
            return
        if self._pending is not None:  # A newer request came meanwhile: it reads what is saved by then.
            self._pending = request.join(self._pending)
            self._wake.set()
            return
        run = self._run
        if run is not None and run.identity == target.identity and not request.force:
            run.request.waiters.extend(request.waiters)
            return
        if request.quiet and target.identity == self._attempted:
            self._echo(request)
            return
        self._attempted = target.identity
        if target.held:
            self._hold(request, target)
            return
        if run is not None:
            await self._end_run(Outcome.SUPERSEDED)
            request.supersedes = True
            if self._pending is not None:
                self._pending = request.join(self._pending)
                return
        plan = self._pipeline.plan(target, force=request.force)
        if plan.kind is PlanKind.NOTHING:
            self._nothing(request, target, plan)
        elif plan.kind is PlanKind.BUILD and (seconds := request.settles_in()) > 0:
            self._settle(request, seconds)
        else:
            self._start(request, target, plan)

    def _settle(self, request: Request, seconds: float) -> None:
        """Take it up again a little later; a newer save, a cancel or a stop comes in between."""
        self._attempted = None
        self._set(transitions.noticed(self._status, request.cause))
        self._pending = request.join(self._pending) if self._pending else request
        asyncio.get_running_loop().call_later(seconds, self._wake.set)

    def _start(self, request: Request, target: Target, plan: Plan) -> None:
        number, content = self._next_run(), target.identity.content
        self._set(transitions.begun(self._status, number, request.cause, plan.reason, content))
        self._launch(number, request, target.identity, partial(self._pipeline.deploy, target, plan))

    def _launch(
        self,
        number: int,
        request: Request,
        identity: Identity | None,
        work: Callable[[Report], Awaitable[Live]],
    ) -> None:
        task = asyncio.create_task(self._do(number, request, work))
        self._run = Run(number, request, identity, task)

    async def _do(self, number: int, request: Request, work: Callable[[Report], Awaitable[Live]]) -> None:
        report = Report(self.key, number, self._emit, self)
        try:
            live = await work(report)
        except asyncio.CancelledError:
            self._cancelled(number, request)
        except OutdatedError:
            self._run = None
            self._pending = request.join(self._pending) if self._pending else request
            self._wake.set()
        except DraftError as error:
            self._run = None
            self._fail(request, number, error.problems, report)
        except Exception as error:
            logger.exception("run %d of %s failed", number, self.key.app.name)
            self._run = None
            self._fail(request, number, (internal_problem(error),), report)
        else:
            self._run = None
            self._live(request, number, live, report)

    async def _end_run(self, outcome: Outcome) -> None:
        """Cancel the run under way and wait until it has ended, however long its safe point takes."""
        run = self._run
        if run is None:
            return
        run.end = outcome
        run.task.cancel()
        await asyncio.wait([run.task])
        if self._run is run:  # It was cancelled before its first step.
            self._cancelled(run.number, run.request)

    # --- how it ends -------------------------------------------------------

    def _live(self, request: Request, number: int, live: Live, report: Report) -> None:
        took = time.monotonic() - request.began
        self._trouble = None
        self._set(transitions.live(self._status, live, report.stages, took))
        record = transitions.deployment(self._status, Outcome.LIVE, request.cause, took, live)
        self._history.append(self.key, record)
        self._answer(request, number, Outcome.LIVE)

    def _fail(
        self, request: Request, number: int, problems: tuple[Problem, ...], report: Report | None = None
    ) -> None:
        """The run failed; without a report it failed before it began, and there is nothing to record."""
        took = time.monotonic() - request.began
        stages = report.stages if report else ()
        survived = self._pipeline.survived()
        self._set(
            transitions.failed(self._status, number, request.cause, problems, stages, took, survived=survived)
        )
        if report is not None:
            message = problems[0].message
            record = transitions.deployment(
                self._status, Outcome.FAILED, request.cause, took, message=message
            )
            self._history.append(self.key, record)
        self._answer(request, number, Outcome.FAILED)

    def _cancelled(self, number: int, request: Request) -> None:
        run, self._run = self._run, None
        outcome = run.end if run else Outcome.CANCELLED
        if outcome is Outcome.CANCELLED:
            self._set(transitions.cancelled(self._status, survived=self._pipeline.survived()))
        self._answer(request, number, outcome)

    def _nothing(self, request: Request, target: Target, plan: Plan) -> None:
        if request.quiet and self._status.state is State.LIVE:
            self._echo(request)
            return
        number = self._next_run()
        self._set(transitions.nothing_to_do(self._status, number, request.cause, plan.reason, target))
        self._answer(request, number, Outcome.NOTHING)

    def _hold(self, request: Request, target: Target) -> None:
        """Hold the deploy; a run of older, sound content goes on."""
        working = self._run is not None
        number = self._run.number if self._run else self._next_run()
        self._set(transitions.held(self._status, number, request.cause, target, working=working))
        self._answer(request, number, Outcome.HELD)

    def _echo(self, request: Request) -> None:
        """The disk has told what the editor told before, or what has been tried already: say nothing."""
        self._answer(request, self._status.run, Outcome.NOTHING)

    def _answer(self, request: Request, number: int, outcome: Outcome) -> None:
        ended = RunEnded(self.key, number, outcome, time.monotonic() - request.began)
        if not (request.quiet and outcome is Outcome.NOTHING):
            self._emit(ended)
        for waiter in request.waiters:
            if not waiter.done():
                waiter.set_result(ended)

    def _drop_pending(self) -> None:
        request, self._pending = self._pending, None
        if request is not None:
            self._answer(request, self._runs, Outcome.CANCELLED)

    # --- what the run reports ----------------------------------------------

    def stage_started(self, run: int, stage: Stage, message: str) -> None:
        """See ``report.Listener``."""
        if self._run is not None and self._run.number == run:
            self._set(transitions.in_stage(self._status, stage, message))

    def learned(self, run: int, facts: Facts) -> None:
        """See ``report.Listener``."""
        if self._run is not None and self._run.number == run:
            self._set(transitions.with_facts(self._status, facts))

    def _next_run(self) -> int:
        self._runs += 1
        return self._runs

    def _set(self, status: Status) -> None:
        if status != self._status:
            self._status = status
            self._emit(status)
