"""Scripts that package managers run when they install: which of them an image can run, and when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.detect.documents import table

if TYPE_CHECKING:
    from draft_ls.detect.sources import Sources

HOOKS = ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")
"""What npm runs beside installing, in order."""

_PRISMA = re.compile(r"(?:npx )?prisma generate(?:\s[^&|;]*)?")
_CHECKOUT = re.compile(
    r"\b(?:husky|lefthook|simple-git-hooks|yorkie|pre-commit|git config|only-allow|is-ci|playwright install|ngcc)\b"
)
"""What concerns a person's checkout, and no image."""

_COMPILES = re.compile(
    r"\b(?:tsc|webpack|rollup|babel|esbuild|tsup|dts build|gulp|grunt|vite build|(?:run|yarn|pnpm) build)\b"
)


@dataclass(frozen=True, slots=True)
class Hooks:
    """The install scripts of an app, by what an image can do with them.

    Attributes:
        held: scripts that installing must not run: they need the sources, tools of development, or a checkout.
        later: those of them that are run once the sources are there.
        builds: the one that builds the app, where no script of that name does; empty if none.
        develops: whether installing itself needs development packages.
    """

    held: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    builds: str = ""
    develops: bool = False


def hooks(sources: Sources) -> Hooks:
    """What the install scripts of ``package.json`` mean for an image."""
    package = sources.json("package.json")
    scripts = {name: str(line) for name, line in table(package.get("scripts")).items()}
    held: list[str] = []
    later: list[str] = []
    builds, develops = "", False
    for name in (each for each in HOOKS if each in scripts):
        line = scripts[name]
        if _PRISMA.fullmatch(line) and sources.first("prisma/schema.prisma", "schema.prisma"):
            develops = "prisma" in table(package.get("devDependencies"))
            continue
        held.append(name)
        if _CHECKOUT.search(line) or name.startswith("pre"):
            continue
        if not _COMPILES.search(line):
            later.append(name)
        elif "build" not in scripts:
            builds = builds or name
    return Hooks(tuple(held), tuple(later), builds, develops)
