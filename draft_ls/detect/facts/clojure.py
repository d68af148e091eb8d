"""Facts about Clojure apps that Leiningen or the Clojure tools build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.jdk import java_version
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs
from draft_ls.detect.versions import pinned

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

SIGNS = Signs(
    files=("src/**/*.clj", "**/*.clj", "resources/*.edn"),
    comment="semicolon",
    calls=frozenset(),
    keys=frozenset({"port"}),
    skip=r"(?:^|/)(?:test|dev)/",
)


_PORTS = (
    r":port\s+(?:\([^)\n]*?)?\"?(\d{2,5})",
    r"(?:getenv\s+\"PORT\"|env\s+:port|:port\s+env)\)[^\d\n]{0,40}?(\d{2,5})\b",
    r"\(def\s+(?:\^\S+\s+)*[\w-]*port\s+(\d{2,5})\b",
    r"\[port\s+\(?[^\d\n\]]{0,40}?(\d{4,5})\b",
)
"""Where a port stands: in a server's options, after ``PORT``, in a constant, in a binding."""


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
    main = _main(sources)
    if lein:
        ring = sources.find("project.clj", r"(lein-ring)")
        named = sources.find("project.clj", r"(:main)\b") or ring
        facts.build = Fact("lein ring uberjar" if ring else "lein uberjar", evidence)
        if named:
            facts.start = Fact(("java", "-jar", "app.jar"), (sources.evidence("project.clj", named),))
        elif main:
            facts.start = Fact(("java", "-cp", "app.jar", "clojure.main", "-m", main.value), main.evidence)
    elif sources.has("build.clj"):
        facts.build = Fact("clojure -T:build uber", (sources.evidence("build.clj"),))
        facts.start = Fact(("java", "-jar", "app.jar"), (sources.evidence("build.clj"),))
    else:
        facts.details["uber"] = False
        alias = sources.find("deps.edn", r":(run|start|server|main|run-m|serve|prod)\s+\{")
        if alias:
            option = "-X" if sources.find("deps.edn", rf":{alias[1]}\s+\{{[^{{}}]*:exec-fn") else "-M"
            facts.start = Fact(("clojure", f"{option}:{alias[1]}"), (sources.evidence("deps.edn", alias),))
        elif main:
            facts.start = Fact(("clojure", "-M", "-m", main.value), main.evidence)
    if facts.start is None:
        facts.confidence = 0.25
    network = scan(sources, SIGNS)
    files = [path for path in sources.matching("**/*.clj") if not re.search(SIGNS.skip, path)]
    found = next((hit for pattern in _PORTS for hit in sources.search(files, pattern)), None)
    asked = next(sources.search(files, r'(?:getenv\s+"PORT"|\(env\s+:port|\(:port\s+env)'), None)
    facts.port = Fact(int(found[1][1]), (sources.evidence(*found),)) if found else None
    facts.reads_port = network.reads_port or asked is not None
    facts.health, facts.variables = network.health, network.variables
    return facts


def _main(sources: Sources) -> Fact[str] | None:
    """The namespace that has a ``-main``."""
    for path, match in sources.search(sources.matching("src/**/*.clj"), r"^\(defn -main\b"):
        name = sources.find(path, r"^\(ns\s+(?:\^\S+\s+)*([\w.-]+)")
        if name:
            return Fact(name[1], (sources.evidence(path, match.span(0)),))
    return None
