"""Charts as they are written now, saved or not, rendered by Helm: what the next release would say to them."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.config.model import CONFIG_FILE
from draft_ls.config.read import parse
from draft_ls.errors import DraftError, Place
from draft_ls.files import Kind, inside

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from draft_ls.config.model import Environment
    from draft_ls.deploy.cluster_schemas import ClusterSchemas
    from draft_ls.errors import Problem
    from draft_ls.files import Tree

FILE_LIMIT = 500
"""A chart with more files is left to the deployment."""


@dataclass(frozen=True, slots=True)
class ChartText:
    """Everything that decides how an environment's chart renders; equal ones render alike.

    Attributes:
        app: the app's folder.
        chart: the chart's folder, relative to it.
        files: the chart's files and the values files: path → text, as pairs.
    """

    app: Path
    chart: str
    release: str
    namespace: str
    values: tuple[str, ...]
    set_values: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


def chart_texts(tree: Tree) -> tuple[ChartText, ...]:
    """What there is to render in an app, each once. Reads; runs nothing."""
    text = tree.read(CONFIG_FILE)
    if text is None:
        return ()
    environments = parse(text, tree.root / CONFIG_FILE).environments.values()
    found = (_chart_text(tree, each) for each in environments if not each.chart_tar)
    unlike = {(each.chart, each.values, each.set_values): each for each in found if each is not None}
    return tuple(unlike.values())


def _chart_text(tree: Tree, environment: Environment) -> ChartText | None:
    chart = environment.chart.strip("/")
    if not inside(chart) or tree.kind(f"{chart}/Chart.yaml") is not Kind.FILE:
        return None
    values = tuple(path for path in environment.values if inside(path))
    if any(tree.kind(path) is not Kind.FILE for path in values):
        return None  # told by the text's own analysis
    paths = [*_files(tree, chart), *values]
    if len(paths) > FILE_LIMIT:
        return None
    files = tuple((path, tree.read(path) or "") for path in paths)
    return ChartText(
        tree.root, chart, environment.name, environment.namespace, values, environment.set, files
    )


def _files(tree: Tree, chart: str) -> Iterator[str]:
    """The chart's own files; the charts that it depends on are used where they lie."""
    pending = [chart]
    while pending:
        folder = pending.pop()
        found = tree.listing(folder)
        yield from (f"{folder}/{name}" for name in found.files)
        pending += [f"{folder}/{name}" for name in found.folders if f"{folder}/{name}" != f"{chart}/charts"]


async def check_charts(
    texts: tuple[ChartText, ...], schemas: ClusterSchemas | None = None
) -> tuple[Problem, ...]:
    """Render each chart and tell what is wrong with it; nothing where Helm is not installed or too slow.

    Args:
        texts: the charts.
        schemas: those of the cluster that the app is deployed to, if they are known.
    """
    from draft_ls.deploy.helm import Helm

    try:
        helm = await Helm.find()
    except DraftError:
        return ()  # the doctor and the first deployment say so
    from draft_ls.deploy.template import Rendering, check

    found: list[Problem] = []
    for text in texts:
        with contextlib.ExitStack() as stack:
            folder = await asyncio.to_thread(stack.enter_context, _laid_out(text))
            wanted = Rendering(
                folder / text.chart,
                text.release,
                text.namespace,
                tuple(folder / path for path in text.values),
                text.set_values,
                {"image": {"repository": "draft", "tag": "check"}, "draft": True, "buildID": "check"},
            )
            with contextlib.suppress(TimeoutError):
                found += [_moved(each, folder, text.app) for each in await check(helm, wanted, schemas)]
    return tuple(dict.fromkeys(found))


@contextlib.contextmanager
def _laid_out(text: ChartText) -> Generator[Path]:
    """A folder that holds the chart as it is written now."""
    with tempfile.TemporaryDirectory(prefix="draft-chart-") as name:
        folder = Path(name).resolve()
        for path, said in text.files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(said, encoding="utf-8", newline="")
        charts = text.app / text.chart / "charts"
        if charts.is_dir():
            (folder / text.chart / "charts").symlink_to(charts)
        yield folder


def _moved(problem: Problem, folder: Path, app: Path) -> Problem:
    """The same problem, in the app's own files."""

    def own(place: Place) -> Place:
        if not place.path.is_relative_to(folder):
            return place
        return Place(app / place.path.relative_to(folder), place.span)

    return replace(
        problem,
        message=problem.message.replace(str(folder), str(app)),
        place=own(problem.place) if problem.place else None,
        related=tuple((own(place), said) for place, said in problem.related),
    )
