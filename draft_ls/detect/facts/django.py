"""What a Django app needs to serve its static files by itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.sources import compiled

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.sources import Sources

_REQUIRED = (
    r"os\.environ\[\s*[\"'](\w+)[\"']\s*\]",
    r"\benv(?:\.\w+)?\(\s*[\"'](\w+)[\"']\s*\)",
    r"(?<![.\w])config\(\s*[\"'](\w+)[\"']\s*(?:,\s*cast\s*=\s*\w+\s*)?\)",
)
"""How settings ask the environment for what they cannot do without: os, django-environ, decouple."""

_SECRET = re.compile(r"SECRET|KEY|TOKEN|PASSWORD")
_DATABASE = re.compile(r"DATABASE_URL$|DB_URL$")


def collect_static(subject: Subject) -> str:
    """The command that gathers the static files into the image; empty where the app does not serve them by itself.

    What the settings cannot do without and nothing of it matters here (keys, the database) gets a stand-in.
    """
    sources = subject.sources
    manage = sources.first("manage.py") or next(iter(sources.matching("*/manage.py")), None)
    settings = _settings(sources)
    if manage is None or not settings or not subject.depends("pypi:whitenoise"):
        return ""
    if not any(sources.search(settings, r"^\s*STATIC_ROOT\s*=")):
        return ""
    required = {match[1] for pattern in _REQUIRED for _, match in sources.search(settings, pattern)}
    if any(sources.search(settings, r"\benv\.db(?:_url)?\(\s*\)")):
        required.add("DATABASE_URL")
    stand_ins = {name: _stand_in(name) for name in sorted(required)}
    if not all(stand_ins.values()):
        return ""
    module = next((match[1] for _, match in sources.search(sources.matching("**/wsgi.py"), _MODULE)), "")
    own = compiled(_MODULE).search(sources.text(manage))
    if module and not (own and own[1] == module):
        stand_ins["DJANGO_SETTINGS_MODULE"] = module
    words = [
        *(f"{name}={value}" for name, value in stand_ins.items()),
        "python",
        manage,
        "collectstatic",
        "--noinput",
    ]
    return " ".join(words)


_MODULE = r"DJANGO_SETTINGS_MODULE[\"']\s*,\s*[\"']([\w.]+)"


def _settings(sources: Sources) -> list[str]:
    """The settings of production, and what they build on."""
    found = [
        *sources.matching("**/settings.py"),
        *sources.matching("**/settings/*.py"),
        *sources.matching("**/settings_*.py"),
    ]
    return [path for path in found if not re.search(r"(?:local|dev|development|test|testing|ci)\.py$", path)]


def _stand_in(name: str) -> str:
    if _DATABASE.search(name):
        return "sqlite:///unused"
    return "unused" if _SECRET.search(name) else ""
