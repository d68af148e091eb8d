"""``draft pack …``: see, start, check, add, update and remove packs."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from draft_ls.cli import running
from draft_ls.cli.exits import Exit
from draft_ls.cli.options import HERE, Form, OutputForm
from draft_ls.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.scaffold.packs import Pack

pack = typer.Typer(help="See, start, check, add, update and remove packs.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The pack's name.")]
Repository = Annotated[str, typer.Argument(metavar="NAME", help="What the repository is called.")]


@pack.command("list")
def list_(output: OutputForm = Form.TEXT) -> None:
    """List the packs that apps in this folder can use."""
    from draft_ls.engine.packs import available_packs

    out = Output(as_json=output is Form.JSON)

    def work() -> Exit:
        found = available_packs(Path.cwd())
        packs = [found.packs[name] for name in sorted(found.packs)]
        out.document([_facts(each) for each in packs])
        width = max((len(each.name) for each in packs), default=0)
        for each in packs:
            out.say(f"{each.name:<{width}}  {each.summary}")
        for problem in found.problems:
            out.problem(problem)
        return Exit.FAILED if found.problems else Exit.OK

    running.finish(out, work)


@pack.command()
def show(name: Name, output: OutputForm = Form.TEXT) -> None:
    """Show what a pack recognises, asks and writes."""
    from draft_ls.engine.create import pack_named
    from draft_ls.engine.packs import available_packs

    out = Output(as_json=output is Form.JSON)

    def work() -> Exit:
        found = pack_named(available_packs(Path.cwd()), name)
        facts = _facts(found)
        out.document(facts)
        out.say(f"{found.title} ({found.name} {found.version}): {found.summary}")
        for line in _described(found, facts):
            out.say(line)
        return Exit.OK

    running.finish(out, work)


@pack.command()
def new(
    name: Name,
    folder: Annotated[
        Path | None,
        typer.Option("--in", metavar="FOLDER", help="The folder of packs.", show_default="your own"),
    ] = None,
    output: OutputForm = Form.TEXT,
) -> None:
    """Start a pack of your own."""
    from draft_ls.engine.pack_library import new_pack

    out = Output(as_json=output is Form.JSON)

    def work() -> Exit:
        made = new_pack(name, folder)
        out.document({"folder": made})
        out.say(f"--> Started {made}; 'draft pack check {made}' tests it")
        return Exit.OK

    running.finish(out, work)


@pack.command()
def check(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The pack's folder.", exists=True, file_okay=False, resolve_path=True
        ),
    ] = HERE,
    app: Annotated[
        Path | None,
        typer.Option(
            "--app",
            metavar="FOLDER",
            help="An app to render it for; it stays as it is.",
            show_default="an empty one",
            exists=True,
            file_okay=False,
            resolve_path=True,
        ),
    ] = None,
    build: Annotated[bool, typer.Option("--build", help="Build the image too.", show_default=False)] = False,
    output: OutputForm = Form.TEXT,
) -> None:
    """Render a pack for a sample and put what comes out to hadolint, Helm and Kubernetes' schemas."""
    from draft_ls.engine.pack_check import check_pack

    out = Output(as_json=output is Form.JSON)

    async def checks() -> Any:
        from draft_ls.deploy.helm import Helm
        from draft_ls.errors import DraftError

        try:
            helm = (await Helm.find()).path
        except DraftError:  # the checks that need it say so, the others are made
            helm = None
        return await check_pack(folder, helm, app=app, build=build)

    def work() -> Exit:
        found = asyncio.run(checks())
        out.document(found)
        for each in found:
            out.say(
                f"{'ok  ' if each.ok else 'FAIL'}  {each.name}: {each.seen}", style="" if each.ok else "red"
            )
            if each.fix:
                out.say(f"      fix: {each.fix}")
        return Exit.OK if all(each.ok for each in found) else Exit.FAILED

    running.finish(out, work)


@pack.command()
def add(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="An address that git understands, or a folder.")
    ],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What to call it.")] = None,
    output: OutputForm = Form.TEXT,
) -> None:
    """Add the packs of a git repository or a folder."""
    from draft_ls.engine.pack_library import add_packs

    out = Output(as_json=output is Form.JSON)

    def work() -> Exit:
        added = asyncio.run(add_packs(source, name))
        out.document(added)
        out.say(f"--> Added {added.name}: {', '.join(added.packs)}")
        return Exit.OK

    running.finish(out, work)


@pack.command()
def update(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which repository.", show_default="all")
    ] = None,
    output: OutputForm = Form.TEXT,
) -> None:
    """Fetch added repositories of packs again."""
    from draft_ls.engine.pack_library import update_packs

    out = Output(as_json=output is Form.JSON)

    def work() -> Exit:
        updated = asyncio.run(update_packs(name))
        out.document(updated)
        for each in updated:
            out.say(f"--> Updated {each.name}: {', '.join(each.packs)}")
        if not updated:
            out.say("--> No repository of packs was added")
        return Exit.OK

    running.finish(out, work)


@pack.command()
def remove(name: Repository, output: OutputForm = Form.TEXT) -> None:
    """Forget an added repository of packs."""
    from draft_ls.engine.pack_library import remove_packs

    out = Output(as_json=output is Form.JSON)

    def work() -> Exit:
        remove_packs(name)
        out.document({"removed": name})
        out.say(f"--> Removed {name}")
        return Exit.OK

    running.finish(out, work)


def _described(found: "Pack", facts: dict[str, Any]) -> "Iterator[str]":
    yield f"  lies in     {facts['folder']}"
    yield f"  recognises  {', '.join(facts['recognises']) or 'nothing by itself; name it with --pack'}"
    yield f"  frameworks  {', '.join(facts['frameworks']) or 'none'}"
    chart = sum(path.startswith("chart/") for path in facts["files"])
    files = [path for path in facts["files"] if not path.startswith("chart/")]
    yield f"  writes      {', '.join([*files, f'chart/ ({chart} files)'] if chart else files)}"
    yield "  variables, for draft create --set NAME=VALUE:"
    for each in found.variables:
        value = json.dumps(found.defaults[each.name], ensure_ascii=False)
        choices = f"; one of {', '.join(each.choices)}" if each.choices else ""
        asked = "; asked" if each.prompt else ""
        yield f"    {each.name} = {value}  {each.summary}{choices}{asked}"


def _facts(found: "Pack") -> dict[str, Any]:
    return {
        "name": found.name,
        "title": found.title,
        "summary": found.summary,
        "version": found.version,
        "language": found.rules.language,
        "recognises": list(
            dict.fromkeys(
                name
                for rule in found.rules.rules
                for name in (*rule.condition.files, *rule.condition.dependencies)
            )
        ),
        "frameworks": [each.name for each in found.rules.frameworks],
        "folder": found.place.path.parent if found.place else None,
        "files": sorted(path.removesuffix(".j2") for path in found.files),
        "variables": [
            {
                "name": each.name,
                "type": each.type,
                "default": found.defaults[each.name],
                "summary": each.summary,
                "prompt": each.prompt,
            }
            for each in found.variables
        ],
    }
