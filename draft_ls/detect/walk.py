"""One walk over a tree: which folders hold which files, leaving out what is not the person's own work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.detect.ignore import IgnoreRules

if TYPE_CHECKING:
    from draft_ls.files import Tree

FOLDER_LIMIT = 20_000
"""How many folders one walk enters."""

DEPTH_LIMIT = 12
"""How deep below the root a walk goes."""

GENERATED = frozenset(
    {
        "node_modules", "bower_components", "jspm_packages", "vendor", "third_party", "venv", "virtualenv",
        "site-packages", "__pycache__", "target", "dist", "out", "obj", "build", "_build", "deps", "coverage",
        "htmlcov", "tmp", "temp", "log", "logs", "Pods", "DerivedData", "zig-out", "zig-cache", "dist-newstyle",
        "elm-stuff", "ebin", "cmake-build-debug", "cmake-build-release", "storybook-static", "_site",
    }
)  # fmt: skip
"""Folders of generated and vendored files."""

SECONDARY = frozenset(
    {
        "test", "tests", "__tests__", "spec", "specs", "e2e", "testdata", "fixtures", "__fixtures__", "__mocks__",
        "mocks", "doc", "docs", "documentation", "example", "examples", "sample", "samples", "demo", "demos",
        "benchmark", "benchmarks", "tutorial", "tutorials", "chart", "charts", "helm", "node_modules", "cypress",
        "playwright", "integration-tests", "e2e-tests",
    }
)  # fmt: skip
"""Folders whose apps do not count unless they are all there is: tests, docs, examples."""


HIDDEN = frozenset({".devcontainer", ".mvn", ".cargo", ".config", ".streamlit", ".yarn"})
"""Hidden folders that may say something about an app."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that was walked: the files in it that count, the folders that were entered, and all names."""

    files: list[str]
    folders: list[str]
    names: frozenset[str]


def walk(tree: Tree) -> dict[str, Folder]:
    """Every folder that counts, by path, parents first; see ``GENERATED``. ``.gitignore`` files are respected."""
    folders: dict[str, Folder] = {}
    pending: list[tuple[str, int, IgnoreRules]] = [("", 0, IgnoreRules())]
    while pending and len(folders) < FOLDER_LIMIT:
        path, depth, rules = pending.pop()
        found = tree.listing(path)
        if path and "pyvenv.cfg" in found.files:
            continue
        prefix = f"{path}/" if path else ""
        if ".gitignore" in found.files:
            rules = rules.below(path, tree.read(f"{prefix}.gitignore") or "")
        entered = [name for name in found.folders if depth < DEPTH_LIMIT and _enters(name)]
        files = found.files
        if rules:
            entered = [name for name in entered if not rules.ignores(prefix, name, folder=True)]
            files = [name for name in files if not rules.ignores(prefix, name)]
        folders[path] = Folder(files, entered, frozenset(files).union(found.folders))
        pending.extend((prefix + name, depth + 1, rules) for name in reversed(entered))
    return folders


def _enters(name: str) -> bool:
    if name[0] == ".":
        return name in HIDDEN
    return name not in GENERATED


def settings(path: str) -> bool:
    """Whether a folder holds a part of the settings of an app above: ``config/_default``."""
    return path.rpartition("/")[0].rpartition("/")[2] == "config"


MEMBERS = frozenset({"apps", "services"})
"""Folders of apps: what lies in one of them is meant to be deployed, whatever it is called."""


def secondary(path: str) -> bool:
    """Whether a folder lies in tests, docs or examples."""
    parts = path.lower().split("/")
    return any(
        part in SECONDARY and above not in MEMBERS for above, part in zip(["", *parts], parts, strict=False)
    )
