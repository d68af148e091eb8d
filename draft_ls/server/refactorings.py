"""Refactorings: a value out of a template, one more environment, what a chart does not have yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import CodeAction, CodeActionKind

from draft_ls.config.model import CONFIG_FILE
from draft_ls.server.repairs import edit_of
from draft_ls.server.sessions import app_at, read_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lsprotocol.types import Range

    from draft_ls.errors import Repair
    from draft_ls.server.server import DraftLanguageServer

EXTRACT = "refactor.extract"
REWRITE = "refactor.rewrite"


def refactorings(ls: DraftLanguageServer, path: Path, wanted: Range) -> Iterator[CodeAction]:
    """What can be made of the place where the person is."""
    line = ls.lines(path).text_position(wanted.start).line
    if path.name == CONFIG_FILE:
        from draft_ls.analysis.refactorings import environment_copies

        yield from _actions(ls, REWRITE, environment_copies(ls.text(path) or "", path, line))
        return
    app = app_at(ls, path)
    chart = _chart_of(ls, app, path) if app else None
    if app is None or chart is None:
        return
    from draft_ls.analysis.refactorings import extractions, ingress, probes

    tree, name = ls.tree(app), path.relative_to(app).as_posix()
    yield from _actions(ls, EXTRACT, extractions(tree, chart, name, line))
    yield from _actions(ls, REWRITE, (*probes(tree, chart, name), *ingress(tree, chart, name)))


def _chart_of(ls: DraftLanguageServer, app: Path, path: Path) -> str | None:
    """The chart that a file is a template of."""
    charts = {each.chart.strip("/") for each in read_config(ls, app).environments.values()}
    if path.suffix not in (".yaml", ".yml"):
        return None
    return next((each for each in charts if path.is_relative_to(app / each / "templates")), None)


def _actions(ls: DraftLanguageServer, kind: str, made: Iterable[Repair]) -> Iterator[CodeAction]:
    for each in made:
        edit = edit_of(ls, each.edits)
        if edit is not None:
            yield CodeAction(each.title, kind=CodeActionKind(kind), edit=edit)
