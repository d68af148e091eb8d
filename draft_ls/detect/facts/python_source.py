"""What Python source says about a web app: where it listens, and what it asks of its environment."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from draft_ls.detect.model import Fact
from draft_ls.detect.syntax import descendants, parse, span_between, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from draft_ls.detect.model import Evidence
    from draft_ls.detect.sources import Sources

FILE_LIMIT = 400
"""How many Python files are looked at for signs of a web app."""

PARSE_LIMIT = 40
"""How many of them are parsed."""

_SIGNS = re.compile(
    r"\b(?:Flask|FastAPI|Starlette|Quart|Sanic|Litestar|Bottle|Dash|APIFlask|Robyn|FastHTML|fast_app|get_asgi_application|"
    r"get_wsgi_application)\s*\(|falcon\.(?:asgi\.)?(?:App|API)\s*\(|\brun\(|run_app|run_server|run_simple|serve_forever|(?:create|make|build|get|register|init|setup)_\w*(?:app|application|api|server)\(|"
    r"uvicorn\.run|\.listen\(|\.launch\(|environ|getenv|@\w+\.(?:route|get)\(|\.server\b|streamlit|gradio|[\"'](?:\w+/)*(?:health|ping|ready|live)|make_server|"
    r"from \S+ import app\b|\binclude\(|HTTPServer|add_insecure_port|"
    r"(?i:\b\w*port\b[\"']?\s*(?::\s*\w+\s*)?[=,]\s*(?:\w[\w.]*\(|\w+=|\d{2}))"
)
_SKIPPED = re.compile(
    r"(?:^|/)(?:tests?|testing|migrations|alembic|docs?|examples?|scripts|node_modules|static)/|(?:^|/)(?:test_|conftest|setup\.py|noxfile|tasks\.py)"
)
HEALTH = re.compile(
    r"^/(?:api/)?(?:v\d+/)?(?:_?healthz?|health[-_]?check|livez?|readyz?|_status|ping|-/(?:healthy|ready))/?$"
)
"""Paths by which apps report their health."""

_RUNNERS = {
    "run", "start", "run_app", "run_server", "run_simple", "serve", "listen", "launch", "make_server", "HTTPServer",
    "ThreadingHTTPServer", "TCPServer", "WSGIServer", "bind", "TCPSite", "run_asgi", "add_insecure_port",
}  # fmt: skip
_PLATFORM = {"PORT", "HOST", "PATH", "HOME", "USER", "PWD", "SHELL", "TZ", "LANG", "HOSTNAME"}


class Module:
    """One parsed Python file of an app."""

    def __init__(self, sources: Sources, path: str) -> None:
        self.path = path
        self._sources = sources
        self.text = sources.text(path)
        self.root = parse(self.text, "python")

    def evidence(self, node: Node, seen: str = "") -> Evidence:
        """The evidence at a node."""
        return self._sources.evidence(self.path, span_between(self.text, node), seen)

    @cached_property
    def _calls(self) -> tuple[tuple[str, Node], ...]:
        found = descendants(self.root, "call")
        return tuple((text_of(node.child_by_field_name("function")), node) for node in found)

    @cached_property
    def assignments(self) -> dict[str, Node]:
        """Name → what it is assigned, anywhere in the module; the first assignment counts."""
        found: dict[str, Node] = {}
        for node in descendants(self.root, "assignment"):
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is not None and right is not None and left.type == "identifier":
                found.setdefault(text_of(left), right)
        return found

    def calls(self) -> tuple[tuple[str, Node], ...]:
        """Every call: the dotted name of what is called, and the node."""
        return self._calls

    def ports(self) -> Iterator[tuple[Fact[int] | None, bool]]:
        """For every call that starts a server: its port, and whether it comes from ``PORT``."""
        for name, node in self.calls():
            if name.rpartition(".")[2] not in _RUNNERS or name in {
                "subprocess.run",
                "asyncio.run",
                "anyio.run",
                "trio.run",
            }:
                continue
            argument = _port_argument(node)
            if argument is None:
                continue
            port, reads = self.resolve(argument)
            yield (Fact(port, (self.evidence(node, text_of(argument)),)) if port else None), reads

    def asked_ports(self) -> Iterator[str]:
        """The names that stand for a port in calls that start a server: ``port=settings.http_port``."""
        for name, node in self.calls():
            argument = _port_argument(node) if name.rpartition(".")[2] in _RUNNERS else None
            for each in descendants(argument, "identifier") if argument is not None else ():
                if "port" in text_of(each).lower():
                    yield text_of(each).lower()

    def declared_ports(self) -> Iterator[tuple[str, Fact[int], bool]]:
        """Ports that other modules may ask for: names that are assigned, and options with a default.

        Each with its name in small letters, and whether it comes from ``PORT``.
        """
        for name, value in self.assignments.items():
            if name.lower().endswith("port") and value.type in {
                "integer",
                "call",
                "string",
                "boolean_operator",
            }:
                port, reads = self.resolve(value)
                if port:
                    yield name.lower(), Fact(port, (self.evidence(value),)), reads
        for _, node in self.calls():
            arguments = node.child_by_field_name("arguments")
            given = list(arguments.named_children) if arguments is not None else []
            names = [text_of(each).strip("\"'-").lower() for each in given if each.type == "string"]
            default = next((each for each in given if keyword(each) == "default"), None)
            option = next((name for name in names if name.replace("-", "_").endswith("port")), "")
            port, reads = self.resolve(default) if option and default is not None else (None, False)
            if port and default is not None:
                yield option.replace("-", "_"), Fact(port, (self.evidence(default),)), reads

    def resolve(self, node: Node, depth: int = 0) -> tuple[int | None, bool]:
        """The port an expression stands for, and whether it asks the environment for ``PORT``."""
        port: int | None = None
        reads = False
        for each in descendants(node, "integer", "string", "identifier"):
            text = text_of(each)
            if (
                each.type == "identifier"
                and depth < 4
                and text in self.assignments
                and self.assignments[text] != node
            ):
                inner, inner_reads = self.resolve(self.assignments[text], depth + 1)
                port, reads = port or inner, reads or inner_reads
            elif text.strip("\"'") == "PORT":
                reads = True
            else:
                port = port or _as_port(text.strip("\"'"))
        return port, reads

    def imported(self, module: str, name: str) -> tuple[str, Evidence] | None:
        """What this module calls a name that it imports from another one, and where."""
        pattern = rf"^from [\w.]*\b{re.escape(module)} import (?:\w+, )*{re.escape(name)}\b(?: as (\w+))?"
        match = re.search(pattern, self.text, re.MULTILINE)
        return (match[1] or name, self._sources.evidence(self.path, match.span())) if match else None

    def completes(self, name: str) -> bool:
        """Whether it adds routes or middleware to an app object of that name."""
        adds = r"include_router|mount|register_blueprint|add_middleware|register_error_handler"
        return bool(re.search(rf"^{re.escape(name)}\.(?:{adds})\(", self.text, re.MULTILINE))

    def required_variables(self) -> Iterator[Fact[str]]:
        """Environment variables that are read with no default: ``os.environ["NAME"]``."""
        for node in descendants(self.root, "subscript"):
            if text_of(node.child_by_field_name("value")) in {"os.environ", "environ"} and not _is_assigned(
                node
            ):
                name = text_of(node.child_by_field_name("subscript"))
                if re.fullmatch(r"""["'][A-Z][A-Z0-9_]*["']""", name) and name.strip("\"'") not in _PLATFORM:
                    yield Fact(name.strip("\"'"), (self.evidence(node),))

    def reads_port(self) -> bool:
        """Whether the environment is asked for ``PORT`` anywhere."""
        pattern = r"""(?:environ(?:\.get\(|\[)|getenv\(|\bconfig\(|\benv(?:\.\w+)?\()\s*["']PORT["']"""
        return bool(re.search(pattern, self.text))


def modules(sources: Sources) -> tuple[Module, ...]:
    """The modules that show signs of a web app, those nearest to the app's folder first."""
    files = [path for path in sources.files if path.endswith(".py") and not _SKIPPED.search(path)]
    files.sort(key=lambda path: (path.count("/"), _rank(path), path))
    signed = (path for path in files[:FILE_LIMIT] if _SIGNS.search(sources.text(path)))
    return tuple(Module(sources, path) for _, path in zip(range(PARSE_LIMIT), signed, strict=False))


def _rank(path: str) -> int:
    order = (
        "main.py",
        "app.py",
        "wsgi.py",
        "asgi.py",
        "server.py",
        "application.py",
        "run.py",
        "__init__.py",
        "api.py",
    )
    name = path.rpartition("/")[2]
    return order.index(name) if name in order else len(order)


def _port_argument(call: Node) -> Node | None:
    arguments = call.child_by_field_name("arguments")
    if arguments is None:
        return None
    for each in arguments.named_children:
        if keyword(each) in {"port", "server_port", "http_port"}:
            return each.child_by_field_name("value")
    name = text_of(call.child_by_field_name("function")).rpartition(".")[2]
    if name in {
        "listen",
        "bind",
        "make_server",
        "run_simple",
        "WSGIServer",
        "HTTPServer",
        "ThreadingHTTPServer",
        "TCPServer",
        "add_insecure_port",
    }:
        return arguments
    return None


def keyword(argument: Node) -> str:
    """The name of a keyword argument; empty for any other."""
    named = argument.child_by_field_name("name") if argument.type == "keyword_argument" else None
    return text_of(named)


def _is_assigned(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "assignment" and parent.child_by_field_name("left") == node


def _as_port(text: str) -> int | None:
    match = re.fullmatch(r"(?:.*:)?(\d{2,5})", text)
    return int(match[1]) if match and 80 <= int(match[1]) < 65536 else None
