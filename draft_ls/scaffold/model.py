"""The file edits that make a folder an app."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from draft_ls.detect.model import Detection
    from draft_ls.errors import Problem


class Action(StrEnum):
    """What an edit does to its file."""

    CREATE = "create"
    KEEP = "keep"
    """The file is there already and stays as it is."""
    REPLACE = "replace"
    """The file is there already; ``text`` would replace it. Only done when the person says so."""


@dataclass(frozen=True, slots=True)
class SyncRules:
    """What a pack knows about apps of its kind while files are synced into them. Patterns as in ``.gitignore``.

    Attributes:
        restart: patterns of files after which the process is restarted; none means after every file.
        reloads: start commands that take up new files by themselves, by their first words: ``mine dev``.
        rebuild: patterns of files that are never synced, but built.
    """

    restart: tuple[str, ...] | None = None
    reloads: tuple[str, ...] = ()
    rebuild: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file of a scaffold.

    Attributes:
        path: relative to the app's folder, POSIX.
        action: what is to happen.
        text: the whole new text of the file (for ``KEEP``: what the pack would have written).
        reason: one line for the person: why this file, or why it is kept.
        executable: whether the file gets the executable bits.
    """

    path: str
    action: Action
    text: str
    reason: str
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Scaffold:
    """All edits for one app, in the order in which a person reads them.

    Attributes:
        app: the app's folder, relative to the tree's root.
        name: the app's name, a DNS label.
        pack: the pack's name.
        detection: what the edits were made from.
        edits: one for each file.
        problems: warnings to show with the preview.
    """

    app: str
    name: str
    pack: str
    detection: Detection
    edits: tuple[FileEdit, ...]
    problems: tuple[Problem, ...] = ()
