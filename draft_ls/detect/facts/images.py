"""Runtime versions that the app's own images name: the one it is deployed in, and the one it is developed in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.model import Evidence, Fact

if TYPE_CHECKING:
    from draft_ls.detect.sources import Sources

DOCKERFILES = ("Dockerfile", "Containerfile", "docker/Dockerfile")
DEVCONTAINERS = (".devcontainer/devcontainer.json", ".devcontainer.json")


def deployed_version(sources: Sources, *images: str) -> Fact[str] | None:
    """The version in the tag of one of these images (``python``), if the app's Dockerfile starts from it."""
    path = sources.first(*DOCKERFILES)
    if path is None:
        return None
    from draft_ls.dockerfile.parse import parse

    named = re.compile(rf"(?:\S+/)?(?:{'|'.join(images)}):v?(\d+(?:\.\d+)*)(?![\w.])\S*")
    for stage in parse(sources.text(path)).stages:
        match = named.fullmatch(stage.base)
        if match:
            first = stage.instructions[0]
            return Fact(
                match[1], (Evidence(sources.evidence(path).path, f"FROM {first.text}"[:80], first.span),)
            )
    return None


def developed_version(sources: Sources, *names: str) -> Fact[str] | None:
    """The version that a development container asks for, by its image or by a feature."""
    options = "|".join(names)
    image = rf"devcontainers/(?:{options}):(?:\d+-)?(\d+(?:\.\d+)?)(?![\d.])"
    feature = rf"features/(?:{options}):[\w.]+\"\s*:\s*\{{[^}}]*\"version\"\s*:\s*\"(\d+(?:\.\d+)?)"
    for path in DEVCONTAINERS:
        match = sources.find(path, image) or sources.find(path, feature)
        if match:
            return Fact(match[1], (sources.evidence(path, match),))
    return None
