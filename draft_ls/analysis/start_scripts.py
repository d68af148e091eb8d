"""The script of package.json that a start command runs, and the file that the script runs."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from draft_ls.analysis.chart import span_at
from draft_ls.analysis.command import Argument
from draft_ls.analysis.edits import replacement
from draft_ls.detect.commands import arguments
from draft_ls.detect.documents import table
from draft_ls.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.start_files import Start


def package_script(start: Start) -> Iterator[Problem]:
    """The problems of ``npm start``, ``yarn run serve`` and the like."""
    words = [word for word in start.command.words[1:] if not word.text.startswith("-")]
    if not words:
        return
    explicit = words[0].text in ("run", "run-script")
    word = words[1] if explicit and len(words) > 1 else words[0]
    if not explicit and not (
        word.text == "start" or (start.command.program != "npm" and "start" in word.text)
    ):
        return
    source = start.layout.source(start.image.settings.absolute("package.json"))
    text = start.subject.sources.read(source) if source else None
    scripts = _scripts(text or "")
    if text is None or scripts is None or source is None:
        return
    if word.text not in scripts:
        if word.text == "start" and start.there("server.js"):
            return
        yield _script_missing(start, word, scripts, source)
        return
    yield from _script_target(start, source, text, word.text, scripts[word.text])


def _script_missing(start: Start, word: Argument, scripts: dict[str, str], source: str) -> Problem:
    near = get_close_matches(word.text, sorted(scripts), n=1, cutoff=0.6)
    place = start.place(word)
    exact = word.span is not None and word.text == word.written and bool(near)
    return Problem(
        "start-script-missing",
        f"package.json has no script {word.text!r}, which the start command runs.",
        place=place,
        fix=f"Did you mean {near[0]}?" if near else f"Add the script {word.text!r} to package.json.",
        related=((start.subject.source_place(source), "the scripts are here"),),
        repairs=(replacement(f"Run {near[0]}", place, near[0]),) if exact else (),
    )


def _script_target(start: Start, source: str, text: str, name: str, line: str) -> Iterator[Problem]:
    """A script that runs a file which is not there: the place is in package.json."""
    command = arguments(line)
    if not command or command[0] != "node" or len(command) < 2 or command[1].startswith("-"):
        return
    path = command[1]
    if start.node_finds(path):
        return
    match = re.search(rf'"{re.escape(name)}"\s*:\s*"[^"]*?(?P<path>{re.escape(path)})', text)
    place = start.subject.source_place(source, span_at(text, *match.span("path")) if match else None)
    word = Argument(path, path, place.span) if match else None
    yield from start.absent(start.image.settings.absolute(path), path, place, word)


def _scripts(text: str) -> dict[str, str] | None:
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    scripts = table(document).get("scripts", {})
    return {key: str(value) for key, value in table(scripts).items()}
