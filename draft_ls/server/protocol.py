"""Draft's own messages: what ``docs/protocol.md`` documents, as types.

These classes are the wire: field names become camelCase, fields that have their default are left out, and
changing one is changing the protocol. ``editors/vscode/src/protocol.ts`` mirrors them; a test holds the three
together. Folders and files travel as URIs, times as seconds.
"""

from __future__ import annotations

from typing import Any

import attrs
from lsprotocol.types import Range  # noqa: TC002 - cattrs reads the annotations

VERSION = 1
"""The version of these messages, told in ``capabilities.experimental.draft.version``."""

STATUS = "draft/status"
LOG = "draft/log"
APPS_CHANGED = "draft/appsChanged"
APPS = "draft/apps"
PLAN = "draft/plan"
HISTORY = "draft/history"
DETECT = "draft/detect"
HOLD = "draft/hold"


@attrs.frozen
class ProblemInfo:
    """Something wrong; ``uri`` and ``range`` say where it can be fixed, if that is known."""

    code: str
    message: str
    severity: str
    stage: str | None = None
    uri: str | None = None
    range: Range | None = None
    cause: str | None = None
    fix: str | None = None
    details: tuple[str, ...] = ()


@attrs.frozen
class StageInfo:
    """How long a stage of the current or last run took, in seconds."""

    stage: str
    seconds: float


@attrs.frozen
class PodInfo:
    """A pod of the release. ``reason`` is the cluster's word for why it does not run well."""

    name: str
    phase: str
    ready: bool = False
    restarts: int = 0
    reason: str | None = None


@attrs.frozen
class StatusParams:
    """``draft/status``: the whole truth about one app in one environment; each replaces the one before."""

    app: str
    name: str
    environment: str
    state: str
    run: int
    watching: bool
    message: str
    cause: str | None = None
    stage: str | None = None
    url: str | None = None
    route: str | None = None
    context: str | None = None
    namespace: str | None = None
    release: str | None = None
    revision: int | None = None
    image: str | None = None
    content_digest: str | None = None
    live_digest: str | None = None
    pods: tuple[PodInfo, ...] = ()
    problems: tuple[ProblemInfo, ...] = ()
    stages: tuple[StageInfo, ...] = ()
    took: float | None = None


@attrs.frozen
class LogLine:
    """One line; without a stage it is from the app itself, and ``stream`` is its pod."""

    stream: str
    text: str
    stage: str | None = None


@attrs.frozen
class LogParams:
    """``draft/log``: lines of one app in one environment, oldest first, after ``dropped`` other ones."""

    app: str
    environment: str
    lines: tuple[LogLine, ...]
    dropped: int | None = None


@attrs.frozen
class AppsParams:
    """``draft/apps`` needs nothing."""


@attrs.frozen
class EvidenceInfo:
    """What speaks for a detection: the file, where in it, and what was seen."""

    uri: str
    seen: str
    range: Range | None = None


@attrs.frozen
class DetectionInfo:
    """What an app is. ``confidence`` is from 0 to 1; what cannot be known is left out."""

    app: str
    pack: str
    language: str
    confidence: float
    framework: str | None = None
    version: str | None = None
    package_manager: str | None = None
    start: tuple[str, ...] | None = None
    port: int | None = None
    evidence: tuple[EvidenceInfo, ...] = ()


@attrs.frozen
class EnvironmentInfo:
    """One environment of an app; ``selected`` is the one that commands take when none is named."""

    environment: str
    name: str
    namespace: str
    selected: bool
    status: StatusParams


@attrs.frozen
class AppInfo:
    """One app of the workspace; ``config`` is its draft.toml."""

    app: str
    name: str
    config: str
    environments: tuple[EnvironmentInfo, ...] = ()
    problems: tuple[ProblemInfo, ...] = ()
    detection: DetectionInfo | None = None


@attrs.frozen
class AppsResult:
    """Every app of the workspace, by folder."""

    apps: tuple[AppInfo, ...] = ()


@attrs.frozen
class SessionParams:
    """``draft/plan`` and ``draft/history``: which app, and which environment if not the selected one.

    ``app`` may be the app's folder or any file in it.
    """

    app: str | None = None
    environment: str | None = None


@attrs.frozen
class PlanResult:
    """What the next save would do, and why. Steps count the Dockerfile's instructions, from 1."""

    app: str
    environment: str
    kind: str
    reason: str
    files: tuple[str, ...] = ()
    from_step: int | None = None
    steps: int | None = None


@attrs.frozen
class DeploymentInfo:
    """One recorded deployment; ``at`` is ISO 8601 in UTC."""

    at: str
    outcome: str
    cause: str
    context: str
    namespace: str
    release: str
    took: float
    revision: int | None = None
    image: str | None = None
    image_digest: str | None = None
    content_digest: str | None = None
    files: tuple[str, ...] = ()
    url: str | None = None
    message: str | None = None


@attrs.frozen
class HistoryResult:
    """The deployments of one app in one environment, newest first."""

    app: str
    environment: str
    deployments: tuple[DeploymentInfo, ...] = ()


@attrs.frozen
class DetectParams:
    """``draft/detect``: the folder to look at."""

    folder: str


@attrs.frozen
class VariableInfo:
    """A value that a pack asks for: ``type`` is ``string``, ``integer``, ``boolean`` or ``list``."""

    name: str
    type: str
    default: Any
    prompt: str
    summary: str | None = None
    choices: tuple[str, ...] = ()


@attrs.frozen
class PackInfo:
    """A pack that can be used for an app, and what it asks."""

    name: str
    title: str
    summary: str
    variables: tuple[VariableInfo, ...] = ()


@attrs.frozen
class DetectResult:
    """The apps found in a folder, best first; runners-up of one folder follow their winner."""

    detections: tuple[DetectionInfo, ...] = ()
    packs: tuple[PackInfo, ...] = ()


@attrs.frozen
class HoldParams:
    """``draft/hold``: the editor's own errors of a saved file; while there are any, it is not deployed."""

    uri: str
    reasons: tuple[str, ...] = ()


@attrs.frozen
class CommandArguments:
    """The one optional argument of every command: an object; each command reads what it needs.

    Attributes:
        app: the app's folder or any file in it; without it, the only app, or a question.
        environment: its environment; without it, the selected one.
        job: ``draft.cancel``: the job to end.
        revision: ``draft.rollback``: where to go back to; without it, to the last good one.
        pack: ``draft.create``: the pack, instead of the detected one.
        name: ``draft.create``: the app's name, instead of the folder's.
        answers: ``draft.create``: values of the pack's variables, as a person types them.
        pieces: ``draft.create``: only the files whose paths start like one of these, e.g. ``chart/``.
        replace: ``draft.create``: files that exist and shall get the pack's text, e.g. ``Dockerfile``.
        dry_run: ``draft.create``, ``draft.update``: only say what would be done.
        confirm: ``draft.create``: show the edits before they are made, where the client can;
            ``draft.delete``: ask before deleting. True unless said otherwise.
        watch: ``draft.up``: redeploy on change; without it, as draft.toml says.
        force: ``draft.up``: deploy even if nothing changed.
        follow: ``draft.logs``: keep reading. True unless said otherwise.
        tail: ``draft.logs``: how many lines of the past to start with.
        registry: ``draft.init``: whether the cluster gets a registry of its own; without it, as it is.
        engine: ``draft.init``: what builds there, "buildah" or "buildkit"; without it, as it is.
        image: ``draft.init``: the builder's image, instead of the usual one.
        privileged: ``draft.init``: whether the builder gets every right on its node; without it, as it is.
        remove: ``draft.init``: remove the builder instead of installing it.
    """

    app: str | None = None
    environment: str | None = None
    job: str | None = None
    revision: int | None = None
    pack: str | None = None
    name: str | None = None
    answers: dict[str, str] = attrs.Factory(dict[str, str])
    pieces: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    dry_run: bool = False
    confirm: bool = True
    watch: bool | None = None
    force: bool = False
    follow: bool = True
    tail: int = 200
    registry: bool | None = None
    engine: str | None = None
    image: str | None = None
    privileged: bool | None = None
    remove: bool = False


@attrs.frozen
class JobResult:
    """What a long command answers at once: the job that does the work.

    A client that sent a ``workDoneToken`` with the command is answered at the job's end, with the last three.
    """

    job: str
    app: str
    environment: str
    outcome: str | None = None
    message: str | None = None
    url: str | None = None


@attrs.frozen
class SelectedResult:
    """What ``draft.selectEnvironment`` answers."""

    app: str
    environment: str


@attrs.frozen
class FileInfo:
    """One file of a scaffold: what is to happen to it (``create``, ``keep``, ``replace``) and why.

    ``differs`` says of a file that is kept whether the pack would write something else.
    """

    uri: str
    action: str
    reason: str
    differs: bool = False


@attrs.frozen
class CreateResult:
    """What ``draft.create`` and ``draft.update`` answer: what was planned, and whether it was done.

    ``problems`` are what a person should look at then: places where they and the pack changed the same lines.
    """

    app: str
    name: str
    pack: str
    applied: bool
    files: tuple[FileInfo, ...] = ()
    problems: tuple[ProblemInfo, ...] = ()
    message: str | None = None


@attrs.frozen
class CheckInfo:
    """One line of the doctor: what was looked at, whether it is well, what was seen, what to do if not."""

    name: str
    ok: bool
    seen: str
    fix: str | None = None


@attrs.frozen
class DoctorResult:
    """What ``draft.doctor`` answers."""

    checks: tuple[CheckInfo, ...] = ()


@attrs.frozen
class InitializationOptions:
    """What a client may say in ``initializationOptions``.

    Attributes:
        command_prefix: put before every command's name instead of ``draft.``; for clients that register the
            server's commands themselves under the same names (vscode-languageclient).
        notifications: whether the client knows ``draft/status``, ``draft/log`` and ``draft/appsChanged``.
        trusted: whether the workspace may be built and deployed; without trust only static features work.
    """

    command_prefix: str = "draft."
    notifications: bool = False
    trusted: bool = True


@attrs.frozen
class Settings:
    """The ``draft`` section of the client's configuration.

    Attributes:
        deploy_on_save: whether *Up* keeps redeploying on change; false deploys once.
        save_gate: whether the client's own errors (``draft/hold``) hold a save back.
        environment: the environment that commands take when none was named or selected.
        open_on_live: whether the app opens in the browser when an *Up* is live for the first time.
        live_lens: whether a lens above each file of a running app says how the file stands.
    """

    deploy_on_save: bool = True
    save_gate: bool = True
    environment: str | None = None
    open_on_live: bool = False
    live_lens: bool = True
