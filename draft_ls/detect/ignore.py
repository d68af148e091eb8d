"""``.gitignore`` files, as far as a walk needs them."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

from draft_ls.detect.sources import glob

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_NOTHING = re.compile(r"(?!)")


class IgnoreRules:
    """The ``.gitignore`` files of a folder and those above it; immutable, false if there are none.

    Most names meet no pattern. One expression over the last segments of all patterns tells, because whoever walks
    has already left out what lies in an ignored folder; only a name that it fits is matched for real.

    Args:
        layers: (the file's folder with a slash, its patterns), outermost first.
        quick: what the name of anything that is ignored fits.
    """

    def __init__(
        self, layers: tuple[tuple[str, GitIgnoreSpec], ...] = (), quick: re.Pattern[str] = _NOTHING
    ) -> None:
        self._layers = layers
        self._quick = quick

    def __bool__(self) -> bool:
        return bool(self._layers)

    def below(self, folder: str, text: str) -> IgnoreRules:
        """These rules, and those of a ``.gitignore`` that lies in ``folder``."""
        from pathspec import GitIgnoreSpec

        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        last = {line.strip().removeprefix("!").rstrip("/").rpartition("/")[2] for line in lines}
        if not last:
            return self
        known = [] if self._quick is _NOTHING else [self._quick.pattern]
        expressions = sorted({_expression(segment) for segment in last}.union(known))
        base = f"{folder}/" if folder else ""
        try:
            spec = GitIgnoreSpec.from_lines(lines)
        except ValueError:
            return self
        return IgnoreRules((*self._layers, (base, spec)), re.compile("|".join(expressions)))

    def ignores(self, prefix: str, name: str, *, folder: bool = False) -> bool:
        """Whether something is ignored; the innermost file that says so decides.

        Args:
            prefix: the path of its folder, relative to the walk's root, with a slash at its end unless empty.
            name: its name.
            folder: whether it is a folder.
        """
        if not self._quick.fullmatch(name):
            return False
        path = prefix + name
        for base, spec in reversed(self._layers):
            relative = path[len(base) :]
            for pattern in reversed(list(spec.patterns)):
                matches = pattern.match_file(relative) or (folder and pattern.match_file(f"{relative}/"))
                if pattern.include is not None and matches:
                    return pattern.include
        return False


def _expression(segment: str) -> str:
    """What fits at least the names that a pattern's last segment fits."""
    if "**" in segment or "\\" in segment:
        return ".*"
    return fnmatch.translate(segment) if "[" in segment else glob(segment).pattern
