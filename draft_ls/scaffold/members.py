"""Where an app is built from: its own folder, or the root of the workspace that it needs. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.config.build_context import reach
from draft_ls.config.model import CONFIG_FILE
from draft_ls.config.read import parse
from draft_ls.detect.detect import detect_folder
from draft_ls.detect.members import as_member, member_of
from draft_ls.detect.walk import walk

if TYPE_CHECKING:
    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree
    from draft_ls.scaffold.packs import Pack


def placed(tree: Tree, found: Detection, pack: Pack) -> tuple[Tree, Detection]:
    """The tree that an app is built from, and the app in it.

    For a member that needs its workspace that is the widest tree that its build context may reach up to, and the
    detection says what a template needs to build it from the workspace's root. For any other it is what is given, and
    for one whose draft.toml has another build context.

    Args:
        tree: the app's folder.
        found: the app, at the tree's root.
        pack: the pack that is used; one whose Dockerfile does not name ``member`` builds apps from their own folder.
    """
    levels = reach(tree) if any("member" in text for text in _dockerfiles(pack)) else 0
    if not levels:
        return tree, found
    top = tree.above(levels)
    path = tree.root.relative_to(top.root).as_posix()
    member = member_of(top, replace(found, path=path), pack.rules.analyzer)
    if member is None:
        return tree, found
    folders = walk(top)
    seen = detect_folder(top, path, folders, (pack.rules,)) if path in folders else None
    placed = as_member(seen or replace(found, path=path), member)
    return (top, placed) if _agrees(tree, placed) else (tree, found)


def _agrees(tree: Tree, placed: Detection) -> bool:
    """Whether draft.toml, if there is one, has the build context that the Dockerfile would be written for."""
    text = tree.read(CONFIG_FILE)
    environments = parse(text, tree.root / CONFIG_FILE).environments.values() if text is not None else ()
    return not environments or placed.details["build_context"] in {
        each.build_context for each in environments
    }


def _dockerfiles(pack: Pack) -> tuple[str, ...]:
    return tuple(text for path, text in pack.files.items() if path == "Dockerfile.j2")
