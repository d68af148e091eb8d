"""Source code by its tokens, for languages whose grammar does not come with the program.

Comments are left out and strings are whole, which is what tells a port in code from one in prose. That is enough
to follow a port from a call through variables to a number or to the environment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


CALL_LIMIT = 120
"""How many tokens of a call's arguments are looked at."""

_SLASHES = r"//[^\n]*|/\*.*?\*/"
_COMMENTS = {
    "hash": r"\#[^\n]*",
    "slash": _SLASHES,
    "both": r"(?:\#(?!\[)|//)[^\n]*|/\*.*?\*/",
    "dash": r"--[^\n]*",
    "semicolon": r";[^\n]*",
    "percent": r"%[^\n]*",
}

_GRAMMAR = (
    r"(?P<comment>{comment})|(?P<string>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`[^`]*`)"
    r"|(?P<number>\d[\d_]*(?:\.\d+)?)|(?P<name>[A-Za-z_$][\w$]*[?!]?)|(?P<mark>:=|::|->|=>|\|\||\?\?|==|\S)|(?P<line>\n)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind (``string``, ``number``, ``name``, ``mark``, ``line``), its text and where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """A string without its quotes; any other token as it is."""
        return self.text[1:-1] if self.kind == "string" else self.text


@lru_cache(maxsize=8)
def _pattern(comment: str) -> re.Pattern[str]:
    return re.compile(_GRAMMAR.format(comment=_COMMENTS[comment]), re.DOTALL)


def tokens(text: str, comment: str = "slash") -> tuple[Token, ...]:
    """The tokens of a source text, without comments.

    Args:
        text: the source.
        comment: how comments look: ``slash`` (C, Java, Go …), ``hash`` (Ruby, Elixir …), ``both`` (PHP), ``dash``
            (Haskell), ``semicolon`` (Clojure), ``percent`` (Erlang).
    """
    found = (
        Token(match.lastgroup or "mark", match[0], match.start(), match.end())
        for match in _pattern(comment).finditer(text)
    )
    return tuple(token for token in found if token.kind != "comment")


@dataclass(frozen=True, slots=True)
class Signs:
    """What a scan of a language looks for.

    Attributes:
        files: globs of its source files.
        comment: how its comments look; see ``tokens``.
        calls: names whose arguments hold the port that is listened on, with or without what they are called on.
        keys: names of options and constants whose value is such a port.
        skip: a pattern of paths that do not count.
    """

    files: tuple[str, ...]
    comment: str = "slash"
    calls: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    skip: str = (
        r"(?:^|/)(?:tests?|spec|specs|examples?|benches|docs?|migrations?|vendor|deps|fixtures)/"
        r"|_test\.\w+$|Tests?\.\w+$"
    )


class Code:
    """The tokens of one file."""

    def __init__(self, text: str, found: tuple[Token, ...]) -> None:
        self._text = text
        self._tokens = found

    def port(self, signs: Signs) -> tuple[tuple[int, tuple[int, int]] | None, bool]:
        """The first port in a listening call or after a port key, with its place; and if ``PORT`` is asked for."""
        asked = False
        for index, token in enumerate(self._tokens):
            if token.kind not in {"name", "string"}:
                continue
            following = self._following(index)
            if (
                token.kind == "name"
                and self._called(index) & signs.calls
                and following in {"(", "!", "{"} | _BARE
            ):
                stretch = self._arguments(index + 1)
            elif self._names_port(token, signs) and following in {":", "=", "=>", ":=", "->", ","}:
                stretch = self._value(index + 1)
            else:
                continue
            found, reads = self._resolve(stretch, 0)
            asked = asked or reads
            if found:
                return found, asked
        return None, asked

    def _names_port(self, token: Token, signs: Signs) -> bool:
        return token.value in signs.keys or bool(signs.keys and _KEY.fullmatch(token.value))

    def _called(self, index: int) -> set[str]:
        """What a call's name may be given as: alone, or with what it is called on (``Urls.Add``)."""
        name = self._tokens[index].text
        on = self._tokens[index - 2].text if index > 1 and self._tokens[index - 1].text == "." else ""
        return {name, f"{on}.{name}"}

    def _following(self, index: int) -> str:
        if index + 1 >= len(self._tokens):
            return ""
        token = self._tokens[index + 1]
        return token.text if token.kind == "mark" else f"<{token.kind}>"

    def _arguments(self, index: int) -> tuple[Token, ...]:
        """The tokens of a call's arguments, brackets matched; without brackets, those up to the end of the line."""
        depth, found = 0, list[Token]()
        for token in self._tokens[index : index + CALL_LIMIT]:
            if token.text in {"(", "{", "["}:
                depth += 1
            elif token.text in {")", "}", "]"}:
                depth -= 1
                if depth <= 0:
                    break
            elif token.kind == "line" and depth == 0:
                break
            found.append(token)
        return tuple(found)

    def _value(self, index: int) -> tuple[Token, ...]:
        """The tokens of a value, up to the end of its line or to a comma outside brackets."""
        depth, found = 0, list[Token]()
        for token in self._tokens[index : index + CALL_LIMIT]:
            depth += (token.text in {"(", "{", "["}) - (token.text in {")", "}", "]"})
            separator = token.text in {",", ";"} and depth == 0 and found and found[0].text != ","
            if depth < 0 or separator or (token.kind == "line" and depth == 0 and len(found) > 1):
                break
            found.append(token)
        return tuple(found)

    def _resolve(
        self, stretch: Iterable[Token], depth: int
    ) -> tuple[tuple[int, tuple[int, int]] | None, bool]:
        found: tuple[int, tuple[int, int]] | None = None
        reads = False
        for token in _without_addresses(tuple(stretch)):
            if token.kind == "string" and token.value == "PORT":
                reads = True
            elif token.kind in {"string", "number"} and found is None and (number := port_of(token)):
                found = (number, (token.start, token.end))
            elif token.kind != "mark" and depth < 4 and found is None:
                for value in self._meanings(token):
                    found, inner = self._resolve(value, depth + 1)
                    reads = reads or inner
                    if found:
                        break
        return found, reads

    def _meanings(self, token: Token) -> Iterator[tuple[Token, ...]]:
        """What a name may stand for, or the names in a string: ``"0.0.0.0:{port}"``."""
        names = [token.text] if token.kind == "name" else _INTERPOLATED.findall(token.text)
        for name in names:
            yield from self._assigned(name, token.start)
            yield from self._bodies(name)

    def _bodies(self, function: str) -> Iterator[tuple[Token, ...]]:
        """The bodies of the functions of a name: a name before it says that it is defined there, not called."""
        for index in range(1, len(self._tokens) - 2):
            token, before = self._tokens[index], self._tokens[index - 1]
            if token.text != function or before.kind != "name" or before.text in _NO_DEFINITION:
                continue
            if self._tokens[index + 1].text == "(":
                opening = next(
                    (at for at in range(index, index + BODY_AHEAD) if self._text_at(at) == "{"), None
                )
                if opening is not None:
                    yield self._arguments(opening)

    def _text_at(self, index: int) -> str:
        return self._tokens[index].text if index < len(self._tokens) else ""

    def _assigned(self, name: str, start: int) -> Iterator[tuple[Token, ...]]:
        """The values that a name is given anywhere else; a type between the name and ``=`` is passed over."""
        for index, token in enumerate(self._tokens):
            if token.kind != "name" or token.text != name or token.start == start:
                continue
            if index and self._tokens[index - 1].text == "define":
                yield self._tokens[index + 1 : index + 2]
                continue
            for ahead in range(1, 5):
                if index + ahead >= len(self._tokens):
                    break
                mark = self._tokens[index + ahead]
                if mark.text in {"=", ":="}:
                    yield self._value(index + ahead + 1) or ()
                    break
                if mark.kind != "name" and mark.text not in {":", "|", "&", "?"}:
                    break


def _without_addresses(stretch: tuple[Token, ...]) -> Iterator[Token]:
    """The tokens without the four numbers of an address: ``[127, 0, 0, 1]``."""
    index = 0
    while index < len(stretch):
        quad = stretch[index : index + 7]
        numbers = [token for token in quad[::2] if token.kind == "number" and len(token.text) < 4]
        if len(numbers) == 4 and {token.text for token in quad[1::2]} == {","}:
            index += 7
            continue
        yield stretch[index]
        index += 1


_KEY = re.compile(
    r"(?i:default_?(?:(?:http|listen|server|bind|web|app|api)_?)?(?:port|addr|address)"
    r"|(?:http|listen|server|bind|web|app|api)_?(?:(?:http|listen|server|bind)_?)?(?:port|addr)"
    r"|(?:http|server|web|app|api)_?(?:listen|bind))"
)
"""Constants and options that name where an app listens, in any language's spelling: ``defaultListenAddr``."""


def key_pattern() -> str:
    """What any constant or option looks like that names where an app listens, as a regular expression."""
    return _KEY.pattern


_INTERPOLATED = re.compile(r"(?:\$|#?\{)\{?([A-Za-z_]\w*)")
"""A name in a string that stands for its value: Rust, C#, Kotlin, Dart, Ruby, Elixir, Crystal, Swift."""

_NO_DEFINITION = frozenset({"return", "new", "await", "throw", "else", "in", "not", "and", "or"})
"""Words that may stand before a call."""

BODY_AHEAD = 40
"""How many tokens after its name a function's body begins at the latest."""

_BARE = {"<string>", "<number>", "<name>", ":"}
"""What may follow a call's name in languages that need no brackets."""


FOREIGN = frozenset(
    {
        587, 1433, 1521, 2181, 2379, 3306, 4222, 5432, 5433, 5672, 6379, 6380, 7687, 8529, 9042, 9092, 9200, 11211,
        15672, 26257, 27017,
    }
)  # fmt: skip
"""Ports of databases, queues and caches: an app that names one of them connects to it."""


def port_of(token: Token) -> int | None:
    """The port that a token stands for: ``8080``, ``":8080"``, ``"http://*:5000"``, ``"${PORT:8080}"``."""
    text = token.value.replace("_", "") if token.kind == "number" else token.value
    match = re.fullmatch(
        r"(?:\d{2,5})|(?:(?:https?://)?[\w.*+\[\]:-]*?:(\d{2,5})/?)|\$\{PORT:-?(\d{2,5})\}", text
    )
    if not match:
        return None
    number = int(match[1] or match[2] or match[0])
    return number if 80 <= number < 65536 and number not in FOREIGN else None
