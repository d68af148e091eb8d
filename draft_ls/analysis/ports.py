"""The port contract: one port from the code through the image and the chart to the tunnel.

Each place that names the port has a vote. Where they differ, the port that most places name is taken for the
one that is meant, and of equals the one that is nearest to the running process; every other place is odd.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.analysis.address import chart_sets_port
from draft_ls.analysis.chart import span_at
from draft_ls.analysis.chart_ports import PortSetting, chart_ports
from draft_ls.analysis.command import start_command
from draft_ls.analysis.edits import replacement
from draft_ls.analysis.servers import listening
from draft_ls.config.model import CONFIG_FILE
from draft_ls.errors import Place, Problem, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.subject import Image, Subject

CODE = "port-mismatch"
_SOURCES = re.compile(
    r"\.(?:py|js|mjs|cjs|ts|mts|go|rs|java|kt|rb|php|cs|ex|exs|swift|scala|clj|dart|cr|zig|cpp|hs|properties|ya?ml|toml|conf\.py)$"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One place that names the app's port.

    Attributes:
        what: what it is, for people: ``EXPOSE``.
        port: the port.
        place: the number itself.
        near: how near it is to the process that listens: of equals, the highest wins.
        vital: whether the app cannot be reached if it alone is wrong.
        mends: whether the number can be replaced where it stands.
    """

    what: str
    port: int
    place: Place
    near: int
    vital: bool = True
    mends: bool = True


def port_problems(subject: Subject) -> Iterator[Problem]:
    """Every place that names another port than the others."""
    statements = tuple(_statements(subject))
    if len({each.port for each in statements}) < 2:
        return
    meant = _meant(statements)
    settled = tuple(each for each in statements if each.port == meant)
    for odd in statements:
        if odd.port != meant and not _also(odd, statements, meant):
            yield _mismatch(odd, meant, settled)


def _meant(statements: tuple[Statement, ...]) -> int:
    votes = Counter(port for port, _ in {(each.port, each.what) for each in statements})
    nearest = {port: max(each.near for each in statements if each.port == port) for port in votes}
    return max(votes, key=lambda port: (votes[port], nearest[port]))


def _also(odd: Statement, statements: tuple[Statement, ...], meant: int) -> bool:
    """A second port of a kind that may name several, and does name the right one."""
    return odd.what in ("EXPOSE", "containerPort", "override_ports") and any(
        each.what == odd.what and each.port == meant for each in statements
    )


def _mismatch(odd: Statement, meant: int, settled: tuple[Statement, ...]) -> Problem:
    said = ", ".join(dict.fromkeys(each.what for each in settled))
    return Problem(
        CODE,
        f"{odd.what} says port {odd.port}; the app is on port {meant} ({said}).",
        place=odd.place,
        cause="The app cannot be reached through it." if odd.vital else "It misleads whoever reads it.",
        fix=f"Use {meant}.",
        severity=Severity.ERROR if odd.vital else Severity.WARNING,
        related=tuple((each.place, f"{each.what}: {each.port}") for each in settled),
        repairs=(replacement(f"Set it to {meant}", odd.place, str(meant)),) if odd.mends else (),
    )


def _statements(subject: Subject) -> Iterator[Statement]:
    image = subject.image
    told = chart_sets_port(subject)
    if image is not None:
        yield from _of_process(subject, image, told=told)
        yield from _of_variable(image)
        yield from _exposed(image)
    if subject.chart is not None:
        for each in chart_ports(subject.chart, subject.tree.root):
            yield _of_chart(each)
    yield from _overrides(subject)


def _of_process(subject: Subject, image: Image, *, told: bool) -> Iterator[Statement]:
    """Where the process itself listens: its command, its server's default, or its code."""
    command = start_command(image)
    where = listening(command, image) if command else None
    if command is None or where is None or (where.server is None and where.port is None):
        yield from _of_code(subject, image, told=told)
    elif where.port is not None:
        if where.number is not None and where.variable is None:
            place = image.place(where.port.span or command.instruction.span)
            exact = where.port.text == where.port.written
            yield Statement("the start command", where.number, place, 9, mends=exact)
    elif where.server is not None and not where.given and where.number is not None:
        taken_from_chart = told and "PORT" in where.server.port_variables
        if not taken_from_chart and not _configured(subject, command.program):
            place = image.place(command.instruction.span)
            yield Statement(f"{command.program} by default", where.number, place, 8, mends=False)


def _configured(subject: Subject, program: str) -> bool:
    """Whether a configuration file may say the port."""
    files = {
        "gunicorn": ("gunicorn.conf.py",),
        "streamlit": (".streamlit/config.toml",),
        "puma": ("config/puma.rb", "puma.rb"),
        "rails": ("config/puma.rb",),
        "serve": ("serve.json",),
        "flask": (".flaskenv",),
    }
    return any(subject.tree.kind(path) for path in files.get(program, ()))


def _of_code(subject: Subject, image: Image, *, told: bool) -> Iterator[Statement]:
    found = subject.detection
    if found is None or found.port is None or not found.port.evidence:
        return
    if found.reads_port and (told or "PORT" in image.settings.environment):
        return
    evidence = found.port.evidence[0]
    if not _SOURCES.search(evidence.path) or evidence.span is None:
        return
    text = subject.tree.read(evidence.path) or ""
    place, exact = subject.place(evidence.path, evidence.span), False
    if span := _number_at(text, evidence.span, found.port.value):
        place, exact = subject.place(evidence.path, span), True
    yield Statement("the code", found.port.value, place, 10, mends=exact)


def _number_at(text: str, near: Span, number: int) -> Span | None:
    """Where a number stands: in a stretch of the text, else at its only place in the file (``const port = 80``)."""
    found = [span_at(text, *match.span()) for match in re.finditer(rf"(?<![\w.]){number}(?!\w)", text)]
    within = [span for span in found if near.start <= span.start and span.end <= near.end]
    if within:
        return within[0]
    return found[0] if len(found) == 1 else None


def _of_variable(image: Image) -> Iterator[Statement]:
    value = image.settings.environment.get("PORT", "")
    if not value.isdigit():
        return
    for instruction in reversed(image.final.instructions):
        for pair in instruction.pairs if instruction.keyword == "ENV" else ():
            if pair.name == "PORT" and pair.value and pair.value.strip("\"'") == value:
                span = _within(image, pair.span, value)
                yield Statement(
                    "ENV PORT",
                    int(value),
                    image.place(span or pair.span),
                    6,
                    vital=False,
                    mends=span is not None,
                )
                return


def _exposed(image: Image) -> Iterator[Statement]:
    for instruction in image.final.instructions:
        for word in instruction.arguments if instruction.keyword == "EXPOSE" else ():
            match = re.fullmatch(r"(\d{1,5})(?:/tcp)?", word.text)
            if match:
                span = _within(image, word.span, match[1])
                yield Statement("EXPOSE", int(match[1]), image.place(span or word.span), 5, vital=False)


def _within(image: Image, span: Span, number: str) -> Span | None:
    """The last place of a number in a stretch of one line of the Dockerfile."""
    line = image.text.split("\n")[span.start.line]
    at = (
        line.rfind(number, span.start.character, span.end.character)
        if span.end.line == span.start.line
        else -1
    )
    return Span.of(span.start.line, at, at + len(number)) if at >= 0 else None


def _of_chart(found: PortSetting) -> Statement:
    return Statement(found.what, found.port, found.place, found.near)


def _overrides(subject: Subject) -> Iterator[Statement]:
    environment = subject.environment
    span = environment.spans.get("override_ports")
    if span is None:
        return
    text = subject.tree.read(CONFIG_FILE) or ""
    for port in environment.override_ports:
        place, exact = subject.config.place(environment.key, "override_ports"), False
        for number in range(span.start.line, span.end.line + 1):
            line = text.split("\n")[number]
            match = re.search(rf"\b{port.local}:({port.remote})\b", line)
            if match:
                place, exact = subject.place(CONFIG_FILE, Span.of(number, *match.span(1))), True
                break
        yield Statement("override_ports", port.remote, place, 1, mends=exact)
