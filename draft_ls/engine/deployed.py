"""Questions about what is deployed, by whomever, answered from values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.engine.events import Outcome
from draft_ls.engine.imaging import repository
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from draft_ls.deploy.model import Release
    from draft_ls.deploy.model import Target as ReleaseTarget
    from draft_ls.engine.model import Deployment
    from draft_ls.engine.target import Target


def last_good(history: tuple[Deployment, ...]) -> int:
    """The revision to go back to: the last that was live before the newest one.

    Raises:
        DraftError: there is none.
    """
    newest = next((entry.revision for entry in history if entry.revision is not None), None)
    for entry in history:
        if entry.outcome is Outcome.LIVE and entry.revision is not None and entry.revision != newest:
            return entry.revision
    raise DraftError(
        Problem(
            "nothing-to-go-back-to",
            "No earlier deployment of this app was live.",
            Stage.RELEASE,
            fix="Name a revision; `helm history` lists those that Helm remembers.",
        )
    )


def told(release: Release) -> str:
    """What a person is told of a release; the chart's notes only when it is new, as they stay the same."""
    lines = [f"Status: {release.status.upper()}"]
    notes = [line.rstrip() for line in release.notes.splitlines() if line.strip()]
    if notes and release.installed:
        lines += [f"Notes: {notes[0].strip()}", *(f"  {line}" for line in notes[1:])]
    return "\n".join(lines)


def variables(target: Target, place: ReleaseTarget) -> dict[str, str]:
    """What a task may want to know."""
    return {
        "DRAFT_ENV": target.environment.key,
        "DRAFT_NAME": target.environment.name,
        "DRAFT_CONTEXT": place.context,
        "DRAFT_NAMESPACE": place.namespace,
        "DRAFT_IMAGE": f"{repository(target)}:{target.identity.content}",
    }


def deployed_image(release: Release, repository: str) -> str | None:
    """The reference of the app's own image in a release; none if it runs no such image."""
    from draft_ls.deploy.manifest import documents, images

    return next(
        (image for image in images(documents(release.manifest)) if image.rpartition(":")[0] == repository),
        None,
    )


def not_deployed(place: ReleaseTarget) -> Problem:
    """The problem of a release that is not there."""
    return Problem(
        "not-deployed",
        f"There is no release {place.release} in namespace {place.namespace} of {place.context}.",
        Stage.RELEASE,
        fix="Run “Draft: Up” (or `draft up`) first.",
    )
