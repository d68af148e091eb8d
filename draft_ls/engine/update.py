"""Merging a newer pack into an app: what ``draft update`` plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.detect import survey
from draft_ls.detect.model import Detection
from draft_ls.engine.create import Creation, pack_named, workspace_of
from draft_ls.engine.packs import available_packs
from draft_ls.files import DiskTree, OverlayTree
from draft_ls.scaffold.members import placed
from draft_ls.scaffold.update import origin_of, plan_update

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from draft_ls.files import Tree
    from draft_ls.scaffold.packs import Pack


def plan(folder: Path, *, tree: Tree | None = None, trusted: bool = True) -> Creation:
    """Plan the merge of an app's pack, as it is now, into the app's files. Reads the disk; writes nothing.

    Args:
        folder: the app's folder, absolute.
        tree: its files with unsaved text laid over them; the disk alone if none.
        trusted: whether packs that are not built in may be used.

    Raises:
        DraftError: the app has no record of its origin, its pack is gone, or the pack is broken.
    """
    seen = tree or DiskTree(folder)
    origin = origin_of(seen)
    packs = available_packs(workspace_of(folder), trusted=trusted)
    pack = pack_named(packs, origin.pack)
    top, detection = placed(seen, _detection(seen, pack, origin.files), pack)
    planned = plan_update(top, detection, pack, origin)
    return Creation(folder, pack.title, True, planned, (*packs.problems, *planned.problems))


def _detection(tree: Tree, pack: Pack, written: Mapping[str, str]) -> Detection:
    """What the app is by its sources: what a Dockerfile says that the pack itself wrote is no evidence."""
    sources = OverlayTree(tree, {"Dockerfile": ""}) if "Dockerfile" in written else tree
    found = survey(sources, rules=(pack.rules,))
    here = next((each for each in (*found.apps, *found.rejected) if not each.path), None)
    return here or Detection("", pack.name, pack.rules.language, 0.0)
