"""What the files of hosting platforms say about an app: how it starts, where it listens, which runtime it wants.

A Procfile, heroku.yml, railway.json and railway.toml, railpack.json, nixpacks.toml, render.yaml, App Engine's app.yaml,
App Runner's apprunner.yaml and fly.toml. They are read in the app's folder, and in the folders above it as far as they
speak of the app there: by ``rootDir``, or by a command that starts with ``cd`` into it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from draft_ls.detect.commands import port_in, procfile
from draft_ls.detect.model import Fact
from draft_ls.detect.sources import compiled, is_table, items, lookup, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from draft_ls.detect.sources import Sources

FILES = (
    "Procfile",
    "heroku.yml",
    "railway.json",
    "railway.toml",
    "railpack.json",
    "nixpacks.toml",
    "render.yaml",
    "app.yaml",
    "apprunner.yaml",
    "fly.toml",
    "netlify.toml",
)
"""The files of hosting platforms."""

RUNTIMES = {
    "python": ("python",),
    "javascript": ("node", "nodejs", "bun"),
    "deno": ("deno",),
    "go": ("go",),
    "ruby": ("ruby",),
    "rust": ("rust",),
    "beam": ("elixir",),
    "php": ("php",),
    "jvm": ("java",),
}
"""Analyzer → the names that platforms have for its runtime."""

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
    for folder, below in _folders(sources):
        for read in _STARTS:
            declared = read(folder, analyzer, below)
            rooted = below if read is _render_start else ""
            line = _fitted(declared.value, below, rooted, sources) if declared else None
            if declared and line:
                return Fact(line, declared.evidence)
    return None


def hosted_port(sources: Sources) -> Fact[int] | None:
    """The port on which ``fly.toml`` or ``apprunner.yaml`` expects the app."""
    for path, keys in (
        ("fly.toml", ("http_service", "internal_port")),
        ("fly.toml", ("services", "internal_port")),
        ("fly.toml", ("env", "PORT")),
        ("apprunner.yaml", ("run", "network", "port")),
    ):
        value = _deep(_document(sources, path), *keys) if sources.has(path) else None
        if value is not None and re.fullmatch(r"\d{2,5}", str(value)):
            return Fact(int(str(value)), (sources.quote(path, str(value), f"{keys[-1]} {value}"),))
    return None


def hosted_health(sources: Sources, analyzer: str) -> Fact[str] | None:
    """The path that a platform asks for the app's health."""
    for folder, below in _folders(sources):
        service = _render_service(folder, analyzer, below)
        said = [("render.yaml", service.get("healthCheckPath"))]
        if not below:
            said += [
                (path, _deep(_document(folder, path), "deploy", "healthcheckPath"))
                for path in ("railway.json", "railway.toml")
            ]
            fly = _document(folder, "fly.toml")
            said += [
                ("fly.toml", _deep(fly, "http_service", "checks", "path")),
                ("fly.toml", _deep(fly, "services", "http_checks", "path")),
            ]
        for path, value in said:
            if isinstance(value, str) and value.startswith("/"):
                return Fact(value, (folder.quote(path, value),))
    return None


def hosted_version(sources: Sources, analyzer: str) -> Fact[str] | None:
    """The version of the runtime that a platform is asked for, as written."""
    names = RUNTIMES[analyzer]
    for folder, below in _folders(sources):
        service = _render_service(folder, analyzer, below)
        variables = {
            str(table(each).get("key")): table(each).get("value") for each in items(service.get("envVars"))
        }
        said = [("render.yaml", variables.get(f"{name.upper()}_VERSION")) for name in names]
        if not below:
            said += list(_own_versions(folder, names))
        for path, value in said:
            if isinstance(value, str | float | int) and re.match(r"v?\d", str(value)):
                return Fact(str(value), (folder.quote(path, str(value), f"{names[0]} {value}"),))
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


def _own_versions(sources: Sources, names: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    netlify = _document(sources, "netlify.toml")
    nixpacks = _document(sources, "nixpacks.toml")
    for name in names:
        yield "netlify.toml", _deep(netlify, "build", "environment", f"{name.upper()}_VERSION")
        yield "nixpacks.toml", _deep(nixpacks, "variables", f"NIXPACKS_{name.upper()}_VERSION")
        yield "nixpacks.toml", _deep(nixpacks, "variables", f"{name.upper()}_VERSION")
        yield "railpack.json", _deep(_document(sources, "railpack.json"), "packages", name)
    lines = "|".join(names)
    match = sources.find("nixpacks.toml", rf"[\"'](?:{lines})[-_]?(\d[\d_]*)(?:_x|-x)?[\"']")
    if match:
        digits = match[1].replace("_", ".")
        yield "nixpacks.toml", f"3.{digits[1:]}" if names[0] == "python" and digits[:1] == "3" else digits
    match = sources.find("app.yaml", rf"^runtime:\s*[\"']?(?:{lines})(\d+)")
    if match:
        yield "app.yaml", f"3.{match[1][1:]}" if names[0] == "python" else match[1]
    runtime = str(lookup(_document(sources, "apprunner.yaml"), "run", "runtime-version") or "")
    yield "apprunner.yaml", runtime or None


def _folders(sources: Sources) -> Iterator[tuple[Sources, str]]:
    """The app's folder and those above it that hold a platform's file, each with the path of the app below it."""
    if sources.first(*FILES):
        yield sources, ""
    for folder in sources.above_folders:
        if folder.first(*FILES):
            yield folder, sources.path[len(folder.path) :].strip("/")


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
    line = _render_service(sources, analyzer, below).get("startCommand")
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


def _render_service(sources: Sources, analyzer: str, below: str) -> dict[str, Any]:
    """The service of ``render.yaml`` that is the app: a web service if there is one, else the only other one."""
    if not sources.has("render.yaml") or analyzer not in RUNTIMES:
        return {}
    document = sources.yaml("render.yaml")
    services = items(document.get("services"))
    for project in items(document.get("projects")):
        for environment in items(table(project).get("environments")):
            services = [*services, *items(table(environment).get("services"))]
    fitting = [table(each) for each in services if _is_service(table(each), analyzer, below)]
    web = [each for each in fitting if each.get("type") in {"web", "pserv"}]
    return web[0] if web else fitting[0] if len(fitting) == 1 else {}


def _is_service(service: dict[str, Any], analyzer: str, below: str) -> bool:
    runtime = service.get("runtime") or service.get("env")
    root = str(service.get("rootDir") or "").removeprefix("./").strip("/").removeprefix(".")
    return runtime in RUNTIMES[analyzer] and (
        root == below or (not root and "cd " in str(service.get("startCommand")))
    )


def _said(sources: Sources, path: str, *keys: str) -> Fact[str] | None:
    value = lookup(_document(sources, path), *keys) if sources.has(path) else None
    words = items(value)
    line = value if isinstance(value, str) else " ".join(str(word) for word in words)
    return (
        Fact(line.strip(), (sources.quote(path, line.strip().partition("\n")[0]),)) if line.strip() else None
    )


def _document(sources: Sources, path: str) -> dict[str, Any]:
    if not sources.has(path):
        return {}
    if path.endswith(".json"):
        return sources.json(path)
    return sources.toml(path) if path.endswith(".toml") else sources.yaml(path)


def _deep(value: Any, *keys: str) -> Any:
    """The value below nested keys, through the first table of each list on the way."""
    for key in keys:
        if not is_table(value):
            value = next(iter(items(value)), None)
        value = table(value).get(key)
    return value
