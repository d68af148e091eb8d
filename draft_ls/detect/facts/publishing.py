"""What platforms that publish front ends are told of one: ``netlify.toml``, ``vercel.json``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.documents import lookup
from draft_ls.detect.members import inner
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.detect.sources import Sources

_CONTINUOUS = re.compile(r"^CI=(?:\w*|''|\"\")\s+")
"""Tells a build that no person watches, or that one does: an image's build need not be told."""


def published_folder(sources: Sources) -> Fact[str] | None:
    """The folder of plain files that ``netlify.toml`` or ``vercel.json`` publishes."""
    places: list[tuple[str, tuple[str, ...]]] = [("vercel.json", ("outputDirectory",))]
    if _is_about(sources, sources):
        places.insert(0, ("netlify.toml", ("build", "publish")))
    for path, keys in places:
        value = _said(sources, path, *keys)
        folder = value.removeprefix("./").strip("/")
        if folder and not folder.startswith(".."):
            return Fact(folder, (sources.quote(path, value, f"publishes {folder}"),))
    return None


def published_builds(sources: Sources) -> Iterator[Fact[str]]:
    """The commands that build the app before it is published, as written.

    A ``netlify.toml`` above the app counts if its ``base`` is the app's folder.
    """
    for folder in (sources, *sources.above_folders):
        if _is_about(folder, sources):
            yield from _command(folder, "netlify.toml", "build", "command")
    yield from _command(sources, "vercel.json", "buildCommand")


def published_install(sources: Sources) -> Fact[str] | None:
    """The command by which ``vercel.json`` installs packages, as written."""
    return next(_command(sources, "vercel.json", "installCommand"), None)


def _is_about(folder: Sources, app: Sources) -> bool:
    """Whether a folder's ``netlify.toml`` speaks of the app: its ``base`` is the app's folder."""
    base = _said(folder, "netlify.toml", "build", "base").strip("/")
    return inner(folder.path, base) == app.path


def _command(sources: Sources, path: str, *keys: str) -> Iterator[Fact[str]]:
    value = _said(sources, path, *keys)
    if value:
        yield Fact(_CONTINUOUS.sub("", value), (sources.quote(path, value),))


def _said(sources: Sources, path: str, *keys: str) -> str:
    if not sources.has(path):
        return ""
    value = lookup(sources.toml(path) if path.endswith(".toml") else sources.json(path), *keys)
    return value.strip() if isinstance(value, str) else ""
