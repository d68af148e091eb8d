"""The path of a JavaScript app's health route, with what its routers, plugins and controllers put before it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from draft_ls.detect.model import Fact
from draft_ls.detect.syntax import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from draft_ls.detect.facts.javascript_source import Script

_HEALTH = re.compile(
    r"^/(?:api/)?(?:v\d+/)?(?:_?healthz?|health[-_]?check|livez?|readyz?|_status|ping|-/(?:healthy|ready))/?$"
)

_MOUNTS = re.compile(r"\b(?:use|route)\(\s*[\"'`]/\w[^\"'`]*[\"'`],\s*[\w.]|\bprefix:\s*[\"'`]/")
_ROUTERS = re.compile(
    r"\b(\w+)\s*(?::\s*[\w.]+\s*)?=\s*(?:new\s+)?(?:\w+\.|require\([^)]*\)\.)?(?:Router|Hono|Elysia)\(|\b(fastify|instance)\b",
    re.MULTILINE,
)
_VERBS = frozenset({"get", "use", "all", "route", "head", "Controller", "Get"})

DEPTH = 4
"""How many routers may lie in each other."""


def health(found: tuple[Script, ...]) -> Fact[str] | None:
    """The path of a health route; none if there is none, or where it lies cannot be told."""
    prefix = next((path for script in found if (path := _global(script))), "")
    mounted = any(_MOUNTS.search(script.text) for script in found)
    for script in found:
        routers = _routers(script) if mounted else set[str]()
        for owner, path, node in _routes(script):
            before = _before(found, script, owner) if owner in routers else "" if owner else prefix
            if before is not None:
                return Fact(before + path, (script.evidence(node),))
    return None


def _routers(script: Script) -> set[str]:
    """The names of routers in a module; of one that is the app itself, none."""
    found = {name for pair in _ROUTERS.findall(script.text) for name in pair if name}
    return {
        each for each in found if not re.search(rf"\b{each}\.listen\(|serve\([^)]*\b{each}\b", script.text)
    }


def _global(script: Script) -> str:
    """The path below which all routes of a Nest app lie; empty if there is none."""
    match = re.search(r"setGlobalPrefix\(\s*[\"'`]/?([\w/-]+)", script.text)
    return f"/{match[1].strip('/')}" if match else ""


def _routes(script: Script) -> Iterator[tuple[str, str, Node]]:
    """The routes that look like health: what they are called on, the path, the place."""
    for name, node in script.calls():
        owner, _, last = name.rpartition(".")
        first = next(iter(_arguments(node)), None) if last in _VERBS else None
        if first is None or first.type != "string":
            continue
        path = text_of(first).strip("\"'`")
        if name in {"Controller", "Get"} and path:
            path = path if path.startswith("/") else f"/{path}"
        if _HEALTH.match(path):
            yield owner, path, first


def _before(found: tuple[Script, ...], script: Script, router: str, depth: int = 0) -> str | None:
    """The path below which a router's routes lie; none if that cannot be told."""
    if depth > DEPTH:
        return None
    own = re.search(
        rf"\b{router}\s*=\s*(?:new\s+)?\w+\(\s*\{{[^}}]*\bprefix:\s*[\"'](/[^\"']*)[\"']", script.text
    )
    for other in found:
        for owner, prefix in _mounts(other, script, router):
            outer = _before(found, other, owner, depth + 1) if owner in _routers(other) else ""
            return None if outer is None else outer + prefix + (own[1] if own else "")
    return None


def _mounts(script: Script, of: Script, router: str) -> Iterator[tuple[str, str]]:
    """Where a module mounts a router of another one, or of its own: on what, and below which path."""
    names = {router} if script.path == of.path else set(_imports(script, of.path))
    for name, node in script.calls():
        owner, _, last = name.rpartition(".")
        if last not in {"use", "route", "register"}:
            continue
        given = _arguments(node)
        texts = [text_of(each) for each in given]
        if not any(text in names or _required(script, text) == _stem(of.path) for text in texts):
            continue
        if given[0].type == "string":
            yield owner, texts[0].strip("\"'`").rstrip("/")
        else:
            option = re.search(r"\bprefix:\s*[\"'`](/[^\"'`]*)", " ".join(texts[1:]))
            yield owner, option[1].rstrip("/") if option else ""


def _imports(script: Script, path: str) -> Iterator[str]:
    """What a module calls that which it imports from another one."""
    pattern = (
        r"import\s+(?:(\w+)|\{([^}]*)\})\s+from\s+[\"'](\.[^\"']*)[\"']"
        r"|(?:const|let|var)\s+(?:(\w+)|\{([^}]*)\})\s*=\s*require\([\"'](\.[^\"']*)[\"']\)"
    )
    for match in re.finditer(pattern, script.text):
        if _placed(script, match[3] or match[6]) == _stem(path):
            names = match[1] or match[4] or match[2] or match[5] or ""
            yield from re.findall(r"(\w+)\s*(?:,|$)", names.strip())


def _required(script: Script, text: str) -> str:
    match = re.fullmatch(r"require\([\"'](\.[^\"']*)[\"']\)", text)
    return _placed(script, match[1]) if match else ""


def _placed(script: Script, name: str) -> str:
    folder = script.path.rpartition("/")[0]
    return _stem(posixpath.normpath(posixpath.join(folder, name)))


def _stem(path: str) -> str:
    """A module's path as others name it: without its extension, and ``index``."""
    return re.sub(r"(?:/index)?(?:\.[cm]?[jt]sx?)?$", "", path)


def _arguments(call: Node) -> list[Node]:
    arguments = call.child_by_field_name("arguments")
    return list(arguments.named_children) if arguments is not None else []
