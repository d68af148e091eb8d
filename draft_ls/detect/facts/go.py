"""Facts about Go apps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.commands import procfile
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
    files=("**/*.go",),
    calls=frozenset(
        {"ListenAndServe", "ListenAndServeTLS", "Start", "Run", "Listen", "ListenTLS", "StartTLS"}
    ),
    keys=frozenset(
        {
            "Addr",
            "port",
            "Port",
            "addr",
            "defaultPort",
            "PORT",
            "httpPort",
            "http-port",
            "listenAddr",
            "serverPort",
        }
    ),
)

_TAGGED = (
    r"""`[^`\n]*\b(?:env|envconfig):"(?:\w+_)?PORT\b[^`\n]*?\b(?:default|envDefault|env-default):":?(\d{2,5})\"""",
    r"""^\s*(?:HTTP|Http|Server|Listen)?Port\s+\w+\s+`[^`\n]*\b(?:default|envDefault|env-default):":?(\d{2,5})\"""",
)
"""A field's tag that names its variable and its default (envconfig, cleanenv, env), or only the default (configor)."""

_WITH_C = (
    "golang:github.com/mattn/go-sqlite3",
    "golang:github.com/confluentinc/confluent-kafka-go*",
    "golang:github.com/h2non/bimg",
    "golang:github.com/davidbyttow/govips*",
    "golang:github.com/marcboeker/go-duckdb*",
)

_LISTENS = r"\bListen(?:AndServe)?\w*\(|\.Start\(|\bhttp\.Server\b|\bgrpc\.NewServer\("
_MAIN = r"^package main\b"
_SKIPPED = re.compile(r"(?:^|/)(?:vendor|testdata|tools?|scripts|hack|examples?|test)/|_test\.go$")
_SERVERS = ("server", "api", "web", "app", "http", "service", "main", "backend")


_SERVES = r'\b(?:Use|Name):\s*"(serve|server|start|web|http|api|daemon)\b[^"]*"'
"""A command of cobra's or of urfave's that starts a server."""


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Go app."""
    sources = subject.sources
    facts = Facts(framework=subject.framework_fact)
    facts.version = line_of(
        pinned(
            sources, (("go.mod", r"^go\s+(\d+\.\d+)"), (".go-version", r"^\s*(\d+\.\d+)")), "go", "golang"
        ),
        2,
    )
    if sources.has("go.mod"):
        facts.package_manager = Fact("go", (sources.evidence("go.mod"),))
    package = main_package(sources)
    module = sources.find("go.mod", r"^module\s+(\S+)")
    name = binary(package.value if package else ".", module[1] if module else "", sources.name)
    facts.details |= {
        "package": package.value if package else ".",
        "binary": name,
        "vendored": "vendor" in sources.names and sources.has("go.mod"),
        "module": sources.has("go.mod"),
        "sum": sources.has("go.sum"),
        "folders": read_folders(sources, "**/*.go"),
        "files": read_files(sources, "**/*.go"),
        "dotenv": needs_dotenv(sources, "**/*.go"),
        "cgo": _needs_c(subject),
    }
    if package is None:
        facts.confidence = 0.25
    else:
        facts.build = Fact(f"go build -o {name} {package.value}", package.evidence)
        facts.start = Fact((f"./{name}",), package.evidence)
    network = scan(sources, SIGNS)
    facts.port, facts.health, facts.reads_port = network.port, network.health, network.reads_port
    facts.variables = network.variables
    if subject.framework_name == "gin" and network.port is None:
        # Without an address gin itself listens where PORT says, else on 8080.
        bare = sources.search(sources.matching("**/*.go"), r"\.Run\(\s*\)")
        facts.reads_port = facts.reads_port or next(bare, None) is not None
    if facts.port is None:
        _tagged(sources, facts)
    served = _serving(subject) if facts.start else None
    if served and facts.start:
        facts.start = Fact((*facts.start.value, served.value), (*facts.start.evidence, *served.evidence))
    return facts


def _serving(subject: Subject) -> Fact[str] | None:
    """The command of a program with several of them that starts its server: ``gateway serve``."""
    if not subject.depends("golang:github.com/spf13/cobra", "golang:github.com/urfave/cli*"):
        return None
    found = subject.sources.search(subject.sources.matching("**/*.go"), _SERVES)
    match = next(found, None)
    return Fact(match[1][1], (subject.sources.evidence(*match),)) if match else None


def _needs_c(subject: Subject) -> bool:
    """Whether the program has C in it: without its compiler, SQLite's driver builds and fails when it runs."""
    own = subject.sources.search(subject.sources.matching("**/*.go")[:100], r'^import "C"|^\s+"C"$')
    return bool(subject.depends(*_WITH_C)) or next(own, None) is not None


def _tagged(sources: Sources, facts: Facts) -> None:
    for pattern in _TAGGED:
        for path, match in sources.search(sources.matching("**/*.go"), pattern):
            facts.port = Fact(int(match[1]), (sources.evidence(path, match),))
            facts.reads_port = facts.reads_port or "PORT" in match[0]
            return


def main_package(sources: Sources) -> Fact[str] | None:
    """The package to build: the root, else what sounds like a server in ``cmd/``, else another main package."""
    found: dict[str, Fact[str]] = {}
    for path in sources.matching("**/*.go"):
        folder = path.rpartition("/")[0]
        if folder in found or _SKIPPED.search(path) or folder.count("/") > 3:
            continue
        match = sources.find(path, _MAIN)
        if match and re.search(r"^func main\(\)", sources.text(path), re.MULTILINE):
            found[folder] = Fact(f"./{folder}" if folder else ".", (sources.evidence(path, match),))
    if not found:
        return None
    return found.get("") or found[min(found, key=lambda folder: _preference(folder, sources))]


def _preference(folder: str, sources: Sources) -> tuple[bool, int, bool, int, str]:
    name = folder.rpartition("/")[2]
    known = next((index for index, word in enumerate(_SERVERS) if word in name), len(_SERVERS))
    module = sources.find("go.mod", r"^module\s+(\S+)")
    declared = procfile(sources)
    program = declared.value.partition(" ")[0].rpartition("/")[2] if declared else ""
    own = name in {program, module[1].rpartition("/")[2] if module else ""}
    listens = next(sources.search(sources.matching(f"{folder}/*.go"), _LISTENS), None) is not None
    return (not folder.startswith("cmd"), 0 if own else 1 + known, not listens, folder.count("/"), folder)


def binary(package: str, module: str, folder: str) -> str:
    """The name of the program: that of its package's folder, else of the module."""
    name = (
        package.rpartition("/")[2]
        if package != "."
        else re.sub(r"/v\d+$", "", module).rpartition("/")[2] or folder
    )
    return re.sub(r"[^\w.-]", "", name) or "app"
