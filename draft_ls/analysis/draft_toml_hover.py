"""What a place of a draft.toml means: documentation, the value in effect, where it leads."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from draft_ls.analysis.draft_toml_completion import document
from draft_ls.analysis.toml_lines import Statement, environment_of, statement_at, statements
from draft_ls.config.model import CONFIG_FILE, AppConfig, Environment, PortOverride, SyncRules
from draft_ls.config.read import parse
from draft_ls.config.schema import BY_SPELLING, ENVIRONMENTS, KEYS, Key, Kind
from draft_ls.errors import Position, Span
from draft_ls.files import Kind as FileKind
from draft_ls.files import inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from draft_ls.files import Tree


@dataclass(frozen=True, slots=True)
class Explanation:
    """Markdown about a stretch of text."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Link:
    """A value that names a file or folder of the app; ``path`` is relative to it."""

    span: Span
    path: str


@dataclass(frozen=True, slots=True)
class Hint:
    """A value that is in effect though it is not written; shown after ``position``."""

    position: Position
    text: str


@functools.lru_cache(maxsize=4)
def _config(text: str, path: Path) -> AppConfig:
    """The parsed file; an editor asks for hover, hints and links of one text in a row."""
    return parse(text, path)


def explain(text: str, position: Position, tree: Tree) -> Explanation | None:
    """What stands at a position; none where there is nothing to say."""
    statement = statement_at(text, position)
    if statement is None:
        return None
    config = _config(text, tree.root / CONFIG_FILE)
    for part in statement.parts:
        if part.span.start <= position <= part.span.end:
            return _explain_key(statement, config, part.name, part.span)
    if statement.equals is not None and (key := _key(statement)):
        start = Position(statement.line, statement.equals)
        if position >= start:
            return Explanation(_about(key, _environment(statement, config)), statement.parts[-1].span)
    return None


def _explain_key(statement: Statement, config: AppConfig, name: str, span: Span) -> Explanation | None:
    environment = environment_of(statement)
    if name == ENVIRONMENTS and span == statement.parts[0].span:
        return Explanation("The environments of this app: how and where it is deployed.", span)
    if environment and environment.span == span:
        return Explanation(_about_environment(name, config.environments.get(name)), span)
    key = _key(statement)
    if key is None or BY_SPELLING.get(name) is not key:
        return None
    return Explanation(_about(key, _environment(statement, config)), span)


def _key(statement: Statement) -> Key | None:
    path = statement.path
    return BY_SPELLING.get(path[2]) if len(path) >= 3 and path[0] == ENVIRONMENTS else None


def _environment(statement: Statement, config: AppConfig) -> Environment | None:
    path = statement.path
    return config.environments.get(path[1]) if len(path) > 1 else None


def _about(key: Key, environment: Environment | None) -> str:
    lines = [f"**{key.name}** — {key.type}, default {key.default}", "", document(key)]
    if environment is not None and key.kind is not Kind.IGNORED:
        lines += ["", f"In effect for `{environment.key}`: `{in_effect(environment, key)}`"]
    return "\n".join(lines)


def _about_environment(name: str, environment: Environment | None) -> str:
    if environment is None:
        return f"The environment **{name}** has errors, so it cannot be deployed."
    where = f"into the namespace `{environment.namespace}`"
    contexts = " or ".join(f"`{each}`" for each in environment.contexts) or "the current kube context"
    return f"**{name}** deploys the release `{environment.name}` {where} of {contexts}."


def in_effect(environment: Environment, key: Key) -> str:
    """The value that a key has for an environment, written or not, as TOML."""
    return _toml(getattr(environment, key.attribute or key.name))


def _toml(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, cast('tuple[object, ...]', value)))}]"
    if isinstance(value, PortOverride):
        return f'"{value.local}:{value.remote}"'
    if isinstance(value, SyncRules):
        return _toml(value.mode.value)
    if isinstance(value, Mapping):
        pairs = [f"{name} = {_toml(each)}" for name, each in cast("Mapping[str, object]", value).items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    return str(value)


_HINTED = ("name", "namespace", "context", "dockerfile", "chart")
"""Keys whose default is worth seeing: they decide what is deployed, and where."""


def hints(text: str, tree: Tree) -> Iterator[Hint]:
    """The defaults in effect, behind the header of each environment."""
    config = _config(text, tree.root / CONFIG_FILE)
    lines = text.split("\n")
    for statement in statements(text):
        environment = environment_of(statement)
        known = config.environments.get(environment.name) if environment else None
        if known is None or not statement.header or len(statement.parts) != 2:
            continue
        unset = [key for key in KEYS if key.name in _HINTED and key.name not in known.spans]
        said = [f"{key.name} = {in_effect(known, key)}" for key in unset if key.name != "context"]
        if "context" not in known.spans:
            said.append("context: whichever is current")
        if said:
            end = len(lines[statement.line].split("#")[0].rstrip())
            yield Hint(Position(statement.line, end), ", ".join(said))


def links(text: str, tree: Tree) -> Iterator[Link]:
    """Every value that names something that exists in the app's folder."""
    config = _config(text, tree.root / CONFIG_FILE)
    lines = text.split("\n")
    for environment in config.environments.values():
        for name, paths in _paths(environment):
            span = environment.spans.get(name)
            if span is None:
                continue
            for path in paths:
                if inside(path) and tree.kind(path) and (found := _find(lines, span, path)):
                    yield Link(found, path)


def _paths(environment: Environment) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in ("dockerfile", "chart", "build_tar", "chart_tar"):
        value = getattr(environment, name)
        if value:
            yield name, (value,)
    yield "values", environment.values


def _find(lines: list[str], span: Span, path: str) -> Span | None:
    """Where a path stands in the value that names it."""
    for number in range(span.start.line, span.end.line + 1):
        for quote in "\"'":
            at = lines[number].find(f"{quote}{path}{quote}")
            if at >= 0:
                return Span.of(number, at + 1, at + 1 + len(path))
    return None


def target(text: str, position: Position, tree: Tree) -> str | None:
    """The file that a position leads to, relative to the app: of a chart folder, its Chart.yaml."""
    for link in links(text, tree):
        if link.span.start <= position <= link.span.end:
            return opened(link.path, tree)
    return None


def opened(path: str, tree: Tree) -> str:
    """What an editor can open of a path: a folder that is a chart shows its Chart.yaml."""
    chart = f"{path.rstrip('/')}/Chart.yaml"
    return chart if tree.kind(path) is FileKind.FOLDER and tree.kind(chart) else path
