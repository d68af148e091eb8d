"""``draft init``: the builder in the cluster."""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from draft_ls.cli import running
from draft_ls.cli.encoding import encode
from draft_ls.cli.exits import Exit
from draft_ls.cli.options import Form, OutputForm, Yes
from draft_ls.cli.output import Output
from draft_ls.cli.verbs.look import say_check

if TYPE_CHECKING:
    from draft_ls.engine.engine import Engine
    from draft_ls.engine.model import Check


class EngineName(Enum):
    """What can build in the cluster."""

    BUILDAH = "buildah"
    BUILDKIT = "buildkit"


PRIVILEGED = (
    "The builder will run as root with every right on its node: who may use it can take over the node, and what "
    "it builds can too."
)


def init(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is there and what is missing.", show_default=False)
    ] = False,
    upgrade: Annotated[
        bool,
        typer.Option("--upgrade", help="Upgrade the builder that is there; fail if there is none.", show_default=False),
    ] = False,
    remove: Annotated[
        bool,
        typer.Option(
            "--remove", help="Remove the builder and its registry, with their volumes and all images in them.",
            show_default=False,
        ),
    ] = False,
    registry: Annotated[
        bool | None,
        typer.Option(
            "--registry/--no-registry", help="With a registry in the cluster, for clusters that have none.",
            show_default="as it is",
        ),
    ] = None,
    privileged: Annotated[
        bool | None,
        typer.Option(
            "--privileged/--rootless",
            help="Run it as root with every right on its node, where the nodes allow no other way.",
            show_default="as it is, rootless at first",
        ),
    ] = None,
    engine: Annotated[
        EngineName | None,
        typer.Option("--engine", help="What builds the images.", show_default="as it is, Buildah at first"),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="IMAGE", help="Another image for the builder; it needs that engine."),
    ] = None,
    values: Annotated[
        list[Path] | None,
        typer.Option("--values", metavar="FILE", help="Values for the builder's chart; repeatable.", exists=True),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A value for the builder's chart; repeatable."),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", metavar="NAME", help="The builder's namespace.", show_default="draft-builder"),
    ] = None,
    context: Annotated[
        str | None, typer.Option("--context", metavar="NAME", help="The kube context.", show_default="the current")
    ] = None,
    yes: Yes = False,
    output: OutputForm = Form.TEXT,
) -> None:  # fmt: skip
    """Install a builder in the cluster, so that this machine needs no Docker."""
    from draft_ls.engine.builder_setup import BuilderOptions

    if check + upgrade + remove > 1:
        raise typer.BadParameter("--check, --upgrade and --remove exclude each other")
    out = Output(as_json=output is Form.JSON)
    options = BuilderOptions(
        engine.value if engine else None,
        image,
        registry,
        privileged,
        tuple(values or ()),
        tuple(set_ or ()),
    )

    def tell(stream: str, text: str) -> None:
        del stream
        out.say(f"    {text}")

    async def work(engine: "Engine") -> Exit:
        setup = engine.builder((context,) if context else (), namespace)
        if check:
            return _told(out, await setup.check())
        if remove:
            await setup.remove(tell)
            out.document({"removed": True})
            out.say("--> The builder is removed; its namespace stays")
            return Exit.OK
        if privileged:
            out.note(PRIVILEGED)
        addresses = await setup.install(options, tell, upgrade=upgrade)
        out.document({"installed": True, "registry": addresses[0] if addresses else None})
        out.say("--> The builder is ready")
        if addresses:
            out.say(f'--> There is a registry: registry = "{addresses[0]}" in draft.toml')
        return Exit.OK

    running.run_with_engine(out, work, yes=yes)


def _told(out: Output, checks: "tuple[Check, ...]") -> Exit:
    out.document({"checks": encode(checks)})
    for each in checks:
        say_check(out, each)
    return Exit.OK if all(each.ok for each in checks) else Exit.FAILED
