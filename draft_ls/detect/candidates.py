"""Which folders are worth a look, decided from the names in them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.sources import glob

if TYPE_CHECKING:
    from collections.abc import Iterable

    from draft_ls.detect.rules import PackRules
    from draft_ls.detect.walk import Folder


class _Names:
    """A set of names and globs; globs of the form ``*.ext`` are looked up by extension."""

    def __init__(self, patterns: Iterable[str]) -> None:
        first = {pattern.partition("/")[0] for pattern in patterns}
        self._names = frozenset(name for name in first if not any(sign in name for sign in "*?["))
        globs = first - self._names
        self._endings = frozenset(
            name[1:] for name in globs if name.startswith("*.") and name.count("*") == 1
        )
        self._globs = [glob(name) for name in globs if name[1:] not in self._endings and name != "**"]

    def meets(self, folder: Folder) -> bool:
        """Whether a folder holds one of them."""
        names = folder.names
        if not self._names.isdisjoint(names):
            return True
        return any(
            name[name.rfind(".") :] in self._endings or any(each.fullmatch(name) for each in self._globs)
            for name in names
        )


class Triggers:
    """The names that make a folder worth a look.

    Args:
        packs: the packs' detection rules.
    """

    def __init__(self, packs: Iterable[PackRules]) -> None:
        rules = [rule for pack in packs for rule in pack.rules]
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
