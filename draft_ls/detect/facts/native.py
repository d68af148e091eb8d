"""Facts about apps that a compiler turns into one program: Swift, Dart, Haskell, Crystal, Zig."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.documents import lookup, table
from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.folders import read_folders
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs
from draft_ls.detect.versions import line_of, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

SWIFT = Signs(
    files=("Sources/**/*.swift",), calls=frozenset({"bind", "init", "start"}), keys=frozenset({"port"})
)
DART = Signs(
    files=("bin/*.dart", "lib/**/*.dart"),
    calls=frozenset({"serve", "bind", "parse"}),
    keys=frozenset({"port"}),
)
HASKELL = Signs(
    files=("app/**/*.hs", "src/**/*.hs", "*.hs"),
    comment="dash",
    calls=frozenset({"scotty", "run", "warp", "runEnv", "setPort", "warpEnv", "runSpock", "fromMaybe"}),
    keys=frozenset({"port"}),
)
CRYSTAL = Signs(
    files=("**/*.cr",),
    comment="hash",
    calls=frozenset({"bind_tcp", "listen", "run"}),
    keys=frozenset({"port"}),
)
ZIG = Signs(
    files=("src/**/*.zig", "*.zig"),
    calls=frozenset({"parseIp", "parseIp4", "resolveIp", "initIp4"}),
    keys=frozenset({"port"}),
)


_POSTGRES = tuple(
    f"hackage:{name}"
    for name in ("postgresql-simple", "persistent-postgresql", "postgresql-libpq", "hasql", "opaleye")
)
"""Packages that are linked to PostgreSQL's library."""


def analyze(subject: Subject) -> Facts:
    """Find the facts of an app in one of these languages."""
    return _ANALYZERS[subject.rules.name](subject)


def finish(subject: Subject, facts: Facts, signs: Signs, name: Fact[str] | None) -> Facts:
    """Add what the sources say about the network, and the program's name; without one there is nothing to start."""
    network = scan(subject.sources, signs)
    facts.port = network.port
    facts.reads_port, facts.health, facts.variables = network.reads_port, network.health, network.variables
    facts.framework = subject.framework_fact
    facts.details["binary"] = name.value if name else "app"
    if name is None:
        facts.confidence = min(facts.confidence, 0.25)
    elif facts.start is None:
        facts.start = Fact((f"./{name.value}",), name.evidence)
    return facts


def _swift(subject: Subject) -> Facts:
    sources = subject.sources
    version = pinned(
        sources,
        ((".swift-version", r"^\s*(\d+\.\d+)"), ("Package.swift", r"swift-tools-version:\s*(\d+\.\d+)")),
        "swift",
    )
    facts = Facts(
        version=line_of(version, 2), package_manager=Fact("swiftpm", (sources.evidence("Package.swift"),))
    )
    match = sources.find("Package.swift", r'\.executableTarget\(\s*name:\s*"(\w+)"') or sources.find(
        "Package.swift", r'\.executable\(\s*name:\s*"(\w+)"'
    )
    main = next(iter(sources.matching("Sources/*/main.swift")), None)
    name = Fact(match[1], (sources.evidence("Package.swift", match),)) if match else None
    name = name or (Fact(main.split("/")[1], (sources.evidence(main),)) if main else None)
    facts.build = Fact("swift build -c release", (sources.evidence("Package.swift"),))
    facts.details["lockfile"] = sources.has("Package.resolved")
    facts.details["folders"] = tuple(
        each for each in ("Public", "Resources") if any(path.startswith(f"{each}/") for path in sources.files)
    )
    facts = finish(subject, facts, SWIFT, name)
    if name and subject.framework_name == "vapor":
        port = str(facts.port.value if facts.port else 8080)
        facts.start = Fact(
            (f"./{name.value}", "serve", "--env", "production", "--hostname", "0.0.0.0", "--port", port),
            name.evidence,
        )
    elif name and subject.framework_name == "hummingbird":
        facts.start = _told(sources, name, facts)
    return facts


def _told(sources: Sources, name: Fact[str], facts: Facts) -> Fact[tuple[str, ...]]:
    """The start command with the options that the program itself declares: without them it answers only itself."""
    port = facts.port.value if facts.port else 8080
    given: list[str] = []
    for option, value in (("hostname", "0.0.0.0"), ("host", "0.0.0.0"), ("port", str(port))):
        declared = rf"@Option\([^)\n]*\)\s*(?:public\s+)?var\s+{option}\s*:"
        if next(sources.search(sources.matching("Sources/**/*.swift"), declared), None):
            given += [f"--{option}", value]
    return Fact((f"./{name.value}", *given), name.evidence)


def _dart(subject: Subject) -> Facts:
    sources = subject.sources
    facts = Facts(package_manager=Fact("pub", (sources.evidence("pubspec.yaml"),)))
    constraint = lookup(sources.yaml("pubspec.yaml"), "environment", "sdk")
    lower = re.search(r"(\d+\.\d+)", str(constraint or ""))
    if lower:
        facts.version = Fact(lower[1], (sources.quote("pubspec.yaml", str(constraint)),))
    package = str(sources.yaml("pubspec.yaml").get("name", ""))
    script = sources.first("bin/server.dart", "bin/main.dart", f"bin/{package}.dart") or next(
        iter(sources.matching("bin/*.dart")), None
    )
    name = Fact(script[4:-5], (sources.evidence(script),)) if script else None
    frog = subject.framework_name == "dart-frog" and bool(sources.matching("routes/**/*.dart"))
    if frog:
        script = "bin/server.dart"
        name = Fact("server", (sources.evidence(sources.matching("routes/**/*.dart")[0]),))
    elif subject.depends("pub:flutter"):
        name = None
    facts.build = (
        Fact(f"dart compile exe {script} -o {name.value}", name.evidence) if name and script else None
    )
    if frog and name:
        facts.build = Fact("dart_frog build", name.evidence)
    facts.details |= {
        "entry": script or "bin/server.dart",
        "frog": frog,
        "lockfile": sources.has("pubspec.lock"),
    }
    facts.details["folders"] = read_folders(sources, "**/*.dart")
    if name and subject.framework_name == "serverpod":
        facts.start = Fact((f"./{name.value}", "--mode", "production"), name.evidence)
        kept = ("config", "migrations", "web")
        facts.details["folders"] = tuple(each for each in kept if sources.matching(f"{each}/**/*"))
    return finish(subject, facts, DART, name)


def _haskell(subject: Subject) -> Facts:
    sources = subject.sources
    stack = sources.has("stack.yaml")
    manifest = (
        "stack.yaml"
        if stack
        else sources.first("package.yaml", "cabal.project") or next(iter(sources.matching("*.cabal")), "")
    )
    facts = Facts(package_manager=Fact("stack" if stack else "cabal", (sources.evidence(manifest),)))
    pins = (
        ("cabal.project", r"^with-compiler:\s*ghc-(\d+\.\d+)"),
        ("stack.yaml", r"^(?:resolver|compiler|snapshot):\s*ghc-(\d+\.\d+)"),
    )
    facts.version = line_of(pinned(sources, pins, "ghc", "haskell"), 2)
    executables = table(sources.yaml("package.yaml").get("executables"))
    name = (
        Fact(next(iter(executables)), (sources.quote("package.yaml", next(iter(executables))),))
        if executables
        else None
    )
    cabal = next(iter(sources.matching("*.cabal")), "")
    match = sources.find(cabal, r"^executable\s+([\w-]+)") if cabal and not name else None
    name = Fact(match[1], (sources.evidence(cabal, match),)) if match else name
    facts.build = Fact("stack build --copy-bins" if stack else "cabal build", (sources.evidence(manifest),))
    postgres = subject.depends(*_POSTGRES)
    facts.details |= {"stack": stack, "cabal_file": cabal, "hpack": sources.has("package.yaml")}
    facts.details["postgres"] = postgres is not None
    return finish(subject, facts, HASKELL, name)


def _crystal(subject: Subject) -> Facts:
    sources = subject.sources
    facts = Facts(package_manager=Fact("shards", (sources.evidence("shard.yml"),)))
    pin = pinned(sources, ((".crystal-version", r"^\s*(\d+\.\d+)"),), "crystal")
    constraint = str(sources.yaml("shard.yml").get("crystal", ""))
    facts.version = line_of(pin, 2)
    targets = table(sources.yaml("shard.yml").get("targets"))
    package = str(sources.yaml("shard.yml").get("name", ""))
    main = sources.first(f"src/{package}.cr", "src/main.cr", "src/app.cr", "src/server.cr")
    name = Fact(next(iter(targets)), (sources.quote("shard.yml", next(iter(targets))),)) if targets else None
    facts.build = Fact("shards build --release --production", name.evidence) if name else None
    facts.details |= {
        "lockfile": sources.has("shard.lock"),
        "target": bool(targets),
        "packages": bool(subject.dependencies.of("shards")),
        "constraint": constraint,
        "entry": main or "",
    }
    listens = sources.find(main or "", r"\bHTTP::Server\b|\bTCPServer\b")
    if name is None and main and (subject.framework or listens):
        name = Fact(package or "app", (sources.evidence(main),))
        facts.build = Fact(f"crystal build --release -o {name.value} {main}", name.evidence)
    return finish(subject, facts, CRYSTAL, name)


def _zig(subject: Subject) -> Facts:
    sources = subject.sources
    facts = Facts()
    pins = (
        (".zigversion", r"^\s*(\d+\.\d+(?:\.\d+)?)"),
        ("build.zig.zon", r'minimum_zig_version\s*=\s*"(\d+\.\d+(?:\.\d+)?)'),
    )
    facts.version = line_of(pinned(sources, pins, "zig"), 3)
    facts.package_manager = (
        Fact("zig", (sources.evidence("build.zig"),)) if sources.has("build.zig") else None
    )
    match = sources.find("build.zig", r'addExecutable\(\s*(?:\.\{\s*\.name\s*=\s*)?"([\w.-]+)"')
    name = Fact(match[1], (sources.evidence("build.zig", match),)) if match else None
    facts.build = (
        Fact("zig build -Doptimize=ReleaseSafe", (sources.evidence("build.zig"),)) if match else None
    )
    return finish(subject, facts, ZIG, name)


_ANALYZERS: Mapping[str, Callable[[Subject], Facts]] = {
    "swift": _swift,
    "dart": _dart,
    "haskell": _haskell,
    "crystal": _crystal,
    "zig": _zig,
}
