"""Which tool installs a JavaScript app's packages, and which Node it asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.detect.documents import lookup
from draft_ls.detect.facts.hosting import hosted_version
from draft_ls.detect.facts.images import deployed_version, developed_version
from draft_ls.detect.facts.publishing import published_install
from draft_ls.detect.model import Evidence, Fact
from draft_ls.detect.versions import choose, line_of, parse_version, pinned

if TYPE_CHECKING:
    from draft_ls.detect.sources import Sources

NODES = ("12", "14", "16", "18", "20", "22", "24")
"""Release lines of Node that ever had long-term support."""

PREFERRED = "22"
"""The line taken when a range allows it."""

CODENAMES = {
    "erbium": "12",
    "fermium": "14",
    "gallium": "16",
    "hydrogen": "18",
    "iron": "20",
    "jod": "22",
    "krypton": "24",
}
"""Name of a long-term support line → its major."""

LOCKS = (
    ("pnpm-lock.yaml", "pnpm"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("yarn.lock", "yarn"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
)
"""Lock file → the tool that writes it."""


@dataclass(frozen=True, slots=True)
class PackageManager:
    """The tool, the version that is asked for (empty: any) and the lock file (empty: none)."""

    fact: Fact[str]
    version: str = ""
    lockfile: str = ""
    berry: bool = False


def package_manager(sources: Sources) -> PackageManager:
    """The tool by ``packageManager``, else by the lock file, else npm."""
    lock, by_lock = next(((name, tool) for name, tool in LOCKS if sources.has(name)), ("", ""))
    declared = re.fullmatch(
        r"(npm|pnpm|yarn|bun)@\^?([\d.]+).*", str(sources.json("package.json").get("packageManager", ""))
    )
    if declared:
        fact = Fact(declared[1], (sources.quote("package.json", '"packageManager"', declared[0]),))
        own = next((name for name, tool in LOCKS if tool == declared[1] and sources.has(name)), "")
        berry = declared[1] == "yarn" and int(declared[2].partition(".")[0]) > 1
        return PackageManager(fact, declared[2], own, berry)
    if by_lock:
        berry = by_lock == "yarn" and (
            sources.has(".yarnrc.yml") or "__metadata:" in sources.text(lock)[:2000]
        )
        return PackageManager(Fact(by_lock, (sources.evidence(lock),)), "", lock, berry)
    return _workspace(sources) or _implied(sources) or _installed(sources) or PackageManager(Fact("npm"))


def _implied(sources: Sources) -> PackageManager | None:
    """Bun, where a script calls it or its types are there."""
    match = sources.find("package.json", r'"(?:start|dev|build)"\s*:\s*"bunx? |"(?:bun-types|@types/bun)"')
    return PackageManager(Fact("bun", (sources.evidence("package.json", match),))) if match else None


def _installed(sources: Sources) -> PackageManager | None:
    """The tool by which a platform is told to install the packages."""
    told = published_install(sources)
    tool = (
        re.fullmatch(r"(npm|pnpm|yarn|bun)(?: (?:install|i|ci))?(?: --[\w=-]+)*", told.value)
        if told
        else None
    )
    return PackageManager(Fact(tool[1], told.evidence)) if told and tool else None


def _workspace(sources: Sources) -> PackageManager | None:
    """The tool of the workspace that the app is a member of."""
    declared = sources.nearest("package.json", r'"packageManager"\s*:\s*"((?:npm|pnpm|yarn|bun)@[\d.]+)')
    if declared:
        tool, _, version = declared.value.partition("@")
        return PackageManager(
            Fact(tool, declared.evidence), version, "", tool == "yarn" and not version.startswith("1.")
        )
    for path in sorted(sources.above, key=lambda each: -each.count("/")):
        name = path.rpartition("/")[2]
        tool = next((tool for lock, tool in LOCKS if lock == name), None)
        if tool:
            return PackageManager(Fact(tool, (Evidence(path, name),)))
    return None


def node_version(sources: Sources) -> Fact[str] | None:
    """The major version that the app's files ask for: what deploys it first, then exact pins, then ranges."""
    return (
        line_of(deployed_version(sources, "node"), 1)
        or _pinned(sources)
        or line_of(hosted_version(sources, "javascript"), 1)
        or _ranged(sources)
        or line_of(developed_version(sources, "node", "javascript-node", "typescript-node"), 1)
    )


def _pinned(sources: Sources) -> Fact[str] | None:
    pin = pinned(sources, ((".nvmrc", r"^\s*(\S+)"), (".node-version", r"^\s*(\S+)")), "node", "nodejs")
    named = _named(pin.value) if pin else None
    return Fact(named, pin.evidence) if pin and named else None


def _ranged(sources: Sources) -> Fact[str] | None:
    package = sources.json("package.json")
    runtime = lookup(package, "devEngines", "runtime")
    wanted = ("devEngines", "runtime", "version") if lookup(runtime, "name") == "node" else ("devEngines",)
    for keys in (("volta", "node"), ("engines", "node"), wanted):
        constraint = lookup(package, *keys)
        chosen = choose(constraint, NODES, PREFERRED) if isinstance(constraint, str) and constraint else None
        if chosen:
            match = sources.find("package.json", rf'"(?:node|version)"\s*:\s*("{re.escape(constraint)}")')
            return Fact(chosen, (sources.evidence("package.json", match),))
    shared = sources.nearest("package.json", r'"engines"\s*:\s*\{[^}]*"node"\s*:\s*"([^"\n]+)"')
    chosen = choose(shared.value, NODES, PREFERRED) if shared else None
    return Fact(chosen, shared.evidence) if shared and chosen else None


def _named(text: str) -> str | None:
    text = text.strip().lower().removeprefix("v")
    if text.startswith("lts/"):
        return CODENAMES.get(text[4:], PREFERRED if text == "lts/*" else None)
    if text in CODENAMES:
        return CODENAMES[text]
    version = parse_version(text) if text[:1].isdigit() else None
    return str(version[0]) if version else None
