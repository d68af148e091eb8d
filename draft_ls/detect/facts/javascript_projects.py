"""Projects of Nx and Angular workspaces: they have no packages of their own, and are built from the workspace's root.

Nx knows a project by its ``project.json`` (or by ``nx`` in its ``package.json``), the Angular CLI by the workspace's
``angular.json``. What a project's build writes lies below the workspace's root, and is said in many ways.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from draft_ls.detect.documents import lookup, strings, table
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from draft_ls.detect.model import Evidence
    from draft_ls.detect.sources import Sources

ANGULAR_FILES = ("angular.json", "workspace.json")

RUNNERS = {"npm": "npx", "pnpm": "pnpm exec", "yarn": "yarn", "bun": "bunx"}
"""The package manager → how it runs a tool that is a package."""

_TESTS = re.compile(r"e2e|cypress|playwright")

_BUILDERS = (
    ("next", r"@n(?:x|rwl)/next:"),
    ("nuxt", r"@nx/nuxt:"),
    ("remix", r"@n(?:x|rwl)/remix:"),
    ("angular", r"@n(?:x|rwl)/angular:|@angular-devkit/build-angular:|@angular/build:"),
    ("vite", r"@n(?:x|rwl)/vite:"),
)
"""Framework → the executors that build it."""

_SETTINGS = (
    ("next", ("next.config.js", "next.config.mjs", "next.config.ts")),
    ("nuxt", ("nuxt.config.ts", "nuxt.config.js")),
    ("astro", ("astro.config.mjs", "astro.config.ts")),
)
"""Framework → the files that settle it, where an Nx plugin finds out the rest."""

_BUNDLERS = ("vite.config", "webpack.config", "rspack.config", "rsbuild.config")

_SERVERS = (
    ("nest", "@nestjs/core"),
    ("express", "express"),
    ("fastify", "fastify"),
    ("koa", "koa"),
    ("hapi", "@hapi/hapi"),
    ("hono", "hono"),
)
"""Framework → what the entry file imports."""

ENTRIES = tuple(f"src/{name}.{end}" for name in ("main", "index", "server") for end in ("ts", "js", "mts"))


@dataclass(frozen=True, slots=True)
class Project:
    """A project of a workspace.

    Attributes:
        name: how the tool calls it.
        root: its folder, relative to the workspace's root; empty for the root itself.
        tool: ``nx`` or ``ng``.
        build: the target that builds it; empty if a plugin of Nx finds that out.
        application: whether it says of itself that it is one; none if it does not say.
        tests: whether all that it does is to test another.
        workspace: the files directly in the workspace's root.
        evidence: where it is declared.
    """

    name: str
    root: str
    tool: str
    build: dict[str, Any]
    application: bool | None
    tests: bool
    workspace: Sources
    evidence: Evidence

    @property
    def rendered(self) -> bool:
        """Whether an Angular application comes with a server that renders it."""
        return bool(self.options.get("ssr") or self.options.get("server"))

    @property
    def options(self) -> dict[str, Any]:
        """What the build is told."""
        return table(self.build.get("options"))

    @property
    def executor(self) -> str:
        """What builds it: ``@nx/webpack:webpack``; empty if a plugin of Nx finds that out."""
        return str(self.build.get("executor") or self.build.get("builder") or "")

    def command(self, manager: str) -> Fact[str]:
        """The command that builds it, in the workspace's root."""
        command = f"{RUNNERS[manager]} {self.tool} build {self.name}"
        if "production" in table(self.build.get("configurations")) and not self.build.get(
            "defaultConfiguration"
        ):
            command += " --configuration=production"
        return Fact(command, (self.evidence,))

    def framework(self, sources: Sources) -> Fact[str] | None:
        """What it is made with, by its executor, its settings, or what its entry file imports."""
        for name, pattern in _BUILDERS:
            if re.match(pattern, self.executor):
                return Fact(name, (self.evidence,))
        for name, paths in _SETTINGS:
            path = sources.first(*paths)
            if path:
                return Fact(name, (sources.evidence(path),))
        page = sources.first("index.html", "src/index.html")
        for stem in _BUNDLERS:
            path = sources.first(*(f"{stem}.{end}" for end in ("ts", "mts", "js", "mjs", "cjs")))
            if path and page:
                return Fact(stem.partition(".")[0].replace("rspack", "webpack"), (sources.evidence(path),))
        for path in (each for each in ENTRIES if sources.has(each)):
            for name, package in _SERVERS:
                match = sources.find(path, rf"""(?:from\s+|require\()["']{re.escape(package)}["']""")
                if match:
                    return Fact(name, (sources.evidence(path, match),))
        return Fact("webpack", (sources.evidence(page),)) if page and "webpack" in self.executor else None

    def output(self, sources: Sources) -> str:
        """The folder that the build writes, relative to the workspace's root."""
        told = self.options.get("outputPath")
        base = str(table(told).get("base") or "") if table(told) else str(told or "")
        outputs = [each for each in strings(self.build.get("outputs")) if "options.outputPath" not in each]
        if not base and outputs:
            base = outputs[0] if "/" in outputs[0] else ""
        return self._placed(base) if base else self._configured(sources)

    def page_folder(self, sources: Sources) -> str:
        """The folder of a site of plain files, relative to the workspace's root."""
        base = self.output(sources)
        if not self.executor.endswith(":application"):
            return base
        told = table(self.options.get("outputPath"))
        return f"{base}/{told.get('browser', 'browser')}".rstrip("/")

    def program(self, sources: Sources) -> str:
        """The file that starts a server, relative to the workspace's root."""
        base = self.output(sources)
        if self.rendered:
            return f"{base}/server/server.mjs"
        named = self.options.get("outputFileName")
        if isinstance(named, str):
            return f"{base}/{named}"
        main = str(self.options.get("main") or "")
        if re.search(r":(?:tsc|swc)$", self.executor):
            inner = main.removeprefix("{projectRoot}/").removeprefix(f"{self.root}/") or "src/main.ts"
            made = re.sub(r"\.[cm]?tsx?$", ".js", inner)
            return f"{base}/{made}"
        stem = main.rpartition("/")[2].partition(".")[0] or "main"
        formats = strings(self.options.get("format"))
        renamed = lookup(self.options, "esbuildOptions", "outExtension")
        common = self.executor.endswith(":esbuild") and formats == ("cjs",) and not renamed
        return f"{base}/{stem}.{'cjs' if common else 'js'}"

    def _placed(self, path: str) -> str:
        """A path as the workspace's files say it, relative to the workspace's root."""
        for token, value in (
            ("{workspaceRoot}/", ""),
            ("{projectRoot}", self.root),
            ("{projectName}", self.name),
        ):
            path = path.replace(token, value)
        return posixpath.normpath(path.lstrip("/"))

    def _configured(self, sources: Sources) -> str:
        """The folder that a bundler's settings name; else that of Nx: ``dist/apps/api``."""
        for stem in _BUNDLERS:
            for path in (f"{stem}.{end}" for end in ("ts", "mts", "js", "mjs", "cjs")):
                match = sources.find(
                    path, r"""(?:\boutDir|\bpath)\s*:[^\n]*?["']((?:\./|\.\./)*[\w@-][\w@./-]*)["']"""
                )
                if match:
                    return posixpath.normpath(posixpath.join(self.root, match[1]))
                if sources.has(path) and stem == "vite.config" and not self.executor:
                    return posixpath.normpath(posixpath.join(self.root, "dist"))
        return posixpath.normpath(
            posixpath.join("dist", self.root or self.name) if self.tool == "nx" else f"dist/{self.name}"
        )


def project_of(sources: Sources, above: Iterable[Sources]) -> Project | None:
    """The project that an app's folder is; none if it is none, or is built by scripts of its own.

    Args:
        sources: the files of its folder.
        above: the folders above it, nearest first, each with the files that lie directly in it.
    """
    folders = tuple(above)
    return _of_nx(sources, folders) or _of_angular(sources, folders)


def _of_nx(sources: Sources, above: tuple[Sources, ...]) -> Project | None:
    package = sources.json("package.json")
    if not sources.has("project.json") and not _inferred(package):
        return None
    if "build" in table(package.get("scripts")) and not sources.has("nx.json"):
        return None
    workspace = next((each for each in (sources, *above) if each.has("nx.json")), None)
    workspace = workspace or next((each for each in above if each.has("package.json")), None)
    if workspace is None:
        return None
    document = sources.json("project.json") or table(package.get("nx"))
    path = "project.json" if sources.has("project.json") else "package.json"
    targets = table(document.get("targets")) or table(document.get("architect"))
    declared = document.get("projectType")
    name = document.get("name") or package.get("name") or sources.path.rpartition("/")[2]
    text = sources.text(path)
    return Project(
        name=str(name),
        root=sources.path[len(workspace.path) :].strip("/"),
        tool="nx",
        build=table(targets.get("build")),
        application=declared == "application" if isinstance(declared, str) else None,
        tests=bool(_TESTS.search(text)) and "build" not in targets,
        workspace=workspace,
        evidence=sources.quote(path, '"build"' if "build" in targets else '"name"', str(name)),
    )


def _inferred(package: dict[str, Any]) -> bool:
    """Whether a member's package.json leaves its build to Nx."""
    return bool(table(package.get("nx"))) and "start" not in table(package.get("scripts"))


def _of_angular(sources: Sources, above: tuple[Sources, ...]) -> Project | None:
    if sources.has("package.json"):
        return None
    for workspace in above:
        path = workspace.first(*ANGULAR_FILES)
        if path is None:
            continue
        below = sources.path[len(workspace.path) :].strip("/")
        for name, declared in table(workspace.json(path).get("projects")).items():
            each = table(declared)
            if str(each.get("root", "")).strip("/") != below:
                continue
            targets = table(each.get("architect")) or table(each.get("targets"))
            return Project(
                name=name,
                root=below,
                tool="nx" if workspace.has("nx.json") else "ng",
                build=table(targets.get("build")),
                application=each.get("projectType") == "application",
                tests="build" not in targets,
                workspace=workspace,
                evidence=workspace.quote(path, f'"{name}"'),
            )
        return None
    return None


def applications(sources: Sources) -> tuple[str, ...]:
    """The folders of an Angular workspace's applications, relative to its root; ``""`` for the root itself."""
    path = sources.first(*ANGULAR_FILES)
    projects = table(sources.json(path).get("projects")) if path else {}
    return tuple(
        str(table(each).get("root", "")).strip("/")
        for each in projects.values()
        if table(each).get("projectType", "application") == "application"
        and "build" in (table(table(each).get("architect")) or table(table(each).get("targets")))
    )
