"""Where packs come from: the workspace, the person's own folder, added repositories, the built-in ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.detect.builtin import builtin_packs_folder
from draft_ls.files import DiskTree
from draft_ls.scaffold.packs import Packs, load_packs

if TYPE_CHECKING:
    from collections.abc import Iterable

WORKSPACE_PACKS = ".draft/packs"
"""Where a workspace keeps packs of its own."""


def user_packs_folder() -> Path:
    """The folder of the person's own packs; it need not exist."""
    import platformdirs

    return Path(platformdirs.user_config_dir("draft")) / "packs"


def added_packs_folder() -> Path:
    """The folder of the repositories that were added, one folder each; it need not exist."""
    import platformdirs

    return Path(platformdirs.user_data_dir("draft")) / "pack-repositories"


def search_path(workspace: Path | None = None, *, trusted: bool = True) -> tuple[Path, ...]:
    """The folders of packs that exist, the first to be searched first.

    Args:
        workspace: the workspace whose own packs count.
        trusted: whether packs that are not built in may be used.
    """
    folders: list[Path] = []
    if trusted:
        folders += [workspace / WORKSPACE_PACKS] if workspace else []
        folders.append(user_packs_folder())
        folders += sorted(_children(added_packs_folder()))
    folders.append(builtin_packs_folder())
    return tuple(folder for each in folders if (folder := packs_in(each)).is_dir())


def available_packs(workspace: Path | None = None, *, trusted: bool = True) -> Packs:
    """Every pack that an app in ``workspace`` can use, by name; see ``search_path``."""
    return load_packs([DiskTree(folder) for folder in search_path(workspace, trusted=trusted)])


def packs_in(folder: Path) -> Path:
    """A repository may keep its packs in ``packs/``."""
    return folder / "packs" if (folder / "packs").is_dir() else folder


def _children(folder: Path) -> Iterable[Path]:
    return (each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else ()
