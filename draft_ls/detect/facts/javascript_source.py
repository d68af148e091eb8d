"""What JavaScript and TypeScript source says about a server: where it listens, and what it asks of its environment."""

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
"""How many source files are looked at for signs of a server."""

PARSE_LIMIT = 30
"""How many of them are parsed."""

SOURCE = re.compile(r"\.(?:[cm]?js|[cm]?ts|tsx|jsx)$")

_SKIPPED = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|docs?|examples?|scripts|public|static|assets|cypress|e2e|stories|migrations)/"
    r"|\.(?:test|spec|stories|d|min|config)\.\w+$"
)
_SIGNS = re.compile(
    r"\.listen\s*\(|\.use\(\s*[\"'`]/|createMicroservice|@slack/bolt|\bserve\s*\(|process\.env|\.server\s*\(|new\s+\w*\.?Server\s*\(|health|import\.meta\.env|Deno\.env"
    r"|(?i:port)[\"']?\s*[:=(,]"
)
BUN_PORT = 3000
"""Where Bun listens unless told otherwise, by PORT among others."""

_FROM_BUN = re.compile(r"from [\"']bun[\"']")
_PLATFORM = {
    "PORT",
    "HOST",
    "HOSTNAME",
    "NODE_ENV",
    "PATH",
    "HOME",
    "CI",
    "PWD",
    "TZ",
    "DEBUG",
    "npm_package_version",
}


class Script:
    """One parsed source file of an app."""

    def __init__(self, sources: Sources, path: str) -> None:
        self.path = path
        self._sources = sources
        self.text = sources.text(path)
        extension = path.rpartition(".")[2]
        language = "tsx" if extension == "tsx" else "typescript" if extension.endswith("ts") else "javascript"
        self.root = parse(self.text, language)

    def evidence(self, node: Node, seen: str = "") -> Evidence:
        """The evidence at a node."""
        return self._sources.evidence(self.path, span_between(self.text, node), seen)

    @cached_property
    def assignments(self) -> dict[str, Node]:
        """Name → what it is assigned; destructuring defaults (``{ PORT = 3000 }``) included."""
        found: dict[str, Node] = {}
        for node in descendants(
            self.root, "variable_declarator", "assignment_expression", "object_assignment_pattern"
        ):
            name = node.child_by_field_name("name") or node.child_by_field_name("left")
            value = node.child_by_field_name("value") or node.child_by_field_name("right")
            if name is not None and value is not None and name.type != "object_pattern":
                found.setdefault(text_of(name), value)
        for name, node in self.calls():
            arguments = node.child_by_field_name("arguments") if name.endswith(".set") else None
            given = arguments.named_children if arguments is not None else []
            if len(given) > 1 and text_of(given[0]).strip("\"'") == "port":
                found.setdefault("port", given[1])
        return found

    @cached_property
    def _calls(self) -> tuple[tuple[str, Node], ...]:
        found = descendants(self.root, "call_expression", "new_expression")
        return tuple(
            (text_of(node.child_by_field_name("function") or node.child_by_field_name("constructor")), node)
            for node in found
        )

    def calls(self) -> tuple[tuple[str, Node], ...]:
        """Every call and construction: the dotted name, and the node."""
        return self._calls

    def listens(self) -> Iterator[tuple[Fact[int] | None, bool]]:
        """For every call that starts a server: its port, and whether it comes from ``PORT``."""
        for name, node in self.calls():
            last = name.rpartition(".")[2]
            if last == "createMicroservice":
                for pair in descendants(node, "pair"):
                    if text_of(pair.child_by_field_name("key")) == "port":
                        port, reads = self.resolve(pair)
                        yield (Fact(port, (self.evidence(pair),)) if port else None), reads
            if last not in {"listen", "serve", "server", "Server", "WebSocketServer", "start"}:
                continue
            if last == "start" and "@slack/bolt" not in self.text:
                continue
            argument = self._port_argument(node, options_only=last not in {"listen", "start"})
            if argument is None and last == "Server":
                argument = _plain_port(node)
            if argument is None and (
                name == "Bun.serve" or (name == "serve" and _FROM_BUN.search(self.text))
            ):
                yield Fact(BUN_PORT, (self.evidence(node, _short(node)),)), True
            if argument is None:
                continue
            port, reads = self.resolve(argument)
            yield (Fact(port, (self.evidence(node, _short(node)),)) if port else None), reads
        yield self.exported()

    def named_port(self) -> Fact[int] | None:
        """The default of a constant that holds ``PORT`` of the environment, for whoever imports it."""
        for name in ("PORT", "port"):
            value = self.assignments.get(name)
            if value is not None and "PORT" in text_of(value):
                port, _ = self.resolve(value)
                if port:
                    return Fact(port, (self.evidence(value),))
        return None

    def asked_ports(self) -> Iterator[str]:
        """The names that stand for a port in calls that start a server: ``listen(config.port)``, in small letters."""
        for name, node in self.calls():
            last = name.rpartition(".")[2]
            listens = last in {"listen", "serve", "server", "Server"}
            argument = self._port_argument(node, options_only=last != "listen") if listens else None
            kinds = ("identifier", "property_identifier", "string_fragment", "shorthand_property_identifier")
            for each in descendants(argument, *kinds) if argument is not None else ():
                if "port" in text_of(each).lower():
                    yield text_of(each).lower()

    def declared_ports(self) -> Iterator[tuple[str, Fact[int], bool]]:
        """Ports that other modules may ask for: variables, and keys of configuration.

        Each with its name in small letters, and whether it is ``PORT`` of the environment.
        """
        environment = "process.env" in self.text
        named = [*self.assignments.items()]
        for pair in descendants(self.root, "pair"):
            value = pair.child_by_field_name("value")
            if value is not None:
                named.append((text_of(pair.child_by_field_name("key")).strip("\"'"), value))
        for name, value in named:
            port = self._default(value) if name.lower().endswith("port") else None
            if port:
                yield name.lower(), Fact(port, (self.evidence(value),)), environment and name == "PORT"

    def _default(self, value: Node) -> int | None:
        """The port that a value stands for; of a schema (``z.number().max(9000).default(3000)``) its default."""
        declared = re.search(r"default(?:\(|\s*:)\s*[\"']?(\d{2,5})", text_of(value))
        return int(declared[1]) if declared else self.resolve(value)[0]

    def exported(self) -> tuple[Fact[int] | None, bool]:
        """The port of ``export default { port, fetch }``, which Bun and Deno serve."""
        for node in descendants(self.root, "export_statement"):
            value = node.child_by_field_name("value")
            if value is None or value.type != "object":
                continue
            for pair in value.named_children:
                if pair.type == "pair" and text_of(pair.child_by_field_name("key")) == "port":
                    port, reads = self.resolve(pair)
                    return (Fact(port, (self.evidence(pair),)) if port else None), reads
        return None, False

    def resolve(self, node: Node, depth: int = 0) -> tuple[int | None, bool]:
        """The port an expression stands for, and whether it asks the environment for ``PORT``."""
        port: int | None = None
        reads = bool(re.search(r"""\benv\b[^\n]{0,20}\bPORT\b|["']PORT["']""", text_of(node)))
        for each in descendants(
            node, "number", "string_fragment", "identifier", "shorthand_property_identifier"
        ):
            text = text_of(each)
            if each.type in {"identifier", "shorthand_property_identifier"}:
                value = self.assignments.get(text)
                if value is not None and depth < 4 and value != node and not _contains(value, node):
                    inner, inner_reads = self.resolve(value, depth + 1)
                    port, reads = port or inner, reads or inner_reads
            elif each.type == "number" or re.fullmatch(r"\d{2,5}", text):
                number = int(text) if text.isdigit() else 0
                port = port or (number if 80 <= number < 65536 else None)
        return port, reads

    def required_variables(self) -> Iterator[Fact[str]]:
        """Environment variables that are read with no default: ``process.env.NAME``."""
        for node in descendants(self.root, "member_expression"):
            match = re.fullmatch(r"process\.env\.([A-Z][A-Z0-9_]*)", text_of(node))
            if match and match[1] not in _PLATFORM and not _has_default(node):
                yield Fact(match[1], (self.evidence(node),))

    def reads_port(self) -> bool:
        """Whether the environment is asked for ``PORT`` anywhere."""
        return bool(
            re.search(
                r"""\benv(?:\.int)?\(["']PORT["']|\benv:\s*["']PORT["']|env(?:\.PORT\b|\[["']PORT["']\]|\.get\(["']PORT["'])|\{[^}]*\bPORT\b[^}]*\}\s*=\s*process\.env""",
                self.text,
            )
        )

    def _port_argument(self, call: Node, *, options_only: bool) -> Node | None:
        arguments = call.child_by_field_name("arguments")
        first = next(iter(arguments.named_children), None) if arguments is not None else None
        if first is None:
            return None
        options = [each for each in (arguments.named_children if arguments else []) if each.type == "object"]
        for option in options:
            for pair in option.named_children:
                key = text_of(pair.child_by_field_name("key")) if pair.type == "pair" else text_of(pair)
                if key.strip("\"'") == "port":
                    return pair.child_by_field_name("value") or pair
        return (
            None
            if options_only or first.type in {"arrow_function", "function_expression", "object"}
            else first
        )


def _plain_port(call: Node) -> Node | None:
    """The first argument, if it is a port and no server: ``new Server(3001)``."""
    arguments = call.child_by_field_name("arguments")
    first = next(iter(arguments.named_children), None) if arguments is not None else None
    return first if first is not None and first.type in {"number", "binary_expression"} else None


def scripts(sources: Sources) -> tuple[Script, ...]:
    """The files that show signs of a server, those nearest to the app's folder first."""
    files = [
        path
        for path in sources.files
        if (SOURCE.search(path) and not _SKIPPED.search(path)) or path == "bin/www"
    ]
    files.sort(key=lambda path: (path.count("/"), _rank(path), path))
    signed = (path for path in files[:FILE_LIMIT] if _SIGNS.search(sources.text(path)))
    return tuple(Script(sources, path) for _, path in zip(range(PARSE_LIMIT), signed, strict=False))


def _rank(path: str) -> int:
    order = ("server", "index", "main", "app", "start", "www")
    stem = path.rpartition("/")[2].partition(".")[0]
    return order.index(stem) if stem in order else len(order)


def _contains(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _has_default(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "binary_expression":
        return (
            any(each.type in {"||", "??"} for each in parent.children)
            and parent.child_by_field_name("left") == node
        )
    return parent.type in {
        "if_statement",
        "ternary_expression",
        "unary_expression",
        "parenthesized_expression",
    } or (parent.type == "assignment_expression" and parent.child_by_field_name("left") == node)


def _short(node: Node) -> str:
    line = text_of(node).partition("\n")[0]
    return line if len(line) <= 60 else line[:59] + "…"
