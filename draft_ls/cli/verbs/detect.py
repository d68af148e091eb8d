"""``draft detect``: which apps a folder holds, and what says so."""

from typing import Annotated

import typer

from draft_ls.cli import running
from draft_ls.cli.exits import Exit
from draft_ls.cli.options import HERE, Folder, Form, OutputForm
from draft_ls.cli.output import Output

Explain = Annotated[
    bool, typer.Option("--explain", help="Show what says so, and what else it could be.", show_default=False)
]


def detect(path: Folder = HERE, output: OutputForm = Form.TEXT, explained: Explain = False) -> None:
    """Show which apps a folder holds, best first."""
    from draft_ls.detect.commands import shell_line
    from draft_ls.detect.describe import described
    from draft_ls.detect.detect import explain, survey
    from draft_ls.engine.packs import available_packs
    from draft_ls.files import DiskTree

    out = Output(as_json=output is Form.JSON)
    folder = path if path.is_dir() else path.parent

    def work() -> Exit:
        packs = available_packs(folder)
        found = survey(DiskTree(folder), rules=packs.rules)
        out.document(described(found.apps))
        for problem in packs.problems:
            out.problem(problem)
        for each in found.apps:
            name = packs.packs[each.pack].title
            framework = f" ({each.framework.value})" if each.framework else ""
            out.say(f"--> {name} app detected in {each.path or '.'}{framework}")
            if explained:
                out.say(explain(each))
                continue
            if each.start:
                out.say(f"    starts with {shell_line(each.start.value)}")
            if each.port:
                out.say(f"    listens on {each.port.value}")
        if not found.apps:
            out.say(f"--> {found.reason}")
        return Exit.OK

    running.finish(out, work)
