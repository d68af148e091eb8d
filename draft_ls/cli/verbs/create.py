"""``draft create``: write what makes a folder an app."""

from typing import Annotated

import typer

from draft_ls.cli import running
from draft_ls.cli.exits import Exit
from draft_ls.cli.options import HERE, Folder, Form, OutputForm, Yes
from draft_ls.cli.output import Output


def create(
    path: Folder = HERE,
    app: Annotated[
        str | None,
        typer.Option("--app", "-a", metavar="NAME", help="The app's name.", show_default="the folder's"),
    ] = None,
    pack: Annotated[
        str | None,
        typer.Option("--pack", "-p", metavar="NAME", help="The pack.", show_default="the detected one"),
    ] = None,
    namespace: Annotated[str, typer.Option(help="The Kubernetes namespace.")] = "default",
    registry: Annotated[
        str | None,
        typer.Option(help="Where images are pushed.", show_default="straight into a local cluster"),
    ] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A variable of the pack, e.g. port=8000; repeatable."
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be written, and write nothing.", show_default=False),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace files that are there already.", show_default=False)
    ] = False,
    yes: Yes = False,
    output: OutputForm = Form.TEXT,
) -> None:
    """Detect the app and write its Dockerfile, chart and draft.toml. Files that are there are kept."""
    from draft_ls.cli.creating import carry_out, chooser
    from draft_ls.config.names import dns_label, is_release_name
    from draft_ls.engine.create import plan_create

    out = Output(as_json=output is Form.JSON)
    values = dict(_pair(each) for each in answers or ())
    if app is not None and not is_release_name(app):
        raise typer.BadParameter(f"{app!r} cannot name a release; {dns_label(app)!r} can", param_hint="--app")

    def work() -> Exit:
        folder = path if path.is_dir() else path.parent
        plan = plan_create(
            folder,
            pack=pack,
            name=app,
            namespace=namespace,
            registry=registry,
            answers=values,
            choose=None if yes else chooser(out),
        )
        return carry_out(out, plan, dry_run=dry_run, replace=replace, ask=not yes)

    running.finish(out, work)


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--set")
    return key, value
