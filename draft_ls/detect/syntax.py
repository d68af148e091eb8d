"""Source code as syntax trees (tree-sitter), with grammars loaded when first needed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser


@cache
def _parser(language: str) -> Parser:
    from tree_sitter import Language, Parser

    if language == "python":
        import tree_sitter_python

        return Parser(Language(tree_sitter_python.language()))
    if language == "javascript":
        import tree_sitter_javascript

        return Parser(Language(tree_sitter_javascript.language()))
    import tree_sitter_typescript

    grammar = (
        tree_sitter_typescript.language_tsx
        if language == "tsx"
        else tree_sitter_typescript.language_typescript
    )
    return Parser(Language(grammar()))


def parse(text: str, language: str) -> Node:
    """The root of the syntax tree of a text; broken code gives a tree with errors in it, never an exception.

    Args:
        text: the source.
        language: ``python``, ``javascript`` (with JSX), ``typescript`` or ``tsx``.
    """
    return _parser(language).parse(text.encode()).root_node


def descendants(node: Node, *types: str) -> Iterator[Node]:
    """Every node of these types below a node, in the order of the text."""
    pending = [node]
    while pending:
        each = pending.pop()
        if each.type in types:
            yield each
        pending.extend(reversed(each.children))


def text_of(node: Node | None) -> str:
    """A node's source text; empty for none."""
    return node.text.decode(errors="replace") if node is not None and node.text is not None else ""


def span_between(source: str, node: Node) -> tuple[int, int]:
    """A node's character offsets (tree-sitter counts bytes) in the source that was parsed."""
    data = source.encode()
    start = len(data[: node.start_byte].decode(errors="ignore"))
    return start, start + len(data[node.start_byte : node.end_byte].decode(errors="ignore"))
