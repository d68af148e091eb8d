"""Which folders are worth a look, decided from the names in them alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.sources import glob

if TYPE_CHECKING:
    from collections.abc import Iterable

    from draft_ls.detect.rules import PackRules
    from draft_ls.detect.walk import Folder


class _Names:
    """A set of names and globs; globs of the form ``*.ext`` are looked up by extension."""

    def __init__(self, patterns: Iterable[str]) -> None:
        first = {pattern for pattern in patterns if "/" not in pattern}
        self._names = frozenset(name for name in first if not any(sign in name for sign in "*?["))
        globs = first - self._names
        self._endings = frozenset(
            name[1:] for name in globs if name.startswith("*.") and name.count("*") == 1
        )
        others = sorted(glob(name).pattern for name in globs if name[1:] not in self._endings)
        self._globs = re.compile("|".join(others) or r"(?!)")

    def meets(self, folder: Folder) -> bool:
        """Whether a folder holds one of them."""
        names = folder.names
        if not self._names.isdisjoint(names):
            return True
        endings = self._endings
        for name in folder.files:
            if name[name.rfind(".") :] in endings:
                return True
        return any(map(self._globs.fullmatch, folder.files))


class Triggers:
    """The names that make a folder worth a look.

    Args:
        packs: the packs' detection rules.
        floor: below the root, rules of less confidence count for nothing.
    """

    def __init__(self, packs: Iterable[PackRules], floor: float) -> None:
        rules = [rule for pack in packs for rule in pack.rules if rule.confidence >= floor]
        self._any = _Names(pattern for rule in rules for pattern in rule.condition.files)
        self._own = _Names(
            pattern for rule in rules if rule.nested for pattern in rule.condition.files if "/" not in pattern
        )

    def any(self, folder: Folder) -> bool:
        """Whether a pack might fit the folder."""
        return self._any.meets(folder)

    def own(self, folder: Folder) -> bool:
        """Whether the folder may be an app of its own inside another app."""
        return self._own.meets(folder)
