"""How a JavaScript app is built: by a script of ``package.json``, or as a platform that publishes it is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.detect.facts.javascript_projects import RUNNERS
from draft_ls.detect.facts.javascript_source import SOURCE
from draft_ls.detect.facts.javascript_static import SERVERS
from draft_ls.detect.facts.publishing import published_builds
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.detect.facts import Subject
    from draft_ls.detect.facts.javascript_hooks import Hooks
    from draft_ls.detect.sources import Sources

_BUILDS = re.compile(
    r"\b(?:vitepress|vuepress|vite|astro|next|nuxt|ng|gatsby|docusaurus) build\b|\bhexo generate\b"
)
"""A script that builds, whatever it is called."""

_SCRIPT = re.compile(r"(?:(?:npm|pnpm|yarn|bun) run(?:-script)?|yarn|pnpm) ([\w:.-]+)")
"""A call of a script of ``package.json``, without arguments of its own."""

_TOOL = re.compile(
    r"(?:(?:npx|bunx|pnpm exec|pnpm|yarn run|yarn) )?"
    r"((?:vitepress|vuepress|vite|astro|next|nuxt|ng|gatsby|docusaurus|rspress|rsbuild|parcel|react-scripts"
    r"|vue-cli-service|react-router|remix|ember|quasar) build|remix vite:build|nuxt generate"
    r"|hexo generate|gulp(?: build)?|webpack|(?:@11ty/)?eleventy)((?: [\w./:=@-]+)*)"
)
"""A call of a tool that builds front ends, with plain arguments."""

_CHANGES = re.compile(r"\b(?:migrate|deploy|db (?:push|seed)|db:\w+|drizzle-kit push)\b")
"""What a platform's build does beside building, to a database that an image's build does not reach."""


@dataclass(frozen=True, slots=True)
class Build:
    """The command that builds the app, and what that runs."""

    command: Fact[str]
    line: str


def build(subject: Subject, declared: Mapping[str, str], manager: str, installing: Hooks) -> Build | None:
    """How the app is built; none if nothing says so.

    Args:
        subject: the app.
        declared: the scripts of ``package.json``.
        manager: the tool that runs them.
        installing: what its install scripts mean.
    """
    sources = subject.sources
    if not subject.depends(*SERVERS):
        for told in published_builds(sources):
            found = _plain(sources, told, declared, manager)
            if found:
                return found
    script = next((name for name, line in declared.items() if _BUILDS.search(line)), "")
    script = "build" if "build" in declared else script or _built_for_server(sources, declared)
    script = script or installing.builds
    if not script:
        return None
    evidence = sources.quote("package.json", f'"{script}"', declared[script])
    return Build(Fact(f"{manager} run {script}", (evidence,)), declared[script])


def _plain(sources: Sources, told: Fact[str], declared: Mapping[str, str], manager: str) -> Build | None:
    """What a platform is told, if it is no more than a script or a tool's call."""
    script = _SCRIPT.fullmatch(told.value)
    if script and script[1] in declared:
        line = declared[script[1]]
        return (
            None if _CHANGES.search(line) else Build(Fact(f"{manager} run {script[1]}", told.evidence), line)
        )
    tool = _TOOL.fullmatch(told.value)
    if tool is None or (manager == "bun" and not sources.first("bun.lock", "bun.lockb")):
        return None  # Bun runs a member's scripts from the workspace's root, and nothing else
    line = tool[1] + tool[2]
    return Build(Fact(f"{RUNNERS[manager]} {line}", told.evidence), line)


def _built_for_server(sources: Sources, declared: Mapping[str, str]) -> str:
    """The script by which Heroku builds the front end of a sub-folder, if the server sends what it writes."""
    line = declared.get("heroku-postbuild", "")
    folder = re.search(r"(?:cd|--prefix|--cwd|-C)\s+(?:\./)?([\w-]+)", line)
    if folder is None:
        return ""
    paths = [path for path in sources.files if SOURCE.search(path)][:20]
    served = any(sources.search(paths, rf"[\"'/]{folder[1]}(?:/|[\"'],\s*[\"'])(?:build|dist)\b"))
    return "heroku-postbuild" if served else ""
