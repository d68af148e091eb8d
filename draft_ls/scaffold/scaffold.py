"""A detection and a pack, turned into the files of an app. Pure: it plans edits, others make them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from draft_ls.config.edit import new_config
from draft_ls.config.model import CONFIG_FILE, DEFAULT_ENVIRONMENT
from draft_ls.config.names import dns_label
from draft_ls.config.tasks import TASKS_FILE
from draft_ls.detect.versions import parse_version
from draft_ls.errors import DraftError, Place, Problem, Severity, Stage
from draft_ls.files import inside
from draft_ls.scaffold.model import Action, FileEdit, Scaffold
from draft_ls.scaffold.origin import ORIGIN_FILE, origin_text, written
from draft_ls.scaffold.packs import TEMPLATE
from draft_ls.scaffold.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.detect.model import Detail, Detection
    from draft_ls.files import Tree
    from draft_ls.scaffold.packs import Pack

NOT_A_PACKS = frozenset({".git", ".draft", TASKS_FILE, CONFIG_FILE})
"""What a pack may not write: git's hooks and Draft's tasks run on the person's machine, the rest is Draft's own."""

REASONS = {
    "Dockerfile": "how the image is built",
    ".dockerignore": "what stays out of the image",
    "Dockerfile.dockerignore": "what of the workspace goes into the image",
    CONFIG_FILE: "how and where the app is deployed",
    "chart/values.yaml": "the settings of the deployment",
}
"""What a file is for, in the preview."""


def scaffold(
    tree: Tree,
    detection: Detection,
    pack: Pack,
    *,
    name: str | None = None,
    namespace: str = "default",
    registry: str | None = None,
    answers: Mapping[str, Detail] = MappingProxyType({}),
) -> Scaffold:
    """Plan the files that make a detected app deployable.

    A file that is there already is kept; its edit carries the text that the pack would have written.

    Args:
        tree: the tree that the detection was made from.
        detection: what was found out about the app.
        pack: the pack to use; it need not be the detection's own.
        name: the app's name; the folder's, as a DNS label, by default.
        namespace: the Kubernetes namespace for draft.toml.
        registry: the registry for draft.toml.
        answers: what the person chose: values of the pack's variables, ``port``, ``version``, ``start``, ``health``.

    Raises:
        DraftError: a template of the pack is broken, or an answer does not fit.
    """
    folder = detection.path.rpartition("/")[2] or tree.root.name
    label = dns_label(name or folder)
    values = template_values(detection, pack, label, answers)
    texts = rendered(pack, values)
    texts[CONFIG_FILE] = new_config(
        DEFAULT_ENVIRONMENT,
        name=label,
        namespace=namespace,
        registry=registry,
        build_context=str(values["build_context"]),
    )
    existing = _existing_folders(tree, detection.path)
    edits = [_edit(tree, detection.path, path, text, existing) for path, text in texts.items()]
    planned = [edit for edit in edits if edit is not None]
    made = {path: text for path, text in written(planned).items() if path != CONFIG_FILE}
    if made:
        record = origin_text(pack, label, answers, made)
        planned.append(
            FileEdit(
                ORIGIN_FILE, _recording(tree, detection.path), record, "how draft update knows what is yours"
            )
        )
    return Scaffold(
        app=detection.path,
        name=label,
        pack=pack.name,
        detection=detection,
        edits=tuple(sorted(planned, key=lambda edit: (_rank(edit.path), edit.path))),
        problems=_warnings(tree, detection, values),
    )


def _recording(tree: Tree, app: str) -> Action:
    """The record goes with what was written last."""
    there = tree.read(f"{app}/{ORIGIN_FILE}" if app else ORIGIN_FILE) is not None
    return Action.REPLACE if there else Action.CREATE


def template_values(
    detection: Detection, pack: Pack, name: str, answers: Mapping[str, Detail] = MappingProxyType({})
) -> dict[str, object]:
    """Everything that the pack's templates may name, with the person's answers over detection over the defaults.

    Raises:
        DraftError: an answer is of no variable, or does not fit its type.
    """
    facts: dict[str, object] = {
        key: fact.value
        for key in ("framework", "version", "package_manager", "build", "start", "port", "health")
        if (fact := getattr(detection, key)) is not None
    }
    known = {
        "framework": "",
        "version": "",
        "package_manager": "",
        "build": "",
        "start": (),
        "port": 0,
        "health": "",
    }
    details = {
        key: value
        for key, value in detection.details.items()
        if detection.pack == pack.name or key in pack.defaults
    }
    if detection.pack != pack.name:
        facts = {key: value for key, value in facts.items() if key in {"port", "health"}}
    values = {**known, **pack.defaults, **_without_port(pack, detection), **details, **facts}
    for key, value in answers.items():
        _check_answer(pack, key, value, known)
        values[key] = value
    return {
        **values,
        "name": name,
        "title": pack.title,
        "language": detection.language,
        "reads_port": detection.reads_port,
        "variables": tuple(fact.value for fact in detection.variables),
        "development_env": dict(pack.development_env),
    }


def rendered(pack: Pack, values: Mapping[str, object]) -> dict[str, str]:
    """The files of a pack for these values: path → text. A template that comes out empty makes no file.

    Raises:
        DraftError: a template is broken, or a path leaves the app's folder.
    """
    folder = pack.place.path.parent if pack.place else None
    texts: dict[str, str] = {}
    for path, text in pack.files.items():
        target = path.removesuffix(TEMPLATE)
        if not inside(path) or target.split("/")[0] in NOT_A_PACKS:
            problem = Problem(
                code="bad-pack",
                message=f"The pack '{pack.name}' may not write {target}.",
                stage=Stage.SCAFFOLD,
                place=pack.place,
                fix="Remove the file from the pack.",
            )
            raise DraftError(problem)
        made = render(text, values, folder / path) if path.endswith(TEMPLATE) and folder else text
        if made.strip():
            texts[target] = made
    return texts


def _without_port(pack: Pack, detection: Detection) -> dict[str, object]:
    """A pack's default port is no fact: an app that was looked into and does not listen gets none."""
    known = detection.pack == pack.name and detection.start is not None
    return {"port": 0} if known and detection.port is None else {}


def _check_answer(pack: Pack, key: str, value: Detail, known: Mapping[str, object]) -> None:
    variable = pack.variable(key)
    fits = variable.accepts(value) if variable else key in pack.defaults or key in known
    if not fits:
        allowed = ", ".join(sorted({*known, *pack.defaults}))
        problem = Problem(
            code="bad-answer",
            message=f"'{key}' cannot be {value!r}."
            if variable
            else f"The pack '{pack.name}' has no variable '{key}'.",
            stage=Stage.SCAFFOLD,
            fix=f"Its type is {variable.type.value}." if variable else f"Use one of: {allowed}.",
        )
        raise DraftError(problem)


def _existing_folders(tree: Tree, app: str) -> frozenset[str]:
    """Folders that are the person's own as a whole: files are not mixed into an existing chart."""
    chart = f"{app}/chart" if app else "chart"
    return frozenset({"chart"}) if tree.read(f"{chart}/Chart.yaml") is not None else frozenset()


def _edit(tree: Tree, app: str, path: str, text: str, existing: frozenset[str]) -> FileEdit | None:
    full = f"{app}/{path}" if app else path
    top = path.split("/", maxsplit=1)[0]
    present = tree.read(full)
    if present is not None:
        same = present == text
        return FileEdit(
            path, Action.KEEP, text, "already as the pack writes it" if same else "there already, and kept"
        )
    if top in existing:
        return None
    return FileEdit(
        path, Action.CREATE, text, REASONS.get(path, "part of the chart" if top == "chart" else f"for {top}")
    )


def _rank(path: str) -> int:
    """The order to read and to write in. draft.toml comes last: it is what makes the folder an app."""
    order = ("Dockerfile", ".dockerignore")
    if path == CONFIG_FILE:
        return len(order) + 3
    later = 2 if path == ORIGIN_FILE else int(path.startswith("chart/"))
    return order.index(path) if path in order else len(order) + later


def _warnings(tree: Tree, detection: Detection, values: Mapping[str, object]) -> tuple[Problem, ...]:
    place = Place(tree.root / detection.path)
    found: list[Problem] = []
    if detection.start is None and detection.framework is None:
        command = " ".join(map(str, _list(values["start"])))
        message = f"It is not known how the app starts; the Dockerfile runs {command!r}."
        found.append(
            _warning(
                "unknown-start",
                message,
                "Correct CMD in the Dockerfile, or name the entry point like others do.",
                place,
            )
        )
    if detection.port is None and values["port"]:
        message = f"It is not known on which port the app listens; {values['port']} is taken."
        found.append(
            _warning(
                "unknown-port",
                message,
                "Correct EXPOSE in the Dockerfile and containerPort in chart/values.yaml.",
                place,
            )
        )
    if detection.version and not parse_version(str(values["version"])):
        message = f"{values['version']} is no version of a base image."
        found.append(_warning("odd-version", message, "Correct FROM in the Dockerfile.", place))
    return tuple(found)


def _list(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _warning(code: str, message: str, fix: str, place: Place) -> Problem:
    return Problem(
        code=code, message=message, stage=Stage.SCAFFOLD, place=place, fix=fix, severity=Severity.WARNING
    )
