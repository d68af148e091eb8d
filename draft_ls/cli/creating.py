"""What ``draft create`` does: ask about files that are there, then write the plan, or show it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from draft_ls.cli.asking import Asker
from draft_ls.cli.exits import Exit
from draft_ls.engine.create import difference, replaceable, with_replaced
from draft_ls.engine.model import Question
from draft_ls.engine.writing import write
from draft_ls.scaffold.model import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from draft_ls.cli.output import Output
    from draft_ls.engine.create import Creation, Tie
    from draft_ls.scaffold.model import FileEdit


def carry_out(out: Output, plan: Creation, *, dry_run: bool, replace: bool, ask: bool) -> Exit:
    """Do what the plan says.

    Args:
        out: where to tell of it.
        plan: what ``plan_create`` made.
        dry_run: show it and write nothing.
        replace: replace files that are there already, without asking.
        ask: ask about each of them.
    """
    out.say(f"--> {plan.title} app detected" if plan.detected else f"--> Pack {plan.scaffold.pack} used")
    kept = replaceable(plan)
    wanted = [edit.path for edit in kept] if replace else []
    if ask and not replace and not dry_run:
        wanted = asyncio.run(_ask(out, plan, kept))
    return _finish(out, with_replaced(plan, wanted), dry_run=dry_run)


def chooser(out: Output) -> Callable[[Tie], str | None]:
    """Puts a tie between packs to the person; nobody answers where nobody is at the terminal."""
    asker = Asker(out)

    def choose(tie: Tie) -> str | None:
        return asyncio.run(asker(Question(tie.question, tie.packs)))

    return choose


async def _ask(out: Output, plan: Creation, kept: Iterable[FileEdit]) -> list[str]:
    """The kept files that the person wants replaced, each shown as a difference first."""
    if not out.interactive:
        return []
    asker = Asker(out)
    wanted: list[str] = []
    for edit in kept:
        for line in difference(plan, edit):
            out.note(line)
        if await asker.confirm(f"Replace {edit.path}?"):
            wanted.append(edit.path)
    return wanted


def _finish(out: Output, plan: Creation, *, dry_run: bool) -> Exit:
    """Write the plan, or show it."""
    edits = plan.scaffold.edits
    written = () if dry_run else write(plan.folder, edits)
    for problem in plan.problems:
        out.problem(problem)
    out.document(_document(plan, dry_run=dry_run, written=len(written)))
    odd = {edit.path for edit in replaceable(plan)}
    for edit in edits:
        if dry_run or edit.action is Action.REPLACE or edit.path in odd:
            out.say(f"    {_WORDS[edit.action]} {edit.path}: {edit.reason}")
        if dry_run:
            _show(out, plan, edit)
    out.say("--> Nothing was written (dry run)" if dry_run else "--> Ready to sail")
    return Exit.OK


_WORDS = {Action.CREATE: "create ", Action.KEEP: "keep   ", Action.REPLACE: "replace"}


def _show(out: Output, plan: Creation, edit: FileEdit) -> None:
    """What a dry run shows of a file: its text if it is new, else the difference."""
    lines = edit.text.splitlines() if edit.action is Action.CREATE else difference(plan, edit)
    for line in lines:
        out.say(f"      | {line}")


def _document(plan: Creation, *, dry_run: bool, written: int) -> dict[str, object]:
    scaffold = plan.scaffold
    return {
        "app": plan.folder,
        "name": scaffold.name,
        "pack": scaffold.pack,
        "detected": plan.detected,
        "dryRun": dry_run,
        "written": written,
        "files": [
            {"path": edit.path, "action": edit.action, "reason": edit.reason, "text": edit.text}
            for edit in scaffold.edits
        ],
        "problems": plan.problems,
    }
