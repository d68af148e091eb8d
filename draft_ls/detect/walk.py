"""One walk over a tree: which folders hold which files, leaving out what is not the person's own work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from draft_ls.detect.ignore import IgnoreRules
from draft_ls.files import Kind

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


@dataclass(slots=True)
class Folder:
    """A folder that was walked: the files in it that count, and all names in it."""

    files: list[str] = field(default_factory=list[str])
    folders: list[str] = field(default_factory=list[str])
    names: list[str] = field(default_factory=list[str])


def walk(tree: Tree) -> dict[str, Folder]:
    """Every folder that counts, by path, parents first, each level by name; see ``GENERATED``."""
    folders: dict[str, Folder] = {}
    pending: list[tuple[str, int, IgnoreRules]] = [("", 0, IgnoreRules())]
    while pending and len(folders) < FOLDER_LIMIT:
        path, depth, rules = pending.pop()
        folder = Folder()
        entries = tree.children(path)
        if path and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        if any(entry.name == ".gitignore" for entry in entries):
            prefix = f"{path}/" if path else ""
            rules = rules.below(path, tree.read(f"{prefix}.gitignore") or "")
        below: list[tuple[str, int, IgnoreRules]] = []
        for entry in entries:
            full = f"{path}/{entry.name}" if path else entry.name
            folder.names.append(entry.name)
            if entry.kind is Kind.FILE:
                folder.files.append(entry.name)
            elif depth < DEPTH_LIMIT and _enters(entry.name) and not rules.ignores(full, folder=True):
                folder.folders.append(entry.name)
                below.append((full, depth + 1, rules))
        folders[path] = folder
        pending.extend(reversed(below))
    return folders


def _enters(name: str) -> bool:
    if name.startswith("."):
        return name in {".devcontainer", ".mvn", ".cargo", ".config", ".streamlit"}
    return name not in GENERATED


def secondary(path: str) -> bool:
    """Whether a folder lies in tests, docs or examples."""
    return any(part.lower() in SECONDARY for part in path.split("/"))
