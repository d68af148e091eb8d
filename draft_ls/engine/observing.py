"""Reads what is saved of an app, as one session deploys it."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.build.tags import content_tag
from draft_ls.engine import outlook, reading
from draft_ls.engine.contexts import Contexts
from draft_ls.engine.planner import Identity
from draft_ls.engine.supervision import is_wanted
from draft_ls.engine.target import Target
from draft_ls.sync.supervisor import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from draft_ls.build.model import BuildContext
    from draft_ls.config.model import Environment
    from draft_ls.engine.events import Key
    from draft_ls.engine.supervision import Supervision
    from draft_ls.engine.target import ReleaseInputs
    from draft_ls.errors import Problem

SUPERVISOR = hashlib.sha256(SCRIPT.encode()).hexdigest()
"""Part of the content of every image that has the supervisor: a newer one makes other images."""


class Observer:
    """See the module.

    Args:
        key: whose session.
        supervision: which images get the supervisor.
        editor_problems: by file, what the editor says is broken; kept up to date by the engine.

    Attributes:
        contexts: the app's build contexts.
    """

    def __init__(
        self, key: Key, supervision: Supervision, editor_problems: Mapping[Path, tuple[str, ...]]
    ) -> None:
        self._key = key
        self._supervision = supervision
        self._editor_problems = editor_problems
        self.contexts = Contexts(key.app)

    async def observe(self, changed: Callable[[Target], tuple[str, ...]]) -> Target:
        """Read it, and whether it must be held.

        Args:
            changed: the files of it that differ from what runs.

        Raises:
            DraftError: it cannot be deployed at all.
        """
        config, environment = await asyncio.to_thread(reading.read_environment, self._key)
        context, release = await asyncio.gather(
            self.contexts.read(config, environment),
            asyncio.to_thread(reading.read_release, self._key.app, environment),
        )
        dockerfile = await asyncio.to_thread(reading.read_dockerfile, context)
        identity = self._identity(environment, context, dockerfile, release)
        target = Target(config, environment, context, identity, dockerfile=dockerfile, release=release)
        held = await asyncio.to_thread(self._held, context, changed(target))
        return replace(target, held=held) if held else target

    async def still(self, target: Target) -> bool:
        """Whether the files of the image are what they were."""
        return await self.contexts.read(target.config, target.environment) == target.context

    def edited(self, target: Target, path: str, data: bytes) -> Target:
        """What will be saved once a file has other bytes. Blocks on the disk."""
        after = outlook.edited(target, path, data)
        identity = self._identity(after.environment, after.context, after.dockerfile, after.release)
        return replace(after, identity=identity)

    def _identity(
        self, environment: Environment, context: BuildContext, dockerfile: str, release: ReleaseInputs
    ) -> Identity:
        supervised = is_wanted(environment) and not self._supervision.is_given_up(dockerfile)
        digest = f"{context.digest}+{SUPERVISOR}" if supervised else context.digest
        content = content_tag(digest, environment.image_build_args, environment.platforms)
        return Identity(content, release.digest)

    def _held(self, context: BuildContext, changed: Iterable[str]) -> tuple[Problem, ...]:
        return (
            *reading.held_by_syntax(context.root, changed),
            *reading.held_by_editor(self._key.app, context, self._editor_problems),
        )
