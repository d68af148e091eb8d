"""PHP apps that require packages of Composer's path repositories beside their own folder."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from draft_ls.detect.documents import items, table
from draft_ls.detect.members import Member, below, beside, common, files_of
from draft_ls.detect.members.globs import member_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree


def member(tree: Tree, found: Detection) -> Member | None:
    """What a PHP app needs of the folders beside its own: the required ones of its path repositories."""
    document = _manifest(tree, found.path)
    packages = dict(_packages(tree, found.path, document))

    def named(folder: str) -> list[str | None]:
        wanted = table(_manifest(tree, folder).get("require"))
        return [packages[name] for name in wanted if name in packages]

    needed = beside(found.path, named)
    if not needed:
        return None
    root = common(needed)
    return Member(root, tuple(below(root, each) for each in needed))


def _packages(tree: Tree, app: str, document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The packages of an app's path repositories: the name, and the folder relative to the tree's root."""
    declared = document.get("repositories")
    for each in [*items(declared), *table(declared).values()]:
        repository = table(each)
        if repository.get("type") != "path":
            continue
        pattern = posixpath.normpath(posixpath.join(app, str(repository.get("url", ""))))
        if pattern.startswith(("..", "/")):
            continue
        for folder in member_folders(tree, "", (pattern,), "composer.json"):
            yield str(_manifest(tree, folder).get("name", "")), folder


def _manifest(tree: Tree, folder: str) -> dict[str, Any]:
    return files_of(tree, folder).json("composer.json")
