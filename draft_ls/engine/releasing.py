"""Writing the Helm release of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from draft_ls.engine.deployed import told
from draft_ls.engine.report import Facts
from draft_ls.errors import Stage

if TYPE_CHECKING:
    from draft_ls.build.model import Image
    from draft_ls.deploy.helm import Helm
    from draft_ls.deploy.model import Release
    from draft_ls.deploy.model import Target as ReleaseTarget
    from draft_ls.engine.report import Report
    from draft_ls.engine.target import Target


def injected_values(image: Image, build: str) -> dict[str, Any]:
    """What we tell every chart.

    Args:
        image: what its pods are to run.
        build: another one makes new pods of an otherwise equal release.
    """
    return {
        "image": {"repository": image.repository, "tag": image.tag},
        "draft": True,
        "buildID": build,
    }


async def write_release(
    helm: Helm,
    target: Target,
    place: ReleaseTarget,
    image: Image,
    build: str,
    report: Report,
    *,
    repair: bool,
    proven: bool,
) -> Release:
    """Install or upgrade the release. A cancelled caller gets its cancellation after the write has ended.

    Args:
        helm: the program.
        target: whose chart and values.
        place: where.
        image: what its pods are to run.
        build: see ``injected_values``.
        report: takes the stage.
        repair: whether a write that was left pending is looked for first: an earlier process, or a Helm that
            was killed, leaves one.
        proven: whether the last write had the same chart, values and settings.
    """
    environment, app = target.environment, target.config.path.parent

    def tell(text: str) -> None:
        report.lines(Stage.RELEASE)("stdout", text)

    with report.stage(Stage.RELEASE, "Deploying to Kubernetes") as note:
        if repair:
            await helm.repair(place, on_line=tell)
        release = await helm.upgrade(
            place,
            app / (environment.chart_tar or environment.chart),
            injected=injected_values(image, build),
            values=[app / name for name in environment.values],
            set_values=environment.set,
            timeout=environment.timeout,
            proven=proven,
            on_line=tell,
        )
        note.message = told(release)
    report.learned(Facts(revision=release.revision))
    return release
