"""Edits of draft.toml that keep the person's comments, order and spelling."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable, InlineTable, SingleKey, Table

from draft_ls.config.model import DEFAULT_ENVIRONMENT
from draft_ls.config.schema import BY_SPELLING, ENVIRONMENTS
from draft_ls.errors import DraftError, Problem

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Scalar = str | bool | int | float
TomlValue = Scalar | Sequence[str] | Mapping[str, str]

_INDENT = "  "


def new_config(
    environment: str = DEFAULT_ENVIRONMENT,
    *,
    name: str,
    namespace: str = "default",
    watch: bool = True,
    watch_delay: float = 2,
    registry: str | None = None,
    build_context: str = ".",
) -> str:
    """The text of a new draft.toml with one environment, in the shape that Draft has always written."""
    values: dict[str, Scalar] = {"name": name, "namespace": namespace}
    if registry:
        values["registry"] = registry
    if build_context != ".":
        values["build_context"] = build_context
    values |= {"watch": watch, "watch_delay": watch_delay}
    lines = [f"{_INDENT * 2}{key} = {tomlkit.item(value).as_string()}" for key, value in values.items()]
    header = f"{_INDENT}[{ENVIRONMENTS}.{SingleKey(environment).as_string()}]"
    return "\n".join([f"[{ENVIRONMENTS}]", header, *lines, ""])


def set_value(text: str, environment: str, key: str, value: TomlValue | None) -> str:
    """The text with ``key`` of an environment set to ``value``, or without the key if the value is none.

    A key that the file spells in an older way keeps its spelling.

    Raises:
        DraftError: the text is not valid TOML, or has no such environment.
    """
    document = _document(text)
    table = _environment(document, environment)
    spelled = next((each for each in table if BY_SPELLING.get(each) is BY_SPELLING.get(key, key)), key)
    if value is None:
        if spelled in table:
            table.remove(spelled)
    elif spelled in table:
        table[spelled] = value
    else:
        _insert(table, key, value)
    return _finished(text, tomlkit.dumps(document))


def add_environment(text: str, key: str, like: str | None = None) -> str:
    """The text with one more environment at its end: a copy of ``like``, or of what ``create`` writes.

    Raises:
        DraftError: the text is not valid TOML, has no environment ``like``, or has one named ``key`` already.
    """
    document = _document(text)
    environments = _environments(document)
    if key in environments:
        raise _refusal(f"There is already an environment {key!r}.", "Choose another name.")
    if like is None:
        first = next(iter(environments.values()), None)
        name: object = cast("Mapping[str, object]", first).get("name") if isinstance(first, Table) else None
        block = new_config(key, name=str(name or "app")).split("\n", 1)[1]
    else:
        block = _block(key, _environment(document, like))
    if not environments:
        block = f"[{ENVIRONMENTS}]\n{block}"
    start = text.rstrip()
    return _finished(text, f"{start}\n\n{block}" if start else block)


def _block(key: str, table: AbstractTable) -> str:
    """A copy of an environment's table, under another name."""
    copied = copy.deepcopy(table)
    header = f"{_INDENT}[{ENVIRONMENTS}.{SingleKey(key).as_string()}]"
    body = copied.as_string().strip("\n")
    renamed = re.sub(
        rf"(?m)^(\s*\[+\s*{ENVIRONMENTS}\s*\.\s*)[^.\]]+(?=\.)", rf"\g<1>{SingleKey(key).as_string()}", body
    )
    return f"{header}\n{renamed}\n"


def _insert(table: AbstractTable, key: str, value: TomlValue) -> None:
    """Add a key below the last plain one, indented like it."""
    if isinstance(table, InlineTable):
        table[key] = value
        return
    plain = [each for name, each in table.value.body if name and not isinstance(each, Table)]
    indent = plain[-1].trivia.indent if plain else table.trivia.indent + _INDENT
    item = tomlkit.item(value)
    table.add(key, item)
    item.trivia.indent = indent  # after adding, because ``add`` indents like the header


def _finished(before: str, after: str) -> str:
    """The edited text with the line ends of the file.

    Raises:
        DraftError: the file writes its tables in a way that this edit would break.
    """
    try:
        tomllib.loads(after)
    except tomllib.TOMLDecodeError as error:
        message = "The environments of this file are written in braces, which cannot be edited like this."
        raise _refusal(message, f"Write them as [{ENVIRONMENTS}.name].", str(error)) from error
    return re.sub(r"(?<!\r)\n", "\r\n", after) if "\r\n" in before else after


def _document(text: str) -> TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise _refusal("draft.toml is not valid TOML.", "Correct the file first.", str(error)) from error


def _environments(document: TOMLDocument) -> Mapping[str, object]:
    found = cast("object", document.get(ENVIRONMENTS))  # pyright: ignore[reportUnknownMemberType]
    return cast("Mapping[str, object]", found) if isinstance(found, Mapping) else {}


def _environment(document: TOMLDocument, environment: str) -> AbstractTable:
    table = _environments(document).get(environment)
    if not isinstance(table, AbstractTable):
        fix = f"Add a table [{ENVIRONMENTS}.{environment}]."
        raise _refusal(f"draft.toml has no environment {environment!r}.", fix)
    return table


def _refusal(message: str, fix: str, cause: str = "") -> DraftError:
    return DraftError(Problem("config-edit", message, fix=fix, cause=cause))
