"""Facts about Perl apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs
from draft_ls.detect.versions import choose, line_of, pinned

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.model import Evidence
    from draft_ls.detect.sources import Sources

PERLS = ("5.30", "5.32", "5.34", "5.36", "5.38", "5.40")
PREFERRED = "5.40"

SIGNS = Signs(
    files=("*.pl", "*.psgi", "script/*", "bin/*", "lib/**/*.pm"),
    comment="hash",
    calls=frozenset(),
    keys=frozenset({"port", "LocalPort", "listen"}),
)

_SCRIPTS = ("app.pl", "main.pl", "server.pl", "web.pl", "bot.pl", "worker.pl")
_MOJOLICIOUS = r"^\s*use\s+Mojolicious::Lite\b|Mojolicious::Commands"
_SERVERS = ("Starman", "Starlet", "Twiggy", "Gazelle")
_LIBRARIES = (
    ("cpan:DBD::Pg", "libpq5"),
    ("cpan:Mojo::Pg", "libpq5"),
    ("cpan:DBD::mysql", "libmariadb3"),
    ("cpan:DBD::MariaDB", "libmariadb3"),
    ("cpan:XML::LibXML", "libxml2"),
)


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Perl app."""
    sources = subject.sources
    facts = Facts(framework=subject.framework_fact, version=_version(sources))
    manifest = sources.first("cpanfile", "Makefile.PL", "Build.PL")
    if manifest:
        facts.package_manager = Fact("cpan", (sources.evidence(manifest),))
    network = scan(sources, SIGNS)
    facts.port, facts.health = network.port, network.health
    facts.reads_port, facts.variables = network.reads_port, network.variables
    facts.details |= {
        "manifest": manifest or "",
        "packages": tuple(
            dict.fromkeys(library for module, library in _LIBRARIES if subject.depends(module))
        ),
    }
    _start(subject, facts)
    return facts


def _version(sources: Sources) -> Fact[str] | None:
    pin = line_of(pinned(sources, ((".perl-version", r"^\s*(?:perl-)?(\d+\.\d+)"),), "perl"), 2)
    least = sources.find("cpanfile", r"""^\s*requires\s*\(?\s*["']perl["']\s*(?:=>|,)\s*["']v?(5\.\d+)""")
    if pin or least is None:
        return pin
    number = least[1] if len(least[1]) < 6 else f"5.{int(least[1][2:5])}"
    chosen = choose(f">={number}", PERLS, PREFERRED)
    return Fact(chosen, (sources.evidence("cpanfile", least),)) if chosen else None


def _start(subject: Subject, facts: Facts) -> None:
    sources = subject.sources
    psgi = sources.first("app.psgi", "bin/app.psgi") or next(
        iter((*sources.matching("*.psgi"), *sources.matching("bin/*.psgi"))), None
    )
    scripts = (*sources.matching("*.pl"), *sources.matching("script/*"), *sources.matching("bin/*.pl"))
    mojolicious = next((path for path in scripts if sources.find(path, _MOJOLICIOUS)), None)
    if mojolicious and subject.framework_name == "mojolicious":
        port = str(facts.port.value if facts.port else 3000)
        command = ("perl", mojolicious, "prefork", "-m", "production", "-l", f"http://*:{port}")
        facts.start = Fact(command, (sources.evidence(mojolicious),))
    elif psgi:
        _serve(subject, facts, psgi, sources.evidence(psgi))
    elif script := sources.first(*_SCRIPTS) or next(iter(sources.matching("*.pl")), None):
        facts.start = Fact(("perl", script), (sources.evidence(script),))
        facts.confidence = 1.0 if subject.framework or facts.port else 0.6
    else:
        facts.confidence = 0.25


def _serve(subject: Subject, facts: Facts, psgi: str, evidence: Evidence) -> None:
    """Start a PSGI app with the server that it declares, else with Starman."""
    facts.port = facts.port or Fact(5000)
    own = next((name for name in _SERVERS if subject.depends(f"cpan:{name}")), None)
    if own is None:
        facts.details["server"] = "Plack Starman"
    command = (
        "plackup", "-s", own or "Starman", "-E", "deployment", "--host", "0.0.0.0",
        "--port", str(facts.port.value), psgi,
    )  # fmt: skip
    facts.start = Fact(command, (evidence,))
