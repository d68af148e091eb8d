"""The folders that a workspace's patterns name: ``apps/*``, ``packages/**``, ``!packages/old``. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.sources import glob
from draft_ls.detect.walk import GENERATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from draft_ls.files import Tree

MOST = 2_000
"""How many folders are looked into for a workspace's members."""


def member_folders(tree: Tree, root: str, patterns: Iterable[str], manifest: str) -> tuple[str, ...]:
    """The folders with a manifest that the patterns select, relative to the workspace's root, sorted."""
    cleaned = [each.strip().removeprefix("./").rstrip("/") for each in patterns]
    wanted = [each for each in cleaned if each and not each.startswith("!")]
    unwanted = [
        glob(each[1:].removeprefix("./").replace("/**", "/**/*")) for each in cleaned if each[:1] == "!"
    ]
    found: dict[str, None] = {}
    for pattern in wanted:
        for folder in _expanded(tree, root, pattern.split("/")):
            path = f"{root}/{folder}" if root else folder
            if tree.kind(f"{path}/{manifest}") and not any(each.fullmatch(folder) for each in unwanted):
                found[folder] = None
            if len(found) >= MOST:
                return tuple(sorted(found))
    return tuple(sorted(found))


def _expanded(tree: Tree, root: str, parts: list[str], folder: str = "") -> Iterator[str]:
    if not parts:
        yield folder
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _expanded(tree, root, rest, folder) if rest else ()
        for below in _folders(tree, root, folder):
            if not rest:
                yield below
            yield from _expanded(tree, root, parts, below)
    elif any(sign in part for sign in "*?["):
        fits = glob(part).fullmatch
        for below in _folders(tree, root, folder):
            if fits(below.rpartition("/")[2]):
                yield from _expanded(tree, root, rest, below)
    else:
        yield from _expanded(tree, root, rest, f"{folder}/{part}" if folder else part)


def _folders(tree: Tree, root: str, folder: str) -> list[str]:
    path = f"{root}/{folder}".strip("/")
    names = (name for name in tree.listing(path).folders if name[0] != "." and name not in GENERATED)
    return [f"{folder}/{name}" if folder else name for name in names]
