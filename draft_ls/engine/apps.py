"""Which apps a workspace folder holds: those with a draft.toml, and those that could get one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from draft_ls.config.model import CONFIG_FILE
from draft_ls.config.read import parse
from draft_ls.detect.detect import survey
from draft_ls.detect.memory import Memory
from draft_ls.engine.model import App
from draft_ls.engine.packs import available_packs, search_path
from draft_ls.engine.remembered import RememberedTree
from draft_ls.files import OverlayTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from draft_ls.detect.rules import PackRules
    from draft_ls.files import Tree

DEPTH = 6
"""How many folders deep a draft.toml is looked for."""

PRUNED = frozenset(
    {
        "node_modules",
        "vendor",
        "target",
        "build",
        "dist",
        "venv",
        "__pycache__",
        "site-packages",
        "bower_components",
    }
)
"""Folders that hold other people's code or outputs; hidden folders are passed over too."""


class AppFinder:
    """Finds the apps of workspace folders, again and again: a change costs what changed, not what is there.

    May be used from several threads at once.
    """

    def __init__(self) -> None:
        self._trees: dict[Path, RememberedTree] = {}
        self._memories: dict[Path, Memory] = {}
        self._rules: dict[Path, tuple[object, tuple[PackRules, ...]]] = {}
        self._lock = threading.Lock()

    def find(
        self, root: Path, texts: Mapping[str, str] | None = None, *, trusted: bool = True
    ) -> tuple[App, ...]:
        """Every app below a folder, by path: those with a draft.toml, and those that could get one.

        Args:
            root: the folder.
            texts: unsaved text, by path relative to the folder.
            trusted: whether packs that are not built in may be used.
        """
        with self._lock:
            seen = self._tree(root, texts)
            rules = self._known_rules(root, trusted)
            found = survey(seen, rules=rules, memory=self._memories[root])
            detections = {each.path: each for each in found.apps}
            apps: dict[str, App] = {}
            for path in _configured(seen):
                text = seen.read(f"{path}/{CONFIG_FILE}" if path else CONFIG_FILE)
                config = parse(text, root / path / CONFIG_FILE) if text is not None else None
                apps[path] = App(root / path, config, detections.get(path))
            for path, detection in detections.items():
                apps.setdefault(path, App(root / path, None, detection))
        return tuple(apps[path] for path in sorted(apps))

    def configured(self, root: Path) -> tuple[Path, ...]:
        """The folders below a folder that have a draft.toml on disk."""
        with self._lock:
            return tuple(root / path for path in _configured(self._tree(root, None)))

    def _tree(self, root: Path, texts: Mapping[str, str] | None) -> Tree:
        disk = self._trees.setdefault(root, RememberedTree(root))
        return OverlayTree(disk, texts) if texts else disk

    def _known_rules(self, root: Path, trusted: bool) -> tuple[PackRules, ...]:
        """The packs' rules, read again when a pack changes; then nothing of what was found by others holds."""
        files = [path for folder in search_path(root, trusted=trusted) for path in folder.glob("*/pack.toml")]
        stamp = tuple(sorted((str(path), path.stat().st_mtime_ns) for path in files))
        known = self._rules.get(root)
        if known is None or known[0] != stamp:
            known = self._rules[root] = (stamp, available_packs(root, trusted=trusted).rules)
            self._memories[root] = Memory()
        return known[1]


def find_apps(root: Path, *, trusted: bool = True) -> tuple[App, ...]:
    """Every app below a folder, by path; see ``AppFinder.find``."""
    return AppFinder().find(root, trusted=trusted)


def app_of(path: Path, roots: tuple[Path, ...]) -> Path | None:
    """The folder of the app that a file belongs to: the nearest draft.toml at or above it, within a root."""
    folder = path if path.is_dir() else path.parent
    for candidate in (folder, *folder.parents):
        if (candidate / CONFIG_FILE).is_file():
            return candidate
        if candidate in roots:
            return None
    return None


def _configured(tree: Tree) -> Iterator[str]:
    """The folders of a tree with a draft.toml."""
    pending = [("", 0)]
    while pending:
        path, depth = pending.pop()
        found = tree.listing(path)
        if CONFIG_FILE in found.files:
            yield path
        if depth < DEPTH:
            names = (name for name in found.folders if not name.startswith(".") and name not in PRUNED)
            pending.extend((f"{path}/{name}" if path else name, depth + 1) for name in names)
