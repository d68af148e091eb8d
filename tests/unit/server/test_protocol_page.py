"""One protocol, said three times: the types, the page, and the mirror in the VS Code extension."""

from __future__ import annotations

import inspect
import re

import attrs
import pytest

from draft_ls.server import protocol
from draft_ls.server.commands import COMMANDS
from ground import ROOT

PAGE = (ROOT / "docs/protocol.md").read_text()
MIRROR = (ROOT / "editors/vscode/src/protocol.ts").read_text()
TYPES = {
    name: each
    for name, each in inspect.getmembers(protocol, attrs.has)
    if each.__module__ == protocol.__name__
}
METHODS = [
    value for name, value in vars(protocol).items() if name.isupper() and str(value).startswith("draft/")
]


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def fields(name: str) -> list[str]:
    """A type's fields as they travel, with ``?`` after those that may be left out."""
    return [
        camel(field.name) + ("" if field.default is attrs.NOTHING else "?")
        for field in attrs.fields(TYPES[name])
    ]


@pytest.mark.parametrize("name", sorted(TYPES))
def test_the_page_lists_the_fields_of_every_type(name: str) -> None:
    section = re.search(rf"<!-- fields: {name} -->\n(.*?)(?=\n\n|\Z)", PAGE, re.DOTALL)
    assert section, f"docs/protocol.md has no table for {name}"
    assert re.findall(r"^\| `([\w?]+)` \|", section[1], re.MULTILINE) == fields(name)


@pytest.mark.parametrize("name", sorted(set(TYPES) - {"AppsParams", "Settings"}))
def test_the_mirror_has_the_fields_of_every_type(name: str) -> None:
    section = re.search(rf"export interface {name} \{{\n(.*?)\n\}}", MIRROR, re.DOTALL)
    assert section, f"protocol.ts has no interface {name}"
    found = [field.rstrip("?") for field in re.findall(r"^  (\w+\??):", section[1], re.MULTILINE)]
    assert found == [field.rstrip("?") for field in fields(name)]


@pytest.mark.parametrize("method", METHODS)
def test_page_and_mirror_know_every_method(method: str) -> None:
    assert re.search(rf"^###.*`{method}`", PAGE, re.MULTILINE)
    assert f'"{method}"' in MIRROR


def test_the_page_lists_every_command() -> None:
    table = PAGE[PAGE.index("<!-- commands -->") :].partition("\n\n")[0]
    assert set(re.findall(r"^\| `draft\.(\w+)` \|", table, re.MULTILINE)) == set(COMMANDS)


def test_the_version_is_the_same() -> None:
    assert f"`version` ({protocol.VERSION})" in PAGE
    assert f"export const VERSION = {protocol.VERSION};" in MIRROR
