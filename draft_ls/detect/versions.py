"""Runtime versions: what the pin files of an ecosystem say, and which released version satisfies a range."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from draft_ls.detect.sources import Sources

Version = tuple[int, ...]

_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_COMPARATOR = re.compile(r"(\^|~>|~=|~|>=|<=|===|==|!=|=|>|<)?\s*v?(\d+(?:\.(?:\d+|[xX*]))*|[xX*])")


def parse_version(text: str) -> Version | None:
    """The first dotted number in a text: ``python-3.11.4`` → ``(3, 11, 4)``."""
    match = _NUMBER.search(text)
    return tuple(int(part) for part in match[0].split(".")) if match else None


def dotted(version: Version, parts: int) -> str:
    """The first ``parts`` parts of a version: ``(3, 11, 4)``, 2 → ``3.11``."""
    return ".".join(str(part) for part in version[:parts])


@dataclass(frozen=True, slots=True)
class _Comparator:
    operator: str
    version: Version
    wildcard: bool

    def allows(self, candidate: Version) -> bool:
        """Whether some release of the line ``candidate`` (e.g. ``3.11``) satisfies this comparator."""
        length = len(candidate)
        bound = (self.version + (0,) * length)[:length]
        more = any(self.version[length:])
        match self.operator:
            case "^":
                return (
                    candidate >= bound and candidate[:1] == bound[:1]
                    if self.version[0]
                    else candidate[:2] == bound[:2]
                )
            case "~=" | "~>":
                fixed = max(len(self.version) - 1, 1)
                return candidate >= bound and candidate[:fixed] == self.version[:fixed][: len(candidate)]
            case "~":
                fixed = min(2, len(self.version))
                return candidate[:fixed] == self.version[:fixed][:length]
            case ">=":
                return candidate >= bound
            case ">":
                return (
                    candidate > bound
                    or (more and candidate == bound)
                    or (len(self.version) > length and candidate == bound)
                )
            case "<=":
                return candidate <= bound
            case "<":
                return candidate < bound or (more and candidate == bound)
            case "!=":
                return not (candidate == bound and (self.wildcard or len(self.version) <= length))
            case _:
                return candidate[: len(self.version)] == bound[: len(self.version)]


def satisfies(constraint: str, candidate: Version) -> bool:
    """Whether a release line such as ``(3, 11)`` or ``(20,)`` can satisfy a range.

    Understands npm, Composer, Cargo, Poetry and PEP 440 spellings: ``||`` and ``|`` for alternatives; commas and
    blanks for all of; ``^ ~ ~= ~> >= <= < > == !=``; ``1.x``, ``1.*``; ``1 - 3``.
    """
    for alternative in re.split(r"\|\|?", constraint):
        text = re.sub(r"(\d\S*)\s+-\s+v?(\d\S*)", r">=\1 <=\2", alternative)
        comparators = [_comparator(match) for match in _COMPARATOR.finditer(text)]
        if comparators and all(each is None or each.allows(candidate) for each in comparators):
            return True
    return constraint.strip() in {"", "*", "x", "latest"}


def _comparator(match: re.Match[str]) -> _Comparator | None:
    parts: list[int] = []
    for part in match[2].split("."):
        if not part.isdigit():
            break
        parts.append(int(part))
    wildcard = any(sign in match[2] for sign in "xX*")
    return _Comparator(match[1] or "=", tuple(parts), wildcard) if parts else None


def choose(constraint: str, known: Sequence[str], preferred: str) -> str | None:
    """The release line for a range: the preferred one if it fits, else the newest that does.

    A constraint that names one exact version outside ``known`` gives that version's line.
    """
    lines = [preferred, *sorted(known, key=lambda each: parse_version(each) or (), reverse=True)]
    for line in lines:
        if satisfies(constraint, parse_version(line) or ()):
            return line
    exact = re.fullmatch(r"\s*(?:===?)?\s*v?(\d+(?:\.\d+)*)\s*", constraint)
    version = parse_version(constraint)
    parts = len(parse_version(preferred) or (0,))
    return dotted(version, parts) if exact and version else None


def tool_version(sources: Sources, *names: str) -> Fact[str] | None:
    """What ``.tool-versions`` (asdf) or a mise file pins for a tool, as written; also in the folders above the app."""
    tools = "|".join(re.escape(name) for name in names)
    asdf = rf"^\s*(?:{tools})[ \t]+(\S+)"
    mise = rf"""^\s*["']?(?:core:)?(?:{tools})["']?\s*=\s*(?:\[\s*|\{{\s*version\s*=\s*)?["']([^"']+)["']"""
    candidates = (
        (".tool-versions", asdf),
        ("mise.toml", mise),
        (".mise.toml", mise),
        (".config/mise.toml", mise),
    )
    return next((fact for path, pattern in candidates if (fact := sources.nearest(path, pattern))), None)


def pinned(sources: Sources, pins: Iterable[tuple[str, str]], *tools: str) -> Fact[str] | None:
    """What the first of these pin files says, as written: (file, pattern); then asdf's and mise's for ``tools``."""
    found = next((fact for path, pattern in pins if (fact := sources.nearest(path, pattern))), None)
    return found or (tool_version(sources, *tools) if tools else None)


def line_of(fact: Fact[str] | None, parts: int) -> Fact[str] | None:
    """A pinned version cut to the parts that image tags have; none if it names no version (``latest``, ``system``)."""
    version = parse_version(fact.value) if fact else None
    return Fact(dotted(version, parts), fact.evidence) if fact and version else None
