"""What is wrong with a Dockerfile: by itself, and against the files that it copies."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from draft_ls.analysis.context import hidden_by
from draft_ls.analysis.edits import replacement, without_line
from draft_ls.errors import Edit, Place, Problem, Repair, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.copies import Source, Taken
    from draft_ls.analysis.subject import Subject

_MEANT = re.compile(r"Did you mean (?P<word>\S+?)\?$")
_WILD = re.compile(r"[*?\[\\]")


def dockerfile_problems(subject: Subject) -> Iterator[Problem]:
    """What the parser says, with the repairs that its words amount to."""
    if subject.dockerfile is None:
        return
    text = subject.tree.read(subject.environment.dockerfile) or ""
    for problem in subject.dockerfile.problems:
        yield replace(problem, repairs=tuple(_repairs(problem, text)))


def _repairs(problem: Problem, text: str) -> Iterator[Repair]:
    place = problem.place
    if place is None or place.span is None:
        return
    written = _text_at(text, place.span)
    if found := _MEANT.search(problem.fix):
        word = found["word"]
        if problem.code == "dockerfile-unknown-stage":
            word = f"--from={word}"
        elif problem.code == "dockerfile-unknown-flag" and "=" in written:
            word += "=" + written.partition("=")[2]
        yield replacement(f"Write {word}", place, word)
    elif problem.code == "dockerfile-bad-array" and "'" in written and '"' not in written:
        array = written.replace("'", '"')
        if _is_array(array):
            yield replacement(f"Write {array}", place, array)
    elif problem.code == "dockerfile-maintainer":
        line = text.split("\n")[place.span.start.line].rstrip("\r")
        name = line[place.span.end.character :].strip().strip('"')
        label = f'LABEL org.opencontainers.image.authors="{name}"'
        whole = Place(place.path, Span.of(place.span.start.line, place.span.start.character, len(line)))
        yield replacement(f"Write {label}", whole, label)


def _is_array(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def _text_at(text: str, span: Span) -> str:
    """What stands at a span of one line; empty for one over several."""
    if span.start.line != span.end.line:
        return ""
    return text.split("\n")[span.start.line][span.start.character : span.end.character]


def copy_problems(subject: Subject) -> Iterator[Problem]:
    """Sources of COPY and ADD that are not there, or that the ignore file hides."""
    if subject.image is None:
        return
    yield from subject.context.problems
    if not subject.context.whole:
        return
    for taken in subject.copies:
        for source in taken.sources:
            if source.pattern and not any(source.takes(path) for path in subject.context.files):
                yield from _absent(subject, taken, source)


def _absent(subject: Subject, taken: Taken, source: Source) -> Iterator[Problem]:
    hidden = _hidden(subject, source)
    if hidden:
        yield _ignored(subject, source, hidden)
    elif subject.sources.kind(source.pattern) is None and not _WILD.search(source.pattern):
        # A pattern may match nothing on purpose: COPY package.json yarn.lock* ./
        yield _missing(subject, taken, source)


def _hidden(subject: Subject, source: Source) -> str | None:
    """A file or folder that the source would take, were it not ignored."""
    if not _WILD.search(source.pattern):
        known = subject.sources.kind(source.pattern)
        return source.pattern if known and subject.context.rules.ignores(source.pattern) else None
    folder = source.pattern.rpartition("/")[0]
    if _WILD.search(folder):
        return None
    names = subject.sources.listing(folder)
    paths = (f"{folder}/{name}" if folder else name for name in (*names.files, *names.folders))
    return next((each for each in paths if source.takes(each)), None)


def _ignored(subject: Subject, source: Source, hidden: str) -> Problem:
    context = subject.context
    line = hidden_by(context, hidden)
    ignore = subject.source_place(context.ignore_path)
    related: tuple[tuple[Place, str], ...] = ()
    repairs: list[Repair] = []
    if line is not None:
        said = (context.ignore_text or "").split("\n")[line].strip()
        place = Place(ignore.path, Span.line(line, len(said)))
        related = ((place, f"{said} leaves it out"),)
        if said.strip("/") in (hidden, source.pattern):
            repairs.append(without_line(f"Remove {said} from {context.ignore_path}", ignore, line))
        else:
            lines = (context.ignore_text or "").split("\n")
            end = Span.of(line, len(lines[line].rstrip("\r")), len(lines[line].rstrip("\r")))
            repairs.append(
                Repair(f"Add !{hidden} below {said}", (Edit(Place(ignore.path, end), f"\n!{hidden}"),))
            )
    return Problem(
        "copy-source-ignored",
        f"{source.word.text} is not in the build context: {context.ignore_path} leaves {hidden} out.",
        place=subject.place(subject.environment.dockerfile, source.word.span),
        cause="Nothing is copied."
        if _WILD.search(source.pattern)
        else "The build fails at this instruction.",
        fix=f"Remove the line from {context.ignore_path}, or do not copy it.",
        related=related,
        repairs=tuple(repairs),
    )


def _missing(subject: Subject, taken: Taken, source: Source) -> Problem:
    near = _nearest(subject, source.pattern)
    place = subject.place(subject.environment.dockerfile, source.word.span)
    repairs: tuple[Repair, ...] = ()
    if near and not taken.instruction.is_exec:
        repairs = (replacement(f"Copy {near}", place, near),)
    elif near:
        repairs = (replacement(f"Copy {near}", place, json.dumps(near)),)
    return Problem(
        "copy-source-missing",
        f"There is no {source.word.text} in the build context.",
        place=place,
        cause="The build fails at this instruction.",
        fix=f"Did you mean {near}?"
        if near
        else f"Correct the path (it is relative to {_folder(subject)}), or add the file.",
        related=((subject.source_place(near), "this is there"),) if near else (),
        repairs=repairs,
    )


def _folder(subject: Subject) -> str:
    """What paths in the Dockerfile are relative to, for people."""
    return f"the build context, {subject.sources.root.name}" if subject.levels else "the folder of draft.toml"


def _nearest(subject: Subject, pattern: str) -> str | None:
    """The file or folder of the context that a misspelt path may mean."""
    folders = {path.rpartition("/")[0] for path in subject.context.files} - {""}
    known = sorted(subject.context.files | folders)
    same_name = [path for path in known if path.rpartition("/")[2] == pattern.rpartition("/")[2]]
    if len(same_name) == 1:
        return same_name[0]
    beside = [path for path in known if path.rpartition("/")[0] == pattern.rpartition("/")[0]]
    return next(iter(get_close_matches(pattern, beside, n=1, cutoff=0.75)), None)
