"""What a session deploys: the saved state of an app at one moment, as read from disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from draft_ls.build.model import BuildContext
    from draft_ls.config.model import AppConfig, Environment
    from draft_ls.deploy.model import Route
    from draft_ls.engine.model import Plan
    from draft_ls.engine.planner import Identity
    from draft_ls.engine.report import Report
    from draft_ls.errors import Problem


@dataclass(frozen=True, slots=True)
class ReleaseInputs:
    """All that Helm is given except the image.

    Attributes:
        settings: those of draft.toml that it depends on, as one text.
        files: path relative to the app, and hex SHA-256 of the bytes, in the order in which Helm reads them.
    """

    settings: str = ""
    files: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """Hex digest over all of it."""
        return hashlib.sha256(repr((self.settings, self.files)).encode()).hexdigest()

    def edited(self, path: str, digest: str) -> ReleaseInputs:
        """The same when one of the files says something else."""
        files = tuple((name, digest if name == path else before) for name, before in self.files)
        return replace(self, files=files)


@dataclass(frozen=True, slots=True)
class Target:
    """The saved state of an app.

    Attributes:
        config: the whole draft.toml.
        environment: the one to deploy.
        context: the files that go into the image.
        identity: digests of all that matters.
        held: why it must not be deployed yet: saved files that do not parse.
        dockerfile: the Dockerfile's text as it is saved.
        release: what Helm is given besides the image.
    """

    config: AppConfig
    environment: Environment
    context: BuildContext
    identity: Identity
    held: tuple[Problem, ...] = ()
    dockerfile: str = ""
    release: ReleaseInputs = ReleaseInputs()


@dataclass(frozen=True, slots=True)
class Live:
    """What a run ended with: the content that answers, and where.

    Attributes:
        content: the content tag of what answers; none if it is not one of ours.
        route: how to reach it; none if the app has no port.
        revision: the Helm revision.
        image: the image's reference, and its registry digest or Engine id.
        changed: the files that made it differ from what was live before.
    """

    content: str | None
    route: Route | None
    revision: int | None
    image: str | None
    image_digest: str | None
    changed: tuple[str, ...] = ()


class OutdatedError(Exception):
    """What was to be deployed is no longer what is saved: look again, a newer save is on its way."""


class Pipeline(Protocol):
    """What a session needs to deploy; one pipeline belongs to one session."""

    async def observe(self) -> Target:
        """Read what is saved. Raises ``DraftError`` if it cannot be deployed at all."""
        ...

    def plan(self, target: Target, *, force: bool = False) -> Plan:
        """What to do to make ``target`` live."""
        ...

    async def deploy(self, target: Target, plan: Plan, report: Report) -> Live:
        """Do it. Cancelling it ends it at a safe point.

        Raises:
            DraftError: it could not be done.
            OutdatedError: files have changed since ``observe``; nothing was released.
        """
        ...

    def survived(self) -> bool:
        """Whether what was live before the last run is still what answers."""
        ...

    async def close(self) -> None:
        """Give back the tunnel, the connections and the watches."""
        ...
