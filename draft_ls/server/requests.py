"""Draft's own requests, and pulled diagnostics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol.types import (
    DocumentDiagnosticParams,
    RelatedFullDocumentDiagnosticReport,
    RelatedUnchangedDocumentDiagnosticReport,
)

from draft_ls.config.model import CONFIG_FILE
from draft_ls.engine.events import Key
from draft_ls.server.convert import (
    deployment_info,
    detection_info,
    pack_info,
    plan_result,
    problem_info,
    status_params,
)
from draft_ls.server.protocol import (
    APPS,
    DETECT,
    HISTORY,
    PLAN,
    AppInfo,
    AppsParams,
    AppsResult,
    DetectParams,
    DetectResult,
    EnvironmentInfo,
    HistoryResult,
    PlanResult,
    SessionParams,
)
from draft_ls.server.scaffolding import detect_in
from draft_ls.server.sessions import app_at, choose_session, default_environment, given_path, read_config
from draft_ls.server.uris import path_of, uri_of

if TYPE_CHECKING:
    from draft_ls.detect.model import Detection
    from draft_ls.engine.model import App
    from draft_ls.server.server import DraftLanguageServer


def register(ls: DraftLanguageServer) -> None:
    """Add the handlers of this module."""
    ls.feature(APPS)(_apps)
    ls.feature(PLAN)(plan)
    ls.feature(HISTORY)(history)
    ls.feature(DETECT)(_detect)


async def _apps(ls: DraftLanguageServer, params: AppsParams | None) -> AppsResult:
    del params
    found = {app.path: app for app in await ls.find_apps()}
    folders = sorted({path for path, app in found.items() if app.config} | ls.open_apps())
    return AppsResult(tuple(_app(ls, path, found.get(path)) for path in folders))


def _app(ls: DraftLanguageServer, path: Path, app: App | None) -> AppInfo:
    config = read_config(ls, path)
    selected = default_environment(ls, config)
    return AppInfo(
        app=uri_of(path),
        name=path.name,
        config=uri_of(path / CONFIG_FILE),
        environments=tuple(
            EnvironmentInfo(
                environment=key,
                name=environment.name,
                namespace=environment.namespace,
                selected=key == selected,
                status=status_params(ls.status(Key(path, key)), ls.lines),
            )
            for key, environment in config.environments.items()
        ),
        problems=tuple(problem_info(problem, ls.lines) for problem in config.problems),
        detection=_detection(ls, path, app.detection) if app and app.detection else None,
    )


def _detection(ls: DraftLanguageServer, app: Path, detection: Detection):
    """A detection whose root is some folder above the app, as its path says."""
    depth = len(Path(detection.path).parts)
    return detection_info(Path(*app.parts[: len(app.parts) - depth]), detection, ls.lines)


async def plan(ls: DraftLanguageServer, params: SessionParams | None) -> PlanResult:
    """What the next save would do, and why."""
    key = await _session(ls, params)
    return plan_result(key, await ls.engine.plan(key))


async def history(ls: DraftLanguageServer, params: SessionParams | None) -> HistoryResult:
    """What was deployed, newest first."""
    key = await _session(ls, params)
    deployments = tuple(deployment_info(each) for each in ls.engine.history(key))
    return HistoryResult(uri_of(key.app), key.environment, deployments)


async def _session(ls: DraftLanguageServer, params: SessionParams | None) -> Key:
    named = params or SessionParams()
    return await choose_session(ls, named.app, named.environment)


async def _detect(ls: DraftLanguageServer, params: DetectParams) -> DetectResult:
    """What a folder holds; with runners-up and packs, so that the person can choose another one."""
    root = given_path(params.folder)
    found, packs = await detect_in(ls, root)
    everyone = [each for one in found for each in (one, *one.alternatives)]
    return DetectResult(
        detections=tuple(detection_info(root, each, ls.lines) for each in everyone),
        packs=tuple(pack_info(packs.packs[name]) for name in sorted(packs.packs)),
    )


async def diagnostic(
    ls: DraftLanguageServer, params: DocumentDiagnosticParams
) -> RelatedFullDocumentDiagnosticReport | RelatedUnchangedDocumentDiagnosticReport:
    """The diagnostics of a document, once what is written in it now is looked at."""
    path = path_of(params.text_document.uri)
    if path is None:
        return RelatedFullDocumentDiagnosticReport(items=[])
    app = path.parent if path.name == CONFIG_FILE else app_at(ls, path)
    if app is not None:
        await ls.analysis.settled(app)
    identifier, items = ls.diagnostics.pull(path)
    if identifier == params.previous_result_id:
        return RelatedUnchangedDocumentDiagnosticReport(result_id=identifier)
    return RelatedFullDocumentDiagnosticReport(items=items, result_id=identifier)
