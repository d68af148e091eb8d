"""The folders around an app whose files go into its image: what is to be watched beside its own folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from draft_ls.dockerfile.ignore import IgnoreRules, Matched


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A build context above an app, without the app's own folder.

    Attributes:
        root: the context's folder.
        app: the app's folder in it, relative.
        rules: what is left out of the context; ``patterns`` are theirs, by which two are told apart.
        others: files that count although the rules may leave them out: the Dockerfile, the ignore file.
        flat: folders of which only the files themselves count, relative.
        deep: folders that count with all below them, relative.
    """

    root: Path
    app: str
    rules: IgnoreRules = field(compare=False)
    patterns: tuple[object, ...]
    others: frozenset[str]
    flat: tuple[str, ...]
    deep: tuple[str, ...]

    def name(self, path: Path) -> str | None:
        """What a file around the app is called, relative to the root; none for one that does not count."""
        if not path.is_relative_to(self.root):
            return None
        name = path.relative_to(self.root).as_posix()
        if name == "." or name.startswith(f"{self.app}/"):
            return None
        return name if name in self.others or not self.rules.ignores(name) else None


def surroundings(root: Path, app: Path, rules: IgnoreRules, others: frozenset[str]) -> Surroundings:
    """What lies around an app in its build context. Lists the folders on the way to those that count.

    Args:
        root: the context's folder.
        app: the app's folder, below it.
        rules: what is left out of the context.
        others: see ``Surroundings``.
    """
    inner = app.relative_to(root).as_posix()
    flat, deep = [""], list[str]()
    pending: list[tuple[str, Matched]] = [("", rules.nothing)]
    while pending:
        folder, above = pending.pop()
        for path in _folders(root, folder):
            ignored, matched = rules.judge(path, above)
            if path == inner:
                continue
            if inner.startswith(f"{path}/") or (ignored and rules.may_hold_exceptions(path)):
                flat.append(path)
                pending.append((path, matched))
            elif not ignored:
                deep.append(path)
    return Surroundings(root, inner, rules, rules.patterns, others, tuple(sorted(flat)), tuple(sorted(deep)))


def _folders(root: Path, folder: str) -> Iterator[str]:
    try:
        with os.scandir(root / folder) as found:
            names = [
                each.name for each in found if each.is_dir(follow_symlinks=False) and each.name != ".git"
            ]
    except OSError:
        return
    for name in names:
        yield f"{folder}/{name}" if folder else name
