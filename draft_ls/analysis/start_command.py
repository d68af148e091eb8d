"""Whether the image can start: what its command names exists, is copied, and can be imported."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING

from draft_ls.analysis.command import start_command
from draft_ls.analysis.edits import line_at_end
from draft_ls.analysis.servers import SERVERS
from draft_ls.analysis.start_files import Start
from draft_ls.analysis.start_modules import imported, served
from draft_ls.analysis.start_scripts import package_script
from draft_ls.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.command import Argument
    from draft_ls.analysis.subject import Image, Subject

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
_SCRIPTS = frozenset({".sh", ".py", ".js", ".rb"})
_PYTHON_FLAGS = frozenset({"-u", "-O", "-OO", "-B", "-I", "-s", "-E"})
_NODE_PRELOADS = frozenset({"-r", "--require", "--import", "--loader", "-e", "--eval", "-p", "--env-file"})
_INTERACTIVE = re.compile(
    r"^(?:docker\.io/)?(?:library/)?(?:python|node|debian|ubuntu|alpine|golang|rust|openjdk|eclipse-temurin|ruby|busybox|"
    r"buildpack-deps|fedora|rockylinux|almalinux|amazonlinux|perl|elixir|erlang|swift|scratch|denoland/deno|oven/bun|"
    r"gcr\.io/distroless/\S+)(?::|@|$)"
)
"""Base images whose own command starts a shell, or nothing: a pod of them ends at once."""


def start_problems(subject: Subject) -> Iterator[Problem]:
    """What keeps the image of an environment from starting."""
    image = subject.image
    if image is None:
        return
    settings = image.settings
    if settings.command is None and settings.entrypoint is None:
        yield from _no_command(subject, image)
        return
    command = start_command(image)
    if command is not None:
        yield from _problems(Start(subject, image, command))


def _problems(start: Start) -> Iterator[Problem]:
    words, program = start.command.words, start.command.program
    if start.image.settings.workdir is None and not words[0].text.startswith(("/", "./")):
        return
    server = SERVERS.get(program)
    if _PYTHON.fullmatch(program):
        yield from _python(start)
    elif server is not None and server.app:
        yield from served(start, words[1:], server)
    elif program in ("node", "tsx", "ts-node", "deno", "bun"):
        yield from _node(start, program)
    elif program in ("npm", "yarn", "pnpm"):
        yield from package_script(start)
    elif words[0].text.startswith(("./", "/")) and posixpath.splitext(program)[1] in _SCRIPTS:
        yield from start.file(words[0], words[0].text)


def _python(start: Start) -> Iterator[Problem]:
    """``python app.py``, ``python -m shop``, ``python -m uvicorn shop:app``."""
    rest = list(start.command.words[1:])
    while rest and rest[0].text in _PYTHON_FLAGS:
        rest = rest[1:]
    if len(rest) >= 2 and rest[0].text == "-m":
        server = SERVERS.get(rest[1].text)
        if server is None:
            yield from imported(start, rest[1], rest[1].text, (), run=True)
        elif server.app:
            yield from served(start, rest[2:], server)
    elif rest and rest[0].text.endswith(".py"):
        yield from start.file(rest[0], rest[0].text)


def _node(start: Start, program: str) -> Iterator[Problem]:
    """``node server.js`` and what else runs a file of JavaScript or TypeScript."""
    word = _script(start)
    if word is None or "://" in word.text or word.text.startswith(("npm:", "jsr:")):
        return
    if not posixpath.splitext(word.text)[1] and program != "node":
        return
    if not start.node_finds(word.text, *((".ts",) if program != "node" else ())):
        yield from start.file(word, word.text)


def _script(start: Start) -> Argument | None:
    """The word that names the file; none if the command says more than that."""
    for word in start.command.words[1:]:
        if word.text in _NODE_PRELOADS:
            return None
        if not word.text.startswith("-") and word.text not in ("run", "serve"):
            return word
    return None


def _no_command(subject: Subject, image: Image) -> Iterator[Problem]:
    root = image.final
    while root.base_stage is not None:
        root = image.dockerfile.stages[root.base_stage]
    chart = subject.chart
    if not _INTERACTIVE.match(root.base) or root.base.endswith("onbuild"):
        return
    if chart and any(
        re.search(r"^\s*-?\s*(?:command|args):", each.text, re.MULTILINE) for each in chart.templates
    ):
        return
    start = subject.detection.start if subject.detection else None
    line = f"CMD {json.dumps(list(start.value))}" if start else ""
    yield Problem(
        "start-command-none",
        f"The image starts nothing: there is no CMD or ENTRYPOINT, and {root.base} brings none that runs an app.",
        place=image.place(image.final.instructions[0].span),
        cause="Its pods end as soon as they start.",
        fix=f"Add {line}." if line else "Add a CMD that starts the app.",
        repairs=(line_at_end(f"Add {line}", image, line),) if line else (),
    )
