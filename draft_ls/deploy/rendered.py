"""From a line of what a chart renders to, back to the line of its template, and of the values. Pure.

Helm and the API server speak of the rendered text, which nobody wrote. Lines without an action stand in both
texts; between two of those lie the few lines that can have made the one that is asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SOURCE = re.compile(r"^---\n# Source: (?P<file>\S+)\n", re.MULTILINE)
_ACTION = re.compile(r"\{\{-?(?P<code>.*?)-?\}\}")
_CONTROL = re.compile(r"\s*(?:if|else|end|with|range|define|block|template|/\*|\$\w+\s*:?=)")
_VALUE = re.compile(r"\$?\.Values\.(?P<path>[\w.]+)")
_WITH = re.compile(r"\{\{-?\s*(?P<word>if|with|range|define|block|end)\b(?P<rest>[^}]*)\}\}")


@dataclass(frozen=True, slots=True)
class Segment:
    """What one template rendered to: its path as Helm names it, e.g. ``chart/templates/service.yaml``."""

    file: str
    text: str


def segments(rendered: str) -> tuple[Segment, ...]:
    """The parts of ``helm template``'s output, in its order."""
    text = rendered if rendered.startswith("---") else f"\n{rendered}"
    parts = _SOURCE.split(text)
    return tuple(Segment(file, part) for file, part in zip(parts[1::2], parts[2::2], strict=True))


def template_line(template: str, rendered: str, line: int) -> int:
    """The line of a template, from 0, that a line of its rendered text comes from.

    Args:
        template: the template's text.
        rendered: what it rendered to, whole or one document of it.
        line: the rendered line, from 0.
    """
    written, made = _lines(template), _lines(rendered)
    line = min(max(line, 0), max(len(made) - 1, 0))
    above, below = -1, len(written)
    for start, other, size in SequenceMatcher(None, written, made, autojunk=False).get_matching_blocks():
        if other <= line < other + size:
            return start + line - other
        if other + size <= line and size:
            above = start + size - 1
        elif other > line:
            below = min(below, start)
    between = range(above + 1, below)
    fitting = [each for each in between if _fits(written[each], made[line] if made else "")]
    if fitting:
        return max(fitting, key=lambda each: (len(_ACTION.sub("", written[each]).strip()), -each))
    makers = [each for each in between if _makes_text(written[each])]
    if above >= 0 and above + 1 in makers:  # what follows a key that stands in both texts is its block
        return above + 1
    return makers[-1] if makers else max(above, 0)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def _fits(written: str, made: str) -> bool:
    """Whether a line of the template can have made a rendered line, with something in the place of its actions."""
    static = _ACTION.sub("", written).strip()
    if not static or "{{" not in written:
        return False
    pattern = ".*".join(re.escape(part) for part in re.split(r"\{\{.*?\}\}", written))
    return re.fullmatch(pattern, made) is not None


def _makes_text(written: str) -> bool:
    return any(not _CONTROL.match(each["code"]) for each in _ACTION.finditer(written))


def values_path(template: str, line: int) -> tuple[str, ...] | None:
    """The path of the value that a line of a template takes; none if it takes none, or several."""
    lines = template.splitlines()
    text = lines[line] if line < len(lines) else ""
    named = {match["path"].strip(".") for match in _VALUE.finditer(text)}
    if len(named) == 1:
        return tuple(named.pop().split("."))
    if named or not re.search(r"\{\{-?[^}]*?(?<![\w.$])\.(?=[\s|)}])", text):
        return None
    opened: list[str] = []
    for match in _WITH.finditer("\n".join(lines[:line])):
        if match["word"] == "end":
            del opened[-1:]
        else:
            opened.append(match["rest"].strip(" -") if match["word"] == "with" else "")
    around = next((each for each in reversed(opened) if each), "")
    found = _VALUE.fullmatch(around)
    return tuple(found["path"].split(".")) if found else None


def line_of(document: Any, path: Sequence[str], key: str = "") -> int | None:
    """The line of a field in a YAML document, as far as its path leads.

    Args:
        document: the document's root node, as ``yaml.compose`` gives it.
        path: the keys and indexes that lead to it; indexes may be left out.
        key: a key of the value there, if that one is meant.
    """
    node: Any = document
    line: int | None = None
    for part in (*path, *((key,) if key and (not path or path[-1] != key) else ())):
        found = _child(node, part)
        if found is None:
            break
        line, node = found
    return line


def _child(node: Any, part: str) -> tuple[int, Any] | None:
    kind = getattr(node, "id", "")
    if kind == "mapping":
        return next(
            ((key.start_mark.line, value) for key, value in node.value if str(key.value) == part), None
        )
    if kind != "sequence":
        return None
    if part.isdigit():
        items = node.value
        return (items[int(part)].start_mark.line, items[int(part)]) if int(part) < len(items) else None
    return next((found for each in node.value if (found := _child(each, part))), None)


def suffixes(path: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The ends of a path without its indexes, the longest first: where values mirror a part of an object."""
    keys = tuple(part for part in path if not part.isdigit())
    yield from (keys[start:] for start in range(len(keys)))
