"""Positions against an independent implementation, and edits as an editor would make them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol.types import (
    Position,
    PositionEncodingKind,
    Range,
    TextDocumentContentChangePartial,
    TextDocumentItem,
    TextDocumentSyncKind,
)

from draft_ls.errors import Position as TextPosition
from draft_ls.errors import Span
from draft_ls.server.texts import Documents, Lines, split_lines

ENCODINGS = tuple(PositionEncodingKind)
CHARACTERS = st.sampled_from("ab\n\r\té😀\u2028\x0c\x85𝒳")
TEXTS = st.text(CHARACTERS, max_size=40)


def units(text: str, encoding: PositionEncodingKind) -> int:
    """How many units a text has, by encoding it whole: slow, and sure."""
    codec, size = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[
        encoding.value
    ]
    return len(text.encode(codec)) // size


def reference(text: str, offset: int, encoding: PositionEncodingKind) -> Position:
    """The position of an offset by walking over the text, one character at a time."""
    line = start = index = 0
    while index < offset:
        if text.startswith("\r\n", index):
            if index + 2 > offset:
                break  # between the two: still on this line
            index += 2
        elif text[index] in "\r\n":
            index += 1
        else:
            index += 1
            continue
        line, start = line + 1, index
    return Position(line, units(text[start:offset], encoding))


@given(TEXTS, st.data(), st.sampled_from(ENCODINGS))
@settings(max_examples=400)
def test_offsets_and_positions_agree_with_the_reference(
    text: str, data: st.DataObject, encoding: PositionEncodingKind
) -> None:
    offset = data.draw(st.integers(0, len(text)))
    inside_line_end = text[offset - 1 : offset + 1] == "\r\n"
    if not inside_line_end:
        assert Lines(text, encoding).offset(reference(text, offset, encoding)) == offset


@given(TEXTS, st.integers(0, 50), st.integers(0, 50), st.sampled_from(ENCODINGS))
@settings(max_examples=300)
def test_any_position_is_clipped_into_the_text(
    text: str, line: int, character: int, encoding: PositionEncodingKind
) -> None:
    lines = Lines(text, encoding)
    assert 0 <= lines.offset(Position(line, character)) <= len(text)
    found = lines.position(TextPosition(line, character))
    assert lines.position(lines.text_position(found)) == found


@given(TEXTS)
def test_lines_are_the_text(text: str) -> None:
    assert "".join(split_lines(text)) == text


@given(TEXTS, TEXTS, st.data(), st.sampled_from(ENCODINGS))
@settings(max_examples=300)
def test_an_incremental_edit_is_what_the_editor_made(
    text: str, new: str, data: st.DataObject, encoding: PositionEncodingKind
) -> None:
    cuts = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    if any(text[cut - 1 : cut + 1] == "\r\n" for cut in cuts):
        return
    start, end = (reference(text, cut, encoding) for cut in cuts)
    documents = Documents(None, TextDocumentSyncKind.Incremental, [], encoding)
    documents.put_text_document(TextDocumentItem("file:///x", "x", 1, text))
    document = documents.get_text_document("file:///x")
    document.apply_change(TextDocumentContentChangePartial(range=Range(start, end), text=new))
    assert document.source == text[: cuts[0]] + new + text[cuts[1] :]


@pytest.mark.parametrize(("encoding", "end"), [("utf-8", 5), ("utf-16", 3), ("utf-32", 2)])
def test_a_span_in_each_encoding(encoding: str, end: int) -> None:
    lines = Lines("x\n😀a", encoding)
    assert lines.range(Span.of(1, 0, 2)) == Range(Position(1, 0), Position(1, end))


def test_without_a_span_it_is_the_first_line() -> None:
    assert Lines("ab\r\nc", "utf-16").range(None) == Range(Position(0, 0), Position(0, 2))


@pytest.mark.parametrize(
    ("text", "end"),
    [("", Position(0, 0)), ("a", Position(0, 1)), ("a\n", Position(1, 0)), ("a\r\nb😀", Position(1, 3))],
)
def test_the_whole_text(text: str, end: Position) -> None:
    assert Lines(text, "utf-16").whole() == Range(Position(0, 0), end)


@pytest.mark.parametrize(
    ("before", "after", "ranges"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", [(1, 0, 2, 0)]),
        ("a\nb\n", "x\na\nb\ny\n", [(0, 0, 0, 0), (2, 0, 2, 0)]),
        ("a\nb\nc", "a\nc", [(1, 0, 2, 0)]),
        ("a\nlast", "a\n", [(1, 0, 1, 4)]),
        ("a", "a\n", [(0, 0, 0, 1)]),
        ("", "a\n", [(0, 0, 0, 0)]),
        ("same\n", "same\n", []),
    ],
)
def test_changes_touch_only_the_lines_that_differ(
    before: str, after: str, ranges: list[tuple[int, int, int, int]]
) -> None:
    lines = Lines(before, "utf-16")
    edits = lines.changes(after)
    found = [
        (each.range.start.line, each.range.start.character, each.range.end.line, each.range.end.character)
        for each in edits
    ]
    assert found == ranges
    text = before
    for edit in reversed(edits):
        start, end = lines.offset(edit.range.start), lines.offset(edit.range.end)
        text = text[:start] + edit.new_text + text[end:]
    assert text == after
