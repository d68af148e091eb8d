"""The packs that come with the program: where they lie, and their detection rules."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import draft_ls
from draft_ls.detect.rules import PackRules, merged, parse_rules
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
    names = [entry.name for entry in tree.children() if entry.kind is Kind.FOLDER]
    texts = {name: tree.read(f"{name}/{PACK_FILE}") for name in names}
    documents = {name: tomllib.loads(text) for name, text in texts.items() if text}
    return tuple(
        parse_rules(_whole(name, documents)) for name in sorted(documents) if not name.startswith("_")
    )


def _whole(name: str, documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A pack's document over those of the packs that it extends."""
    own = documents[name]
    base = own.get("extends")
    return merged(_whole(base, documents), own) if isinstance(base, str) else own
