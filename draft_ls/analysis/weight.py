"""How heavy the build context is, what of it need not be there, and what the image would get by mistake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.analysis.edits import ignoring
from draft_ls.analysis.subject import Subject
from draft_ls.config.model import CONFIG_FILE
from draft_ls.config.read import parse
from draft_ls.errors import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from draft_ls.analysis.context import Context, Memory
    from draft_ls.analysis.copies import Taken
    from draft_ls.errors import Span
    from draft_ls.files import Tree

MANY_FILES = 5_000
MANY_BYTES = 100 * 1024 * 1024
"""From here on a context is heavy: sending it takes seconds."""

WORTH_IGNORING = 0.25
"""A folder with this share of the files or bytes is offered to be ignored."""

_INSTALLED = {
    "node_modules": re.compile(r"\b(?:npm|yarn|pnpm|bun)\s+(?:ci|install|i)\b|\byarn\s*(?:&&|$)"),
    ".venv": re.compile(r"\b(?:pip|uv|poetry|pipenv|pdm)\s+\w+"),
    "venv": re.compile(r"\b(?:pip|uv|poetry|pipenv|pdm)\s+\w+"),
    "vendor/bundle": re.compile(r"\bbundle\s+install\b"),
}
"""Folders that an image makes itself → the commands by which it does."""


def weight_problems(subject: Subject) -> Iterator[Problem]:
    """A context that is too heavy, and folders of this machine that replace the image's own."""
    if subject.image is None:
        return
    yield from _replaced(subject)
    context = subject.context
    if len(context.files) < MANY_FILES and context.size < MANY_BYTES:
        return
    shares = {
        name: max(count / max(len(context.files), 1), size / max(context.size, 1))
        for name, (count, size) in context.folders.items()
    }
    biggest = [(name, context.folders[name]) for name in sorted(shares, key=lambda name: -shares[name])[:3]]
    widest = _widest(subject)
    if widest is None:
        return
    listed = ", ".join(f"{name} ({_counted(count)}, {_sized(size)})" for name, (count, size) in biggest)
    least = "" if context.whole else "at least "
    repairs = tuple(ignoring(subject, context, name) for name, _ in biggest if shares[name] >= WORTH_IGNORING)
    yield Problem(
        "context-heavy",
        f"The build context holds {least}{_counted(len(context.files))}, {_sized(context.size)}: {listed}.",
        place=subject.place(subject.environment.dockerfile, widest.sources[0].word.span),
        cause="All of it is read and sent for each build.",
        fix=f"Add what the image does not need to {context.ignore_path}.",
        severity=Severity.INFORMATION,
        repairs=repairs,
    )


def weight_of(tree: Tree, memory: Memory, dockerfile: Path) -> tuple[Span, str] | None:
    """What a Dockerfile's build context weighs, in a few words, and the COPY to say it at.

    Args:
        tree: the app's folder.
        memory: what the last look at it found.
        dockerfile: the Dockerfile of one of its environments; there is nothing to say of any other.
    """
    config = parse(tree.read(CONFIG_FILE) or "", tree.root / CONFIG_FILE)
    for environment in config.environments.values():
        if tree.root / environment.dockerfile == dockerfile:
            subject = Subject(tree, config, environment, memory)
            widest = _widest(subject)
            return (widest.instruction.span, _words(subject.context)) if widest else None
    return None


def _words(context: Context) -> str:
    least = "" if context.whole else "at least "
    said = f"{least}{_counted(len(context.files))}, {_sized(context.size)} in the build context"
    if not context.folders:
        return said
    name, (count, size) = max(context.folders.items(), key=lambda item: (item[1][1], item[1][0]))
    return f"{said}; most in {name}: {_counted(count)}, {_sized(size)}"


def _widest(subject: Subject) -> Taken | None:
    """The COPY that takes the most."""
    known = sorted(
        subject.copies,
        key=lambda each: min(source.pattern.count("/") if source.pattern else -1 for source in each.sources),
    )
    return known[0] if known else None


def _replaced(subject: Subject) -> Iterator[Problem]:
    """``COPY . .`` after ``npm ci``, with this machine's ``node_modules`` in the context."""
    image = subject.image
    for taken in subject.copies:
        whole = next((source for source in taken.sources if not source.pattern), None)
        if image is None or whole is None:
            continue
        before = "\n".join(
            each.text
            for each in image.dockerfile.stages[taken.stage].instructions
            if each.keyword == "RUN" and each.number < taken.instruction.number
        )
        for folder, installs in _INSTALLED.items():
            top = folder.partition("/")[0]
            if top in subject.context.folders and installs.search(before) and _holds(subject, folder):
                yield Problem(
                    "copy-replaces-installed",
                    f"This copies {folder} of this machine over what the image installs.",
                    place=subject.place(image.path, whole.word.span),
                    cause="Packages built for another system or version may break the app.",
                    fix=f"Add {folder} to {subject.context.ignore_path}.",
                    severity=Severity.WARNING,
                    related=((subject.source_place(folder), "this is copied"),),
                    repairs=(ignoring(subject, subject.context, folder),),
                )


def _holds(subject: Subject, folder: str) -> bool:
    return any(path.startswith(f"{folder}/") for path in subject.context.files)


def _counted(files: int) -> str:
    return f"{files:,} file{'' if files == 1 else 's'}"


def _sized(size: int) -> str:
    for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if size >= factor:
            return f"{size / factor:,.0f} {unit}"
    return f"{size} bytes"
