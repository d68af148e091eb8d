"""Folders and files that a compiled app reads when it runs: its image needs them beside the program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from draft_ls.detect.sources import Sources

NAMES = (
    "assets",
    "conf",
    "config",
    "configs",
    "configuration",
    "etc",
    "html",
    "i18n",
    "locales",
    "migrations",
    "public",
    "resources",
    "static",
    "templates",
    "ui",
    "views",
    "web",
    "www",
)
"""Names of folders that hold what an app serves or reads."""

FILE_LIMIT = 100
"""How many source files are looked into."""

SETTINGS = r"[\w-]+\.(?:ya?ml|toml|json|ini|conf|html|tmpl)"
"""Names of files that an app reads; ``.env`` is none, for it holds secrets."""

_BUILT_IN = r"//go:embed|include_str!|include_bytes!|include_dir!|RustEmbed|#\[folder"


def read_folders(sources: Sources, pattern: str) -> tuple[str, ...]:
    """Those of the app's own folders that a string of its source files names, if the build does not take them in.

    Args:
        sources: the app's files.
        pattern: the glob of its source files.
    """
    present = {path.partition("/")[0] for path in sources.files if "/" in path}
    wanted = [name for name in NAMES if name in present]
    if not wanted:
        return ()
    paths = sources.matching(pattern)[:FILE_LIMIT]
    lines = "|".join(wanted)
    named = {match[1] for _, match in sources.search(paths, rf"[\"'`](?:\./)?({lines})(?:/|[\"'`])")}
    taken_in = rf"(?:{_BUILT_IN})[^\n]*?\b({lines})\b"
    return tuple(sorted(named - {match[1] for _, match in sources.search(paths, taken_in)}))


def read_files(sources: Sources, pattern: str) -> tuple[str, ...]:
    """The settings and pages directly in the app's folder that a string of its source files names.

    Args:
        sources: the app's files.
        pattern: the glob of its source files.
    """
    present = {path for path in sources.files if re.fullmatch(SETTINGS, path)}
    if not present:
        return ()
    paths = sources.matching(pattern)[:FILE_LIMIT]
    named = {match[1] for _, match in sources.search(paths, rf"[\"'`](?:\./)?({SETTINGS})[\"'`]")}
    taken_in = {match[1] for _, match in sources.search(paths, rf"(?:{_BUILT_IN})[^\n]*?\b({SETTINGS})")}
    return tuple(sorted(present & (named - taken_in)))


def needs_dotenv(sources: Sources, pattern: str) -> bool:
    """Whether the app gives up where there is no ``.env``, as tutorials have it: an empty one will do.

    Args:
        sources: the app's files.
        pattern: the glob of its source files.
    """
    gives_up = (
        r"godotenv\.Load\(\s*(?:\"\.env\"\s*)?\)[^}]{0,80}?(?:Fatal|panic)|dotenv\(\)\s*\.(?:expect|unwrap)\("
    )
    return next(sources.search(sources.matching(pattern)[:FILE_LIMIT], gives_up), None) is not None
