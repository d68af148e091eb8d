"""The command by which hosting platforms and start scripts start an app; see ``hosting`` for the files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.commands import port_in, procfile
from draft_ls.detect.documents import items, lookup
from draft_ls.detect.facts.hosting import document_of, folders, render_service
from draft_ls.detect.model import Fact
from draft_ls.detect.sources import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from draft_ls.detect.sources import Sources

START_SCRIPTS = (
    "start.sh",
    "run.sh",
    "entrypoint.sh",
    "docker-entrypoint.sh",
    "scripts/start.sh",
    "bin/start",
)
"""Scripts by which an app is started, best first."""

_INSTALLS = re.compile(
    r"(?:(?:npm|pnpm|yarn|bun)(?: install| ci| i)?|(?:python3? -m )?pip3? install|poetry install|pipenv install|uv sync"
    r"|corepack enable|(?:npm|pnpm|yarn|bun)(?: run)? build)(?:\s[^&;|]*)?"
)
"""A step of a start command that the image's build has done."""

_TOOLS = re.compile(r"^(?:(?:uv|poetry|pdm|pipenv|rye|hatch)\s+run\s+(?:--?[\w-]+\s+)*|source \S+/activate$)")
"""Runs a command in an environment that an image has on its path."""

_ENTERS = re.compile(r"cd\s+[\"']?(?:\./)?([\w./-]+?)/?[\"']?")


def declared_start(sources: Sources, analyzer: str = "") -> Fact[str] | None:
    """The command by which platforms start the app, as it runs in an image; a Procfile's before all others.

    Args:
        sources: the app's files.
        analyzer: whose runtime it is, where a file speaks of several services.
    """
    for folder, below in folders(sources):
        for read in _STARTS:
            declared = read(folder, analyzer, below)
            rooted = below if read is _render_start else ""
            line = _fitted(declared.value, below, rooted, sources) if declared else None
            if declared and line:
                return Fact(line, declared.evidence)
    return None


def with_scripts(sources: Sources, line: str) -> str:
    """A command line, and the text of the shell scripts that it runs."""
    called = re.findall(r"(?:^|[\s/])([\w-]+(?:/[\w-]+)*\.sh)\b", line)
    return "\n".join([line, *(sources.text(path) for path in called)])


def script_port(sources: Sources) -> Fact[int] | None:
    """The port that the app's own start script names."""
    for path in START_SCRIPTS:
        for match in compiled(r"^(?!\s*#).+$").finditer(sources.text(path)):
            port = port_in(match[0])
            if port:
                return Fact(port, (sources.evidence(path, match),))
    return None


def _fitted(line: str, below: str, rooted: str, sources: Sources) -> str | None:
    """A command line as it runs in the app's folder of an image; none if it is about some other folder.

    Args:
        line: as the file says it.
        below: the app's folder, seen from that of the file.
        rooted: the same, if the file has said already that the command runs there.
        sources: the app's files.
    """
    steps = [step.strip() for step in line.split("&&")]
    entered = _ENTERS.fullmatch(steps[0])
    if entered and below and entered[1] == below:
        steps = steps[1:]
    elif rooted != below or (entered and not below and not sources.matching(f"{entered[1]}/**/*")):
        return None
    if len(steps) > 1:
        steps = [step for step in steps if not _INSTALLS.fullmatch(step)] or steps
    return " && ".join(plain for step in steps if (plain := _TOOLS.sub("", step))) or None


def _said(sources: Sources, path: str, *keys: str) -> Fact[str] | None:
    value = lookup(document_of(sources, path), *keys) if sources.has(path) else None
    words = items(value)
    line = value if isinstance(value, str) else " ".join(str(word) for word in words)
    return (
        Fact(line.strip(), (sources.quote(path, line.strip().partition("\n")[0]),)) if line.strip() else None
    )


def _procfile_start(sources: Sources, analyzer: str, below: str) -> Fact[str] | None:
    return procfile(sources)


def _heroku_start(sources: Sources, analyzer: str, below: str) -> Fact[str] | None:
    return _said(sources, "heroku.yml", "run", "web") or _said(sources, "heroku.yml", "run", "web", "command")


def _railway_start(sources: Sources, analyzer: str, below: str) -> Fact[str] | None:
    found = (
        _said(sources, path, "deploy", "startCommand")
        for path in ("railway.json", "railway.toml", "railpack.json")
    )
    return next((each for each in found if each), None)


def _nixpacks_start(sources: Sources, analyzer: str, below: str) -> Fact[str] | None:
    return _said(sources, "nixpacks.toml", "start", "cmd")


def _render_start(sources: Sources, analyzer: str, below: str) -> Fact[str] | None:
    line = render_service(sources, analyzer, below).get("startCommand")
    return (
        Fact(line, (sources.quote("render.yaml", line.partition("\n")[0]),))
        if isinstance(line, str) and line
        else None
    )


def _engine_start(sources: Sources, analyzer: str, below: str) -> Fact[str] | None:
    if not sources.find("app.yaml", r"^runtime:"):
        return None
    return _said(sources, "app.yaml", "entrypoint")


def _runner_start(sources: Sources, analyzer: str, below: str) -> Fact[str] | None:
    return _said(sources, "apprunner.yaml", "run", "command")


def _fly_start(sources: Sources, analyzer: str, below: str) -> Fact[str] | None:
    found = (_said(sources, "fly.toml", "processes", name) for name in ("web", "app"))
    return next((each for each in found if each), None)


_STARTS: tuple[Callable[[Sources, str, str], Fact[str] | None], ...] = (
    _procfile_start,
    _heroku_start,
    _railway_start,
    _nixpacks_start,
    _render_start,
    _engine_start,
    _runner_start,
    _fly_start,
)
