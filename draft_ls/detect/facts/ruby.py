"""Facts about Ruby apps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.system import system_packages
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs
from draft_ls.detect.versions import choose, line_of, parse_version, pinned, satisfies

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

RUBIES = ("2.7", "3.0", "3.1", "3.2", "3.3", "3.4")
PREFERRED = "3.4"

SIGNS = Signs(
    files=("*.rb", "config.ru", "config/*.rb", "app/**/*.rb", "lib/**/*.rb"),
    comment="hash",
    calls=frozenset({"port", "bind"}),
    keys=frozenset({"port", "Port", "Port:"}),
)


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Ruby app."""
    sources = subject.sources
    facts = Facts(framework=subject.framework_fact, version=ruby_version(sources))
    gemfile = sources.first("Gemfile", "gems.rb")
    if gemfile:
        facts.package_manager = Fact("bundler", (sources.evidence(gemfile),))
    network = scan(sources, SIGNS)
    facts.reads_port, facts.variables = network.reads_port, network.variables
    facts.health = _health(sources) or network.health
    facts.port = _configured(sources) or network.port
    locked = "gems.locked" if gemfile == "gems.rb" else "Gemfile.lock"
    bind = sources.find("config/puma.rb", r"""ENV(?:\.fetch\(|\[)["'](BIND\w*|HOST)["']""")
    bundled = sources.find(locked, r"BUNDLED WITH\n\s+([\d.]+)")
    facts.details |= {
        "manifest": gemfile or "Gemfile",
        "locked": locked,
        "lockfile": sources.has(locked),
        "bind_variable": bind[1] if bind else "",
        "bundler": bundled[1] if bundled else "",
        "rails": subject.framework_name == "rails",
        "assets": subject.framework_name == "rails"
        and bool(
            subject.depends(
                "gem:sprockets-rails",
                "gem:propshaft",
                "gem:sassc-rails",
                "gem:cssbundling-rails",
                "gem:jsbundling-rails",
                "gem:importmap-rails",
                "gem:uglifier",
                "gem:sass-rails",
                "gem:webpacker",
                "gem:tailwindcss-rails",
            )
        ),
        "bootsnap": bool(subject.depends("gem:bootsnap")),
        "node": sources.has("package.json") or _runs_scripts(subject),
        "ruby_file": sources.has(".ruby-version")
        and bool(sources.find(gemfile or "", r"file:\s*[\"']\.ruby-version")),
        "packages": tuple(dict.fromkeys((*_packages(subject), *system_packages(sources)))),
    }
    _start(subject, facts)
    return facts


def ruby_version(sources: Sources) -> Fact[str] | None:
    """The release line: ``.ruby-version``, then the Gemfile, then its lock, then asdf and mise."""
    fact = line_of(pinned(sources, ((".ruby-version", r"^\s*(?:ruby-)?(\d+\.\d+)"),)), 2)
    if fact:
        return fact
    match = sources.find("Gemfile", r"""^\s*ruby\s*\(?\s*["']([^"'\n]+)["'](?:\s*,\s*["'][^"']+["'])*""")
    pin = line_of(pinned(sources, (), "ruby"), 2)
    if match and match[1][:1] in "~<>=!" and pin and satisfies(match[1], parse_version(pin.value) or ()):
        return pin
    chosen = (
        choose(match[1] if match[1][:1] in "~<>=!" else f"~> {match[1]}", RUBIES, PREFERRED)
        if match
        else None
    )
    if match and match[1][:1].isdigit():
        return line_of(Fact(match[1], (sources.evidence("Gemfile", match),)), 2)
    if match and chosen:
        return Fact(chosen, (sources.evidence("Gemfile", match),))
    lock = sources.find("Gemfile.lock", r"RUBY VERSION\n\s+ruby (\d+\.\d+)")
    if lock:
        return Fact(lock[1], (sources.evidence("Gemfile.lock", lock),))
    return pin


def _health(sources: Sources) -> Fact[str] | None:
    match = sources.find(
        "config/routes.rb", r"""get\s+["'](/?[\w/-]+)["']\s*(?:=>|,\s*to:)\s*["']rails/health#show"""
    )
    return Fact("/" + match[1].lstrip("/"), (sources.evidence("config/routes.rb", match),)) if match else None


def _configured(sources: Sources) -> Fact[int] | None:
    for path in ("config/puma.rb", "puma.rb", "unicorn.rb", "config/unicorn.rb"):
        match = sources.find(path, r"""^\s*(?:port|listen|bind)\b[^\n]*?(?<![\d.])(\d{2,5})(?![\d.])""")
        if match:
            return Fact(int(match[1]), (sources.evidence(path, match),))
    return None


def _runs_scripts(subject: Subject) -> bool:
    """Whether compiling assets runs JavaScript, for which a gem brings no engine."""
    asks = subject.depends("gem:uglifier", "gem:coffee-rails", "gem:execjs")
    return bool(asks) and not subject.depends("gem:mini_racer", "gem:therubyracer")


def _packages(subject: Subject) -> tuple[str, ...]:
    needed = (
        ("gem:pg", "libpq5"),
        ("gem:mysql2", "libmariadb3"),
        ("gem:sqlite3", "libsqlite3-0"),
        ("gem:ruby-vips", "libvips42"),
        ("gem:image_processing", "libvips42"),
    )
    return tuple(dict.fromkeys(package for gem, package in needed if subject.depends(gem)))


def _server(subject: Subject, port: str) -> tuple[str, ...]:
    """The command of the server for Rack that the app declares, else of the one that Rack finds."""
    servers = (
        ("puma", ("puma", "-b", f"tcp://0.0.0.0:{port}")),
        ("falcon", ("falcon", "serve", "--bind", f"http://0.0.0.0:{port}")),
        ("unicorn", ("unicorn", "-l", f"0.0.0.0:{port}")),
        ("thin", ("thin", "start", "-a", "0.0.0.0", "-p", port)),
        ("iodine", ("iodine", "-b", "0.0.0.0", "-p", port)),
    )
    found = next((command for gem, command in servers if subject.depends(f"gem:{gem}")), None)
    return found or ("rackup", "--host", "0.0.0.0", "--port", port)


def _start(subject: Subject, facts: Facts) -> None:
    sources, name = subject.sources, subject.framework_name
    puma = subject.depends("gem:puma")
    if name == "rails":
        port = str(facts.port.value if facts.port else 3000)
        evidence = sources.evidence(
            sources.first("bin/rails", "config/application.rb", "Gemfile") or "Gemfile"
        )
        server = ("rails", "server", "-b", "0.0.0.0", "-p", port)
        unicorn = None if puma else subject.depends("gem:unicorn")
        if unicorn:
            # Rails starts no Unicorn by itself.
            evidence = unicorn
            given = sources.first("config/unicorn.rb", "unicorn.rb")
            server = ("unicorn", "-c", given) if given else ("unicorn", "-l", f"0.0.0.0:{port}")
        facts.start = Fact(("bundle", "exec", *server), (evidence,))
    elif sources.has("config.ru"):
        facts.port = facts.port or Fact(2300 if name == "hanami" else 9292)
        port = str(facts.port.value)
        server = _server(subject, port)
        server = ("bundle", "exec", *server) if facts.package_manager else server
        facts.start = Fact(server, (sources.evidence("config.ru"),))
    else:
        script = sources.first(
            "app.rb", "main.rb", "server.rb", "web.rb", "application.rb", "bot.rb", "worker.rb"
        ) or next(
            (
                path
                for path in sources.matching("*.rb")
                if re.search(r"require ['\"]sinatra|Sinatra::Base|WEBrick|Rack::Handler", sources.text(path))
            ),
            None,
        )
        if script:
            prefix = ("bundle", "exec") if sources.has("Gemfile") else ()
            options = (
                ("-o", "0.0.0.0", "-p", str(facts.port.value if facts.port else 4567))
                if name == "sinatra"
                else ()
            )
            facts.start = Fact((*prefix, "ruby", script, *options), (sources.evidence(script),))
            facts.confidence = 1.0 if name or facts.port else 0.7
        else:
            facts.confidence = 0.2 if sources.matching("*.gemspec") else 0.35
