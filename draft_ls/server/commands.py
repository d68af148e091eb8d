"""The commands. Each takes one optional object, and never keeps the client waiting for a deployment."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from lsprotocol.types import MessageType, ShowDocumentParams, ShowMessageParams
from pygls.exceptions import JsonRpcException

from draft_ls.engine.events import Log, Outcome
from draft_ls.errors import DraftError, Problem
from draft_ls.server import requests, scaffolding
from draft_ls.server.convert import check_info
from draft_ls.server.jobs import Job, JobEnd
from draft_ls.server.progress import Progress
from draft_ls.server.protocol import (
    CommandArguments,
    DoctorResult,
    HistoryResult,
    JobResult,
    PlanResult,
    SelectedResult,
    SessionParams,
)
from draft_ls.server.sessions import ask, choose_app, choose_session, read_config
from draft_ls.server.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from lsprotocol.types import ExecuteCommandParams, ProgressToken

    from draft_ls.engine.events import Key, RunEnded
    from draft_ls.processes import Stream
    from draft_ls.server.server import DraftLanguageServer

    Handler = Callable[[DraftLanguageServer, CommandArguments], Coroutine[Any, Any, Any]]
    Work = Callable[[DraftLanguageServer, Key, CommandArguments], Coroutine[Any, Any, JobEnd]]

logger = logging.getLogger(__name__)


def register(ls: DraftLanguageServer, prefix: str) -> None:
    """Advertise every command as ``prefix`` and its name."""
    for name, work in _JOBS.items():
        ls.command(prefix + name)(_job_command(ls, name, work))
    for name, handler in _ANSWERS.items():
        ls.command(prefix + name)(_command(ls, handler))


def _command(ls: DraftLanguageServer, handler: Handler) -> Callable[[ExecuteCommandParams], Any]:
    async def run(params: ExecuteCommandParams) -> Any:
        return await handler(ls, _arguments(ls, params))

    return run


def _job_command(ls: DraftLanguageServer, name: str, work: Work) -> Callable[[ExecuteCommandParams], Any]:
    """A command that starts a job and answers with its id; with progress offered, it answers at its end."""

    async def run(params: ExecuteCommandParams) -> JobResult:
        arguments = _arguments(ls, params)
        ls.engine  # noqa: B018 - without trust there is no job
        key = await choose_session(ls, arguments.app, arguments.environment)
        token = params.work_done_token
        if name == "logs":
            _end_logs(ls, key)
        job = ls.jobs.start(name, key, _with_progress(ls, name, key, work(ls, key, arguments), token))
        return _job_result(job, None if token is None else await _end_of(ls, job))

    return run


async def _end_of(ls: DraftLanguageServer, job: Job) -> JobEnd:
    """Wait for a job; when the waiting request is cancelled, so is the job."""
    try:
        return await asyncio.shield(job.task)
    except asyncio.CancelledError:
        await _cancel_job(ls, job)
        raise


async def _with_progress(
    ls: DraftLanguageServer,
    name: str,
    key: Key,
    work: Coroutine[Any, Any, JobEnd],
    token: ProgressToken | None,
) -> JobEnd:
    """Show that a job is under way; a run shows its own progress, and a log needs none."""
    if name in _RUNS:
        if token is not None:
            ls.publisher.offer(key, token)
        try:
            return await work
        finally:
            ls.publisher.withdraw(key)
    if name == "logs":
        return await work
    progress = Progress(ls, f"Draft: {name} {key.app.name} ({key.environment})", token=token)
    end = JobEnd("failed")
    try:
        end = await work
    finally:
        progress.end(end.message or end.outcome)
    return end


def _end_logs(ls: DraftLanguageServer, key: Key) -> None:
    """A log is followed once; asking again starts it anew."""
    for job in ls.jobs.of(key):
        if job.command == "logs":
            job.task.cancel()


def _job_result(job: Job, end: JobEnd | None) -> JobResult:
    return JobResult(
        job=job.identifier,
        app=uri_of(job.key.app),
        environment=job.key.environment,
        outcome=end.outcome if end else None,
        message=(end.message or None) if end else None,
        url=end.url if end else None,
    )


def _arguments(ls: DraftLanguageServer, params: ExecuteCommandParams) -> CommandArguments:
    """The command's one object; the palette of an editor sends none."""
    given: Any = params.arguments[0] if params.arguments else None
    if given is None:
        return CommandArguments()
    if isinstance(given, str):
        given = {"app": given}  # menus of some editors pass the resource alone
    return ls.protocol.read(given, CommandArguments)


# Jobs


async def _up(ls: DraftLanguageServer, key: Key, arguments: CommandArguments) -> JobEnd:
    watch = arguments.watch
    if watch is None and not ls.settings.deploy_on_save:
        watch = False
    ended = await ls.engine.up(key, watch=watch, force=arguments.force)
    end = _end_of_run(ls, key, ended)
    if end.url and ls.settings.open_on_live:
        await _show(ls, end.url)
    return end


async def _rollback(ls: DraftLanguageServer, key: Key, arguments: CommandArguments) -> JobEnd:
    ended = await ls.engine.rollback(key, arguments.revision)
    if ended.outcome is Outcome.LIVE:
        from draft_ls.server.going_back import offer_files

        ls.tasks.start(offer_files(ls, key), "the files of what is live again")
    return _end_of_run(ls, key, ended)


def _end_of_run(ls: DraftLanguageServer, key: Key, ended: RunEnded) -> JobEnd:
    """The person asked for this run, so its end is shown; a client with a status sees success there."""
    status = ls.status(key)
    url = status.route.url if status.route else None
    message = ""
    if ended.outcome is Outcome.FAILED:
        problem = status.problems[0] if status.problems else None
        message = f"{problem.message} {problem.fix}".strip() if problem else status.message
    elif ended.outcome is Outcome.HELD:
        message = status.message
    elif ended.outcome in {Outcome.LIVE, Outcome.NOTHING} and not ls.options.notifications:
        message = f"{key.app.name} is live at {url}" if url else f"{key.app.name}: {status.message}"
    return JobEnd(ended.outcome.value, message, url)


async def _stop(ls: DraftLanguageServer, key: Key, arguments: CommandArguments) -> JobEnd:
    del arguments
    await ls.engine.stop(key)
    return JobEnd("done")


async def _connect(ls: DraftLanguageServer, key: Key, arguments: CommandArguments) -> JobEnd:
    del arguments
    route = await ls.engine.connect(key)
    message = "" if ls.options.notifications else f"{key.app.name} answers at {route.url}"
    return JobEnd("done", message, route.url)


async def _open(ls: DraftLanguageServer, key: Key, arguments: CommandArguments) -> JobEnd:
    del arguments
    route = ls.status(key).route or await ls.engine.connect(key)
    shown = await _show(ls, route.url)
    return JobEnd("done", "" if shown else f"{key.app.name} answers at {route.url}", route.url)


async def _show(ls: DraftLanguageServer, url: str) -> bool:
    """Open a URL in the person's browser; false if the client cannot."""
    if not ls.client.show_document:
        return False
    try:
        answer = await ls.window_show_document_async(ShowDocumentParams(uri=url, external=True))
    except JsonRpcException:
        return False
    return answer.success


async def _logs(ls: DraftLanguageServer, key: Key, arguments: CommandArguments) -> JobEnd:
    async for line in ls.engine.logs(key, follow=arguments.follow, tail=arguments.tail):
        ls.publisher.listen(line)
    return JobEnd("done")


async def _delete(ls: DraftLanguageServer, key: Key, arguments: CommandArguments) -> JobEnd:
    if arguments.confirm:
        question = f"Delete {key.app.name} ({key.environment}) from the cluster? Its release is uninstalled."
        if await ask(ls, question, ("Delete", "Keep")) != "Delete":
            return JobEnd("cancelled")
    await ls.engine.delete(key)
    return JobEnd("done", "" if ls.options.notifications else f"{key.app.name} is deleted.")


async def _init(ls: DraftLanguageServer, key: Key, arguments: CommandArguments) -> JobEnd:
    """The builder of the cluster that the app is deployed to; ``draft.doctor`` looks at it."""
    from draft_ls.engine.builder_setup import BuilderOptions

    environment = read_config(ls, key.app).environments.get(key.environment)
    setup = ls.engine.builder(environment.contexts if environment else ())

    def tell(stream: Stream, text: str) -> None:
        ls.publisher.listen(Log(key, None, stream, text))

    if arguments.remove:
        await setup.remove(tell)
        return JobEnd("done", "The builder is removed from the cluster.")
    options = BuilderOptions(arguments.engine, arguments.image, arguments.registry, arguments.privileged)
    addresses = await setup.install(options, tell)
    hint = f' Its registry: registry = "{addresses[0]}" in draft.toml.' if addresses else ""
    return JobEnd("done", f"The builder in the cluster is ready.{hint}")


# Answers


async def _plan(ls: DraftLanguageServer, arguments: CommandArguments) -> PlanResult:
    result = await requests.plan(ls, SessionParams(arguments.app, arguments.environment))
    _tell(ls, result.reason)
    return result


async def _history(ls: DraftLanguageServer, arguments: CommandArguments) -> HistoryResult:
    result = await requests.history(ls, SessionParams(arguments.app, arguments.environment))
    lines = [
        f"{each.at} {each.outcome} {each.url or each.message or ''}".strip() for each in result.deployments
    ]
    _tell(ls, "\n".join(lines[:10]) or "Nothing was deployed yet.")
    return result


async def _doctor(ls: DraftLanguageServer, arguments: CommandArguments) -> DoctorResult:
    key = None
    if arguments.app or len(await ls.app_folders()) == 1:
        key = await choose_session(ls, arguments.app, arguments.environment)
    checks = await ls.engine.doctor(key)
    bad = [f"{check.name}: {check.seen}. {check.fix}".strip() for check in checks if not check.ok]
    _tell(ls, "\n".join(bad) or "Everything that a deployment needs is there.")
    return DoctorResult(tuple(check_info(check) for check in checks))


async def _select_environment(ls: DraftLanguageServer, arguments: CommandArguments) -> SelectedResult:
    app = await choose_app(ls, arguments.app)
    known = tuple(read_config(ls, app).environments)
    chosen = arguments.environment or await ask(ls, f"Which environment of {app.name}?", known)
    if chosen is None:
        raise DraftError(Problem("no-choice", "No environment was chosen."))
    if chosen not in known:
        listed = ", ".join(known) or "none"
        raise DraftError(
            Problem(
                "unknown-environment", f"{app.name} has no environment {chosen!r}.", fix=f"It has: {listed}."
            )
        )
    ls.selected[app] = chosen
    ls.refresh_views()
    return SelectedResult(uri_of(app), chosen)


async def _cancel(ls: DraftLanguageServer, arguments: CommandArguments) -> None:
    if arguments.job is not None:
        if job := ls.jobs.find(arguments.job):
            await _cancel_job(ls, job)
        return
    key = await choose_session(ls, arguments.app, arguments.environment)
    await ls.engine.cancel(key)


async def _cancel_job(ls: DraftLanguageServer, job: Job) -> None:
    """A run ends at a safe point, which only the engine knows; anything else just ends."""
    if job.command in _RUNS:
        await ls.engine.cancel(job.key)
    else:
        job.task.cancel()


def _tell(ls: DraftLanguageServer, message: str) -> None:
    """For clients that only know LSP; the others show the answer in their own way."""
    if not ls.options.notifications:
        ls.window_show_message(ShowMessageParams(MessageType.Info, message))


_RUNS = frozenset({"up", "rollback"})
"""The jobs whose progress and end are those of a run."""

_JOBS: dict[str, Work] = {
    "up": _up,
    "stop": _stop,
    "connect": _connect,
    "open": _open,
    "logs": _logs,
    "delete": _delete,
    "rollback": _rollback,
    "init": _init,
}

_ANSWERS: dict[str, Handler] = {
    "create": scaffolding.create,
    "update": scaffolding.update,
    "plan": _plan,
    "history": _history,
    "doctor": _doctor,
    "selectEnvironment": _select_environment,
    "cancel": _cancel,
}

COMMANDS = (*_JOBS, *_ANSWERS)
"""The names of all commands, without a prefix."""
