"""Modules of Maven builds with a parent, and sub-projects of Gradle builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.members import gradle, maven

if TYPE_CHECKING:
    from draft_ls.detect.members import Member
    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree


def member(tree: Tree, found: Detection) -> Member | None:
    """What an app needs of the build that it is a part of."""
    if found.details.get("tool") == "gradle":
        return gradle.member(tree, found)
    return maven.member(tree, found)
