"""Values for completion from outside of draft.toml: kube contexts, namespaces, ports. Never waited for."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.analysis.draft_toml_completion import Offers
    from draft_ls.server.server import DraftLanguageServer

logger = logging.getLogger(__name__)

FRESH = 10.0
"""Seconds for which what was read counts; older values are still offered while they are read again."""


class Offered:
    """What was read last. The kubeconfig is a file; of clusters only those are asked that are in use already."""

    def __init__(self, ls: DraftLanguageServer) -> None:
        self._ls = ls
        self._contexts: tuple[str, ...] = ()
        self._ports: dict[Path, tuple[int, ...]] = {}
        self._read: dict[Path, float] = {}

    def now(self, app: Path) -> Offers:
        """What is known now; what is old or missing is read in the background, for the next time."""
        from draft_ls.analysis.draft_toml_completion import Offers

        if time.monotonic() - self._read.get(app, -FRESH) >= FRESH:
            self._read[app] = time.monotonic()
            self._ls.tasks.start(self._refresh(app), "values for completion")
        return Offers(self._contexts, self._namespaces(), self._ports.get(app, ()))

    def _namespaces(self) -> tuple[str, ...]:
        engine = self._ls.running_engine
        if engine is None:
            return ()
        named = (status.namespace for status in engine.statuses() if status.namespace)
        return tuple(dict.fromkeys((*named, *engine.knowledge.namespaces())))

    async def _refresh(self, app: Path) -> None:
        self._contexts = await asyncio.to_thread(_contexts)
        self._ports[app] = await asyncio.to_thread(_exposed, self._ls.text(app / "Dockerfile") or "")


def _contexts() -> tuple[str, ...]:
    from draft_ls.cluster.contexts import load_contexts

    try:
        return tuple(load_contexts().by_name)
    except DraftError:
        return ()


def _exposed(dockerfile: str) -> tuple[int, ...]:
    """The ports that a Dockerfile exposes, as far as they are plain numbers."""
    from draft_ls.dockerfile.parse import parse

    found: list[int] = []
    for stage in parse(dockerfile).stages:
        for instruction in stage.instructions:
            if instruction.keyword == "EXPOSE":
                words = instruction.text.split()[1:]
                found.extend(
                    int(word.partition("/")[0]) for word in words if word.partition("/")[0].isdigit()
                )
    return tuple(dict.fromkeys(found))
