"""JavaScript apps whose build is all that runs: plain files for a web server, or a server with its packages in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.detect.documents import lookup, table
from draft_ls.detect.facts.publishing import published_folder
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

SERVER_PORT = 8080
"""Where the web server of the static image listens: it runs without privileges."""

START = ("nginx", "-g", "daemon off;")

SERVERS = (
    "npm:express",
    "npm:fastify",
    "npm:koa",
    "npm:@hapi/hapi",
    "npm:@nestjs/core",
    "npm:hono",
    "npm:@hono/node-server",
    "npm:elysia",
    "npm:socket.io",
    "npm:@apollo/server",
)
"""Packages that make a bundled front end part of a server."""

SINGLE_PAGE = frozenset(
    {
        "vite", "cra", "angular", "vue-cli", "parcel", "react-router", "nuxt", "sveltekit", "webpack", "rsbuild",
        "ember", "qwik", "preact-cli", "quasar", "umi", "stencil", "rollup",
    }
)  # fmt: skip
"""Frameworks whose one page answers for every path."""

OUTPUTS = {
    "gatsby": "public",
    "hexo": "public",
    "eleventy": "_site",
    "docusaurus": "build",
    "cra": "build",
    "preact-cli": "build",
    "quasar": "dist/spa",
    "umi": "dist",
    "gridsome": "dist",
    "slidev": "dist",
    "rspress": "doc_build",
    "stencil": "www",
    "rollup": "public",
}
"""Framework → the folder that its build writes, whatever its configuration says."""

_DEFAULT_STARTS = re.compile(
    r"^(?:ng serve|react-scripts start|vite(?: preview| --.*)?|astro (?:dev|preview|start)|vue-cli-service serve"
    r"|craco start|webpack serve|webpack-dev-server|parcel|docusaurus start|gatsby (?:develop|start|serve)"
    r"|(?:npx )?(?:@11ty/)?eleventy|vitepress (?:dev|preview)|vuepress dev|hexo server|rsbuild (?:dev|preview)"
    r"|ember serve|quasar (?:dev|serve)|(?:umi|max|dumi) dev|preact watch|sirv|gridsome develop"
    r"|slidev|rspress (?:dev|preview)|stencil build)\b"
)


@dataclass(frozen=True, slots=True)
class StaticSite:
    """A site of plain files: the folder that the build writes, and how it is served."""

    output: str
    start: Fact[tuple[str, ...]]
    port: Fact[int]
    single_page: bool


def static_site(subject: Subject, scripts: dict[str, str]) -> StaticSite | None:
    """Whether the app is built to plain files, and to which folder."""
    output = _output(subject, scripts)
    if output is None:
        return None
    start = scripts.get("start", "")
    called = re.fullmatch(r"(?:npm|pnpm|yarn|bun)(?: run)? ([\w:.-]+)", start)
    start = scripts.get(called[1], start) if called else start
    if (
        start
        and not _DEFAULT_STARTS.match(start)
        and not re.search(r"\b(?:dev|serve|next (?:start|dev))\b", start)
    ):
        return None
    return StaticSite(output, Fact(START), Fact(SERVER_PORT), subject.framework_name in SINGLE_PAGE)


def standalone(subject: Subject) -> Fact[tuple[str, ...]] | None:
    """The start command of a Next app that is built to a server with its packages in it."""
    if subject.framework_name != "next":
        return None
    for path in _named("next.config"):
        match = subject.sources.find(path, r"""output\s*:\s*["']standalone["']""")
        if match:
            return Fact(("node", "server.js"), (subject.sources.evidence(path, match),))
    return None


def artifacts(subject: Subject, start: Fact[tuple[str, ...]] | None) -> tuple[str, ...]:
    """What of the build runs by itself, as ``folder place``; nothing if it needs the app's packages."""
    command = start.value if start else ()
    if subject.framework_name == "next" and command == ("node", "server.js"):
        public = ("public public",) if subject.sources.matching("public/**/*") else ()
        return (".next/standalone", ".next/static .next/static", *public)
    if len(command) > 1 and command[0] == "node" and re.match(r"(?:\./)?\.output/server/", command[1]):
        return (".output .output",)
    return ()


def _output(subject: Subject, scripts: dict[str, str]) -> str | None:
    sources, name = subject.sources, subject.framework_name
    option = re.search(r"--(?:outDir|output-path|dist-dir|out-dir)[= ](\S+)", scripts.get("build", ""))
    match name:
        case "next":
            exported = _config(sources, "next.config", r"""output\s*:\s*["']export["']""")
            return (
                _config(sources, "next.config", r"""distDir\s*:\s*["']([^"']+)""") or "out"
                if exported
                else None
            )
        case "astro":
            server = subject.depends("npm-dev:@astrojs/node") or _config(
                sources, "astro.config", r"""output\s*:\s*["'](server|hybrid)"""
            )
            return (
                None
                if server
                else _config(sources, "astro.config", r"""outDir\s*:\s*["']([^"']+)""") or "dist"
            )
        case "sveltekit":
            return "build" if subject.depends("npm-dev:@sveltejs/adapter-static") else None
        case "nuxt":
            generate = "nuxt generate" in scripts.get("build", "") or _config(
                sources, "nuxt.config", r"(ssr\s*:\s*false)"
            )
            return ".output/public" if generate else None
        case "react-router":
            return "build/client" if _config(sources, "react-router.config", r"(ssr\s*:\s*false)") else None
        case "angular":
            return _angular(sources)
        case "vitepress" | "vuepress":
            folder = re.search(rf"{name} build(?:\s+([\w./-]+))?", " ".join(scripts.values()))
            root = f"{folder[1].rstrip('/')}/" if folder and folder[1] else ""
            return f"{root}.{name}/dist"
        case "vite" | "vue-cli" | "parcel" | "webpack" | "rsbuild" | "ember" | "qwik":
            if subject.depends(*SERVERS):
                return None
            configured = _config(sources, "vite.config", r"""outDir\s*:\s*["']([^"']+)""") or _config(
                sources, "webpack.config", r"""\bpath\s*:[^\n]*?["'](?:\./|/)?([\w/-]+)["']"""
            )
            published = published_folder(sources)
            return (option[1] if option else configured) or (published.value if published else "dist")
        case "" if "build" in scripts and not subject.depends(*SERVERS):
            published = published_folder(sources)
            return published.value if published else None
        case _:
            return OUTPUTS.get(name)


def _config(sources: Sources, stem: str, pattern: str) -> str | None:
    for path in _named(stem):
        match = sources.find(path, pattern)
        if match:
            return (
                (match[1] if match.re.groups else match[0]).removeprefix("./").removeprefix("../").rstrip("/")
            )
    return None


def _named(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}.{extension}" for extension in ("js", "ts", "mjs", "mts", "cjs"))


def _angular(sources: Sources) -> str | None:
    projects = table(sources.json("angular.json").get("projects"))
    if not projects:
        return None if sources.has("server.ts") else "dist"
    name = str(sources.json("angular.json").get("defaultProject") or next(iter(projects)))
    build = lookup(projects, name, "architect", "build") or lookup(projects, name, "targets", "build")
    options = table(table(build).get("options"))
    if options.get("ssr") or options.get("server"):
        return None
    path: object = options.get("outputPath")
    parts = table(path)
    base = str(parts.get("base", f"dist/{name}")) if parts else str(path or f"dist/{name}")
    modern = str(table(build).get("builder", "")).endswith((":application", "build-angular:application"))
    browser = str(parts.get("browser", "browser"))
    return f"{base}/{browser}".rstrip("/") if modern else base
