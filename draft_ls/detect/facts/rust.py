"""Facts about Rust apps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.documents import items, lookup, strings, table
from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.folders import needs_dotenv, read_files, read_folders
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs
from draft_ls.detect.versions import line_of, pinned

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

SIGNS = Signs(
    files=("src/**/*.rs", "*/src/**/*.rs", "*/*/src/**/*.rs"),
    calls=frozenset(
        {"bind", "from", "run", "new", "serve", "parse", "unwrap_or", "unwrap_or_else", "listen"}
    ),
    keys=frozenset({"port", "PORT", "addr", "ADDR", "address"}),
)


_SERVERS = ("server", "api", "web", "app", "service", "backend", "main")


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Rust app."""
    sources = subject.sources
    facts = Facts(framework=subject.framework_fact, version=rust_version(sources))
    facts.package_manager = Fact("cargo", (sources.evidence("Cargo.toml"),))
    program, workspace = binary(sources)
    facts.details |= {
        "binary": program.value if program else "app",
        "lockfile": sources.has("Cargo.lock"),
        "folders": read_folders(sources, "src/**/*.rs"),
        "files": read_files(sources, "src/**/*.rs"),
        "dotenv": needs_dotenv(sources, "src/**/*.rs"),
        "packages": _libraries(sources),
        "build_packages": _tools(sources),
        "workspace": workspace,
        "simple": _is_simple(sources),
    }
    if program is None or subject.depends(
        "cargo:tauri", "cargo:eframe", "cargo:iced", "cargo:bevy", "cargo:gtk4"
    ):
        facts.confidence = 0.25  # a library, or a program with windows
    else:
        option = f" --bin {program.value}" if workspace or len(_binaries(sources, "")) > 1 else ""
        facts.build = Fact(
            f"cargo build --release{' --locked' if sources.has('Cargo.lock') else ''}{option}",
            program.evidence,
        )
        # Loco's program is a command line of many commands.
        command = ("start",) if subject.framework_name == "loco" else ()
        facts.start = Fact((f"./{program.value}", *command), program.evidence)
        if command and sources.matching("config/*.yaml"):
            facts.details["folders"] = ("config",)
    rocket = sources.find("Rocket.toml", r"^\s*port\s*=\s*(\d+)")
    network = scan(sources, SIGNS)
    facts.port = Fact(int(rocket[1]), (sources.evidence("Rocket.toml", rocket),)) if rocket else network.port
    facts.reads_port, facts.health, facts.variables = network.reads_port, network.health, network.variables
    return facts


def _libraries(sources: Sources) -> tuple[str, ...]:
    """The Debian packages of the C libraries that the program is linked to."""
    document = sources.toml("Cargo.toml")
    shared = lookup(document, "workspace", "dependencies")
    tables = (table(document.get("dependencies")), table(shared))
    features = {
        feature
        for each in tables
        for name in ("diesel", "diesel-async")
        for feature in strings(table(each.get(name)).get("features"))
    }
    crates = {name for each in tables for name in each}
    found: list[str] = []
    if features & {"postgres", "postgres_backend"} or "pq-sys" in crates:
        found.append("libpq5")
    if "mysql" in features or "mysqlclient-sys" in crates:
        found.append("libmariadb3")
    if "sqlite" in features and "libsqlite3-sys" not in crates:
        found.append("libsqlite3-0")
    return tuple(found)


def _tools(sources: Sources) -> tuple[str, ...]:
    """The Debian packages that building the crates needs beyond a compiler."""
    document = sources.toml("Cargo.toml")
    crates = {*table(document.get("dependencies")), *table(document.get("build-dependencies"))}
    needed = (
        ("protobuf-compiler", {"tonic-build", "tonic-prost-build", "prost-build"}),
        ("cmake", {"rdkafka", "aws-lc-rs"}),
        ("libclang-dev", {"bindgen", "rocksdb"}),
    )
    return tuple(package for package, names in needed if names & crates)


def _is_simple(sources: Sources) -> bool:
    """Whether ``src/main.rs`` is the one thing to build, so that the crates can be built before it."""
    document = sources.toml("Cargo.toml")
    others = (
        sources.has("src/lib.rs") or sources.has("build.rs") or document.keys() & {"bin", "lib", "workspace"}
    )
    local = any("path" in table(each) for each in table(document.get("dependencies")).values())
    return sources.has("src/main.rs") and not others and not local and not sources.matching("src/bin/*.rs")


def rust_version(sources: Sources) -> Fact[str] | None:
    """The toolchain that is pinned, else the least that the package says it needs."""
    pins = (
        ("rust-toolchain.toml", r"""^\s*channel\s*=\s*["'](\d+\.\d+)"""),
        ("rust-toolchain", r"""(?:channel\s*=\s*["'])?(\d+\.\d+)"""),
    )
    fact = line_of(pinned(sources, pins, "rust"), 2)
    if fact and "." in fact.value:
        return fact
    return line_of(pinned(sources, (("Cargo.toml", r"""^\s*rust-version\s*=\s*["'](\d+\.\d+)"""),)), 2)


def binary(sources: Sources) -> tuple[Fact[str] | None, bool]:
    """The program to build, and whether it is one of a workspace's members."""
    document = sources.toml("Cargo.toml")
    own = _chosen(sources, "")
    if own or "workspace" not in document:
        return own, False
    members = strings(lookup(document, "workspace", "default-members")) or strings(
        lookup(document, "workspace", "members")
    )
    found: list[Fact[str]] = []
    for pattern in members:
        for path in sources.matching(f"{pattern.rstrip('/')}/Cargo.toml"):
            chosen = _chosen(sources, path.removesuffix("Cargo.toml"))
            found += [chosen] if chosen else []
    found.sort(key=lambda fact: _preference(fact.value))
    return (found[0] if found else None), True


def _preference(name: str) -> int:
    """How little a program's name sounds like a server's."""
    return next((index for index, word in enumerate(_SERVERS) if word in name), len(_SERVERS))


def _chosen(sources: Sources, folder: str) -> Fact[str] | None:
    manifest = f"{folder}Cargo.toml"
    package = table(sources.toml(manifest).get("package"))
    names = _binaries(sources, folder)
    default = package.get("default-run")
    own = str(package.get("name", ""))
    by_main = own if own in names else None
    name = default if isinstance(default, str) else by_main or min(names, key=_preference, default=None)
    return Fact(name, (sources.quote(manifest, name),)) if name and package else None


def _binaries(sources: Sources, folder: str) -> list[str]:
    document = sources.toml(f"{folder}Cargo.toml")
    name = str(table(document.get("package")).get("name", ""))
    names = [str(table(each)["name"]) for each in items(document.get("bin")) if table(each).get("name")]
    if names:
        return names
    found = [name] if sources.has(f"{folder}src/main.rs") and name else []
    found += [
        re.sub(r"(?:/main)?\.rs$", "", path).rpartition("/")[2]
        for path in sources.matching(f"{folder}src/bin/*.rs")
    ]
    return found + [path.split("/")[-2] for path in sources.matching(f"{folder}src/bin/*/main.rs")]
