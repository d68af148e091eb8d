"""Facts about sites of plain files, some of which a generator makes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.publishing import published_builds, published_folder
from draft_ls.detect.model import Fact
from draft_ls.detect.versions import pinned

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

SERVER_PORT = 8080
START = ("nginx", "-g", "daemon off;")

GENERATORS = {
    "hugo": ("hugo --minify", "public"),
    "jekyll": ("bundle exec jekyll build", "_site"),
    "mkdocs": ("mkdocs build", "site"),
    "zola": ("zola build", "public"),
    "sphinx": ("sphinx-build -b html . _build/html", "_build/html"),
    "mdbook": ("mdbook build", "book"),
    "pelican": ("pelican content -o output -s publishconf.py", "output"),
    "middleman": ("bundle exec middleman build", "build"),
}
"""Generator → its build command and the folder that it writes."""


_UNBUILT = (
    r"flutter_bootstrap\.js|flutter\.js|\$FLUTTER_BASE_HREF|%PUBLIC_URL%|src=[\"']/src/\w+\.[jt]sx?[\"']"
)
"""What a page says that something has to build first: Flutter, Create React App, Vite."""


def analyze(subject: Subject) -> Facts:
    """Find the facts of a static site."""
    sources, name = subject.sources, subject.framework_name
    facts = Facts(
        framework=subject.framework_fact, start=Fact(START), port=Fact(SERVER_PORT), health=Fact("/")
    )
    root = ""
    if name in GENERATORS:
        command, root = GENERATORS[name]
        evidence = subject.framework_fact.evidence if subject.framework_fact else ()
        facts.build = _told(sources, command) or Fact(command, evidence)
    else:
        declared = sources.find("Staticfile", r"^root:\s*(\S+)")
        published = published_folder(sources)
        folders = (
            [declared[1].rstrip("/")]
            if declared
            else [
                *([published.value] if published else ()),
                "",
                "public",
                "dist",
                "site",
                "www",
                "html",
                "static",
                "src",
            ]
        )
        root = next(
            (each for each in folders if sources.has(f"{each}/index.html" if each else "index.html")),
            folders[0],
        )
        entry = f"{root}/index.html" if root else "index.html"
        if sources.has(entry):
            facts.evidence = (sources.evidence(entry),)
        if sources.find(entry, _UNBUILT):
            facts.confidence = 0.2
    if name == "jekyll" and subject.depends("npm-dev:hexo"):
        facts.confidence = 0.2
    pins = (
        (".hugo-version", r"^\s*v?(\d+\.\d+\.\d+)"),
        ("netlify.toml", r'HUGO_VERSION\s*=\s*"(\d+\.\d+\.\d+)"'),
    )
    facts.version = pinned(sources, pins, "hugo", "hugo-extended") if name == "hugo" else None
    tools = {"jekyll": "bundler", "middleman": "bundler", "mkdocs": "pip", "sphinx": "pip", "pelican": "pip"}
    facts.package_manager = (
        Fact(tools[name]) if name in tools and sources.first("Gemfile", "requirements.txt") else None
    )
    facts.details |= {
        "root": root,
        "generator": name if name in GENERATORS else "",
        "gemfile": sources.has("Gemfile"),
        "lockfile": sources.has("Gemfile.lock"),
        "requirements": sources.first("requirements.txt", "docs/requirements.txt") or "",
    }
    return facts


def _told(sources: Sources, command: str) -> Fact[str] | None:
    """The generator's call that a platform is told, if it only has switches of its own."""
    program = command.partition(" --")[0]
    switches = re.compile(rf"{re.escape(program)}(?: --(?!dest|out|base|site-dir)[a-zA-Z-]+)*")
    return next((told for told in published_builds(sources) if switches.fullmatch(told.value)), None)
