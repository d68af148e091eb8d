"""What starts a container, taken apart: the program behind wrappers and shells, and its options."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.dockerfile.expand import expand
from draft_ls.errors import Span

if TYPE_CHECKING:
    from draft_ls.analysis.subject import Image
    from draft_ls.dockerfile.model import Instruction

_WRAPPERS = {
    "tini": 0, "dumb-init": 0, "/sbin/tini": 0, "/usr/bin/tini": 0, "/usr/bin/dumb-init": 0, "exec": 0, "env": 0,
    "opentelemetry-instrument": 0, "ddtrace-run": 0, "newrelic-admin": 1, "poetry": 1, "pipenv": 1, "uv": 1,
    "pdm": 1, "rye": 1, "hatch": 1, "bundle": 1, "npx": 0, "bunx": 0,
    "docker-entrypoint.sh": 0, "docker-php-entrypoint": 0,
}  # fmt: skip
"""Programs that run the command after them → how many words of their own come first (``poetry run``)."""

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_SHELLS = {"sh", "bash", "/bin/sh", "/bin/bash", "ash", "dash"}
_COMPLEX = re.compile(r"[|;<>`()\n*]|&&|&|\$\(")


@dataclass(frozen=True, slots=True)
class Argument:
    """One word: its text with variables replaced, as it is written, and where that stands; none if nowhere."""

    text: str
    written: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class StartCommand:
    """The command that a container starts with.

    Attributes:
        program: the last part of the program's path: ``gunicorn``.
        words: all words, the program's first.
        instruction: the CMD or ENTRYPOINT that names the program.
        is_exec: whether that is written as an array.
    """

    program: str
    words: tuple[Argument, ...]
    instruction: Instruction
    is_exec: bool

    def option(self, *names: str) -> Argument | None:
        """The value of an option: ``--port 80``, ``--port=80`` or ``-p80``; the last one wins."""
        found: Argument | None = None
        for index, word in enumerate(self.words[1:], 1):
            for name in names:
                if word.text == name and index + 1 < len(self.words):
                    found = self.words[index + 1]
                elif name.startswith("--") and word.text.startswith(f"{name}="):
                    found = _tail(word, len(name) + 1)
                elif (
                    not name.startswith("--")
                    and len(word.text) > len(name)
                    and word.text.startswith(name)
                    and not word.text.startswith("--")
                    and len(name) == 2
                ):
                    found = _tail(word, len(name))
        return found

    def positional(self, options: frozenset[str] = frozenset()) -> tuple[Argument, ...]:
        """The words that are no options; ``options`` names flags that take no value."""
        found: list[Argument] = []
        skip = False
        for word in self.words[1:]:
            if skip:
                skip = False
            elif word.text.startswith("-") and word.text != "-":
                skip = "=" not in word.text and word.text not in options and not re.match(r"-\w.", word.text)
            else:
                found.append(word)
        return tuple(found)


def _tail(word: Argument, start: int) -> Argument:
    """What follows the first characters of a word."""
    span = word.span
    exact = (
        span is not None
        and word.text == word.written
        and span.end.character - span.start.character >= len(word.text)
    )
    if span is None or not exact or span.start.line != span.end.line:
        return Argument(word.text[start:], word.written, span)
    quotes = (span.end.character - span.start.character - len(word.text)) // 2
    first = span.start.character + quotes
    return Argument(
        word.text[start:],
        word.written[start:],
        Span.of(span.start.line, first + start, first + len(word.text)),
    )


def start_command(image: Image) -> StartCommand | None:
    """The command of an image, without what only wraps it; none if there is none, or it is a shell script."""
    settings = image.settings
    commands = [each for each in (settings.entrypoint, settings.command) if each is not None]
    if not commands:
        return None
    words: list[tuple[Argument, Instruction, bool]] = []
    for command in commands[:1] if settings.entrypoint and not settings.entrypoint.is_exec else commands:
        variables = {**settings.environment}
        if command.is_exec:
            words += [
                (Argument(word.text, word.text, _inner(word.span)), command.instruction, True)
                for word in command.instruction.arguments
            ]
            continue
        line = command.instruction.text
        found = _shell_words(line, variables, image)
        if found is None:
            return None
        words += [(each, command.instruction, False) for each in _located(found, command.instruction)]
    return _unwrapped(words, image)


def _inner(span: Span) -> Span:
    """The span of a JSON string without its quotes."""
    if span.start.line != span.end.line:
        return span
    return Span.of(span.start.line, span.start.character + 1, span.end.character - 1)


def _shell_words(line: str, variables: dict[str, str], image: Image) -> list[tuple[str, str]] | None:
    """A shell line's words, expanded and as written; none if it is more than one plain command."""
    if _COMPLEX.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", line)):
        return None
    try:
        written = shlex.split(line, posix=False)
    except ValueError:
        return None
    return [(expand(each, variables, image.dockerfile.escape), each) for each in written]


def _located(found: list[tuple[str, str]], instruction: Instruction) -> list[Argument]:
    """The words of a shell line with the places at which the Dockerfile's reader saw them."""
    spans: dict[str, Span] = {}
    for word in instruction.arguments:
        spans.setdefault(word.text, word.span)
    return [Argument(text, written, spans.get(written)) for text, written in found]


def _unwrapped(words: list[tuple[Argument, Instruction, bool]], image: Image) -> StartCommand | None:
    while words:
        text = words[0][0].text
        if text in _SHELLS and len(words) == 3 and words[1][0].text in ("-c", "-lc", "-ec"):
            return _inline(words, image)
        if _ASSIGNMENT.match(text):
            words = words[1:]
        elif text in _WRAPPERS:
            words = words[1 + _WRAPPERS[text] :]
            while words and words[0][0].text in ("--", "-g", "-s", "-v"):
                words = words[1:]
        else:
            break
    if not words:
        return None
    first, instruction, is_exec = words[0]
    return StartCommand(
        first.text.rpartition("/")[2], tuple(each for each, _, _ in words), instruction, is_exec
    )


def _inline(words: list[tuple[Argument, Instruction, bool]], image: Image) -> StartCommand | None:
    """``["sh", "-c", "exec gunicorn …"]``: the words stand within one string."""
    script, instruction, _ = words[2]
    found = _shell_words(script.text, dict(image.settings.environment), image)
    if found is None:
        return None
    inner: list[tuple[Argument, Instruction, bool]] = []
    for text, written in found:
        at = script.written.find(written)
        span = script.span
        one_line = (
            span is not None and span.start.line == span.end.line and at >= 0 and "\\" not in script.written
        )
        start = span.start.character + at if span and one_line else 0
        place = Span.of(span.start.line, start, start + len(written)) if span and one_line else span
        inner.append((Argument(text, written, place), instruction, False))
    return _unwrapped(inner, image)
