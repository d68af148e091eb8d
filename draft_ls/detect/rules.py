"""What packs declare about the apps they fit: the ``[[detect]]`` and ``[[framework]]`` rules of ``pack.toml``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from draft_ls.detect.documents import is_table, strings, table
from draft_ls.detect.model import Evidence, Fact
from draft_ls.detect.sources import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.detect.dependencies import Dependencies
    from draft_ls.detect.sources import Sources

CONTENT_LIMIT = 40
"""How many files one ``contains`` rule looks into."""


class RuleError(ValueError):
    """A rule of a pack is not well-formed; ``key`` is the part of ``pack.toml`` that is wrong."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on an app's files. All parts that are given must hold; each list is met by any of its members.

    Attributes:
        files: globs relative to the app's folder.
        contains: a regular expression (multi-line) that one of the selected files must match.
        dependencies: packages as ``<purl type>:<name>``, e.g. ``npm:next``, ``pypi:flask``.
        without: globs of files that must be absent.
    """

    files: tuple[str, ...] = ()
    contains: str = ""
    dependencies: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def holds(self, sources: Sources, dependencies: Dependencies) -> tuple[Evidence, ...]:
        """The evidence that it holds; empty if it does not."""
        if any(sources.matching(pattern) for pattern in self.without):
            return ()
        found: list[Evidence] = []
        if self.dependencies:
            declared = next((seen for each in self.dependencies if (seen := dependencies.find(each))), None)
            if declared is None:
                return ()
            found.append(declared)
        if self.files:
            seen = self._files(sources)
            if seen is None:
                return ()
            found.append(seen)
        return tuple(found)

    def _files(self, sources: Sources) -> Evidence | None:
        paths = [path for pattern in self.files for path in sources.matching(pattern)]
        if not self.contains:
            return sources.evidence(paths[0]) if paths else None
        for path, match in sources.search(paths[:CONTENT_LIMIT], self.contains):
            return sources.evidence(path, match)
        return None


@dataclass(frozen=True, slots=True)
class DetectRule:
    """A condition that speaks for a pack.

    Attributes:
        condition: what must hold.
        confidence: how surely it speaks for the pack, above 0 and at most 1.
        nested: whether it makes a folder inside another app an app of its own.
    """

    condition: Condition
    confidence: float
    nested: bool = True


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework that a pack knows, and its own defaults.

    Attributes:
        name: e.g. ``flask``.
        conditions: it is there if any of them holds.
        port: the port it listens on unless told otherwise.
        health: the path that it answers by itself when healthy.
        build: the command that builds the app, as a shell line.
        start: the command that starts it.
        reads_port: whether it listens where ``PORT`` says.
        confidence: a floor for the pack's confidence when it is there.
    """

    name: str
    conditions: tuple[Condition, ...]
    port: int | None = None
    health: str | None = None
    build: str | None = None
    start: tuple[str, ...] = ()
    reads_port: bool = False
    confidence: float = 0.0

    def present(self, sources: Sources, dependencies: Dependencies) -> Fact[str] | None:
        """Its name with the evidence; none if it is not there."""
        for condition in self.conditions:
            evidence = condition.holds(sources, dependencies)
            if evidence:
                return Fact(self.name, evidence)
        return None


@dataclass(frozen=True, slots=True)
class PackRules:
    """All that detection needs to know of a pack.

    Attributes:
        name: the pack's name.
        language: the language of its apps, unless the analyzer knows better.
        analyzer: the code that finds the facts; ``plain`` for none.
        rules: what speaks for it.
        frameworks: in order of precedence.
        port, version, build, start: defaults for apps of no known framework.
        priority: decides between packs of equal confidence; higher wins.
    """

    name: str
    language: str
    analyzer: str = "plain"
    rules: tuple[DetectRule, ...] = ()
    frameworks: tuple[Framework, ...] = ()
    port: int | None = None
    build: str | None = None
    start: tuple[str, ...] = ()
    priority: int = 0
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A pack's document over that of the pack it extends: tables merge, all else replaces.

    What says that an app is there is a pack's own: ``detect`` and ``priority`` are not inherited.
    """
    result = {
        key: value for key, value in base.items() if key not in {"name", "detect", "priority", "extends"}
    }
    for key, value in own.items():
        known = result.get(key)
        result[key] = {**table(known), **table(value)} if is_table(known) and is_table(value) else value
    return result


def parse_rules(document: Mapping[str, Any]) -> PackRules:
    """Read the detection part of a parsed ``pack.toml``.

    Raises:
        RuleError: a key has a wrong type or an unusable value.
    """
    defaults = table(document.get("defaults"))
    name = _text(document, "name", "name")
    if not name:
        raise RuleError("name", "a pack needs a name")
    return PackRules(
        name=name,
        language=_text(document, "language", "language") or name,
        analyzer=_text(document, "analyzer", "analyzer") or "plain",
        rules=tuple(
            DetectRule(
                _condition(each, f"detect[{index}]"),
                _confidence(each, f"detect[{index}]"),
                nested=each.get("nested", True) is True,
            )
            for index, each in enumerate(_tables(document, "detect"))
        ),
        frameworks=tuple(
            _framework(each, f"framework[{index}]")
            for index, each in enumerate(_tables(document, "framework"))
        ),
        port=_port(defaults, "defaults"),
        build=_text(defaults, "build", "defaults.build") or None,
        start=_command(defaults, "defaults"),
        priority=_integer(document.get("priority", 0), "priority"),
        defaults=defaults,
    )


def _framework(values: dict[str, Any], where: str) -> Framework:
    name = _text(values, "name", f"{where}.name")
    if not name:
        raise RuleError(f"{where}.name", "a framework needs a name")
    more = [_condition(each, f"{where}.any[{index}]") for index, each in enumerate(_tables(values, "any"))]
    own = [_condition(values, where)] if values.keys() & {"file", "dependency"} else []
    if not own + more:
        raise RuleError(where, "needs 'dependency', 'file' or [[framework.any]] to be recognised by")
    return Framework(
        name=name,
        conditions=tuple(own + more),
        port=_port(values, where),
        health=_text(values, "health", f"{where}.health") or None,
        build=_text(values, "build", f"{where}.build") or None,
        start=_command(values, where),
        reads_port=values.get("reads_port") is True,
        confidence=float(values.get("confidence", 0.0)),
    )


def _condition(values: dict[str, Any], where: str) -> Condition:
    contains = _text(values, "contains", f"{where}.contains")
    try:
        compiled(contains)
    except re.error as error:
        raise RuleError(f"{where}.contains", f"not a regular expression: {error}") from error
    condition = Condition(
        files=strings(values.get("file")),
        contains=contains,
        dependencies=strings(values.get("dependency")),
        without=strings(values.get("without")),
    )
    if not condition.files and not condition.dependencies:
        raise RuleError(where, "a condition needs 'file' or 'dependency'")
    if contains and not condition.files:
        raise RuleError(f"{where}.contains", "needs 'file' to look into")
    for each in condition.dependencies:
        if ":" not in each:
            raise RuleError(f"{where}.dependency", f"'{each}' should be <type>:<name>, e.g. npm:{each}")
    return condition


def _tables(values: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = values.get(key, [])
    if not isinstance(found, list) or any(not isinstance(each, dict) for each in found):  # pyright: ignore[reportUnknownVariableType]
        raise RuleError(key, f"should be tables: [[{key}]]")
    return found  # pyright: ignore[reportUnknownVariableType]


def _text(values: Mapping[str, Any], key: str, where: str) -> str:
    value = values.get(key, "")
    if not isinstance(value, str):
        raise RuleError(where, "should be a string")
    return value


def _integer(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RuleError(where, "should be a whole number")
    return value


def _port(values: Mapping[str, Any], where: str) -> int | None:
    if "port" not in values:
        return None
    port = _integer(values["port"], f"{where}.port")
    if not 0 < port < 65536:
        raise RuleError(f"{where}.port", "should be from 1 to 65535")
    return port


def _confidence(values: Mapping[str, Any], where: str) -> float:
    value = values.get("confidence", 0.8)
    if not isinstance(value, int | float) or not 0 < value <= 1:
        raise RuleError(f"{where}.confidence", "should be above 0 and at most 1")
    return float(value)


def _command(values: Mapping[str, Any], where: str) -> tuple[str, ...]:
    value = values.get("start", [])
    command = strings(value)
    if isinstance(value, str) or (value and not command):
        raise RuleError(f"{where}.start", 'should be a list of arguments, e.g. ["node", "server.js"]')
    return command
