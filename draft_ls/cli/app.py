"""The ``draft`` command: every verb, and how it ends."""

from __future__ import annotations

import gc

import typer

from draft_ls.cli.verbs import look, session
from draft_ls.cli.verbs.create import create
from draft_ls.cli.verbs.detect import detect
from draft_ls.cli.verbs.init import init
from draft_ls.cli.verbs.pack import pack
from draft_ls.cli.verbs.up import up
from draft_ls.cli.verbs.update import update

HELP = """Draft: from code to a live URL in Kubernetes, and again on every save.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""


def make_app() -> typer.Typer:
    """The command with all its verbs."""
    app = typer.Typer(
        name="draft",
        help=HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for verb in (init, create, up, update):
        app.command()(verb)
    app.command("open")(session.open_)
    for verb in (session.stop, session.connect, session.logs, session.delete, session.rollback):
        app.command()(verb)
    for verb in (look.plan, look.status, look.history, look.doctor, detect, look.version):
        app.command()(verb)
    app.add_typer(pack, name="pack")
    return app


def run() -> None:
    """Run the command that the process was started with; ends the process."""
    try:
        make_app()(prog_name="draft")
    finally:
        # At its end the interpreter would walk over every object of the SDKs again: half a second of waiting.
        gc.freeze()
