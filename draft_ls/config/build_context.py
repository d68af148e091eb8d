"""Where a build context may lie: at the app's folder or above it, and never outside of its repository. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.errors import Place, Problem, Stage
from draft_ls.files import upwards

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.config.model import AppConfig, Environment
    from draft_ls.files import Tree

REPOSITORY = (".git", ".hg", ".svn", ".jj")
"""What lies at the root of a repository."""

WORKSPACE: tuple[tuple[str, str], ...] = (
    ("pnpm-workspace.yaml", ""),
    ("package.json", r'"workspaces"\s*:'),
    ("lerna.json", ""),
    ("nx.json", ""),
    ("turbo.json", ""),
    ("go.work", ""),
    ("Cargo.toml", r"^\[workspace\]"),
    ("pom.xml", r"<modules>"),
    ("settings.gradle", ""),
    ("settings.gradle.kts", ""),
    ("pyproject.toml", r"^\[tool\.uv\.workspace\]"),
)
"""The manifests of workspaces, which bound a folder that is in no repository: name, and what one must hold."""

SOLUTION = re.compile(r".+\.slnx?")
"""A .NET solution, which does the same."""


def levels_of(build_context: str) -> int:
    """How many folders above draft.toml a build context lies."""
    return build_context.split("/").count("..")


def context_folder(app: Path, environment: Environment) -> Path:
    """The folder of an environment's build context."""
    return upwards(app, levels_of(environment.build_context))


def reach(tree: Tree) -> int:
    """How many folders above an app its build context may lie.

    Up to the root of the repository that it is in: the nearest. In no repository, up to the nearest workspace above
    it; without one, it is its own folder.

    Args:
        tree: the app's folder.
    """
    workspace = 0
    for levels in range(len(tree.root.parents) + 1):
        seen = tree.above(levels)
        if any(seen.kind(name) for name in REPOSITORY):
            return levels
        if not workspace and levels and _is_workspace(seen):
            workspace = levels
    return workspace


def context_problem(tree: Tree, config: AppConfig, environment: Environment) -> Problem | None:
    """The build context lies outside of what the app may send to a builder; none if it does not.

    Args:
        tree: the app's folder.
        config: its draft.toml.
        environment: one of its environments.
    """
    levels = levels_of(environment.build_context)
    if not levels or levels <= reach(tree):
        return None
    folder = upwards(tree.root, levels)
    return outside(config.place(environment.key, "build_context"), folder)


def outside(place: Place, folder: Path) -> Problem:
    """The problem of a build context that may not be sent to a builder."""
    return Problem(
        "context-outside",
        f"The build context {folder} lies outside of the app's repository.",
        Stage.BUILD,
        place,
        cause="Everything in a build context can get into an image.",
        fix="Name a folder of the repository. If this is its root, make it one (git init).",
    )


def _is_workspace(tree: Tree) -> bool:
    if any(SOLUTION.fullmatch(name) for name in tree.listing().files):
        return True
    return any(
        tree.kind(name) and (not sign or re.search(sign, tree.read(name) or "", re.MULTILINE))
        for name, sign in WORKSPACE
    )
