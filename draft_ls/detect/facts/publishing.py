"""Which folder of plain files a platform is told to publish: ``netlify.toml``, ``vercel.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.documents import lookup
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.sources import Sources


def published_folder(sources: Sources) -> Fact[str] | None:
    """The folder of plain files that ``netlify.toml`` or ``vercel.json`` publishes."""
    for path, keys in (("netlify.toml", ("build", "publish")), ("vercel.json", ("outputDirectory",))):
        value = lookup(sources.toml(path) if path.endswith(".toml") else sources.json(path), *keys)
        folder = value.strip().removeprefix("./").strip("/") if isinstance(value, str) else ""
        if folder and not folder.startswith(".."):
            return Fact(folder, (sources.quote(path, str(value), f"publishes {folder}"),))
    return None
