""".NET projects that refer to projects beside them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.members import Member, below, common, files_of, folders_above, inner, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree

_REFERENCE = re.compile(r"<ProjectReference\s+[^>]*?Include\s*=\s*[\"']([^\"']+)[\"']")
_SHARED = (
    "Directory.Build.props",
    "Directory.Build.targets",
    "Directory.Packages.props",
    "nuget.config",
    "NuGet.config",
    "NuGet.Config",
    "global.json",
    ".editorconfig",
)
_LOCK = "packages.lock.json"
_SOLUTION = re.compile(r".+\.slnx?")


def member(tree: Tree, found: Detection) -> Member | None:
    """What a project needs beside it: the projects that it refers to, and the files that say things for all of them."""
    project = found.details.get("project")
    if not isinstance(project, str):
        return None
    projects = tuple(_needed(tree, joined(found.path, project)))
    folders = tuple(dict.fromkeys(each.rpartition("/")[0] for each in projects))
    root = _root(tree, common([*folders, found.path]) if folders else found.path, found.path)
    shared = tuple(each for each in _SHARED if files_of(tree, root).has(each))
    if not folders and (not shared or root == found.path):
        return None
    if root == found.path or root in folders:
        return None
    app = below(root, found.path)
    own = f"{app}/{project}"
    locks = tuple(f"{each}/{_LOCK}" for each in (*folders, found.path) if tree.kind(f"{each}/{_LOCK}"))
    return Member(
        root,
        (*(below(root, each) for each in folders if not f"{each}/".startswith(f"{found.path}/")), app),
        (*(below(root, each) for each in (*projects, *locks)), own),
        shared,
        details={"project": own, "central": (), "lockfile": len(locks) == len(folders) + 1},
    )


def _root(tree: Tree, nearest: str, app: str) -> str:
    """The folder of the solution, or of what holds for all projects; else the nearest that holds what is needed."""
    for folder in (*((nearest,) if nearest != app else ()), *folders_above(nearest)):
        sources = files_of(tree, folder)
        if any(_SOLUTION.fullmatch(each) for each in sources.files) or any(
            sources.has(each) for each in _SHARED[:3]
        ):
            return folder
    return nearest


def _needed(tree: Tree, project: str) -> Iterator[str]:
    """The projects that a project refers to, and those that they refer to, relative to the tree's root."""
    seen, pending = {project}, [project]
    while pending:
        folder, _, name = pending.pop().rpartition("/")
        for match in _REFERENCE.finditer(files_of(tree, folder).text(name)):
            path = inner(folder, match[1].replace("\\", "/"))
            if path and path not in seen and tree.kind(path):
                seen.add(path)
                pending.append(path)
                yield path
