"""Environment variables that an app needs, as its example files list them, and Heroku's ``app.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.documents import table
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from draft_ls.detect.sources import Sources

EXAMPLES = (
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "env.example",
    ".env-example",
    "example.env",
    "sample.env",
)

PLATFORM = frozenset({"PORT", "HOST", "NODE_ENV", "PATH", "HOME", "TZ", "LANG"})
"""Variables that the platform sets by itself."""


def example_variables(sources: Sources) -> Iterator[Fact[str]]:
    """The variables of ``.env.example`` and its like."""
    yield from _heroku(sources)
    path = sources.first(*EXAMPLES)
    if path:
        for _, match in sources.search((path,), r"^(?:export[ \t]+)?([A-Z][A-Z0-9_]*)[ \t]*="):
            if match[1] not in PLATFORM:
                yield Fact(match[1], (sources.evidence(path, match),))


def _heroku(sources: Sources) -> Iterator[Fact[str]]:
    """The variables of Heroku's ``app.json`` that have no value there: whoever deploys the app has to give one."""
    for name, said in table(sources.json("app.json").get("env")).items():
        given = said if isinstance(said, str) else table(said).get("value")
        optional = table(said).get("required") is False
        if not given and not optional and name not in PLATFORM:
            yield Fact(name, (sources.quote("app.json", f'"{name}"', name),))


def unique(variables: Iterable[Fact[str]]) -> tuple[Fact[str], ...]:
    """The variables by name, each once, with its first evidence."""
    found: dict[str, Fact[str]] = {}
    for each in variables:
        found.setdefault(each.value, each)
    return tuple(found[name] for name in sorted(found))
