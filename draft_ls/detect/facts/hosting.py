"""What the files of hosting platforms say about an app: where it listens, which runtime it wants.

A Procfile, heroku.yml, railway.json and railway.toml, railpack.json, nixpacks.toml, render.yaml, App Engine's app.yaml,
App Runner's apprunner.yaml and fly.toml. They are read in the app's folder, and in the folders above it as far as they
speak of the app there: by ``rootDir``, or by a command that starts with ``cd`` into it.
How it starts, ``hosting_start`` says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from draft_ls.detect.documents import is_table, items, lookup, table
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def hosted_port(sources: Sources) -> Fact[int] | None:
    """The port on which ``fly.toml`` or ``apprunner.yaml`` expects the app."""
    for path, keys in (
        ("fly.toml", ("http_service", "internal_port")),
        ("fly.toml", ("services", "internal_port")),
        ("fly.toml", ("env", "PORT")),
        ("apprunner.yaml", ("run", "network", "port")),
    ):
        value = _deep(document_of(sources, path), *keys) if sources.has(path) else None
        if value is not None and re.fullmatch(r"\d{2,5}", str(value)):
            return Fact(int(str(value)), (sources.quote(path, str(value), f"{keys[-1]} {value}"),))
    return None


def hosted_health(sources: Sources, analyzer: str) -> Fact[str] | None:
    """The path that a platform asks for the app's health."""
    for folder, below in folders(sources):
        service = render_service(folder, analyzer, below)
        said = [("render.yaml", service.get("healthCheckPath"))]
        if not below:
            said += [
                (path, _deep(document_of(folder, path), "deploy", "healthcheckPath"))
                for path in ("railway.json", "railway.toml")
            ]
            fly = document_of(folder, "fly.toml")
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
    for folder, below in folders(sources):
        service = render_service(folder, analyzer, below)
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


def folders(sources: Sources) -> Iterator[tuple[Sources, str]]:
    """The app's folder and those above it that hold a platform's file, each with the path of the app below it."""
    if sources.first(*FILES):
        yield sources, ""
    for folder in sources.above_folders:
        if folder.first(*FILES):
            yield folder, sources.path[len(folder.path) :].strip("/")


def document_of(sources: Sources, path: str) -> dict[str, Any]:
    """What one of the platforms' files holds; empty if the app has it not."""
    if not sources.has(path):
        return {}
    if path.endswith(".json"):
        return sources.json(path)
    return sources.toml(path) if path.endswith(".toml") else sources.yaml(path)


def render_service(sources: Sources, analyzer: str, below: str) -> dict[str, Any]:
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


def _own_versions(sources: Sources, names: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    netlify = document_of(sources, "netlify.toml")
    nixpacks = document_of(sources, "nixpacks.toml")
    for name in names:
        yield "netlify.toml", _deep(netlify, "build", "environment", f"{name.upper()}_VERSION")
        yield "nixpacks.toml", _deep(nixpacks, "variables", f"NIXPACKS_{name.upper()}_VERSION")
        yield "nixpacks.toml", _deep(nixpacks, "variables", f"{name.upper()}_VERSION")
        yield "railpack.json", _deep(document_of(sources, "railpack.json"), "packages", name)
    lines = "|".join(names)
    match = sources.find("nixpacks.toml", rf"[\"'](?:{lines})[-_]?(\d[\d_]*)(?:_x|-x)?[\"']")
    if match:
        digits = match[1].replace("_", ".")
        yield "nixpacks.toml", f"3.{digits[1:]}" if names[0] == "python" and digits[:1] == "3" else digits
    match = sources.find("app.yaml", rf"^runtime:\s*[\"']?(?:{lines})(\d+)")
    if match:
        yield "app.yaml", f"3.{match[1][1:]}" if names[0] == "python" else match[1]
    runtime = str(lookup(document_of(sources, "apprunner.yaml"), "run", "runtime-version") or "")
    yield "apprunner.yaml", runtime or None


def _is_service(service: dict[str, Any], analyzer: str, below: str) -> bool:
    runtime = service.get("runtime") or service.get("env")
    root = str(service.get("rootDir") or "").removeprefix("./").strip("/").removeprefix(".")
    return runtime in RUNTIMES[analyzer] and (
        root == below or (not root and "cd " in str(service.get("startCommand")))
    )


def _deep(value: Any, *keys: str) -> Any:
    """The value below nested keys, through the first table of each list on the way."""
    for key in keys:
        if not is_table(value):
            value = next(iter(items(value)), None)
        value = table(value).get(key)
    return value
