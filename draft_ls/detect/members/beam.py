"""Apps of Mix umbrellas, and Mix projects that name folders beside their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.facts.beam import fetches
from draft_ls.detect.members import Member, below, beside, common, files_of, inner, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree

_BESIDE = re.compile(r"\{\s*:(\w+)\s*,[^{}]*?\b(?:in_umbrella:\s*(true)|path:\s*\"([^\"]+)\")")
_SHARED = re.compile(r"\b(?:lockfile|config_path|deps_path|build_path):\s*\"(\.\./[^\"]+)\"")


def member(tree: Tree, found: Detection) -> Member | None:
    """What a Mix project needs of its umbrella: its siblings, the lock file and the configuration of the root."""
    text = _text(tree, found.path)
    needed = beside(found.path, lambda folder: _named(folder, _text(tree, folder)))
    shared = [each for match in _SHARED.finditer(text) if (each := inner(found.path, match[1])) is not None]
    if not needed and not shared:
        return None
    root = common([*needed, *shared, found.path])
    folders = tuple(below(root, each) for each in needed or (found.path,))
    app = folders[-1]
    sources = files_of(tree, root)
    config = ("config/",) if tree.listing(joined(root, "config")).files and shared else ()
    locked = sources.has("mix.lock") and bool(shared)
    return Member(
        root,
        folders,
        tuple(
            f"{each}/{name}"
            for each in folders
            for name in (("mix.exs", "mix.lock") if each == app and not locked else ("mix.exs",))
            if files_of(tree, joined(root, each)).has(name)
        ),
        (*(("mix.lock",) if locked else ()), *config),
        details={
            "lockfile": locked or files_of(tree, found.path).has("mix.lock"),
            "packages": any(fetches(_text(tree, joined(root, each))) for each in folders),
        },
    )


def _named(folder: str, text: str) -> Iterator[str | None]:
    for name, umbrella, path in _BESIDE.findall(text):
        yield inner(folder, f"../{name}" if umbrella else path)


def _text(tree: Tree, folder: str) -> str:
    return files_of(tree, folder).text("mix.exs")
