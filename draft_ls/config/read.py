"""draft.toml, read: every environment that is well, and every problem at its exact place."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from draft_ls.config.document import Document, Entry, Table, read_document
from draft_ls.config.model import DEFAULT_ENVIRONMENT, AppConfig, Environment
from draft_ls.config.names import dns_label
from draft_ls.config.schema import BY_SPELLING, ENVIRONMENTS, Key, Kind, nearest, nearest_key
from draft_ls.config.syntax import BROKEN
from draft_ls.config.values import Remark, describe, read_value
from draft_ls.errors import Place, Problem, Severity, Span

if TYPE_CHECKING:
    from pathlib import Path


def parse(text: str, path: Path) -> AppConfig:
    """Read the text of a draft.toml.

    Never raises. An environment with an error is left out of ``environments``, so that nothing is deployed
    from a table that is only half understood; what is wrong with it is in ``problems``.

    Args:
        text: the file's text, saved or not.
        path: the absolute path of draft.toml; the folder's name is the default for ``name``.
    """
    reader = _Reader(path, read_document(text))
    environments = reader.environments()
    problems = sorted(reader.problems, key=_position)
    return AppConfig(path, MappingProxyType(environments), tuple(problems))


class _Reader:
    """Reads one document; collects its problems."""

    def __init__(self, path: Path, document: Document) -> None:
        self.problems: list[Problem] = []
        self._path = path
        self._root = document.root
        self._broken = {fault.table for fault in document.faults}
        for fault in document.faults:
            what = fault.what
            self._report(what.code, what.message, what.fix, what.span)

    def environments(self) -> dict[str, Environment]:
        """Every environment without an error, by key."""
        for entry in self._root.entries.values():
            if entry.key != ENVIRONMENTS and not entry.key.startswith(BROKEN):
                self._stray(entry)
        found = self._root.entries.get(ENVIRONMENTS)
        table = found.value.table if found else None
        if found is None or table is None or not table.entries:
            self._none_declared(found)
            return {}
        read = {entry.key: self._environment(entry) for entry in table.entries.values()}
        return {key: environment for key, environment in read.items() if environment}

    def _environment(self, entry: Entry) -> Environment | None:
        table = entry.value.table
        errors = self._errors()
        if table is None:
            message = f"The environment {entry.key!r} must be a table, not {describe(entry.value)}."
            if BY_SPELLING.get(entry.key):
                message = f"{entry.key} stands outside of an environment."
            fix = f"Write it below a header [environments.{DEFAULT_ENVIRONMENT}]."
            self._report("wrong-type", message, fix, entry.span)
            return None
        if not entry.key.strip():
            self._report("bad-value", "The environment has no name.", "Name it.", entry.span)
        values: dict[str, Any] = {"name": dns_label(self._path.parent.name)}
        spans: dict[str, Span] = {}
        for key, each in self._known(table):
            value, remarks = read_value(key, each.value)
            self._remarks(remarks)
            spans[key.name] = each.value.span
            if key.kind != Kind.IGNORED:
                values[key.attribute or key.name] = value
        if self._errors() > errors or self._is_broken(entry.key):
            return None
        return Environment(key=entry.key, spans=MappingProxyType(spans), table=table.span, **values)

    def _known(self, table: Table) -> list[tuple[Key, Entry]]:
        """The entries of an environment that have a known key, each once."""
        known: dict[str, tuple[Key, Entry]] = {}
        for entry in table.entries.values():
            key = BY_SPELLING.get(entry.key)
            if key is None:
                self._unknown(entry)
                continue
            if key.name in known:
                self._twice(key, known[key.name][1], entry)
                continue
            known[key.name] = key, entry
            if entry.key.replace("-", "_") in key.old_names:
                message = f"{entry.key} is the old name of {key.name}."
                self._report("old-key", message, f"Write {key.name}.", entry.span, Severity.HINT)
        return list(known.values())

    def _twice(self, key: Key, first: Entry, second: Entry) -> None:
        message = f"{first.key} and {second.key} are the same key, {key.name}."
        related = ((Place(self._path, first.span), f"{first.key} stands here"),)
        self._report(
            "duplicate-key", message, f"Keep one of the two, as {key.name}.", second.span, related=related
        )

    def _unknown(self, entry: Entry) -> None:
        good = nearest_key(entry.key)
        fix = f"Write {good}." if good else "Remove it. docs/draft-toml.md lists every key."
        self._report("unknown-key", f"draft.toml has no key {entry.key!r}.", fix, entry.span)

    def _stray(self, entry: Entry) -> None:
        """Something at the top of the file that is not ``[environments]``."""
        if nearest(entry.key, [ENVIRONMENTS]):
            fix = f"Write {ENVIRONMENTS}."
        else:
            fix = f"Move it below a header [environments.{DEFAULT_ENVIRONMENT}], or remove it."
        message = f"draft.toml holds only the table [{ENVIRONMENTS}]; {entry.key!r} does not belong there."
        self._report("unknown-key", message, fix, entry.span)

    def _none_declared(self, found: Entry | None) -> None:
        if found and found.value.table is None:
            message = f"{ENVIRONMENTS} must be a table, not {describe(found.value)}."
            fix = f"Write [environments.{DEFAULT_ENVIRONMENT}]."
            self._report("wrong-type", message, fix, found.value.span)
        elif not self.problems:
            fix = f"Add a table [environments.{DEFAULT_ENVIRONMENT}], or run draft create."
            span = found.value.span if found else None
            self._report("no-environment", "draft.toml declares no environment.", fix, span)

    def _is_broken(self, environment: str) -> bool:
        """Whether a syntax error stands in this environment, or above all of them."""
        return any(
            table[:1] != (ENVIRONMENTS,) or len(table) == 1 or table[1] == environment
            for table in self._broken
        )

    def _errors(self) -> int:
        return sum(problem.severity == Severity.ERROR for problem in self.problems)

    def _remarks(self, remarks: tuple[Remark, ...]) -> None:
        for each in remarks:
            self._report(each.code, each.message, each.fix, each.span, each.severity)

    def _report(
        self,
        code: str,
        message: str,
        fix: str,
        span: Span | None,
        severity: Severity = Severity.ERROR,
        related: tuple[tuple[Place, str], ...] = (),
    ) -> None:
        place = Place(self._path, span)
        problem = Problem(f"config-{code}", message, place=place, fix=fix, severity=severity, related=related)
        self.problems.append(problem)


def _position(problem: Problem) -> Span:
    return (problem.place and problem.place.span) or Span.line(0)
