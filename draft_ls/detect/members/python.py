"""Members of uv workspaces, and projects that name folders beside their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from draft_ls.detect.documents import lookup, strings, table
from draft_ls.detect.facts.python_tools import python_version
from draft_ls.detect.members import Member, below, files_of, folders_above, inner, joined
from draft_ls.detect.members.globs import member_folders
from draft_ls.detect.members.python_paths import path_member, sources_folder
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree


def member(tree: Tree, found: Detection) -> Member | None:
    """What a project needs of its workspace: the manifests of all members, the sources of those it depends on."""
    return _of_uv(tree, found) or path_member(tree, found)


def _of_uv(tree: Tree, found: Detection) -> Member | None:
    for root in folders_above(found.path):
        workspace = table(lookup(_manifest(tree, root), "tool", "uv", "workspace"))
        if not workspace:
            continue
        excluded = tuple(f"!{each}" for each in strings(workspace.get("exclude")))
        patterns = (*strings(workspace.get("members")), *excluded)
        folders = member_folders(tree, root, patterns, "pyproject.toml")
        if below(root, found.path) in folders:
            return _of_workspace(tree, found, root, folders)
    return None


def _of_workspace(tree: Tree, found: Detection, root: str, folders: tuple[str, ...]) -> Member | None:
    app = below(root, found.path)
    names = {_name(tree, joined(root, folder)): folder for folder in (*folders, "")}
    shared = table(lookup(_manifest(tree, root), "tool", "uv", "sources"))
    needed = _needed(tree, root, app, names, shared)
    if needed is None:
        return None
    sources = files_of(tree, root)
    package = _name(tree, found.path)
    locked = sources.has("uv.lock")
    return Member(
        root,
        needed,
        tuple(f"{each}/pyproject.toml" for each in folders),
        tuple(each for each in ("pyproject.toml", "uv.lock", ".python-version") if sources.has(each)),
        details={
            "lockfile": "uv.lock" if locked else "",
            "member_name": package,
            "python_path": tuple(sources_folder(tree, root, each) for each in reversed(needed)),
        },
        package_manager=Fact("uv", (sources.evidence("uv.lock" if locked else "pyproject.toml"),)),
        version=python_version(sources),
    )


def _needed(
    tree: Tree, root: str, app: str, names: Mapping[str, str], shared: Mapping[str, Any]
) -> tuple[str, ...] | None:
    """The folders of what a project depends on, relative to the root; none if one is the root, or leaves the tree."""
    needed, pending = [app], [app]
    while pending:
        folder = pending.pop()
        own = table(lookup(_manifest(tree, joined(root, folder)), "tool", "uv", "sources"))
        sources = {_normal(name): each for name, each in {**shared, **own}.items()}
        for name in _dependencies(_manifest(tree, joined(root, folder))):
            source = table(sources.get(name))
            path = source.get("path")
            if source.get("workspace") is True:
                place = names.get(name)
            elif isinstance(path, str):
                place = inner(folder, path)
            else:
                continue
            if not place:
                return None
            if place not in needed:
                needed.append(place)
                pending.append(place)
    return (*reversed(needed[1:]), app)


def _dependencies(document: dict[str, Any]) -> Iterator[str]:
    project = table(document.get("project"))
    lists = [project.get("dependencies"), *table(project.get("optional-dependencies")).values()]
    for each in (line for listed in lists for line in strings(listed)):
        yield _normal(_before(each))


def _before(requirement: str) -> str:
    """The name that a requirement begins with."""
    for at, character in enumerate(requirement):
        if not (character.isalnum() or character in "._-"):
            return requirement[:at]
    return requirement


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _name(tree: Tree, folder: str) -> str:
    return _normal(str(table(_manifest(tree, folder).get("project")).get("name", folder.rpartition("/")[2])))


def _manifest(tree: Tree, folder: str) -> dict[str, Any]:
    return files_of(tree, folder).toml("pyproject.toml")
