"""What can be written at a place of a draft.toml."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from draft_ls.analysis.toml_lines import Statement, environment_headers, statement_at, statements, table_at
from draft_ls.config.build_context import reach
from draft_ls.config.schema import (
    BUILDERS,
    BY_SPELLING,
    ENVIRONMENTS,
    KEYS,
    SYNC_KEYS,
    SYNC_MODES,
    Key,
    Kind,
)
from draft_ls.errors import Position, Span
from draft_ls.files import Kind as FileKind
from draft_ls.files import upwards

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from draft_ls.files import Tree

USUAL_ENVIRONMENTS = ("development", "staging", "production")
USUAL_PLATFORMS = ("linux/amd64", "linux/arm64")

_QUOTED = re.compile(r"""["']([^"']*)$""")
_WORD = re.compile(r"""["']?[^\s,\[\]{}"'#=]*$""")
_TAIL = re.compile(r"""[^\s,\[\]{}"'#=]*["']?""")


class Sort(StrEnum):
    """What a proposal is, so that an editor can show an icon."""

    KEY = "key"
    VALUE = "value"
    TABLE = "table"
    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that can be written.

    Attributes:
        label: what the person sees and types.
        text: what takes the place of ``span``.
        span: what is replaced: what was typed so far, and the rest of the word.
        detail: its type and default, in a few words.
        documentation: what it means, Markdown.
        sort: what it is.
    """

    label: str
    text: str
    span: Span
    sort: Sort
    detail: str = ""
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Offers:
    """Values that are known outside of the file.

    Attributes:
        contexts: the kube contexts of this machine.
        namespaces: namespaces that are known without asking a cluster.
        ports: the ports of the app's container.
    """

    contexts: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


def complete(text: str, position: Position, tree: Tree, offers: Offers | None = None) -> tuple[Proposal, ...]:
    """What can be written at a position.

    Args:
        text: the file as it is typed.
        position: where, in code points.
        tree: the app's folder, for paths.
        offers: values known elsewhere.
    """
    lines = text.split("\n")
    line = lines[position.line].rstrip("\r") if position.line < len(lines) else ""
    before = line[: position.character]
    if "#" in _without_texts(before):
        return ()
    if before.lstrip().startswith("["):
        return tuple(_headers(text, position, line))
    statement = statement_at(text, position)
    if _in_value(statement, position):
        return tuple(_values(text, statement, position, line, tree, offers or Offers()))
    return tuple(_keys(text, position, line))


def _without_texts(before: str) -> str:
    return re.sub(r""""[^"]*"?|'[^']*'?""", "", before)


def _in_value(statement: Statement | None, position: Position) -> bool:
    if statement is None or statement.equals is None:
        return False
    return position.line > statement.line or position.character >= statement.equals


def _headers(text: str, position: Position, line: str) -> Iterator[Proposal]:
    """Tables that do not exist yet."""
    start = line.index("[")
    end = len(line.split("#", maxsplit=1)[0].rstrip())
    span = Span.of(position.line, start, max(end, position.character))
    present = {name for name, _ in environment_headers("\n".join(_others(text, position.line)))}
    if not any(statement.path == (ENVIRONMENTS,) for statement in statements(text)):
        yield Proposal(f"[{ENVIRONMENTS}]", f"[{ENVIRONMENTS}]", span, Sort.TABLE)
    for name in USUAL_ENVIRONMENTS:
        if name not in present:
            header = f"[{ENVIRONMENTS}.{name}]"
            yield Proposal(header, header, span, Sort.TABLE, "environment")
    for name in present:
        header = f"[{ENVIRONMENTS}.{name}.image_build_args]"
        yield Proposal(header, header, span, Sort.TABLE, "build arguments")


def _others(text: str, line: int) -> list[str]:
    lines = text.split("\n")
    return [*lines[:line], "", *lines[line + 1 :]]


def _keys(text: str, position: Position, line: str) -> Iterator[Proposal]:
    table = table_at(text, position.line)
    span = _word(line, position)
    has_value = "=" in line[span.end.character :]
    if not table or table == (ENVIRONMENTS,):
        if not line.strip().strip(line[span.start.character : span.end.character]):
            yield from _new_tables(text, span)
        return
    if len(table) == 2 and table[0] == ENVIRONMENTS:
        present = set(_present(text, table, position.line))
        for key in KEYS:
            if key.name not in present and key.kind is not Kind.IGNORED:
                yield _key(key, span, has_value=has_value)
    elif table[2:] == ("sync",):
        for name in SYNC_KEYS:
            yield Proposal(name, name if has_value else f"{name} = ", span, Sort.KEY)


def _new_tables(text: str, span: Span) -> Iterator[Proposal]:
    present = {name for name, _ in environment_headers(text)}
    for name in USUAL_ENVIRONMENTS:
        if name not in present:
            header = f"[{ENVIRONMENTS}.{name}]"
            yield Proposal(header, header, span, Sort.TABLE, "environment")


def _present(text: str, table: tuple[str, ...], line: int) -> Iterator[str]:
    """The canonical names of the keys that a table has, but for the one on ``line``."""
    for statement in statements(text):
        path = statement.path
        if (
            statement.line != line
            and path[:2] == table
            and len(path) > 2
            and (key := BY_SPELLING.get(path[2]))
        ):
            yield key.name


def _key(key: Key, span: Span, *, has_value: bool) -> Proposal:
    return Proposal(
        label=key.name,
        text=key.name if has_value else f"{key.name} = ",
        span=span,
        sort=Sort.KEY,
        detail=f"{key.type}, default {key.default}".replace("`", ""),
        documentation=document(key),
    )


def document(key: Key) -> str:
    """A key's documentation, Markdown."""
    return f"{key.meaning}\n\n```toml\n{key.name} = {key.example}\n```"


def _values(
    text: str, statement: Statement | None, position: Position, line: str, tree: Tree, offers: Offers
) -> Iterator[Proposal]:
    if statement is None:
        return
    path = statement.path
    span = _word(line, position)
    if path[2:] == ("sync", "mode"):
        yield from _texts(SYNC_MODES, span)
        return
    key = BY_SPELLING.get(path[2]) if len(path) == 3 and path[0] == ENVIRONMENTS else None
    if key is not None:
        found = _PATHS.get(key.kind)
        if found:
            yield from _paths(tree, span, line, position, found)
        elif key.kind is Kind.ABOVE:
            yield from _above(tree, span)
        else:
            yield from _known(text, key, span, offers)


def _known(text: str, key: Key, span: Span, offers: Offers) -> Iterator[Proposal]:
    """Values of a key that has only so many, or of which some are known."""
    known: dict[Kind, Iterable[str]] = {
        Kind.BUILDER: BUILDERS,
        Kind.SYNC: SYNC_MODES,
        Kind.PLATFORMS: USUAL_PLATFORMS,
        Kind.CONTEXTS: offers.contexts,
        Kind.NAMESPACE: dict.fromkeys(("default", *_used(text, "namespace"), *offers.namespaces)),
        Kind.REGISTRY: dict.fromkeys(_used(text, "registry")),
        Kind.CREDENTIALS: dict.fromkeys(("draft-registry", *_used(text, "registry_secret"))),
        Kind.PORTS: (f"8080:{port}" for port in offers.ports),
    }
    if key.kind is Kind.FLAG:
        for word in ("true", "false"):
            yield Proposal(word, word, span, Sort.VALUE)
    yield from _texts(known.get(key.kind, ()), span)


def _used(text: str, name: str) -> Iterator[str]:
    """The texts that other environments have for a key."""
    lines = text.split("\n")
    for statement in statements(text):
        if statement.path[2:] == (name,) and statement.equals is not None:
            value = lines[statement.line][statement.equals :].split("#")[0].strip().strip("\"'")
            if value:
                yield value


def _texts(texts: Iterable[str], span: Span) -> Iterator[Proposal]:
    for each in texts:
        yield Proposal(each, f'"{each}"', span, Sort.VALUE)


def _above(tree: Tree, span: Span) -> Iterator[Proposal]:
    """The app's folder and those above it, each with its name."""
    for levels in range(reach(tree) + 1):
        path = "/".join([".."] * levels) or "."
        yield Proposal(path, f'"{path}"', span, Sort.FOLDER, upwards(tree.root, levels).name)


_PATHS = {Kind.PATH: "any", Kind.PATHS: ".yaml"}


def _paths(tree: Tree, span: Span, line: str, position: Position, wanted: str) -> Iterator[Proposal]:
    """Files and folders beside what is typed so far."""
    typed = _QUOTED.search(line[: position.character])
    folder = posixpath.dirname(typed[1]) if typed else ""
    for entry in tree.children(folder):
        if entry.name.startswith("."):
            continue
        path = posixpath.join(folder, entry.name)
        is_folder = entry.kind is FileKind.FOLDER
        if wanted == "any" or is_folder or entry.name.endswith((".yaml", ".yml")):
            yield Proposal(path, f'"{path}"', span, Sort.FOLDER if is_folder else Sort.FILE)


def _word(line: str, position: Position) -> Span:
    """What a proposal replaces: the word around the position, with its quotes."""
    before = _WORD.search(line[: position.character])
    start = before.start() if before else position.character
    tail = _TAIL.match(line, position.character)
    return Span.of(position.line, start, tail.end() if tail else position.character)
