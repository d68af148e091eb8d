"""Well-known servers: where their options put address, port and app, and what they do without."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.analysis.command import Argument
from draft_ls.errors import Span

if TYPE_CHECKING:
    from draft_ls.analysis.command import StartCommand
    from draft_ls.analysis.subject import Image

LOCAL = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
"""Addresses on which nobody outside the container is answered."""

_BIND = re.compile(
    r"^(?:(?P<scheme>https?|tcp)://)?(?P<host>\[[^\]]*\]|[^:/]*)(?::(?P<port>\d+|\$\{?\w.*)?)?/?$"
)


@dataclass(frozen=True, slots=True)
class Server:
    """How one server is told where to listen.

    Attributes:
        bind: options that take ``address:port``.
        host, port: options that take one of them.
        local: whether it listens on the loopback interface unless told otherwise.
        default: its port unless told otherwise.
        variables: environment variables that tell it the address.
        port_variables: those that tell it the port.
        app: whether a ``module:name`` follows.
        listen: what to add so that it listens everywhere, with ``{port}``.
        roots: options that name the folder of the module.
        flags: options without a value.
    """

    bind: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    port: tuple[str, ...] = ()
    local: bool = False
    default: int | None = None
    variables: tuple[str, ...] = ()
    port_variables: tuple[str, ...] = ()
    app: bool = False
    listen: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()


SERVERS = {
    "gunicorn": Server(
        bind=("--bind", "-b"), local=True, default=8000, variables=("GUNICORN_CMD_ARGS", "PORT"),
        port_variables=("PORT",),
        app=True, listen=("--bind", "0.0.0.0:{port}"), roots=("--chdir", "--pythonpath"),
        flags=frozenset({"--preload", "--reload", "--daemon", "-D", "--capture-output", "--check-config"}),
    ),
    "uvicorn": Server(
        host=("--host",), port=("--port",), local=True, default=8000, variables=("UVICORN_HOST",),
        port_variables=("UVICORN_PORT",), app=True, listen=("--host", "0.0.0.0"), roots=("--app-dir",),
        flags=frozenset({
            "--reload", "--factory", "--proxy-headers", "--no-access-log", "--access-log", "--no-server-header",
            "--no-proxy-headers", "--use-colors",
        }),
    ),
    "hypercorn": Server(
        bind=("--bind", "-b"), local=True, default=8000, app=True, listen=("--bind", "0.0.0.0:{port}"),
        flags=frozenset({"--reload", "--debug"}),
    ),
    "daphne": Server(
        host=("-b", "--bind"), port=("-p", "--port"), local=True, default=8000, app=True, listen=("-b", "0.0.0.0"),
        flags=frozenset({"--proxy-headers", "--no-server-name"}),
    ),
    "granian": Server(
        host=("--host",), port=("--port",), local=True, default=8000, variables=("GRANIAN_HOST",),
        port_variables=("GRANIAN_PORT",), app=True, listen=("--host", "0.0.0.0"),
        flags=frozenset({"--reload", "--factory"}),
    ),
    "waitress-serve": Server(
        bind=("--listen",), host=("--host",), port=("--port",), default=8080, app=True, flags=frozenset({"--call"}),
    ),
    "flask": Server(
        host=("--host", "-h"), port=("--port", "-p"), local=True, default=5000, variables=("FLASK_RUN_HOST",),
        port_variables=("FLASK_RUN_PORT",), listen=("--host", "0.0.0.0"),
    ),
    "fastapi": Server(host=("--host",), port=("--port",), default=8000),
    "streamlit": Server(
        host=("--server.address",), port=("--server.port",), default=8501, port_variables=("STREAMLIT_SERVER_PORT",)
    ),
    "next": Server(host=("--hostname", "-H"), port=("--port", "-p"), default=3000, port_variables=("PORT",)),
    "vite": Server(host=("--host",), port=("--port",), local=True, listen=("--host", "0.0.0.0")),
    "http-server": Server(host=("-a",), port=("-p", "--port"), default=8080),
    "serve": Server(bind=("--listen", "-l"), default=3000),
    "rails": Server(host=("--binding", "-b"), port=("--port", "-p"), default=3000, port_variables=("PORT",)),
    "puma": Server(bind=("--bind", "-b"), port=("--port", "-p"), default=9292, port_variables=("PORT",)),
    "rackup": Server(
        host=("--host", "-o"), port=("--port", "-p"), local=True, default=9292, listen=("--host", "0.0.0.0")
    ),
    "php": Server(bind=("-S",)),
}  # fmt: skip

_RUNSERVER = Server(local=True, default=8000, listen=("0.0.0.0:{port}",))


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a start command says that its server listens.

    Attributes:
        server: the server; none if the program is none that we know.
        host: the word that names the address, the address alone.
        port: the word that names the port, the port alone.
        number: the port; none if it is not known from the command.
        given: whether the command or a variable says the port; else it is the server's default.
        variable: the environment variable that says it.
        bound: whether the command says the address, be it "all of them" as in ``:8000``.
    """

    server: Server | None
    host: Argument | None
    port: Argument | None
    number: int | None
    given: bool
    variable: str | None = None
    bound: bool = False


def listening(command: StartCommand, image: Image) -> Listening:
    """Where a start command listens, as far as its words and the image's variables say."""
    server, bind, host, port = _words(command)
    bound = bind is not None or host is not None
    if bind is not None:
        host, port = _parts(bind)
    if port is not None or server is None:
        number = _number(port.text) if port else None
        variable = _variable(port.written) if port else None
        return Listening(server, host, port, number, given=port is not None, variable=variable, bound=bound)
    if bind is not None and ":" in bind.text:  # 0.0.0.0:$PORT, where only the cluster sets PORT
        return Listening(server, host, None, None, given=True, variable=_variable(bind.written), bound=bound)
    for name in server.port_variables:
        if name in image.settings.environment:
            number = _number(image.settings.environment[name])
            return Listening(server, host, None, number, given=True, variable=name, bound=bound)
    return Listening(server, host, None, server.default, given=False, bound=bound)


def _words(
    command: StartCommand,
) -> tuple[Server | None, Argument | None, Argument | None, Argument | None]:
    if _is_runserver(command):
        after = [word for word in command.words[3:] if not word.text.startswith("-")]
        bind = after[0] if after else None
        if bind and bind.text.isdigit():
            return _RUNSERVER, None, None, bind
        return _RUNSERVER, bind, None, None
    server = SERVERS.get(command.program)
    if server is None:
        server = _as_module(command)
    if server is None:
        return None, None, None, command.option("--port", "--http-port", "--listen-port")
    return server, command.option(*server.bind), command.option(*server.host), command.option(*server.port)


def _is_runserver(command: StartCommand) -> bool:
    words = [word.text for word in command.words[:3]]
    return len(words) == 3 and words[1].endswith("manage.py") and words[2] == "runserver"


def _as_module(command: StartCommand) -> Server | None:
    """``python -m uvicorn …``."""
    words = command.words
    if command.program.startswith("python") and len(words) > 2 and words[1].text == "-m":
        return SERVERS.get(words[2].text)
    return None


def _parts(bind: Argument) -> tuple[Argument | None, Argument | None]:
    """The address and the port of an ``address:port``."""
    found = _BIND.match(bind.text)
    if found is None:
        return None, None
    if found["port"] is None and bind.text.isdigit():
        return None, bind
    return _part(bind, found, "host"), _part(bind, found, "port")


def _part(bind: Argument, found: re.Match[str], group: str) -> Argument | None:
    text = found[group]
    if not text:
        return None
    span = bind.span
    if span is None or bind.text != bind.written or span.start.line != span.end.line:
        return Argument(text, bind.written, span)
    start = span.start.character + found.start(group)
    return Argument(text, text, Span.of(span.start.line, start, start + len(text)))


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() and 0 < int(text) < 65536 else None


def _variable(written: str) -> str | None:
    found = re.search(r"\$\{?(\w+)", written)
    return found[1] if found else None
