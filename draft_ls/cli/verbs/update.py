"""``draft update``: merge a newer pack into what became of the files that it once wrote."""

from typing import Annotated

import typer

from draft_ls.cli import running
from draft_ls.cli.exits import Exit
from draft_ls.cli.options import HERE, Folder, Form, OutputForm
from draft_ls.cli.output import Output

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.", show_default=False)]


def update(path: Folder = HERE, dry_run: DryRun = False, output: OutputForm = Form.TEXT) -> None:
    """Merge the pack as it is now into the files that it once wrote; your changes stay."""
    from draft_ls.engine.create import difference
    from draft_ls.engine.update import plan
    from draft_ls.engine.writing import write
    from draft_ls.scaffold.model import Action
    from draft_ls.scaffold.origin import ORIGIN_FILE

    out = Output(as_json=output is Form.JSON)
    folder = path if path.is_dir() else path.parent

    def work() -> Exit:
        planned = plan(folder)
        edits = [edit for edit in planned.scaffold.edits if edit.action is not Action.KEEP]
        shown = [edit for edit in edits if edit.path != ORIGIN_FILE]
        if not dry_run:
            write(folder, edits)
        out.document(
            {"app": folder, "pack": planned.scaffold.pack, "edits": shown, "problems": planned.problems}
        )
        for edit in shown:
            out.say(f"--> {edit.path}: {edit.reason}")
            for line in difference(planned, edit) if dry_run else ():
                out.say(f"    {line}")
        for problem in planned.problems:
            out.problem(problem)
        done = "Would change" if dry_run else "Changed"
        files = "1 file" if len(shown) == 1 else f"{len(shown)} files"
        out.say(f"--> {done} {files}" if shown else "--> Up to date")
        conflict = any(problem.code == "update-conflict" for problem in planned.problems)
        return Exit.FAILED if conflict else Exit.OK

    running.finish(out, work)
