"""What is wrong with a draft.toml that reads well: paths to nowhere, environments in each other's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.config.build_context import context_problem
from draft_ls.errors import Place, Problem, Severity
from draft_ls.files import Kind, inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.config.model import AppConfig, Environment
    from draft_ls.files import Tree


def config_problems(tree: Tree, config: AppConfig) -> tuple[Problem, ...]:
    """The problems of an app's environments, in the file's order.

    Args:
        tree: the app's folder.
        config: its draft.toml.
    """
    environments = config.environments.values()
    found = [problem for each in environments for problem in _paths(tree, config, each)]
    outside = [problem for each in environments if (problem := context_problem(tree, config, each))]
    return (*found, *outside, *_collisions(config))


def _paths(tree: Tree, config: AppConfig, environment: Environment) -> Iterator[Problem]:
    wanted: list[tuple[str, str | None, Kind]] = [
        ("build_tar", environment.build_tar, Kind.FILE),
        ("chart_tar", environment.chart_tar, Kind.FILE),
        *(("values", path, Kind.FILE) for path in environment.values),
    ]
    if not environment.build_tar:
        wanted.append(("dockerfile", environment.dockerfile, Kind.FILE))
    if not environment.chart_tar:
        wanted.append(("chart", environment.chart, Kind.FOLDER))
    for key, path, kind in wanted:
        if path and inside(path) and tree.kind(path) is not kind:
            yield _missing(config.place(environment.key, key), key, path, kind)


def _missing(place: Place, key: str, path: str, kind: Kind) -> Problem:
    fix = (
        "Run Draft: Create to add it."
        if key in {"dockerfile", "chart"}
        else "Correct the path, or add the file."
    )
    return Problem(
        f"missing-{key.replace('_', '-')}",
        f"There is no {kind.value} {path!r} beside draft.toml.",
        place=place,
        fix=fix,
    )


def _collisions(config: AppConfig) -> Iterator[Problem]:
    """Two environments that are the same release replace each other with every deployment."""
    seen: dict[tuple[str, str, tuple[str, ...]], Environment] = {}
    for environment in config.environments.values():
        release = (environment.name, environment.namespace, environment.contexts)
        other = seen.setdefault(release, environment)
        if other is not environment:
            yield Problem(
                "same-release",
                f"The environments {other.key!r} and {environment.key!r} are the same release: "
                f"{environment.name!r} in the namespace {environment.namespace!r}.",
                place=config.place(environment.key, "name"),
                fix="Give one of them another name or namespace.",
                severity=Severity.WARNING,
                related=(
                    (config.place(other.key, "name"), f"The environment {other.key!r} is this release too."),
                ),
            )
