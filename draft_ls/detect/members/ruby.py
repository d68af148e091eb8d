"""Ruby apps whose Gemfile names gems beside their own folder: ``gem "billing", path: "../billing"``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.members import Member, below, beside, common, files_of, inner

if TYPE_CHECKING:
    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree

_PATH = re.compile(r"""^[^#\n]*\bpath(?::|\s*=>|\s+(?=["']))\s*["']([^"'\n]+)["']""", re.MULTILINE)


def member(tree: Tree, found: Detection) -> Member | None:
    """What a Ruby app needs of the folders beside its own."""
    gemfile = str(found.details.get("manifest") or "Gemfile")

    def named(folder: str) -> list[str | None]:
        text = files_of(tree, folder).text(gemfile) if folder == found.path else ""
        return [inner(folder, match[1]) for match in _PATH.finditer(text)]

    needed = beside(found.path, named)
    if not needed:
        return None
    root = common(needed)
    return Member(root, tuple(below(root, each) for each in needed))
