"""What an app's source says about the network: the port, the health path, the variables that it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.detect.model import Fact
from draft_ls.detect.tokens import Code, key_pattern, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from draft_ls.detect.sources import Sources
    from draft_ls.detect.tokens import Signs

FILE_LIMIT = 300
"""How many files one scan looks at."""


@dataclass(frozen=True, slots=True)
class Network:
    """What source says about the network: the port, whether ``PORT`` is asked for, the health path, variables."""

    port: Fact[int] | None = None
    reads_port: bool = False
    health: Fact[str] | None = None
    variables: tuple[Fact[str], ...] = ()


HEALTH = re.compile(
    r"^/?(?:api/)?(?:v\d+/)?"
    r"(?:_?healthz?(?:/(?:live|ready))?|health[-_]?check|livez?|alive|readyz?|_status|heartbeat|ping|-/(?:healthy|ready))/?$"
)
"""Paths by which apps report their health."""

_ROUTES = re.compile(
    r"""(?:\b(?:get|GET|Get|route|Route|HandleFunc|Handle|MapGet|MapHealthChecks|UseHealthChecks|path|head|any|use|match"""
    r"""|GetMapping|RequestMapping|Path|resource|on)\b|#\[get)\s*(?:\(|!\(|\s)"""
    r"""\s*(?:value\s*=\s*|path\s*=\s*|["']GET["']\s*,\s*)?["'](?P<path>(?:GET )?/?[\w/.-]*)["']"""
    r"""|["'](?P<bound>/[\w/.-]*)["']\s+bind\b"""
)
"""A route: in a call, or as http4k binds it."""
_READS = re.compile(
    r"""(?:[Ee]nv|ENV|EnvironmentVariable|lookup)[^\n"']{0,40}["'](?:HTTP_|SERVER_)?PORT["']"""
    r"""|\$\{\??PORT\b|\b(?:env|envconfig):"PORT\b|\bcase\s+["']PORT["']|\bBindEnv\([^\n)]*["']PORT["']"""
    r"""|\benv\s*=\s*["']PORT["']"""
)
_REQUIRED = re.compile(
    r"""(?:ENV\[["']|ENV\.fetch\(["']|os\.Getenv\(["']|System\.getenv\(["']|env::var\(["']|std::env::var\(["']|env!\(["']|Environment\.GetEnvironmentVariable\(["']|System\.fetch_env!\(["']|System\.get_env\(["']|getenv\(["']|Deno\.env\.get\(["']|Platform\.environment\[["']|Environment\.get\(["'])(?P<name>[A-Z][A-Z0-9_]+)["']\s*[\])](?!\s*(?:\|\|(?!\s*raise)|\?\?(?!\s*throw)|\.unwrap_or|or\b(?!\s*raise)|\|\|=|\{|do\b))"""
)
"""A variable that is read without a default: what follows gives none, or fails."""
_PLATFORM = {
    "PORT",
    "HOST",
    "PATH",
    "HOME",
    "USER",
    "RAILS_ENV",
    "RACK_ENV",
    "MIX_ENV",
    "APP_ENV",
    "NODE_ENV",
    "TZ",
    "RUST_LOG",
    "PHX_HOST",
    "PHX_SERVER",
    "BUNDLE_GEMFILE",
    "HOSTNAME",
}


def scan(sources: Sources, signs: Signs) -> Network:
    """What the source files of one language say about the network."""
    skip = re.compile(signs.skip)
    paths = sorted(
        {path for pattern in signs.files for path in sources.matching(pattern) if not skip.search(path)},
        key=lambda path: (path.count("/"), path),
    )[:FILE_LIMIT]
    port: Fact[int] | None = None
    health: Fact[str] | None = None
    reads = False
    variables: list[Fact[str]] = []
    names = sorted(map(re.escape, signs.calls | signs.keys)) + ([key_pattern()] if signs.keys else [])
    quick = re.compile("|".join(names)) if names else None
    for path in paths:
        text = sources.text(path)
        reads = reads or bool(_READS.search(text))
        health = health or _health(sources, path, text)
        variables += [
            Fact(each["name"], (sources.evidence(path, each.span("name")),))
            for each in _REQUIRED.finditer(text)
            if each["name"] not in _PLATFORM and not _asked(text, each)
        ]
        if port is None and quick and quick.search(text):
            code = Code(text, tokens(text, signs.comment))
            found, asked = code.port(signs)
            reads = reads or asked
            if found:
                number, where = found
                port = Fact(number, (sources.evidence(path, where),))
    return Network(port or _defaulted(sources, paths), reads, health, tuple(variables))


def _asked(text: str, read: re.Match[str]) -> bool:
    """Whether the file asks somewhere if the variable is there: ``x ENV["X"] if ENV["X"]``."""
    name = re.escape(read["name"])
    return bool(
        re.search(rf"\b(?:if|unless|when)\b[^\n]*(?:ENV|[Ee]nv)\b[^\n]{{0,12}}[\"']{name}[\"']\)?\]?", text)
    )


def _defaulted(sources: Sources, paths: Iterable[str]) -> Fact[int] | None:
    """The default that stands right behind ``PORT``, wherever it goes from there."""
    for path, match in sources.search(paths, r"""["']PORT["'][^\n;]{0,60}?(?<![\d.])(\d{4,5})(?![\d.])"""):
        if int(match[1]) < 65536:
            return Fact(int(match[1]), (sources.evidence(path, match),))
    return None


def _health(sources: Sources, path: str, text: str) -> Fact[str] | None:
    for match in _ROUTES.finditer(text):
        group = "path" if match["bound"] is None else "bound"
        route = match[group].removeprefix("GET ")
        if HEALTH.match(route):
            before = _before(text, match.start())
            if before is None:
                continue
            said = route if route.startswith("/") else f"/{route}"
            return Fact(before + said, (sources.evidence(path, match.span(group)),))
    return None


def _before(text: str, at: int) -> str | None:
    """The path below which a route lies: of the group that it is called on, of the blocks around it, of all of Grape.

    None if that cannot be told: the group comes from elsewhere.
    """
    called = re.search(r"(\w+)\.$", text[max(0, at - 60) : at])
    group = _grouped(text, called[1], at) if called else ""
    if group is None:
        return None
    grape = ""
    if "Grape::API" in text:
        named = re.search(r"^\s*prefix\s+(?::|[\"'])/?([\w/-]+)", text, re.MULTILINE)
        version = re.search(r"^\s*version\s+[\"'](\w+)[\"'](?=[^\n]*using:\s*:path)", text, re.MULTILINE)
        grape = "".join(f"/{each[1]}" for each in (named, version) if each)
    return grape + _around(text, at) + group


def _grouped(text: str, name: str, at: int, depth: int = 0) -> str | None:
    """The path of a group of routes (Gin, Echo, Fiber) by its variable; none if it is a parameter of its kind."""
    groups = list(re.finditer(rf"\b{name}\s*:?=\s*(\w+)\.Group\(\s*\"(/?[^\"]*)\"", text[:at]))
    made = groups[-1] if groups else None
    if made:
        outer = _grouped(text, made[1], made.start(), depth + 1) if depth < 4 else ""
        return None if outer is None else f"{outer}/{made[2].strip('/')}".rstrip("/")
    return (
        None if re.search(rf"\b{name}\s+(?:\*?\w+\.)?(?:RouterGroup|Group|IRoutes|IRouter)\b", text) else ""
    )


_BLOCK = re.compile(r"\.(?:Route|group|scope|nest)\(\s*\"(/[^\"]*)\"\s*,\s*(?:func|\|)")


def _around(text: str, at: int) -> str:
    """The paths of the blocks that a route stands in: ``r.Route("/api", func(r chi.Router) {``."""
    found = ""
    for match in _BLOCK.finditer(text, 0, at):
        if _open(text[match.end() : at]):
            found += match[1].rstrip("/")
    return found


def _open(text: str) -> bool:
    """Whether the first block that a text opens is not closed in it."""
    depth = 0
    for each in re.finditer(r"[{}]", text):
        depth += 1 if each[0] == "{" else -1
        if depth <= 0:
            return False
    return depth > 0
