"""Ports that an app's own settings files name, for code that only passes them on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from draft_ls.detect.documents import is_table
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.detect.sources import Sources

FILES = tuple(
    f"{folder}{stem}.{extension}"
    for folder in ("", "config/", "configs/", "configuration/", "conf/", "etc/", "settings/")
    for stem in (
        "config",
        "default",
        "base",
        "settings",
        "application",
        "app",
        "Settings",
        "Config",
        "production",
    )
    for extension in ("yaml", "yml", "json", "toml")
)
"""Where settings lie, in the order in which they are looked at."""

SECTIONS = frozenset(
    {"server", "http", "app", "application", "web", "api", "service", "httpserver", "http_server", "rest"}
)
"""Tables of settings that are about the app's own server; a ``port`` elsewhere is some other server's."""

NAMES = ("port", "http_port", "httpport", "http-port", "server_port", "listen_port")
ADDRESSES = ("addr", "address", "listen", "bind", "listen_addr", "bind_addr", "http_addr")

ENVIRONMENTS = (
    ".env",
    ".env.production",
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "example.env",
)
"""Files that say what ``PORT`` is where the app reads it."""


def configured_port(sources: Sources) -> Fact[int] | None:
    """The port of a settings file's server: YAML, JSON, TOML, or Beego's ``app.conf``."""
    known = [each for each in FILES if sources.has(each)]
    for path in known or sources.matching("etc/*.yaml")[:1]:
        port = _port(_document(sources, path))
        if port:
            return Fact(port, (sources.quote(path, str(port), f"port {port}"),))
    match = sources.find("conf/app.conf", r"^\s*httpport\s*=\s*(\d{2,5})")
    return Fact(int(match[1]), (sources.evidence("conf/app.conf", match),)) if match else None


def environment_port(sources: Sources) -> tuple[str, Fact[int]] | None:
    """What the app's ``.env`` files say that ``PORT`` is, or ``APP_PORT`` and the like: the variable and its value."""
    pattern = r"^(?:export[ \t]+)?(?P<name>(?:(?:APP|SERVER|HTTP|API|WEB)_)?PORT)[ \t]*=[ \t]*[\"']?(?P<port>\d{2,5})\b"
    for path, match in sources.search((each for each in ENVIRONMENTS if sources.has(each)), pattern):
        return match["name"], Fact(int(match["port"]), (sources.evidence(path, match.span("port")),))
    return None


def _document(sources: Sources, path: str) -> Mapping[str, Any]:
    if path.endswith(".json"):
        return sources.json(path)
    return sources.toml(path) if path.endswith(".toml") else sources.yaml(path)


def _port(document: Mapping[str, Any]) -> int | None:
    """The port of the document itself, else of a section about the server, also one level further down."""
    tables: list[Mapping[str, Any]] = [document]
    for section in _sections(document):
        tables += [section, *_sections(section)]
    for table in tables:
        plain = {str(key).lower(): value for key, value in table.items()}
        for name in (*NAMES, *ADDRESSES):
            port = _number(plain.get(name), address=name in ADDRESSES)
            if port:
                return port
    return None


def _sections(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [value for key, value in table.items() if str(key).lower() in SECTIONS and is_table(value)]


def _number(value: object, *, address: bool) -> int | None:
    pattern = r".*:(\d{2,5})" if address else r"(\d{2,5})|\$\{\w+:-?(\d{2,5})\}"
    match = re.fullmatch(pattern, str(value)) if isinstance(value, str | int) else None
    number = int(next(group for group in match.groups() if group)) if match else 0
    return number if 80 <= number < 65536 else None
