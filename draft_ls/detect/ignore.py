"""``.gitignore`` files, as far as a walk needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class IgnoreRules:
    """The ``.gitignore`` files of a folder and those above it; immutable.

    Args:
        layers: (the file's folder, its patterns), outermost first.
    """

    def __init__(self, layers: tuple[tuple[str, GitIgnoreSpec], ...] = ()) -> None:
        self._layers = layers

    def below(self, folder: str, text: str) -> IgnoreRules:
        """These rules, and those of a ``.gitignore`` that lies in ``folder``."""
        from pathspec import GitIgnoreSpec

        if not text.strip():
            return self
        return IgnoreRules((*self._layers, (folder, GitIgnoreSpec.from_lines(text.splitlines()))))

    def ignores(self, path: str, *, folder: bool = False) -> bool:
        """Whether a path (relative to the walk's root) is ignored; the innermost file that says so decides."""
        for base, spec in reversed(self._layers):
            relative = path[len(base) + 1 :] if base else path
            verdict = spec.check_file(f"{relative}/" if folder else relative).include
            if verdict is not None:
                return verdict
        return False
