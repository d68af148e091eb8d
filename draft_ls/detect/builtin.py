"""The packs that come with the program: where they lie, and their detection rules."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import draft_ls
from draft_ls.detect.rules import PackRules, parse_rules
from draft_ls.files import DiskTree, Kind

PACK_FILE = "pack.toml"


@cache
def builtin_packs_folder() -> Path:
    """The folder of the built-in packs: beside the code in a wheel, beside the package in a checkout."""
    package = Path(draft_ls.__file__).resolve().parent
    shipped = package / "_packs"
    return shipped if shipped.is_dir() else package.parent / "packs"


@cache
def builtin_rules() -> tuple[PackRules, ...]:
    """The detection rules of the built-in packs, by name; read once."""
    tree = DiskTree(builtin_packs_folder())
    texts = (
        tree.read(f"{entry.name}/{PACK_FILE}")
        for entry in tree.children()
        if entry.kind is Kind.FOLDER and not entry.name.startswith(("_", "."))
    )
    return tuple(parse_rules(tomllib.loads(text)) for text in texts if text)
