"""The verbs about what is deployed: stop, connect, open, logs, delete, rollback."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from draft_ls.cli import running
from draft_ls.cli.asking import Asker
from draft_ls.cli.encoding import encode
from draft_ls.cli.exits import Exit, exit_of
from draft_ls.cli.options import HERE, EnvironmentName, Folder, Form, OutputForm, Verbose, Yes, session_key
from draft_ls.cli.output import Output
from draft_ls.cli.view import View
from draft_ls.deploy.model import Route
from draft_ls.engine import presence
from draft_ls.engine.events import Key, Log, Outcome
from draft_ls.engine.kept import FilesBack, difference
from draft_ls.engine.writing import write
from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    from draft_ls.engine.engine import Engine


def stop(path: Folder = HERE, environment: EnvironmentName = None, output: OutputForm = Form.TEXT) -> None:
    """End the draft up that works on this app. What is deployed stays."""
    out = Output(as_json=output is Form.JSON)
    key = session_key(path, environment)

    def work() -> Exit:
        process = presence.stop(running.state(), key)
        out.document({**encode(key), "stopped": process})
        out.say(f"--> Stopped process {process}" if process else "--> Nothing to stop")
        return Exit.OK

    running.finish(out, work)


def connect(
    path: Folder = HERE,
    environment: EnvironmentName = None,
    yes: Yes = False,
    output: OutputForm = Form.TEXT,
) -> None:
    """Open the way to what is deployed, until Ctrl-C."""
    _connect(_streaming(output), path, environment, yes=yes, browse=False)


def open_(
    path: Folder = HERE,
    environment: EnvironmentName = None,
    yes: Yes = False,
    output: OutputForm = Form.TEXT,
) -> None:
    """Open what is deployed in the browser; a tunnel stays open until Ctrl-C."""
    _connect(_streaming(output), path, environment, yes=yes, browse=True)


def _streaming(output: Form, *, verbose: bool = False) -> Output:
    return Output(as_json=output is Form.JSON, stream=True, verbose=verbose)


def _connect(out: Output, path: Folder, environment: str | None, *, yes: bool, browse: bool) -> None:
    key = session_key(path, environment)

    async def work(engine: "Engine") -> Exit:
        route = await engine.connect(key)
        out.line({**encode(key), **encode(route)})
        out.say(f"--> Live at {route.url}")
        if browse:
            await _browse(out, route)
        if route.ports:  # a tunnel lives in this process
            out.note("Connected until Ctrl-C.")
            await asyncio.Event().wait()
        return Exit.OK

    running.run_with_engine(out, work, yes=yes)


async def _browse(out: Output, route: Route) -> None:
    import webbrowser

    if not await asyncio.to_thread(webbrowser.open, route.url):
        out.note("No browser could be started; open the URL yourself.")


def logs(
    path: Folder = HERE,
    environment: EnvironmentName = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep reading, until Ctrl-C.", show_default=False)
    ] = False,
    tail: Annotated[int, typer.Option(min=0, help="How many lines of the past to start with.")] = 200,
    output: OutputForm = Form.TEXT,
) -> None:
    """Show the app's own log, over all its pods and their restarts."""
    out = _streaming(output)
    key = session_key(path, environment)

    def line(log: Log) -> None:
        out.line({"pod": log.stream, "text": log.text})
        out.say(f"[{log.stream}] {log.text}")

    async def work(engine: "Engine") -> Exit:
        async for log in engine.logs(key, follow=follow, tail=tail):
            line(log)
        return Exit.OK

    running.run_with_engine(out, work)


def delete(
    path: Folder = HERE,
    environment: EnvironmentName = None,
    yes: Yes = False,
    output: OutputForm = Form.TEXT,
) -> None:
    """Uninstall what is deployed."""
    out = Output(as_json=output is Form.JSON)
    key = session_key(path, environment)

    async def work(engine: "Engine") -> Exit:
        if not await Asker(out, yes=yes).confirm(
            f"Delete {key.app.name} ({key.environment}) from the cluster?"
        ):
            raise DraftError(
                Problem("delete-not-confirmed", "Nothing was deleted.", fix="Say yes, or run it with --yes.")
            )
        await asyncio.to_thread(presence.stop, running.state(), key)
        await engine.delete(key)
        out.document({**encode(key), "deleted": True})
        out.say(f"--> Deleted {key.app.name} ({key.environment})")
        return Exit.OK

    running.run_with_engine(out, work, yes=yes, listen=None if out.as_json else View(out).listen)


def rollback(
    path: Folder = HERE,
    environment: EnvironmentName = None,
    revision: Annotated[
        int | None,
        typer.Option(min=1, help="The revision to go back to.", show_default="the last good one"),
    ] = None,
    files: Annotated[
        bool, typer.Option("--files", help="Bring the app's files back too.", show_default=False)
    ] = False,
    yes: Yes = False,
    verbose: Verbose = False,
    output: OutputForm = Form.TEXT,
) -> None:
    """Go back to a revision that was live before."""
    out = _streaming(output, verbose=verbose)
    view = View(out)
    key = session_key(path, environment)

    async def work(engine: "Engine") -> Exit:
        ended = await engine.rollback(key, revision)
        if ended.outcome is Outcome.LIVE:
            await _files_back(out, key, await engine.files_back(key), wanted=files)
        return exit_of(ended.outcome)

    running.run_with_engine(out, work, listen=view.listen, yes=yes)


async def _files_back(out: Output, key: Key, back: FilesBack, *, wanted: bool) -> None:
    """Show how the files differ from what runs now, and bring them back if the person wants that."""
    for edit in back.edits:
        for line in difference(back.root, edit) if wanted or out.interactive else ():
            out.say(f"    {line}")
    for path in back.others:
        out.say(f"--> {path} differs too; it is too large, or no text, to be brought back")
    names = [edit.path for edit in back.edits]
    # `--yes` is about the deployment: nobody's files are overwritten by it.
    bring = wanted or (bool(names) and await Asker(out).confirm("Bring these files back too?"))
    if bring:
        await asyncio.to_thread(write, back.root, back.edits)
    differing = [back.root / path for path in (*names, *back.others)]
    written = [back.root / path for path in names if bring]
    out.line({"event": "files", **encode(key), "differing": encode(differing), "written": encode(written)})
    if names:
        told = "Brought back" if bring else "Your files differ from what runs now:"
        out.say(f"--> {told} {', '.join(names)}")
