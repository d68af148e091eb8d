"""What API servers and Helm say of an object that they do not take: which one, which field, and why. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_INVALID = re.compile(r"(?P<kind>[A-Z]\w+)[\w.]* \"(?P<name>[^\"]+)\" is invalid: (?P<cause>.*)", re.DOTALL)
_FIELD = re.compile(r"(?:^|[\[,]\s*)(?P<path>[a-z]\w*(?:\.[\w-]+|\[[^\]\s]*\])*): (?P<message>.*)", re.DOTALL)
_VALIDATION = re.compile(
    r"ValidationError\((?P<kind>[A-Z]\w+)(?P<path>[^)]*)\): (?P<message>.*?)(?:, ValidationError|\]?$)",
    re.DOTALL,
)
_KEY = re.compile(r"unknown field \"(?P<key>[^\"]+)\"")
_KIND = re.compile(r"(?:Kind=|with kind )([A-Z]\w+)|([A-Z]\w+) in version \"")
_STRICT = re.compile(r"unknown field \"(?P<path>\w+(?:\.\w+|\[\d+\])+)\"")
_DECLARED = re.compile(
    r"(?P<path>(?:\.[\w-]+|\[[^\]]*\])+): (?P<message>field not declared in schema|expected \w+, got )"
)
_STRUCT = re.compile(
    r"(?P<message>cannot unmarshal \w+ into Go struct field \w+\.(?P<path>[\w.]+) of type \w+)"
)
_QUANTITY = re.compile(r"quantities must match the regular expression")
_STEP = re.compile(r"\.?([\w-]+)|\[(\d+)\]|\[[^\]]*\]")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an object was not taken.

    Attributes:
        kind: the object's; empty if it is not named.
        name: the object's; empty if it is not named.
        path: the field, as keys and indexes; indexes may be missing.
        key: an unknown key of the value at the path; empty if the field itself is wrong.
        message: in the API server's words.
    """

    kind: str
    name: str
    path: tuple[str, ...]
    key: str
    message: str


def rejection(text: str) -> Rejection | None:
    """The first field that a message complains of; none if it is about no object's field."""
    if (match := _INVALID.search(text)) is not None:
        cause = " ".join(match["cause"].split())
        field = _FIELD.search(cause)
        path = _steps(field["path"]) if field else ()
        return Rejection(match["kind"], match["name"], path, "", cause)
    if (match := _VALIDATION.search(text)) is not None:
        key = _KEY.search(match["message"])
        message = re.sub(r" (?:in|for) io\.k8s\.[\w.]+", "", match["message"])
        return Rejection(match["kind"], "", _steps(match["path"]), key["key"] if key else "", message)
    return _decoding(text)


def _decoding(text: str) -> Rejection | None:
    """What the decoder of an object says; not every message names the field whole."""
    named = _KIND.search(text)
    kind = (named[1] or named[2]) if named else ""
    for pattern in (_STRICT, _DECLARED, _STRUCT):
        if (match := pattern.search(text)) is not None:
            said = (match.groupdict().get("message") or match[0]).removesuffix(", got ")
            return Rejection(kind, "", _steps(match["path"]), "", said)
    if _QUANTITY.search(text):
        path: Sequence[str] = ("spec", "template", "spec", "containers", "resources")
        return Rejection(kind, "", tuple(path), "", "a quantity is none; write it as in 100m or 64Mi")
    return None


def _steps(path: str) -> tuple[str, ...]:
    return tuple(step for match in _STEP.finditer(path) if (step := match[1] or match[2]))
