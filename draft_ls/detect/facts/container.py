"""Facts about folders of which only the Dockerfile says how they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject


def analyze(subject: Subject) -> Facts:
    """Nothing beyond what the Dockerfile says, which counts for every app."""
    language = "docker" if subject.sources.first("Dockerfile", "Containerfile") else None
    return Facts(language=language)
