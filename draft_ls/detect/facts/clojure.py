"""Facts about Clojure apps that Leiningen or the Clojure tools build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.jvm import java_version
from draft_ls.detect.model import Fact
from draft_ls.detect.tokens import Signs, scan
from draft_ls.detect.versions import pinned

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject

SIGNS = Signs(
    files=("src/**/*.clj", "**/*.clj", "resources/*.edn"),
    comment="semicolon",
    calls=frozenset(),
    keys=frozenset({"port"}),
    skip=r"(?:^|/)(?:test|dev)/",
)


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Clojure app."""
    sources = subject.sources
    lein = sources.has("project.clj")
    manifest = "project.clj" if lein else "deps.edn"
    facts = Facts(framework=subject.framework_fact)
    facts.version = pinned(sources, ((".jdk-version", r"^\s*(\d+)"),)) or java_version(sources)
    facts.package_manager = Fact("lein" if lein else "clojure", (sources.evidence(manifest),))
    evidence = (sources.evidence(manifest),)
    facts.details |= {"tool": "lein" if lein else "clojure", "uber": True}
    if lein:
        ring = sources.find("project.clj", r"(lein-ring)")
        facts.build = Fact("lein ring uberjar" if ring else "lein uberjar", evidence)
        facts.start = Fact(("java", "-jar", "app.jar"), evidence)
        if not (sources.find("project.clj", r":main") or ring):
            facts.confidence = 0.25
    elif sources.has("build.clj"):
        facts.build = Fact("clojure -T:build uber", (sources.evidence("build.clj"),))
        facts.start = Fact(("java", "-jar", "app.jar"), (sources.evidence("build.clj"),))
    else:
        alias = sources.find("deps.edn", r":(run|start|server|main|run-m|serve)\b")
        facts.details["uber"] = False
        facts.start = (
            Fact(("clojure", f"-M:{alias[1]}"), (sources.evidence("deps.edn", alias),)) if alias else None
        )
        facts.confidence = 1.0 if alias else 0.25
    network = scan(sources, SIGNS)
    port = next(
        iter(
            sources.search(
                [*sources.matching("src/**/*.clj"), *sources.matching("*.clj")],
                r":port\s+(?:\([^)\n]*?)?\"?(\d{2,5})",
            )
        ),
        None,
    )
    asked = next(
        iter(
            sources.search(sources.matching("src/**/*.clj"), r'(?:getenv\s+"PORT"|env\s+:port|:port\s+env)')
        ),
        None,
    )
    found = port or next(
        iter(
            sources.search(
                sources.matching("src/**/*.clj"), r'(?:getenv\s+"PORT"\)|env\s+:port\)?)\s*"?(\d{2,5})'
            )
        ),
        None,
    )
    facts.port = Fact(int(found[1][1]), (sources.evidence(*found),)) if found else None
    facts.reads_port = network.reads_port or asked is not None
    facts.health, facts.variables = network.health, network.variables
    return facts
