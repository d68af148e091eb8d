"""Facts about Deno apps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.commands import arguments, port_in
from draft_ls.detect.documents import is_table, table
from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.javascript_routes import health
from draft_ls.detect.facts.javascript_source import scripts
from draft_ls.detect.facts.variables import unique
from draft_ls.detect.model import Fact
from draft_ls.detect.versions import line_of, pinned

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject

ENTRIES = (
    "main.ts",
    "server.ts",
    "mod.ts",
    "index.ts",
    "app.ts",
    "src/main.ts",
    "src/server.ts",
    "src/index.ts",
    "main.tsx",
    "main.js",
    "server.js",
    "index.js",
)


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Deno app."""
    sources = subject.sources
    manifest = sources.first("deno.json", "deno.jsonc") or ""
    facts = Facts(framework=subject.framework_fact)
    facts.version = line_of(
        pinned(sources, ((".deno-version", r"^\s*v?(\d+\.\d+)"), (".dvmrc", r"^\s*v?(\d+\.\d+)")), "deno"), 2
    )
    facts.package_manager = Fact("deno", (sources.evidence(manifest),)) if manifest else None
    tasks = table(sources.json(manifest).get("tasks")) if manifest else {}
    lines = {
        name: str(line.get("command", "")) if is_table(line) else str(line) for name, line in tasks.items()
    }
    developing = "preview" in lines and "--watch" in lines.get("start", "")
    for name in ("preview", "start") if developing else ("start", "serve", "preview", "dev"):
        command = arguments(lines.get(name, ""))
        if command:
            evidence = sources.quote(manifest, f'"{name}"', lines[name])
            facts.start = Fact(tuple(each for each in command if not each.startswith("--watch")), (evidence,))
            port = port_in(lines[name])
            facts.port = Fact(port, (evidence,)) if port else None
            break
    entry = sources.first(*ENTRIES)
    if facts.start is None and entry:
        verb = (
            ("deno", "serve")
            if sources.find(entry, r"export default \{[^}]*fetch|export default \{\s*async fetch")
            else ("deno", "run")
        )
        facts.start = Fact(
            (*verb, "--allow-net", "--allow-env", "--allow-read", entry), (sources.evidence(entry),)
        )
    build = "build" in lines
    facts.build = (
        Fact("deno task build", (sources.quote(manifest, '"build"', lines["build"]),)) if build else None
    )
    entries = [word for word in (facts.start.value if facts.start else ()) if re.search(r"\.[jt]sx?$", word)]
    facts.details |= {
        "entry": entries[0] if entries else "",
        "lockfile": sources.has("deno.lock"),
        "manifest": manifest,
    }
    found = scripts(sources)
    facts.health = health(found)
    for script in found:
        facts.reads_port = facts.reads_port or script.reads_port()
        for port, reads in script.listens():
            facts.port, facts.reads_port = facts.port or port, facts.reads_port or reads
    serves = any(sources.search([script.path for script in found], r"\bserve\(")) or "serve" in (
        facts.start.value[1:2] if facts.start else ()
    )
    if serves and not facts.port and subject.framework is None:
        facts.port = Fact(subject.rules.port or 8000)
    facts.variables = unique(each for script in found for each in script.required_variables())
    if facts.start is None:
        facts.confidence = 0.35
    facts.language = "javascript" if entry and entry.endswith((".js", ".mjs")) else "typescript"
    return facts
