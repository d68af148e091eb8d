"""Facts about JavaScript and TypeScript apps on Node and Bun."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from draft_ls.detect.commands import arguments, exec_form, port_in, procfile, reads_port, with_port
from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.javascript_source import SOURCE, scripts
from draft_ls.detect.facts.javascript_static import SERVERS, artifacts, standalone, static_site
from draft_ls.detect.facts.javascript_tools import node_version, package_manager
from draft_ls.detect.facts.variables import example_variables, unique
from draft_ls.detect.model import Fact
from draft_ls.detect.sources import table

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.facts.javascript_tools import PackageManager
    from draft_ls.detect.sources import Sources

ENTRIES = (
    "server",
    "index",
    "app",
    "main",
    "src/server",
    "src/index",
    "src/app",
    "src/main",
    "bin/www",
    "bot",
    "worker",
)
"""Names of files that start an app, without extension, best first."""

NO_SERVERS = (
    "npm-dev:electron",
    "npm:expo",
    "npm:react-native",
    "npm-dev:@tauri-apps/cli",
    "npm-dev:@types/vscode",
)
"""Packages of programs for desktops, telephones and editors."""

_WATCHERS = re.compile(
    r"^(?:npx\s+)?(?:nodemon|node-dev|supervisor)\s+(?:--?[\w-]+(?:[= ](?=\S+\s)\S+)?\s+)*"
    r"|^node\s+--watch(?:-path=\S+)?\s+"
)
_OTHERS = re.compile(
    r"\b(?:turbo|nx|lerna|rush|moon)\b|\bpnpm (?:-r|--filter|-F|recursive)"
    r"|\b(?:npm|yarn|bun) (?:-w|--workspaces?|--filter|workspaces?)\b"
)
"""A start script that starts members of a workspace."""

_BUILDS = re.compile(
    r"\b(?:vitepress|vuepress|vite|astro|next|nuxt|ng|gatsby|docusaurus) build\b|\bhexo generate\b"
)
"""A script that builds, whatever it is called."""

_ENVIRONMENT = re.compile(r"^(?:(?:npx\s+)?(?:cross-env|env)\s+)?(?:[A-Z_][A-Z0-9_]*=\S*\s+)+")


def analyze(subject: Subject) -> Facts:
    """Find the facts of an app that has a ``package.json``, or a lone server script."""
    sources = subject.sources
    package = sources.json("package.json")
    manager = package_manager(sources)
    facts = Facts(framework=subject.framework_fact, version=node_version(sources))
    facts.language = "typescript" if _is_typescript(subject) else "javascript"
    member = sources.has("package.json") or sources.has("project.json")
    facts.package_manager = manager.fact if member else None
    declared = {name: str(line) for name, line in table(package.get("scripts")).items()}
    facts.details.update(_details(sources, manager))
    script = next((name for name, line in declared.items() if _BUILDS.search(line)), "")
    script = "build" if "build" in declared else script
    if script:
        evidence = sources.quote("package.json", f'"{script}"', declared[script])
        facts.build = Fact(f"{manager.fact.value} run {script}", (evidence,))
    site = static_site(subject, declared)
    if site:
        facts.details |= {"output": site.output, "user": 101, "single_page": site.single_page}
        facts.start, facts.port = site.start, site.port
        facts.health = Fact("/")
        facts.variables = unique(example_variables(sources))
        _confidence(subject, facts)
        return facts
    _network(subject, facts)
    facts.start = standalone(subject) or _start(subject, facts, declared, manager)
    facts.details["artifacts"] = artifacts(subject, facts.start)
    facts.details["development_start"] = _starts_with_tool(facts.start, package)
    _confidence(subject, facts)
    return facts


def _details(sources: Sources, manager: PackageManager) -> dict[str, str | int | bool | tuple[str, ...]]:
    names = (
        "package.json",
        manager.lockfile,
        ".npmrc",
        ".yarnrc.yml",
        "pnpm-workspace.yaml",
        ".pnpmfile.cjs",
        "bunfig.toml",
    )
    return {
        "manifest_files": tuple(name for name in names if name and sources.has(name)),
        "lockfile": manager.lockfile,
        "manager_version": manager.version,
        "berry": manager.berry,
        "output": "",
        "prisma": sources.first("prisma/schema.prisma", "schema.prisma") or "",
        "yarn_folder": bool(sources.find(".yarnrc.yml", r"^yarnPath:")),
    }


def _is_typescript(subject: Subject) -> bool:
    sources = subject.sources
    if sources.has("tsconfig.json") or sources.matching("tsconfig.*.json"):
        return True
    entry = sources.first(*(f"{name}.ts" for name in ENTRIES))
    return entry is not None and not sources.first(*(f"{name}.js" for name in ENTRIES))


def _network(subject: Subject, facts: Facts) -> None:
    found = scripts(subject.sources)
    for script in found:
        facts.health = facts.health or script.health()
        facts.reads_port = facts.reads_port or script.reads_port()
        for port, reads in script.listens():
            facts.reads_port = facts.reads_port or reads
            facts.port = facts.port or port
    facts.port = facts.port or next((port for script in found if (port := script.named_port())), None)
    if facts.port is None:
        asked = {name for script in found for name in script.asked_ports()}
        declared = (each for script in found for each in script.declared_ports()) if asked else ()
        said = next(((port, reads) for name, port, reads in declared if name in asked), None)
        facts.port, reads = said or (None, False)
        facts.reads_port = facts.reads_port or reads
    framework = subject.framework
    if framework:
        facts.reads_port = facts.reads_port or framework.reads_port
        facts.health = facts.health or (Fact(framework.health) if framework.health else None)
        facts.port = facts.port or (Fact(framework.port) if framework.port else None)
    if facts.port is None and facts.reads_port and subject.rules.port:
        facts.port = Fact(subject.rules.port)
    required = (each for script in found for each in script.required_variables())
    facts.variables = unique([*example_variables(subject.sources), *required])


def _start(
    subject: Subject, facts: Facts, declared: dict[str, str], manager: PackageManager
) -> Fact[tuple[str, ...]] | None:
    sources = subject.sources
    written = procfile(sources)
    if written:
        facts.reads_port = facts.reads_port or reads_port(written.value)
        port = facts.port.value if facts.port else 3000
        line = with_port(written.value, port)
        return Fact(_script_command(line, "", declared) or exec_form(line), written.evidence)
    for name in ("start:prod", "start:production", "start", "serve"):
        line = declared.get(name)
        if line is None or (name == "serve" and subject.framework):
            continue
        port = port_in(line)
        evidence = sources.quote("package.json", f'"{name}"', line)
        if port and not any(
            each.path.endswith(("js", "ts")) for each in (facts.port.evidence if facts.port else ())
        ):
            facts.port = Fact(port, (evidence,))
        if subject.framework and subject.framework.start and _is_replaced(sources, name, line):
            break
        return Fact(_script_command(line, name, declared) or (manager.fact.value, "run", name), (evidence,))
    if subject.framework and subject.framework.start:
        return Fact(
            subject.framework.start, subject.framework_fact.evidence if subject.framework_fact else ()
        )
    return _entry(subject, manager) or _developed(sources, declared)


def _is_replaced(sources: Sources, name: str, line: str) -> bool:
    """Whether the framework's own start command is better: for a development server, and for what is built first."""
    script = re.match(r"node ([\w./-]+)\.js\b", line)
    built = script is not None and not sources.has(f"{script[1]}.js") and sources.has(f"{script[1]}.ts")
    return (name == "start" and _is_development(line)) or built


def _developed(sources: Sources, declared: dict[str, str]) -> Fact[tuple[str, ...]] | None:
    """What the script for development runs, without its watching."""
    for name in ("dev", "develop", "start:dev"):
        command = _script_command(declared.get(name, ""), name, declared)
        if command and command[0] in {"node", "bun", "tsx", "ts-node"}:
            watching = re.compile(r"--(?:watch|hot|inspect)(?:[-=].*)?|watch")
            plain = tuple(word for word in command if not watching.fullmatch(word))
            return Fact(plain, (sources.quote("package.json", f'"{name}"', declared[name]),))
    return None


def _starts_with_tool(start: Fact[tuple[str, ...]] | None, package: dict[str, Any]) -> bool:
    """Whether the start command runs a development dependency (``tsx``, ``ts-node``), which then has to stay."""
    words = start.value[:4] if start else ()
    declared = table(package.get("devDependencies"))
    return any(word in declared or word.removesuffix("/register") in declared for word in words)


def _is_development(line: str) -> bool:
    return bool(
        re.search(
            r"\b(?:dev|nodemon|ts-node-dev|tsx watch|--watch|nest start(?!.*prod)|vite(?! preview)|nuxi dev)\b",
            line,
        )
    )


def _script_command(line: str, name: str, declared: dict[str, str]) -> tuple[str, ...] | None:
    """A package script as an argument list that runs without its package manager; none if that cannot be known."""
    if f"pre{name}" in declared or f"post{name}" in declared:
        return None
    line = _ENVIRONMENT.sub("", line.strip())
    watcher = _WATCHERS.match(line)
    if watcher:
        line = "node " + line[watcher.end() :]
    inner = re.fullmatch(r"(?:npm run|npm run-script|yarn|yarn run|pnpm|pnpm run|bun run)\s+([\w:.-]+)", line)
    if inner and inner[1] in declared and inner[1] != name:
        return _script_command(declared[inner[1]], inner[1], declared)
    command = arguments(line)
    if not command or command[0] in {"npm", "yarn", "pnpm", "bunx"}:
        return None
    return (
        command[1:]
        if command[0] == "npx" and len(command) > 1 and not command[1].startswith("-")
        else command
    )


def _entry(subject: Subject, manager: PackageManager) -> Fact[tuple[str, ...]] | None:
    sources = subject.sources
    package = sources.json("package.json")
    if manager.fact.value == "bun":
        named = [value for value in (package.get("module"), package.get("main")) if isinstance(value, str)]
        scripts = [f"{name}.{extension}" for name in ENTRIES for extension in ("ts", "js", "tsx")]
        entry = sources.first(*(each.removeprefix("./") for each in named), *scripts)
        return Fact(("bun", "run", entry), (sources.evidence(entry),)) if entry else None
    main = package.get("main")
    if isinstance(main, str):
        built = re.fullmatch(r"(?:\./)?((?:dist|build|out|lib)/[\w./-]+\.[cm]?js)", main)
        if built and "build" in table(package.get("scripts")):
            return Fact(("node", built[1]), (sources.quote("package.json", '"main"'),))
        for path in (
            main.removeprefix("./"),
            f"{main.removeprefix('./')}.js",
            f"{main.removeprefix('./').rstrip('/')}/index.js",
        ):
            if sources.has(path) and SOURCE.search(path):
                return Fact(("node", path), (sources.quote("package.json", '"main"'),))
    for name in ENTRIES:
        for extension in (".js", ".mjs", ".cjs", ""):
            if sources.has(name + extension) and (extension or name == "bin/www"):
                return Fact(("node", name + extension), (sources.evidence(name + extension),))
    return None


def _confidence(subject: Subject, facts: Facts) -> None:
    """A package without framework, port or start command is rather a library or a tool than an app."""
    sources = subject.sources
    package = sources.json("package.json")
    start = str(table(package.get("scripts")).get("start", ""))
    nx = sources.has("nx.json")
    workspace = (
        nx or "workspaces" in package or sources.has("pnpm-workspace.yaml") or sources.has("lerna.json")
    )
    listens = facts.port is not None and bool(facts.port.evidence)
    parts = {"exports", "module", "types", "typings", "files"}
    published = package.keys() & parts and not package.get("private") and not listens
    if sources.has("project.json") and not package:
        facts.confidence = 0.1 if re.search(r"e2e|cypress|playwright", sources.text("project.json")) else 0.8
    elif _is_client(subject) or (
        workspace and (not start or _OTHERS.search(start)) and (nx or not subject.framework)
    ):
        facts.confidence = 0.2
    elif (facts.start is None and facts.port is None) or (published and not start):
        facts.confidence = 0.25
    elif facts.start is None:
        facts.confidence = 0.4
    elif facts.port is None and facts.framework is None:
        facts.confidence = 0.6 if start else 0.25


def _is_client(subject: Subject) -> bool:
    """Whether it is a program for desktops, telephones or an editor."""
    served = subject.depends(*SERVERS, "npm-dev:next", "npm:react-native-web")
    return subject.depends(*NO_SERVERS) is not None and served is None
