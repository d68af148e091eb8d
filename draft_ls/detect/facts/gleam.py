"""Facts about Gleam apps that run on Erlang."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs
from draft_ls.detect.versions import line_of, pinned

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject

SIGNS = Signs(files=("src/**/*.gleam",), calls=frozenset({"port"}), keys=frozenset({"port"}))


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Gleam app."""
    sources = subject.sources
    facts = Facts(framework=subject.framework_fact)
    version = line_of(pinned(sources, (), "gleam"), 3)
    facts.version = version if version and version.value.count(".") == 2 else None
    facts.package_manager = Fact("gleam", (sources.evidence("gleam.toml"),))
    facts.details["lockfile"] = sources.has("manifest.toml")
    main = f"src/{sources.toml('gleam.toml').get('name', '')}.gleam"
    match = sources.find(main, r"^pub\s+fn\s+main\s*\(")
    facts.build = Fact("gleam export erlang-shipment", (sources.evidence("gleam.toml"),))
    if match and sources.toml("gleam.toml").get("target") != "javascript":
        facts.start = Fact(("./entrypoint.sh", "run"), (sources.evidence(main, match.span(0)),))
    else:
        facts.confidence = 0.25
    network = scan(sources, SIGNS)
    facts.port, facts.reads_port = network.port, network.reads_port
    facts.health, facts.variables = network.health, network.variables
    return facts
