"""Modules of Go workspaces, modules that replace others by folders beside them, and programs within a module."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.members import Member, below, common, files_of, folders_above, inner, joined
from draft_ls.detect.model import Fact
from draft_ls.detect.versions import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree

_OWN = ("go.mod", "go.sum")
_MODULE = re.compile(r"^module\s+(\S+)", re.MULTILINE)
_REPLACED = re.compile(r"=>\s*(\.{1,2}/\S*|\.{1,2}(?=\s|$))")
_USED = re.compile(r"^\s*(?:use\s+)?(\.{1,2}(?:/\S*)?)\s*(?://.*)?$", re.MULTILINE)
_VERSION = re.compile(r"^go\s+(\d+\.\d+)", re.MULTILINE)


def member(tree: Tree, found: Detection) -> Member | None:
    """What a module needs of its workspace, or a program of its module."""
    if not files_of(tree, found.path).has("go.mod"):
        return _program(tree, found)
    for root in folders_above(found.path):
        used = _used(tree, root)
        app = below(root, found.path)
        if app in used:
            return _of_workspace(tree, root, app, used)
    needed = tuple(_replaced(tree, found.path))
    outside = [each for each in needed if not each.startswith(f"{found.path}/")]
    if not outside or "" in outside:
        return None
    root = common([*outside, found.path])
    folders = (*(below(root, each) for each in outside), below(root, found.path))
    return Member(root, folders, tuple(_manifests(tree, root, folders)), details={"vendored": False})


def _of_workspace(tree: Tree, root: str, app: str, used: tuple[str, ...]) -> Member | None:
    """Go reads the go.mod of every module of the workspace; of those that are not needed that is enough."""
    modules = {_name(tree, joined(root, folder)): folder for folder in used}
    needed, pending = [app], [app]
    while pending:
        text = _text(tree, joined(root, pending.pop()))
        for module, folder in modules.items():
            if folder not in needed and re.search(
                rf"^\s*(?:require\s+)?{re.escape(module)}\s+v", text, re.MULTILINE
            ):
                needed.append(folder)
                pending.append(folder)
    if "" in needed:
        return Member(root, (), details={"vendored": False})
    sources = files_of(tree, root)
    return Member(
        root,
        (*reversed(needed[1:]), app),
        tuple(_manifests(tree, root, used)),
        tuple(
            each for each in ("go.work", "go.work.sum", *(_OWN if "" in used else ())) if sources.has(each)
        ),
        details={"vendored": False},
        version=_version(tree, root, "go.work"),
    )


def _program(tree: Tree, found: Detection) -> Member | None:
    """A folder with a main package, of a module above it: which of the module's packages it needs, Go alone knows."""
    root = next((each for each in folders_above(found.path) if files_of(tree, each).has("go.mod")), None)
    if root is None:
        return None
    sources = files_of(tree, root)
    return Member(
        root,
        (),
        root_manifests=tuple(each for each in _OWN if sources.has(each)),
        details={
            "vendored": "vendor" in tree.listing(root).folders,
            "module": True,
            "sum": sources.has("go.sum"),
        },
        version=_version(tree, root, "go.mod"),
    )


def _used(tree: Tree, root: str) -> tuple[str, ...]:
    """The modules that a go.work uses, relative to its folder."""
    text = files_of(tree, root).text("go.work")
    found = (inner("", match[1]) for match in _USED.finditer(text))
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _replaced(tree: Tree, app: str) -> Iterator[str]:
    """The folders that a module's go.mod names: only those of the module that is built count."""
    for match in _REPLACED.finditer(_text(tree, app)):
        found = inner(app, match[1])
        if found is not None:
            yield found


def _manifests(tree: Tree, root: str, folders: tuple[str, ...]) -> Iterator[str]:
    for folder in folders:
        sources = files_of(tree, joined(root, folder))
        yield from (f"{folder}/{name}" for name in _OWN if folder and sources.has(name))


def _version(tree: Tree, folder: str, name: str) -> Fact[str] | None:
    sources = files_of(tree, folder)
    match = sources.find(name, _VERSION)
    return line_of(Fact(match[1], (sources.evidence(name, match),)), 2) if match else None


def _name(tree: Tree, folder: str) -> str:
    match = _MODULE.search(_text(tree, folder))
    return match[1] if match else folder


def _text(tree: Tree, folder: str) -> str:
    return files_of(tree, folder).text("go.mod")
