"""Dart and Swift apps whose manifest names packages beside their own folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.members import Member, below, beside, common, files_of, inner, joined

if TYPE_CHECKING:
    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree

_PATHS = {
    "pubspec.yaml": re.compile(r"^\s+path:\s*[\"']?(\.\.?/[^\s\"']+)", re.MULTILINE),
    "Package.swift": re.compile(r"\.package\([^()]*\bpath:\s*\"([^\"]+)\""),
}
"""Manifest → where it names folders; the lock file that goes with it is of the same ecosystem."""

_LOCKS = {"pubspec.yaml": "pubspec.lock", "Package.swift": "Package.resolved"}


def member(tree: Tree, found: Detection) -> Member | None:
    """What a Dart or a Swift app needs of the folders beside its own."""
    manifest = files_of(tree, found.path).first(*_PATHS)
    if manifest is None:
        return None
    pattern = _PATHS[manifest]

    def named(folder: str) -> list[str | None]:
        text = files_of(tree, folder).text(manifest)
        return [inner(folder, match[1]) for match in pattern.finditer(text)]

    needed = beside(found.path, named)
    if not needed:
        return None
    root = common(needed)
    folders = tuple(below(root, each) for each in needed)
    app = folders[-1]
    manifests = [f"{each}/{manifest}" for each in folders]
    if files_of(tree, joined(root, app)).has(_LOCKS[manifest]):
        manifests.append(f"{app}/{_LOCKS[manifest]}")
    return Member(root, folders, tuple(manifests))
