"""Facts about JavaScript and TypeScript apps on Node and Bun."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.detect.documents import table
from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.javascript_build import build
from draft_ls.detect.facts.javascript_hooks import hooks
from draft_ls.detect.facts.javascript_native import system_needs
from draft_ls.detect.facts.javascript_projects import ENTRIES as ENTRY_FILES
from draft_ls.detect.facts.javascript_projects import applications, project_of
from draft_ls.detect.facts.javascript_routes import health
from draft_ls.detect.facts.javascript_source import scripts
from draft_ls.detect.facts.javascript_start import ENTRIES, start, starts_with_tool
from draft_ls.detect.facts.javascript_static import (
    SERVER_PORT,
    SERVERS,
    SINGLE_PAGE,
    START,
    artifacts,
    standalone,
    static_site,
)
from draft_ls.detect.facts.javascript_tools import node_version, package_manager
from draft_ls.detect.facts.system import system_packages
from draft_ls.detect.facts.variables import example_variables, unique
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.facts.javascript_projects import Project
    from draft_ls.detect.facts.javascript_tools import PackageManager
    from draft_ls.detect.model import Detail
    from draft_ls.detect.sources import Sources

NO_SERVERS = (
    "npm-dev:electron",
    "npm:expo",
    "npm:react-native",
    "npm-dev:@tauri-apps/cli",
    "npm-dev:@types/vscode",
    "npm:firebase-functions",
    "npm:@azure/functions",
)
"""Packages of programs for desktops, telephones and editors, and of functions that a cloud runs."""

WORKERS = tuple(
    f"npm:{name}"
    for name in (
        "@slack/bolt", "agenda", "amqplib", "bree", "bullmq", "cron", "discord.js", "grammy", "kafkajs", "node-cron",
        "node-schedule", "node-telegram-bot-api", "telegraf", "tmi.js", "whatsapp-web.js",
    )
)  # fmt: skip
"""Packages of programs that run on and on without being asked: bots, workers, clocks."""

_OTHERS = re.compile(
    r"\b(?:turbo|nx|lerna|rush|moon)\b|\bpnpm (?:-r|--filter|-F|recursive)"
    r"|\b(?:npm|yarn|bun) (?:-w|--workspaces?|--filter|workspaces?)\b"
)
"""A start script that starts members of a workspace."""

_BUILT_IN = re.compile(r"(?:NEXT_PUBLIC|NUXT_PUBLIC|VITE|REACT_APP|VUE_APP|GATSBY|EXPO_PUBLIC|PUBLIC)_\w+")
"""Variables that a build writes into what browsers load."""


def analyze(subject: Subject) -> Facts:
    """Find the facts of an app that has a ``package.json``, or a lone server script."""
    facts = _facts(subject)
    built_in = (each.value for each in facts.variables if facts.build and _BUILT_IN.fullmatch(each.value))
    facts.details["build_variables"] = tuple(built_in)
    return facts


def _facts(subject: Subject) -> Facts:
    sources = subject.sources
    package = sources.json("package.json")
    manager = package_manager(sources)
    facts = Facts(framework=subject.framework_fact, version=node_version(sources))
    facts.language = "typescript" if _is_typescript(subject) else "javascript"
    member = sources.has("package.json") or sources.has("project.json")
    facts.package_manager = manager.fact if member else None
    declared = {name: str(line) for name, line in table(package.get("scripts")).items()}
    facts.details.update(_details(sources, manager))
    facts.details["projects"] = tuple(each for each in applications(sources) if each)
    project = project_of(sources, sources.above_folders)
    if project:
        _of_project(subject, facts, project)
        return facts
    installing = hooks(sources)
    facts.details |= {"held_hooks": installing.held, "later_hooks": installing.later}
    built = build(subject, declared, manager.fact.value, installing)
    facts.build = built.command if built else None
    site = static_site(subject, {**declared, "build": built.line} if built else declared)
    if site:
        facts.details |= {"output": site.output, "user": 101, "single_page": site.single_page}
        facts.start, facts.port = site.start, site.port
        facts.health = Fact("/")
        facts.variables = unique(example_variables(sources))
        _confidence(subject, facts)
        return facts
    _network(subject, facts)
    facts.start = standalone(subject) or start(subject, facts, declared, manager)
    if facts.start and facts.start.value[0] == "bun" and subject.framework_name in {"hono", "elysia"}:
        # Bun serves what the entry file exports, where PORT says.
        exported = sources.search(facts.start.value[1:], r"^export default \w+;?\s*$")
        facts.reads_port = facts.reads_port or next(exported, None) is not None
    if facts.start and facts.start.value[0] == "fastify":
        facts.reads_port = True
    facts.details["artifacts"] = artifacts(subject, facts.start)
    facts.details["development_start"] = (installing.develops and not facts.build) or starts_with_tool(
        facts.start, package
    )
    _confidence(subject, facts)
    return facts


def _of_project(subject: Subject, facts: Facts, project: Project) -> None:
    """The facts of a project that the workspace's own tool builds, from the workspace's root."""
    sources = subject.sources
    subject = replace(subject, framework=None)
    facts.package_manager = package_manager(sources).fact
    facts.framework = facts.framework or project.framework(sources)
    name = facts.framework.value if facts.framework else ""
    framework = next((each for each in subject.rules.frameworks if each.name == name), None)
    subject = replace(subject, framework=framework, framework_fact=facts.framework)
    facts.build = project.command(package_manager(sources).fact.value)
    facts.details["from_root"] = bool(project.root)
    if name in SINGLE_PAGE and not project.rendered and name not in {"nuxt", "react-router", "sveltekit"}:
        facts.details |= {"output": project.page_folder(sources), "user": 101, "single_page": True}
        facts.start, facts.port, facts.health = Fact(START, (project.evidence,)), Fact(SERVER_PORT), Fact("/")
        facts.variables = unique(example_variables(sources))
    else:
        _network(subject, facts)
        folder, made = project.output(sources), (project.evidence,)
        if name == "next":
            facts.start = Fact(("next", "start", folder if project.executor else project.root), made)
        elif name in {"nuxt", "astro", "remix", "react-router", "sveltekit"} and framework:
            *command, last = framework.start
            path = f"{project.root}/{last.removeprefix('./')}"
            facts.start = Fact((*command, path), made)
        else:
            facts.start = Fact(("node", project.program(sources)), made)
        linked = "workspaces" in project.workspace.json("package.json") or project.workspace.has(
            "pnpm-workspace.yaml"
        )
        if facts.start.value[0] == "node" and not linked and folder.startswith("dist/"):
            kept = ("package.json", "node_modules", folder)
            facts.details["artifacts"] = tuple(f"{each} {each}" for each in kept)
    served = facts.port is not None or subject.depends(*WORKERS)
    if project.tests or project.application is False or not (project.application or served):
        facts.confidence = 0.1
    elif not facts.framework and not served:
        facts.confidence = 0.6 if any(map(sources.has, ENTRY_FILES)) else 0.3
    else:
        facts.confidence = 0.8


def _details(sources: Sources, manager: PackageManager) -> dict[str, Detail]:
    details = _manifests(sources, manager) | system_needs(sources)
    found = details["libraries"]
    asked = system_packages(sources)
    details["libraries"] = tuple(sorted({*(found if isinstance(found, tuple) else ()), *asked}))
    return details


def _manifests(sources: Sources, manager: PackageManager) -> dict[str, Detail]:
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
    facts.health = health(found)
    for script in found:
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
    several = applications(sources)
    if (
        _is_client(subject)
        or (
            workspace
            and (not start or _OTHERS.search(start))
            and (nx or not subject.framework)
            and not sources.has("project.json")
        )
        or (several and "" not in several and not sources.matching("src/**/*"))
    ):
        facts.confidence = 0.2
    elif (facts.start is None and facts.port is None) or (published and not start):
        facts.confidence = 0.25
    elif facts.start is None:
        facts.confidence = 0.4
    elif facts.port is None and facts.framework is None:
        facts.confidence = 0.6 if start or subject.depends(*WORKERS) else 0.25


def _is_client(subject: Subject) -> bool:
    """Whether it is a program for desktops, telephones or an editor."""
    served = subject.depends(*SERVERS, "npm-dev:next", "npm:react-native-web")
    return subject.depends(*NO_SERVERS) is not None and served is None
