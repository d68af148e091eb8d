"""Whether the app answers from outside its container: 127.0.0.1 is the container itself."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from draft_ls.analysis.chart import span_at
from draft_ls.analysis.command import start_command
from draft_ls.analysis.edits import replacement
from draft_ls.analysis.layout import Layout
from draft_ls.analysis.servers import LOCAL, listening
from draft_ls.detect.facts.python_objects import APP_CLASSES
from draft_ls.detect.syntax import descendants, parse, span_between, text_of
from draft_ls.errors import Edit, Problem, Repair, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from draft_ls.analysis.command import StartCommand
    from draft_ls.analysis.servers import Listening
    from draft_ls.analysis.subject import Image, Subject
    from draft_ls.errors import Place

CODE = "binds-localhost"
_CAUSE = "Nothing outside the container gets an answer there: no probe, no service, no tunnel."
_LOCAL_BY_DEFAULT = frozenset({"flask", "quart", "sanic", "bottle"})
_STARTERS = frozenset(
    {
        "run",
        "HTTPServer",
        "ThreadingHTTPServer",
        "TCPServer",
        "make_server",
        "run_simple",
        "serve",
        "run_app",
        "start_server",
        "create_server",
    }
)
_JAVASCRIPT = re.compile(
    r"\.listen\(\s*(?:[^,()]*(?:\([^()]*\))?[^,()]*),\s*(?P<one>[\"'](?:127\.0\.0\.1|localhost)[\"'])"
    r"|\.listen\(\s*\{[^}]*?\bhost(?:name)?:\s*(?P<other>[\"'](?:127\.0\.0\.1|localhost)[\"'])"
)


def address_problems(subject: Subject) -> Iterator[Problem]:
    """An app that listens where only its own container hears it."""
    image = subject.image
    command = start_command(image) if image else None
    if image is None or command is None:
        return
    where = listening(command, image)
    if where.host is not None:
        if where.host.text in LOCAL:
            place = image.place(where.host.span or command.instruction.span)
            exact = where.host.span is not None and where.host.text == where.host.written
            repairs = (replacement("Listen on 0.0.0.0", place, "0.0.0.0"),) if exact else ()
            yield _problem(place, where.host.text, repairs)
        return
    if where.server is not None:
        if where.server.local and not where.bound and not _told(subject, image, command, where):
            yield _default(image, command, where)
        return
    yield from _in_code(subject, image, command)


def _problem(place: Place, host: str, repairs: tuple[Repair, ...], how: str = "") -> Problem:
    return Problem(
        CODE,
        how or f"The app listens on {host} only.",
        place=place,
        cause=_CAUSE,
        fix="Listen on 0.0.0.0.",
        repairs=repairs,
    )


def _told(subject: Subject, image: Image, command: StartCommand, where: Listening) -> bool:
    """Whether something else than the command says the address: a variable, a configuration file."""
    server = where.server
    given = {*image.settings.environment, *(("PORT",) if chart_sets_port(subject) else ())}
    if server is not None and any(name in given for name in server.variables):
        return True
    if command.option("--config", "-c", "--fd", "--uds", "--unix-socket", "--endpoint", "-e") is not None:
        return True
    files = ("gunicorn.conf.py",) if command.program == "gunicorn" else ("vite.config.js", "vite.config.ts")
    return command.program in ("gunicorn", "vite") and any(path in subject.context.files for path in files)


def chart_sets_port(subject: Subject) -> bool:
    """Whether the chart gives the container a variable PORT."""
    chart = subject.chart
    return chart is not None and (
        any(
            re.search(r"-\s*name:\s*[\"']?PORT[\"']?\s*$", each.text, re.MULTILINE)
            for each in chart.templates
        )
        or chart.setting("env", "PORT") is not None
    )


def _default(image: Image, command: StartCommand, where: Listening) -> Problem:
    words = where.server.listen if where.server else ()
    port = str(where.number or 8000)
    added = [word.replace("{port}", port) for word in words]
    span = command.words[-1].span
    repairs: tuple[Repair, ...] = ()
    if span is not None and span.start.line == span.end.line:
        quoted = command.is_exec
        at = span.end.character + (1 if quoted else 0)
        place = image.place(Span.of(span.end.line, at, at))
        text = "".join(f', "{word}"' if quoted else f" {word}" for word in added)
        repairs = (Repair(f"Add {' '.join(added)}", (Edit(place, text),)),)
    program = command.words[2].text if command.program.startswith("python") else command.program
    program = "runserver" if program == "runserver" else program
    first = command.words[0].span
    place = image.place(first if first and first.start.line == first.end.line else command.instruction.span)
    return _problem(
        place, "127.0.0.1", repairs, f"{program} listens on 127.0.0.1 only, unless told otherwise."
    )


def _in_code(subject: Subject, image: Image, command: StartCommand) -> Iterator[Problem]:
    """``python app.py``, ``node server.js``: the file itself says where it listens."""
    if len(command.words) < 2 or image.settings.workdir is None:
        return
    word = next((each for each in command.words[1:] if not each.text.startswith("-")), None)
    if word is None:
        return
    ending = posixpath.splitext(word.text)[1]
    if ending not in (".py", ".js", ".mjs", ".cjs"):
        return
    source = Layout(subject, image).source(image.settings.absolute(word.text))
    text = subject.sources.read(source) if source else None
    if source is None or text is None or len(text) > 200_000:
        return
    found = _python(text) if ending == ".py" else _javascript(text)
    for start, end, written, message in found:
        place = subject.source_place(source, span_at(text, start, end))
        at = subject.source_place(source, span_at(text, *written[1]))
        repairs = (Repair("Listen on 0.0.0.0", (Edit(at, written[0]),)),)
        yield _problem(place, "127.0.0.1", repairs, message)


Found = tuple[int, int, tuple[str, tuple[int, int]], str]
"""Where it is said (character offsets), the text that mends it and where that goes, and the message."""


def _javascript(text: str) -> Iterator[Found]:
    for match in _JAVASCRIPT.finditer(text):
        group = "one" if match["one"] else "other"
        start, end = match.span(group)
        quote = match[group][0]
        yield (
            start,
            end,
            (f"{quote}0.0.0.0{quote}", (start, end)),
            f"The app listens on {match[group][1:-1]} only.",
        )


def _python(text: str) -> Iterator[Found]:
    root = parse(text, "python")
    made = _frameworks(root)
    for call in descendants(root, "call"):
        function = text_of(call.child_by_field_name("function"))
        owner, _, name = function.rpartition(".")
        given = call.child_by_field_name("arguments")
        if name not in _STARTERS or given is None or owner in ("subprocess", "asyncio", "anyio", "trio"):
            continue
        literal = next(
            (each for each in descendants(given, "string") if text_of(each).strip("\"'") in LOCAL), None
        )
        if literal is not None:
            start, end = span_between(text, literal)
            quote = text_of(literal)[0]
            host = text_of(literal).strip("\"'")
            yield start, end, (f"{quote}0.0.0.0{quote}", (start, end)), f"The app listens on {host} only."
        elif (made.get(owner) in _LOCAL_BY_DEFAULT or function == "uvicorn.run") and not _has_host(
            given, function
        ):
            start, end = span_between(text, call)
            inner = span_between(text, given)[1] - 1
            before = text[:inner].rstrip()
            lead = "" if before.endswith(("(", ",")) else ", "
            tool = "uvicorn" if function == "uvicorn.run" else made[owner]
            yield (
                start,
                end,
                (f'{lead}host="0.0.0.0"', (len(before), len(before))),
                (f"{tool.capitalize()} listens on 127.0.0.1 only, unless told otherwise."),
            )


def _frameworks(root: Node) -> dict[str, str]:
    """The names of app objects, with the framework that made them."""
    found: dict[str, str] = {}
    for node in descendants(root, "assignment"):
        value = node.child_by_field_name("right")
        if value is not None and value.type == "call":
            maker = text_of(value.child_by_field_name("function")).rpartition(".")[2]
            if maker in APP_CLASSES:
                found[text_of(node.child_by_field_name("left"))] = APP_CLASSES[maker]
    return found


def _has_host(arguments: Node, function: str) -> bool:
    """Whether an argument says the address, or may say it."""
    positional = 0
    for each in arguments.named_children:
        if each.type in ("dictionary_splat", "list_splat"):
            return True
        if each.type == "keyword_argument":
            if text_of(each.child_by_field_name("name")) in ("host", "uds", "fd", "unix", "sock", "server"):
                return True
        elif each.type != "comment":
            positional += 1
    return positional > (1 if function == "uvicorn.run" else 0)
