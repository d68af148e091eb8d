"""Documents of JSON and YAML as detection reads them, and what their values are taken for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeGuard, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_JSON_NOISE = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_JSON_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)


def read_json(text: str) -> object:
    """The value that a JSON text holds, comments and trailing commas allowed; ``ValueError`` if it is broken."""
    try:
        return json.loads(text)
    except ValueError:
        plain = _JSON_NOISE.sub(lambda match: match[1] or "", text)
        return json.loads(_JSON_COMMA.sub(lambda match: match[1] or "", plain))


def read_yaml(text: str) -> object:
    """The first mapping of a YAML text, none if it has none; ``ValueError`` if it is broken."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents: Iterator[object] = yaml.load_all(text, Loader=loader)
        return next((each for each in documents if is_table(each)), None)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def is_table(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value of a document is a table."""
    return isinstance(value, dict)


def items(value: object) -> list[Any]:
    """A value of a document as a list; empty if it is none."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def plain(value: object) -> Any:
    """A value of a document as a template takes it: a list becomes a tuple."""
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value


def table(value: object) -> dict[str, Any]:
    """A value of a document as a table; empty if it is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def lookup(document: Mapping[str, Any], *keys: str) -> Any:
    """The value below nested keys of a document; none if a step is missing."""
    value: Any = document
    for key in keys:
        value = table(value).get(key)
    return value


def strings(value: object) -> tuple[str, ...]:
    """The strings of a document's list; a lone string counts as a list of one."""
    if isinstance(value, str):
        return (value,)
    return (
        tuple(each for each in cast("list[object]", value) if isinstance(each, str))
        if isinstance(value, list)
        else ()
    )
