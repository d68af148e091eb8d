"""What a session reads from disk before it decides: draft.toml, the chart, and whether saved files parse."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.analysis.syntax import LIMIT, syntax_problem
from draft_ls.config.build_context import context_folder, context_problem, levels_of, outside
from draft_ls.config.model import CONFIG_FILE
from draft_ls.config.read import parse
from draft_ls.engine.target import ReleaseInputs
from draft_ls.errors import DraftError, Place, Problem, Severity, Stage
from draft_ls.files import DiskTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from draft_ls.build.model import BuildContext
    from draft_ls.config.model import AppConfig, Environment
    from draft_ls.engine.events import Key

DEFAULT_DELAY = 2.0


def read_config(app: Path) -> AppConfig:
    """The app's draft.toml. Raises ``DraftError`` if there is none or it cannot be read."""
    path = app / CONFIG_FILE
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except FileNotFoundError:
        raise DraftError(
            Problem(
                "config-missing",
                f"{app} has no {CONFIG_FILE}.",
                place=Place(path),
                fix="Run “Draft: Create” (or `draft create`) in this folder first.",
            )
        ) from None
    except OSError as error:
        raise DraftError(
            Problem(
                "config-unreadable",
                f"{path} cannot be read.",
                place=Place(path),
                cause=error.strerror or str(error),
                fix="Let your user read it.",
            )
        ) from error
    return parse(text, path)


def read_environment(key: Key) -> tuple[AppConfig, Environment]:
    """draft.toml and the environment of a session.

    Raises:
        DraftError: there is no draft.toml, it has errors, or it has no such environment.
    """
    config = read_config(key.app)
    errors = tuple(problem for problem in config.problems if problem.severity is Severity.ERROR)
    environment = config.environments.get(key.environment)
    if environment is not None:
        return config, environment
    if errors:
        raise DraftError(*errors)
    names = ", ".join(config.environments)
    raise DraftError(
        Problem(
            "environment-unknown",
            f"{CONFIG_FILE} has no environment {key.environment}.",
            place=Place(config.path),
            cause=f"It has {names}." if names else "It has none.",
            fix=f"Choose one of {names}, or add [environments.{key.environment}]."
            if names
            else f"Add [environments.{key.environment}].",
        )
    )


def context_root(config: AppConfig, environment: Environment) -> Path:
    """The folder of an environment's build context. Looks at the disk only if that is not the app's own.

    Raises:
        DraftError: it may not be sent to a builder: it lies outside of the app's repository, or holds the person's
            home folder.
    """
    app = config.path.parent
    if not levels_of(environment.build_context):
        return app
    folder = context_folder(app, environment)
    problem = context_problem(DiskTree(app), config, environment)
    if problem is None and Path.home().is_relative_to(folder):
        problem = outside(config.place(environment.key, "build_context"), folder)
    if problem is not None:
        raise DraftError(problem)
    return folder


def wants_watch(key: Key) -> bool:
    """Whether draft.toml says that saves redeploy; yes if it cannot be read, so that its repair is seen."""
    try:
        return read_environment(key)[1].watch
    except DraftError:
        return True


def watch_delay(key: Key) -> float:
    """Seconds of quiet for changes from disk."""
    try:
        return read_environment(key)[1].watch_delay
    except DraftError:
        return DEFAULT_DELAY


def read_dockerfile(context: BuildContext) -> str:
    """The Dockerfile's text; empty if it went away since the context was read."""
    try:
        return (context.root / context.dockerfile).read_text("utf-8-sig", errors="replace")
    except OSError:
        return ""


def read_release(app: Path, environment: Environment) -> ReleaseInputs:
    """All that Helm is given except the image: chart, values files, settings.

    Raises:
        DraftError: the chart or a values file is not there.
    """
    settings = (
        environment.name, environment.namespace, environment.contexts, environment.registry, environment.set,
        environment.override_ports,
    )  # fmt: skip
    if environment.chart_tar:
        paths = [app / environment.chart_tar]
    else:
        chart = app / environment.chart
        if not (chart / "Chart.yaml").is_file():
            raise DraftError(_no_chart(chart))
        paths = sorted(path for path in chart.rglob("*") if path.is_file())
    paths += [app / name for name in environment.values]
    files = tuple((path.relative_to(app).as_posix(), _digest_of(path)) for path in paths)
    return ReleaseInputs(repr(settings), files)


def _digest_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DraftError(
            Problem(
                "release-file-unreadable",
                f"{path} cannot be read.",
                Stage.RELEASE,
                Place(path),
                cause=error.strerror or str(error),
                fix=f"Write the file, or take it out of {CONFIG_FILE}.",
            )
        ) from error


def _no_chart(chart: Path) -> Problem:
    return Problem(
        "chart-missing",
        f"There is no Helm chart at {chart}.",
        Stage.RELEASE,
        Place(chart / "Chart.yaml"),
        fix="Run “Draft: Create”, or set `chart` in draft.toml to the folder that holds Chart.yaml.",
    )


def held_by_syntax(root: Path, changed: Iterable[str]) -> tuple[Problem, ...]:
    """The syntax errors of changed files, given relative to the build context's folder."""
    found: list[Problem] = []
    for name in changed:
        path = root / name
        try:
            if path.stat().st_size > LIMIT:
                continue
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue
        problem = syntax_problem(path, text)
        if problem is not None:
            found.append(problem)
    return tuple(found)


def held_by_editor(
    app: Path, context: BuildContext, problems: Mapping[Path, tuple[str, ...]]
) -> tuple[Problem, ...]:
    """What the editor itself says is broken in files of the app, and in others that go into its image."""
    return tuple(
        Problem(
            "editor-error",
            f"{path.name} has errors in the editor.",
            place=Place(path),
            cause=reasons[0],
            fix="The deploy is held; it goes on when they are gone.",
        )
        for path, reasons in problems.items()
        if path.is_relative_to(app) or _member(context, path)
    )


def _member(context: BuildContext, path: Path) -> bool:
    return path.is_relative_to(context.root) and path.relative_to(context.root).as_posix() in context.files
