"""``draft up``: deploy, then redeploy on every change."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from draft_ls.cli import running
from draft_ls.cli.exits import Exit, exit_of
from draft_ls.cli.options import HERE, EnvironmentName, Folder, Form, OutputForm, Verbose, Yes, session_key
from draft_ls.cli.output import Output
from draft_ls.cli.view import WATCHING, View
from draft_ls.engine.events import Key, RunEnded

if TYPE_CHECKING:
    from draft_ls.engine.engine import Engine


def up(
    path: Folder = HERE,
    environment: EnvironmentName = None,
    watch: Annotated[
        bool | None,
        typer.Option("--watch/--no-watch", help="Redeploy on change.", show_default="as draft.toml says"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Deploy even if nothing has changed.", show_default=False)
    ] = False,
    yes: Yes = False,
    verbose: Verbose = False,
    output: OutputForm = Form.TEXT,
) -> None:
    """Build the app, deploy it, and do it again on every change, until Ctrl-C.

    A first run that fails ends the command, unless --watch is given or a person watches on a terminal.
    """
    out = Output(as_json=output is Form.JSON, stream=True, verbose=verbose)
    view = View(out)
    key = session_key(path, environment)

    async def work(engine: "Engine") -> Exit:
        try:
            return await _deploy(engine, key, out, watch=watch, force=force)
        except asyncio.CancelledError:
            out.progress(None)
            out.note("Stopping…")
            await engine.stop(key)  # ends the run at a safe point, never in the middle of a Helm write
            raise

    running.run_with_engine(out, work, listen=view.listen, yes=yes)


async def _deploy(engine: "Engine", key: Key, out: Output, *, watch: bool | None, force: bool) -> Exit:
    from draft_ls.engine.reading import read_environment

    if watch is None:
        await asyncio.to_thread(read_environment, key)  # there must be something to start from
    ended = await engine.up(key, watch=watch, force=force)
    code = exit_of(ended.outcome)
    if engine.status(key).watching and (code is Exit.OK or watch or out.on_terminal):
        out.say(WATCHING)
        await asyncio.Event().wait()  # until Ctrl-C
    _mention_tunnel(engine, ended, out)
    return code


def _mention_tunnel(engine: "Engine", ended: RunEnded, out: Output) -> None:
    """A tunnel ends with this process: say how to open it again."""
    route = engine.status(ended.key).route
    if route is not None and route.ports:
        out.say("The tunnel closes now; draft connect opens it again.")
