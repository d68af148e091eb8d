"""Which apps a workspace folder holds: those with a draft.toml, and those that could get one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.config.model import CONFIG_FILE
from draft_ls.config.read import parse
from draft_ls.detect.detect import detect
from draft_ls.engine.model import App
from draft_ls.files import DiskTree

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def find_apps(root: Path, tree: Tree | None = None) -> tuple[App, ...]:
    """Every app below a folder, by path.

    Args:
        root: the folder.
        tree: its files, with unsaved text laid over the disk; the disk alone if none.
    """
    seen = tree or DiskTree(root)
    detections = {detection.path: detection for detection in detect(seen)}
    apps: dict[str, App] = {}
    for path in _configured(root):
        text = seen.read(f"{path}/{CONFIG_FILE}" if path else CONFIG_FILE)
        config = parse(text, root / path / CONFIG_FILE) if text is not None else None
        apps[path] = App(root / path, config, detections.get(path))
    for path, detection in detections.items():
        apps.setdefault(path, App(root / path, None, detection))
    return tuple(apps[path] for path in sorted(apps))


def app_of(path: Path, roots: tuple[Path, ...]) -> Path | None:
    """The folder of the app that a file belongs to: the nearest draft.toml at or above it, within a root."""
    folder = path if path.is_dir() else path.parent
    for candidate in (folder, *folder.parents):
        if (candidate / CONFIG_FILE).is_file():
            return candidate
        if candidate in roots:
            return None
    return None


def _configured(root: Path) -> Iterator[str]:
    """The folders with a draft.toml, relative to the root."""
    for folder, folders, files in os.walk(root):
        relative = Path(folder).relative_to(root)
        deep = len(relative.parts) >= DEPTH
        folders[:] = [] if deep else sorted(n for n in folders if not n.startswith(".") and n not in PRUNED)
        if CONFIG_FILE in files:
            yield "" if relative == Path() else relative.as_posix()
