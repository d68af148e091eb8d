"""The path of a Python app's health route, with what its routers put before it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.facts.python_source import HEALTH, keyword
from draft_ls.detect.model import Fact
from draft_ls.detect.syntax import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tree_sitter import Node

    from draft_ls.detect.facts.python_source import Module

_ROUTES = frozenset(
    {
        "route", "get", "path", "re_path", "add_url_rule", "add_route", "add_api_route", "Route", "add_get",
        "api_route",
    }
)  # fmt: skip
_INCLUDES = frozenset({"include_router", "register_blueprint", "include_blueprint", "mount"})
_ROUTER = re.compile(r"(?:\w+\.)?(?:APIRouter|Blueprint|Router)\(")
_OWN_PREFIX = re.compile(r"""\b(?:url_)?prefix\s*=\s*(?:["'](/[^"']*)["']|(\S))""")
_LISTS = re.compile(r"\bpath\(\s*[\"'][^\"']+[\"']\s*,\s*include\(")

DEPTH = 4
"""How many routers may lie in each other."""


def health(found: tuple[Module, ...]) -> Fact[str] | None:
    """The path of a health route; none if there is none, or where it lies cannot be told."""
    included = any(_LISTS.search(module.text) for module in found)
    for module in found:
        for owner, path, node in _routes(module, listed=included):
            before = _before(found, module, owner) if owner else ""
            if before is not None:
                return Fact(before + path, (module.evidence(node),))
    return None


def _routes(module: Module, *, listed: bool) -> Iterator[tuple[str, str, Node]]:
    """The routes that look like health: what they are called on (empty: the app itself), the path, the place."""
    routers = {name for name, value in module.assignments.items() if _ROUTER.match(text_of(value))}
    lists = listed and "urlpatterns" in module.assignments and not _LISTS.search(module.text)
    for name, node in module.calls():
        owner, _, last = name.rpartition(".")
        if last not in _ROUTES or (lists and not owner):
            continue
        first = next((each for each in _arguments(node) if each.type == "string"), None)
        path = text_of(first).strip("\"'")
        path = path if path.startswith("/") or not path else f"/{path}"
        if first is not None and HEALTH.match(path):
            yield owner if owner in routers else "", path, first


def _before(found: tuple[Module, ...], module: Module, router: str, depth: int = 0) -> str | None:
    """The path below which a router's routes lie; none if that cannot be told."""
    value = module.assignments.get(router)
    own = _prefix([text_of(value)]) if value is not None else ""
    if own is None or depth > DEPTH:
        return None
    includes = [each for each in found if _included(each, module, router)]
    if not includes:
        # Included where nobody looked, or at the root of the app.
        return own if not any(_mounts_below(each) for each in found) else None
    parent, prefix = next(iter(_included(includes[0], module, router)))
    if prefix is None:
        return None
    routers = {name for name, each in includes[0].assignments.items() if _ROUTER.match(text_of(each))}
    above = _before(found, includes[0], parent, depth + 1) if parent in routers else ""
    return None if above is None else above + prefix + own


def _included(module: Module, of: Module, router: str) -> list[tuple[str, str | None]]:
    """Where a module includes a router of another one, or of its own: on what, and below which path."""
    stem = of.path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2]
    names = {router} if module.path == of.path else {f"{stem}.{router}"}
    imported = module.imported(stem, router)
    if imported:
        names.add(imported[0])
    found: list[tuple[str, str | None]] = []
    for name, node in module.calls():
        owner, _, last = name.rpartition(".")
        given = _arguments(node) if last in _INCLUDES else []
        texts = [text_of(each) for each in given]
        if any(
            text in names or text.endswith(tuple(f".{each}" for each in names if "." in each))
            for text in texts
        ):
            said = [text_of(each) for each in given if keyword(each) in {"prefix", "url_prefix"}]
            mounted = [text.strip("\"'") for text in texts[:1] if last == "mount" and text[:1] in "\"'"]
            found.append((owner, mounted[0].rstrip("/") if mounted else _prefix(said)))
    return found


def _prefix(texts: Iterable[str]) -> str | None:
    """The prefix that arguments give: empty if they give none; none if it is no plain string."""
    match = next((each for text in texts if (each := _OWN_PREFIX.search(text))), None)
    if match is None:
        return ""
    return match[1].rstrip("/") if match[1] is not None else None


def _mounts_below(module: Module) -> bool:
    """Whether it puts routes of other modules below a path of their own."""
    return any(
        keyword(each) in {"prefix", "url_prefix"}
        for name, node in module.calls()
        if name.rpartition(".")[2] in _INCLUDES
        for each in _arguments(node)
    )


def _arguments(call: Node) -> list[Node]:
    arguments = call.child_by_field_name("arguments")
    return list(arguments.named_children) if arguments is not None else []
