"""Everything that can be said about an app from its texts alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.analysis.draft_toml import config_problems
from draft_ls.config.model import CONFIG_FILE
from draft_ls.config.read import parse

if TYPE_CHECKING:
    from draft_ls.errors import Problem
    from draft_ls.files import Tree


def problems_of_app(tree: Tree) -> tuple[Problem, ...]:
    """What is wrong with the app at the tree's root, in every file concerned; nothing if it is no app."""
    text = tree.read(CONFIG_FILE)
    if text is None:
        return ()
    config = parse(text, tree.root / CONFIG_FILE)
    return (*config.problems, *config_problems(tree, config))
