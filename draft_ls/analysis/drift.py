"""Where the app has moved on from what its Dockerfile was made for: hints, since both may be meant."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from draft_ls.analysis.edits import replacement
from draft_ls.errors import Problem, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.subject import Image, Subject

ORIGIN_FILE = ".draft/origin.json"
"""The record of which pack made the app's files."""

_BASES = {
    "python": "python", "node": "javascript", "golang": "go", "ruby": "ruby", "php": "php", "rust": "rust",
}  # fmt: skip
"""Official image → the pack of the language that it is for."""

_TAG = re.compile(r"^(?P<image>[\w./-]+):(?P<version>\d+(?:\.\d+)*)(?P<rest>[-\w.]*)$")


def drift_problems(subject: Subject) -> Iterator[Problem]:
    """A version, a language or a framework that the Dockerfile does not know of yet."""
    image = subject.image
    if image is None or subject.detection is None:
        return
    yield from _version(subject, image)
    origin = _origin(subject)
    yield from _pack(subject, image, origin)
    yield from _start(subject, image, origin)


def _version(subject: Subject, image: Image) -> Iterator[Problem]:
    detection = subject.detection
    version = detection.version if detection else None
    if detection is None or version is None or not version.evidence:
        return
    for stage in image.dockerfile.stages:
        if stage.base_stage is not None or not stage.instructions[0].arguments:
            continue
        word = stage.instructions[0].arguments[0]
        match = _TAG.match(word.text)
        if match is None or _BASES.get(match["image"].rpartition("/")[2]) != detection.pack:
            continue
        if _agree(match["version"], version.value):
            continue
        start = word.span.start.character + match.start("version")
        span = Span.of(word.span.start.line, start, start + len(match["version"]))
        evidence = version.evidence[0]
        place = image.place(span)
        yield Problem(
            "drift-version",
            f"{evidence.path} asks for version {version.value}; this image has {match['version']}.",
            place=place,
            fix=f"Use {version.value}.",
            severity=Severity.HINT,
            related=((subject.place(evidence.path, evidence.span), evidence.seen),),
            repairs=(replacement(f"Use {version.value}", place, version.value),),
        )


def _agree(one: str, other: str) -> bool:
    """Whether two versions are the same as far as both are written."""
    return all(a == b for a, b in zip(one.split("."), other.split("."), strict=False))


def _origin(subject: Subject) -> dict[str, Any]:
    """The record of what ``draft create`` wrote; empty if there is none."""
    text = subject.tree.read(ORIGIN_FILE)
    try:
        document: Any = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _pack(subject: Subject, image: Image, origin: dict[str, Any]) -> Iterator[Problem]:
    """The record says one pack, the app's files say another."""
    detection, pack = subject.detection, origin.get("pack")
    if detection is None or detection.confidence < 0.8:
        return
    kinds = (detection.pack, *(each.pack for each in detection.alternatives))
    if not isinstance(pack, str) or pack in kinds or pack == "docker":
        return
    evidence = detection.evidence[0]
    yield Problem(
        "drift-pack",
        f"This was made for {pack}; the app looks like {detection.pack} now.",
        place=image.place(image.dockerfile.stages[0].instructions[0].span),
        cause=f"{evidence.path} says so.",
        fix="Run Draft: Create with the new pack, or keep it if that is meant.",
        severity=Severity.HINT,
        related=((subject.place(evidence.path, evidence.span), evidence.seen),),
    )


def _start(subject: Subject, image: Image, origin: dict[str, Any]) -> Iterator[Problem]:
    """The command is still what ``draft create`` wrote, and today it would write another: a new framework."""
    detection, command = subject.detection, image.settings.command
    files = origin.get("files")
    if detection is None or detection.start is None or command is None or not isinstance(files, dict):
        return
    written: Any = cast("dict[str, Any]", files).get(image.path)
    if origin.get("pack") != detection.pack or not command.is_exec or not isinstance(written, str):
        return
    line = f"CMD {json.dumps(list(command.arguments))}"
    if command.arguments[:1] == detection.start.value[:1] or line not in written or line not in image.text:
        return  # the same program: what is wrong with its arguments is told by itself
    evidence = (detection.framework or detection.start).evidence or detection.evidence
    words = command.instruction.arguments
    place = image.place(Span(words[0].span.start, words[-1].span.end))
    array = json.dumps(list(detection.start.value), ensure_ascii=False)[1:-1]
    name = detection.framework.value if detection.framework else detection.language
    yield Problem(
        "drift-start",
        f"The app is a {name} app now; it would be started with {' '.join(detection.start.value)}.",
        place=place,
        cause="This is what draft create wrote for what the app was then.",
        fix="Start it so, or run draft update: it merges the whole Dockerfile.",
        severity=Severity.HINT,
        related=tuple((subject.place(each.path, each.span), each.seen) for each in evidence[:1]),
        repairs=(replacement("Start it so", place, array),),
    )
