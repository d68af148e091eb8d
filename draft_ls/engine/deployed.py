"""What is deployed, by whomever: what it is, what to go back to, and a fresh start of its pods."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from draft_ls.engine.events import Outcome
from draft_ls.engine.imaging import repository
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.model import Release
    from draft_ls.deploy.model import Target as ReleaseTarget
    from draft_ls.engine.model import Deployment
    from draft_ls.engine.target import Target


def last_good(history: tuple[Deployment, ...]) -> int:
    """The revision to go back to: the last live one of other content than what was live last.

    What was only synced into containers is in no image, so nothing can go back to it.

    Args:
        history: newest first.

    Raises:
        DraftError: there is none.
    """
    live = [entry for entry in history if entry.outcome is Outcome.LIVE]
    for entry in live:
        is_other = entry.content_digest != live[0].content_digest or history[0] is not live[0]
        if is_other and entry.revision is not None and _is_in_image(entry):
            return entry.revision
    raise DraftError(
        Problem(
            "nothing-to-go-back-to",
            "No earlier deployment of this app was live.",
            Stage.RELEASE,
            fix="Name a revision; `helm history` lists those that Helm remembers.",
        )
    )


def _is_in_image(entry: Deployment) -> bool:
    """Whether what was live was the image's own content, with nothing synced over it."""
    return entry.image is not None and entry.image.rpartition(":")[2] == entry.content_digest


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


async def renew_pods(cluster: Cluster, release: Release) -> None:
    """Delete the pods of a release, so that new ones start from their image."""
    from draft_ls.cluster.kinds import PODS, name_of
    from draft_ls.deploy.logs import pods_of
    from draft_ls.deploy.manifest import documents, workloads
    from draft_ls.deploy.view import View

    wanted = workloads(documents(release.manifest), release.namespace)
    async with View(cluster, release.namespace) as view:
        await view.require(item.kind for item in wanted)
        names = [name_of(pod) for pod in pods_of(view, wanted)]
    await asyncio.gather(*(cluster.delete(PODS, name, release.namespace) for name in names))


def not_deployed(place: ReleaseTarget) -> Problem:
    """The problem of a release that is not there."""
    return Problem(
        "not-deployed",
        f"There is no release {place.release} in namespace {place.namespace} of {place.context}.",
        Stage.RELEASE,
        fix="Run “Draft: Up” (or `draft up`) first.",
    )
