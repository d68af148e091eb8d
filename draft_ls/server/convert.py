"""The engine's values → the protocol's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.server.protocol import (
    CheckInfo,
    DeploymentInfo,
    DetectionInfo,
    EvidenceInfo,
    LogLine,
    PackInfo,
    PlanResult,
    PodInfo,
    ProblemInfo,
    StageInfo,
    StatusParams,
    VariableInfo,
)
from draft_ls.server.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from draft_ls.detect.model import Detection, Evidence
    from draft_ls.engine.events import Key, Log, Status
    from draft_ls.engine.model import Check, Deployment, Plan
    from draft_ls.errors import Problem
    from draft_ls.scaffold.packs import Pack
    from draft_ls.server.texts import Lines

    TextOf = Callable[[Path], Lines]
    """Gives the text of a file, as the client's positions need it."""


def problem_info(problem: Problem, text_of: TextOf) -> ProblemInfo:
    """A problem with its place as the client counts."""
    place = problem.place
    return ProblemInfo(
        code=problem.code,
        message=problem.message,
        severity=problem.severity.value,
        stage=problem.stage.value if problem.stage else None,
        uri=uri_of(place.path) if place else None,
        range=text_of(place.path).range(place.span) if place and place.span else None,
        cause=problem.cause or None,
        fix=problem.fix or None,
        details=problem.details,
    )


def status_params(status: Status, text_of: TextOf) -> StatusParams:
    """A status as it is sent."""
    return StatusParams(
        app=uri_of(status.key.app),
        name=status.release or status.key.app.name,
        environment=status.key.environment,
        state=status.state.value,
        run=status.run,
        watching=status.watching,
        message=status.message,
        cause=status.cause or None,
        stage=status.stage.value if status.stage else None,
        url=status.route.url if status.route else None,
        route=status.route.kind.value if status.route else None,
        context=status.context,
        namespace=status.namespace,
        release=status.release,
        revision=status.revision,
        image=status.image,
        content_digest=status.content_digest,
        live_digest=status.live_digest,
        pods=tuple(
            PodInfo(pod.name, pod.phase, pod.ready, pod.restarts, pod.reason or None) for pod in status.pods
        ),
        problems=tuple(problem_info(problem, text_of) for problem in status.problems),
        stages=tuple(StageInfo(took.stage.value, round(took.seconds, 3)) for took in status.stages),
        took=None if status.took is None else round(status.took, 3),
    )


def log_line(log: Log) -> LogLine:
    """A line as it is sent."""
    return LogLine(stream=log.stream, text=log.text, stage=log.stage.value if log.stage else None)


def plan_result(key: Key, plan: Plan) -> PlanResult:
    """A plan as it is sent."""
    return PlanResult(
        app=uri_of(key.app),
        environment=key.environment,
        kind=plan.kind.value,
        reason=plan.reason,
        files=plan.files,
        from_step=plan.from_step,
        steps=plan.steps,
    )


def deployment_info(deployment: Deployment) -> DeploymentInfo:
    """A recorded deployment as it is sent."""
    return DeploymentInfo(
        at=deployment.at,
        outcome=deployment.outcome.value,
        cause=deployment.cause,
        context=deployment.context,
        namespace=deployment.namespace,
        release=deployment.release,
        took=round(deployment.took, 3),
        revision=deployment.revision,
        image=deployment.image,
        image_digest=deployment.image_digest,
        content_digest=deployment.content_digest,
        files=deployment.files,
        url=deployment.url,
        message=deployment.message or None,
    )


def check_info(check: Check) -> CheckInfo:
    """A line of the doctor as it is sent."""
    return CheckInfo(name=check.name, ok=check.ok, seen=check.seen, fix=check.fix or None)


def detection_info(root: Path, detection: Detection, text_of: TextOf) -> DetectionInfo:
    """A detection as it is sent; its paths are relative to ``root``."""
    return DetectionInfo(
        app=uri_of(root / detection.path),
        pack=detection.pack,
        language=detection.language,
        confidence=round(detection.confidence, 2),
        framework=detection.framework.value if detection.framework else None,
        version=detection.version.value if detection.version else None,
        package_manager=detection.package_manager.value if detection.package_manager else None,
        start=detection.start.value if detection.start else None,
        port=detection.port.value if detection.port else None,
        evidence=tuple(_evidence_info(root, each, text_of) for each in _all_evidence(detection)),
    )


def _all_evidence(detection: Detection) -> tuple[Evidence, ...]:
    """What speaks for the pack, then for each fact; each once."""
    facts = (
        detection.framework,
        detection.version,
        detection.package_manager,
        detection.start,
        detection.port,
    )
    found = [*detection.evidence, *(each for fact in facts if fact for each in fact.evidence)]
    return tuple(dict.fromkeys(found))


def _evidence_info(root: Path, evidence: Evidence, text_of: TextOf) -> EvidenceInfo:
    path = root / evidence.path
    return EvidenceInfo(
        uri=uri_of(path),
        seen=evidence.seen,
        range=text_of(path).range(evidence.span) if evidence.span else None,
    )


def pack_info(pack: Pack) -> PackInfo:
    """A pack as it is sent, with the variables that it asks for."""
    return PackInfo(
        name=pack.name,
        title=pack.title,
        summary=pack.summary,
        variables=tuple(
            VariableInfo(
                name=variable.name,
                type=variable.type.value,
                default=list(variable.default) if isinstance(variable.default, tuple) else variable.default,
                prompt=variable.prompt,
                summary=variable.summary or None,
                choices=variable.choices,
            )
            for variable in pack.variables
            if variable.prompt
        ),
    )
