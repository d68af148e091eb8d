"""Paths survive the way into a URI and back; what is no file on this machine has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.server.uris import path_of, uri_of

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name not in {".", ".."}
)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_there_and_back(names: list[str]) -> None:
    path = Path("/", *names)
    assert path_of(uri_of(path)) == path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a%20b/c", "/a b/c"),
        ("file:///a%3Bb", "/a;b"),
        ("file:///a;b", "/a;b"),
        ("file://localhost/a", "/a"),
        ("file:///%C3%BC", "/ü"),
        ("FILE:///a", "/a"),
    ],
)
def test_what_editors_send(uri: str, path: str) -> None:
    assert path_of(uri) == Path(path)


@pytest.mark.parametrize(
    "uri",
    ["untitled:Untitled-1", "git:/a/b?ref", "vscode-remote://ssh/a", "file://server/share", "", "x", "file:a",
     "file:///a%00b", "http://[", "/a/b"],
)  # fmt: skip
def test_no_file_of_this_machine(uri: str) -> None:
    assert path_of(uri) is None
