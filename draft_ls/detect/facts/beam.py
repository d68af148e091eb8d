"""Facts about Elixir and Erlang apps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs
from draft_ls.detect.versions import choose, line_of, pinned

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

ELIXIRS = ("1.12", "1.13", "1.14", "1.15", "1.16", "1.17", "1.18")
PREFERRED = "1.18"

ELIXIR = Signs(
    files=("config/runtime.exs", "config/prod.exs", "config/config.exs", "lib/**/*.ex"),
    comment="hash",
    calls=frozenset(),
    keys=frozenset({"port", "PORT"}),
)

ERLANG = Signs(
    files=("src/**/*.erl", "apps/*/src/*.erl", "config/sys.config"),
    comment="percent",
    calls=frozenset(),
    keys=frozenset({"port"}),
)


def analyze(subject: Subject) -> Facts:
    """Find the facts of an Elixir (mix) or Erlang (rebar3) app."""
    return _elixir(subject) if subject.rules.language == "elixir" else _erlang(subject)


def _elixir(subject: Subject) -> Facts:
    sources = subject.sources
    facts = Facts(framework=subject.framework_fact)
    facts.version = _elixir_version(sources)
    facts.package_manager = Fact("mix", (sources.evidence("mix.exs"),))
    app = sources.find("mix.exs", r"app:\s*:(\w+)")
    release = sources.find("mix.exs", r"releases:\s*\[\s*(\w+):") or sources.find(
        "mix.exs", r"defp? releases\b[^\[]*\[\s*(\w+):"
    )
    children = _children(sources)
    released = "" if release else next((each for each in children if _serves(sources, each)), "")
    name = release[1] if release else app[1] if app else released.rpartition("/")[2] or sources.name
    # Of an umbrella, the child that has assets: its files do not count for the root.
    place = next(
        (f"{each}/" for each in children if "assets.deploy" in sources.beside(f"{each}/mix.exs")), ""
    )
    deploys = bool(place) or sources.find("mix.exs", r'"assets\.deploy"') is not None
    packages = sources.beside(f"{place}assets/package.json") if place or "assets" in sources.names else ""
    facts.details |= {
        "release": name,
        "lockfile": sources.has("mix.lock"),
        "packages": any(
            fetches(sources.beside(f"{each}mix.exs")) for each in ("", *(f"{child}/" for child in children))
        ),
        "children": children,
        "released": released,
        "assets_place": place,
        "assets": bool(packages) or deploys,
        "deploys": deploys,
        "node_assets": re.search(r'"(?:devD|d)ependencies"\s*:\s*\{\s*"', packages) is not None,
        "node_lockfile": bool(packages) and bool(sources.beside(f"{place}assets/package-lock.json")),
        "folders": tuple(
            each
            for each in ("config", "lib", "priv", "assets", "rel", "apps")
            if any(path.startswith(f"{each}/") for path in sources.files)
        ),
    }
    facts.build = Fact("mix release", (sources.evidence("mix.exs"),))
    facts.start = Fact((f"bin/{name}", "start"), (sources.evidence("mix.exs", app),) if app else ())
    umbrella = sources.find("mix.exs", r"apps_path:")
    facts.details["whole"] = umbrella is not None
    if not subject.framework and not umbrella and not sources.find("mix.exs", r"\bmod:\s*\{"):
        facts.confidence = 0.25
    if subject.depends("hex:nerves"):
        facts.confidence = 0.1  # firmware
    network = scan(sources, ELIXIR)
    facts.port, facts.reads_port = network.port, network.reads_port
    facts.health, facts.variables = _scoped(sources, network.health), network.variables
    return facts


def _elixir_version(sources: Sources) -> Fact[str] | None:
    """The release line: pin files, then the range of ``mix.exs``."""
    pins = (
        (".elixir-version", r"^\s*(\d+\.\d+)"),
        ("elixir_buildpack.config", r"^elixir_version=(\d+\.\d+)"),
    )
    pin = line_of(pinned(sources, pins, "elixir"), 2)
    constraint = sources.find("mix.exs", r'elixir:\s*"([^"]+)"') or sources.find(
        "mix.exs", r'^\s*@elixir\w*\s+"([^"]+)"'
    )
    chosen = choose(constraint[1], ELIXIRS, PREFERRED) if constraint else None
    ranged = Fact(chosen, (sources.evidence("mix.exs", constraint),)) if constraint and chosen else None
    return pin or ranged


def fetches(text: str) -> bool:
    """Whether a ``mix.exs`` names packages that are fetched: those of an umbrella and of folders are not."""
    listed = re.finditer(r"\{\s*:\w+\s*,([^{}]*)", text)
    return any(
        re.search(r"^\s*[\"@]|\b(?:git|github|hex):", each[1])
        and not re.search(r"\b(?:path|in_umbrella):", each[1])
        for each in listed
    )


def _children(sources: Sources) -> tuple[str, ...]:
    """The folders of an umbrella's apps."""
    named = sources.find("mix.exs", r"apps_path:\s*\"([\w/-]+)\"")
    folders = sources.folders(named[1]) if named else ()
    return tuple(
        f"{named[1]}/{each}" for each in folders if named and sources.beside(f"{named[1]}/{each}/mix.exs")
    )


def _serves(sources: Sources, child: str) -> bool:
    """Whether an umbrella's app is the one that answers requests."""
    text = sources.beside(f"{child}/mix.exs")
    return re.search(r"\bmod:\s*\{", text) is not None and (
        re.search(r":(?:phoenix|bandit|plug_cowboy|plug|cowboy)\b", text) is not None
        or child.endswith("_web")
    )


def _scoped(sources: Sources, health: Fact[str] | None) -> Fact[str] | None:
    """A router's health path with the scope that it stands in."""
    if health is None or health.evidence[0].span is None:
        return health
    path = health.evidence[0].path.removeprefix(f"{sources.path}/")
    lines = sources.text(path).split("\n")[: health.evidence[0].span.start.line + 1]
    depth = len(lines[-1]) - len(lines[-1].lstrip())
    for line in reversed(lines[:-1]):
        indent = len(line) - len(line.lstrip())
        scope = re.match(r'\s*scope\s+"(/[\w/-]*)"', line)
        if line.strip() and indent < depth:
            if scope is None:
                break
            return Fact(f"{scope[1].rstrip('/')}{health.value}", health.evidence)
    return health


def _erlang(subject: Subject) -> Facts:
    sources = subject.sources
    facts = Facts(framework=subject.framework_fact)
    facts.version = line_of(pinned(sources, ((".erlang-version", r"^\s*(\d+)"),), "erlang"), 1)
    minimum = sources.find("rebar.config", r'minimum_otp_vsn,\s*"(\d+)')
    if minimum and not facts.version:
        facts.version = Fact(minimum[1], (sources.evidence("rebar.config", minimum),))
    facts.package_manager = Fact("rebar3", (sources.evidence("rebar.config"),))
    release = sources.find("rebar.config", r"\{release,\s*\{\s*(\w+)")
    facts.details |= {
        "release": release[1] if release else sources.name,
        "lockfile": sources.has("rebar.lock"),
    }
    facts.build = Fact("rebar3 as prod release", (sources.evidence("rebar.config"),))
    if release:
        facts.start = Fact((f"bin/{release[1]}", "foreground"), (sources.evidence("rebar.config", release),))
    else:
        facts.confidence = 0.25
    network = scan(sources, ERLANG)
    facts.port, facts.reads_port, facts.health = network.port, network.reads_port, network.health
    return facts
