"""Positions in texts: LSP's lines and encodings on one side, code points on the other.

LSP ends lines at line feeds, carriage returns, and the two together. Python's ``splitlines`` also ends them
at form feeds and a few Unicode separators; pygls uses it, so a document with one of those would drift with
every edit.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from lsprotocol.types import Position, PositionEncodingKind, Range, TextEdit
from pygls.workspace import TextDocument, Workspace

from draft_ls.errors import Position as TextPosition
from draft_ls.errors import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsprotocol.types import TextDocumentContentChangePartial

_LONE_RETURN = re.compile(r"\r(?!\n)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def split_lines(text: str) -> list[str]:
    """The lines of a text with their ends; an empty last line is not listed."""
    return _LINE.findall(text)


class Lines:
    """A text that converts positions.

    Args:
        text: the whole text.
        encoding: the unit in which the client counts characters.
    """

    def __init__(self, text: str, encoding: PositionEncodingKind | str) -> None:
        self._lines = split_lines(text)
        self._encoding = PositionEncodingKind(encoding)

    def range(self, span: Span | None) -> Range:
        """A span as the client counts it, clipped to the text; without one, the first line."""
        if span is None:
            span = Span.line(0, len(self._body(0)))
        return Range(self.position(span.start), self.position(span.end))

    def position(self, position: TextPosition) -> Position:
        """A position as the client counts it, clipped to the text."""
        line = min(position.line, len(self._lines))
        body = self._body(line)
        before = body if line < position.line else body[: position.character]
        return Position(line, self._units(before))

    def text_position(self, position: Position) -> TextPosition:
        """A client's position in code points, clipped to the text; inside a character means before it."""
        line = min(position.line, len(self._lines))
        body = self._body(line)
        if line < position.line:
            return TextPosition(line, len(body))
        if body.isascii() or self._encoding == PositionEncodingKind.Utf32:
            return TextPosition(line, min(position.character, len(body)))
        count = 0
        for index, character in enumerate(body):
            count += self._units(character)
            if count > position.character:
                return TextPosition(line, index)
        return TextPosition(line, len(body))

    def span(self, range_: Range) -> Span:
        """A client's range in code points."""
        return Span(self.text_position(range_.start), self.text_position(range_.end))

    def offset(self, position: Position) -> int:
        """The index in the text, in code points, of a client's position."""
        found = self.text_position(position)
        return sum(map(len, self._lines[: found.line])) + found.character

    def whole(self) -> Range:
        """The range of the whole text."""
        last = len(self._lines) - 1
        if last < 0 or self._lines[last].endswith(("\n", "\r")):
            return Range(Position(0, 0), Position(last + 1, 0))
        return Range(Position(0, 0), Position(last, self._units(self._lines[last])))

    def changes(self, text: str) -> list[TextEdit]:
        """The edits, by whole lines, that make the text another one; what stays is not touched."""
        after = split_lines(text)
        matcher = SequenceMatcher(None, self._lines, after, autojunk=False)
        return [
            TextEdit(Range(self._start(first), self._start(last)), "".join(after[new_first:new_last]))
            for tag, first, last, new_first, new_last in matcher.get_opcodes()
            if tag != "equal"
        ]

    def _start(self, line: int) -> Position:
        return Position(line, 0) if line < len(self._lines) else self.whole().end

    def _body(self, line: int) -> str:
        return self._lines[line].rstrip("\r\n") if line < len(self._lines) else ""

    def _units(self, text: str) -> int:
        if text.isascii() or self._encoding == PositionEncodingKind.Utf32:
            return len(text)
        if self._encoding == PositionEncodingKind.Utf8:
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Document(TextDocument):
    """An open document whose edits are applied by LSP's rules."""

    @property
    def lines(self) -> Sequence[str]:
        """The lines with their ends."""
        return split_lines(self.source)

    @property
    def unified(self) -> str:
        """The text with line feeds for lone carriage returns: split at line feeds, it gives the lines of LSP."""
        source = self.source
        return _LONE_RETURN.sub("\n", source) if "\r" in source else source

    def text(self) -> Lines:
        """The document's text, ready to convert positions."""
        return Lines(self.source, self.position_codec.encoding or PositionEncodingKind.Utf16)

    def _apply_incremental_change(self, change: TextDocumentContentChangePartial) -> None:
        lines, source = self.text(), self.source
        start, end = lines.offset(change.range.start), lines.offset(change.range.end)
        self._source = source[:start] + change.text + source[max(start, end) :]


class Documents(Workspace):
    """pygls' workspace, with documents of ours."""

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> Document:
        return Document(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )
