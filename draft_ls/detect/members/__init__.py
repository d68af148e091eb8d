"""Members of workspaces: apps that cannot be built from their own folder, and what they need of their workspace.

One module for each ecosystem, by the name of its analyzer. Pure.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, cast

from draft_ls.detect.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from draft_ls.detect.model import Detail, Detection, Fact
    from draft_ls.files import Tree

MEMBERS = frozenset({"beam", "dotnet", "go", "javascript", "jvm", "native", "php", "python", "ruby", "rust"})
"""The analyzers whose members are known."""


@dataclass(frozen=True, slots=True)
class Member:
    """An app that needs its workspace. Paths are relative to the workspace's root.

    Attributes:
        root: the workspace's folder, relative to the tree's root.
        folders: the folders whose files the build needs: the app's own last, what it needs before it. Empty if that
            cannot be told: then all of the workspace.
        manifests: of the folders, the files that installing packages reads.
        root_manifests: the same at the root; a folder ends in a slash.
        root_sources: what else the build reads at the root.
        details: values for the templates of the ecosystem's packs.
        package_manager, version, build: facts that the workspace changes; none for those of the app.
    """

    root: str
    folders: tuple[str, ...]
    manifests: tuple[str, ...] = ()
    root_manifests: tuple[str, ...] = ()
    root_sources: tuple[str, ...] = ()
    details: Mapping[str, Detail] | None = None
    package_manager: Fact[str] | None = None
    version: Fact[str] | None = None
    build: Fact[str] | None = None


def member_of(tree: Tree, found: Detection, analyzer: str) -> Member | None:
    """What an app needs of its workspace; none if it needs nothing, or that is not known of its ecosystem.

    Args:
        tree: the folder that a build context may reach up to.
        found: the app in it.
        analyzer: of the pack that is used.
    """
    if not found.path or analyzer not in MEMBERS:
        return None
    find = cast("Callable[[Tree, Detection], Member | None]", import_module(f"{__name__}.{analyzer}").member)
    return find(tree, found)


def as_member(found: Detection, member: Member) -> Detection:
    """The app as a member of its workspace: what the templates need to build it from there."""
    app = below(member.root, found.path)
    details = {
        **found.details,
        "build_context": "/".join([".."] * (app.count("/") + 1)),
        "member": app,
        "member_folders": member.folders,
        "member_manifests": member.manifests,
        "root_manifests": member.root_manifests,
        "root_sources": member.root_sources,
        **(member.details or {}),
    }
    return replace(
        found,
        details=details,
        package_manager=member.package_manager or found.package_manager,
        version=found.version or member.version,
        build=member.build or found.build,
    )


def below(root: str, path: str) -> str:
    """A path of the tree, relative to the workspace's root."""
    return path.removeprefix(f"{root}/") if root else path


def joined(root: str, path: str) -> str:
    """A path of the workspace, relative to the tree's root."""
    return f"{root}/{path}" if root and path else root or path


def files_of(tree: Tree, folder: str) -> Sources:
    """The files that lie directly in a folder of the tree."""
    return Sources(tree, folder, tree.listing(folder).files)


def inner(folder: str, path: str) -> str | None:
    """A path that a manifest in a folder names, relative to what the folder is relative to; none if it leaves that."""
    found = posixpath.normpath(posixpath.join(folder, path))
    return None if found.startswith(("..", "/")) else "" if found == "." else found


def beside(app: str, named: Callable[[str], Iterable[str | None]]) -> tuple[str, ...]:
    """The folders beside an app that its manifests name, and theirs: what is needed first, the app last.

    Empty if the app needs none, or one that holds it.

    Args:
        app: the app's folder, relative to the tree's root.
        named: what the manifests of a folder name, relative to the tree's root; none for what lies above that.
    """
    needed = [app]
    for folder in needed:
        for place in named(folder):
            if not place or app.startswith(f"{place}/"):
                return ()
            if place not in needed and not place.startswith(f"{app}/"):
                needed.append(place)
    return tuple(reversed(needed)) if len(needed) > 1 else ()


def common(paths: Iterable[str]) -> str:
    """The nearest folder that holds all of these."""
    return posixpath.commonpath([f"/{path}" for path in paths]).strip("/")


def folders_above(path: str) -> tuple[str, ...]:
    """The folders above a path, the nearest first; the tree's root is the last."""
    parts = path.split("/")[:-1]
    return tuple("/".join(parts[:count]) for count in range(len(parts), -1, -1))
