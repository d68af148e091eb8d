"""Variables in Dockerfile words: ``$X``, ``${X:-default}`` and the rest of BuildKit's ``shell`` package."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#]")
_DEPTH = 20


def expand(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """A word with its variables replaced and its quotes and escapes removed; an unset variable is empty.

    What is malformed (``${X``) stays as it is written: a half-typed file must still be understood.
    """
    return _Word(text, variables, escape, 0).run()


class _Word:
    """One pass over one word."""

    def __init__(self, text: str, variables: Mapping[str, str], escape: str, depth: int) -> None:
        self.text = text
        self.variables = variables
        self.escape = escape
        self.depth = depth
        self.index = 0

    def run(self) -> str:
        result: list[str] = []
        quote = ""
        while self.index < len(self.text):
            character = self.text[self.index]
            if character == "$" and quote != "'":
                result.append(self._variable())
                continue
            if character == self.escape and quote != "'" and self.index + 1 < len(self.text):
                result.append(self._escaped(quote))
                continue
            self.index += 1
            if character == quote:
                quote = ""
            elif not quote and character in "'\"":
                quote = character
            else:
                result.append(character)
        return "".join(result)

    def _escaped(self, quote: str) -> str:
        following = self.text[self.index + 1]
        self.index += 2
        return following if not quote or following in f'"${self.escape}' else self.escape + following

    def _variable(self) -> str:
        """The value of the variable that starts at the index, which moves behind it."""
        braced = self.text.startswith("${", self.index)
        match = _NAME.match(self.text, self.index + (2 if braced else 1))
        if match is None:
            self.index += 1
            return "$"
        if not braced:
            self.index = match.end()
            return self.variables.get(match[0], "")
        end = self._closing(match.end())
        if end is None:
            self.index += 1
            return "$"
        operation = self.text[match.end() : end]
        self.index = end + 1
        return self._operate(match[0], operation)

    def _closing(self, start: int) -> int | None:
        """Where the brace that opened before ``start`` closes."""
        depth = 1
        index = start
        while index < len(self.text):
            character = self.text[index]
            if character == self.escape:
                index += 1
            elif character == "}":
                depth -= 1
                if depth == 0:
                    return index
            elif self.text.startswith("${", index):
                depth += 1
            index += 1
        return None

    def _operate(self, name: str, operation: str) -> str:
        value = self.variables.get(name)
        if not operation:
            return value or ""
        operator, word = operation[0], operation[1:]
        if operator == ":":
            operator, word = word[:1], word[1:]
            value = value or None
        match operator:
            case "-":
                return self._inner(word) if value is None else value
            case "+":
                return "" if value is None else self._inner(word)
            case "?":
                return value or ""
            case "#" | "%" | "/" if value is not None:
                return _cut(value, operator, self._inner(word))
            case _:
                return value or ""

    def _inner(self, word: str) -> str:
        if self.depth >= _DEPTH:
            return word
        return _Word(word, self.variables, self.escape, self.depth + 1).run()


def _cut(value: str, operator: str, word: str) -> str:
    """``${X#pattern}`` and its kin; a doubled operator means greedy (for ``/``: all)."""
    doubled = word.startswith(operator)
    word = word[1:] if doubled else word
    if operator == "/":
        pattern, _, replacement = word.partition("/")
        if not pattern:
            return value
        return re.sub(_glob(pattern, greedy=True), lambda _: replacement, value, count=0 if doubled else 1)
    starts = range(len(value) + 1)
    if operator == "#":
        ends = reversed(starts) if doubled else starts
        return next((value[end:] for end in ends if re.fullmatch(_glob(word), value[:end], re.DOTALL)), value)
    begins = starts if doubled else reversed(starts)
    return next((value[:at] for at in begins if re.fullmatch(_glob(word), value[at:], re.DOTALL)), value)


def _glob(pattern: str, *, greedy: bool = True) -> str:
    many = ".*" if greedy else ".*?"
    parts = {"*": many, "?": "."}
    return "".join(parts.get(character) or re.escape(character) for character in pattern)
