"""Which Dockerfile text is built: the saved one, or in development the one with the sync supervisor.

The supervisor must know what the image would run otherwise. A Dockerfile without ENTRYPOINT inherits it from
its base image, which only the built image can tell for sure (a base image need not be in the Engine's store).
So the first build on a base image is made as it is saved, looked at, and made again with the supervisor: only
metadata is added, every layer comes from the cache.

The supervisor needs the image's shell. Where the Dockerfile only seems to leave it there, the container does not
start; then the image is built anew without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.config.model import SyncMode
from draft_ls.dockerfile.parse import parse
from draft_ls.dockerfile.settings import lineage
from draft_ls.errors import Problem, Severity, Stage
from draft_ls.sync.supervisor import ImageConfig, supervise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from draft_ls.build.model import ImageConfig as BuiltConfig
    from draft_ls.config.model import Environment


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A Dockerfile for development.

    Attributes:
        text: what to build; none to build it as it is saved.
        refusal: why it has no supervisor, if it has none.
        unknown: whether looking at the image that it builds would change that.
    """

    text: str | None
    refusal: Problem | None = None
    unknown: bool = False


def is_wanted(environment: Environment) -> bool:
    """Whether an environment's image gets the supervisor: it is watched, and sync is on."""
    return environment.watch and environment.sync.mode is SyncMode.AUTO and environment.build_tar is None


NO_SHELL = Problem(
    "sync-no-shell",
    "The image has no shell (/bin/sh), so files can only come with a new image.",
    Stage.SYNC,
    fix="Leave the shell in the image in development.",
    severity=Severity.WARNING,
)


class Supervision:
    """Remembers what base images run, and which Dockerfiles leave no shell in the image."""

    def __init__(self) -> None:
        self._bases: dict[tuple[str, bool], ImageConfig] = {}
        self._without_shell: set[str] = set()

    def is_given_up(self, text: str) -> bool:
        """Whether a Dockerfile's image is known to have no shell."""
        return text in self._without_shell

    def gives_up(self, text: str, problems: Iterable[Problem]) -> bool:
        """Whether a container did not start for want of a shell, so that it should be tried without supervisor.

        Args:
            text: the Dockerfile of its image.
            problems: why it did not start.
        """
        lacks_shell = any(
            each.code == "container-cannot-start" and "/bin/sh" in each.cause for each in problems
        )
        if not lacks_shell or self.is_given_up(text) or self.wrap(text).text is None:
            return False
        self._without_shell.add(text)
        return True

    def wrap(self, text: str) -> Wrapped:
        """The Dockerfile for development."""
        if self.is_given_up(text):
            return Wrapped(None, NO_SHELL)
        found = supervise(text, self._bases.get(_base(text)))
        if isinstance(found, str):
            return Wrapped(found)
        return Wrapped(None, found, unknown=found.code == "sync-unknown-entrypoint")

    def learn(self, text: str, built: BuiltConfig) -> None:
        """Remember what an image runs that was built from ``text`` as it is saved.

        What the Dockerfile itself does not set, the image has from its base.
        """
        name, sets_command = _base(text)
        command = () if sets_command else built.command
        self._bases[name, sets_command] = ImageConfig(built.entrypoint, command)


def _base(text: str) -> tuple[str, bool]:
    """The base image of the final stage, and whether the Dockerfile sets the command over it."""
    dockerfile = parse(text)
    stages = lineage(dockerfile, dockerfile.final) if dockerfile.final else ()
    keywords = {each.keyword for stage in stages for each in stage.instructions}
    return (stages[0].base if stages else ""), bool(keywords & {"CMD", "ENTRYPOINT"})
