"""What a server can serve of a Python app: an app object of a module, or a function that makes one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from draft_ls.detect.syntax import descendants, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from draft_ls.detect.facts.python_source import Module
    from draft_ls.detect.model import Evidence

APP_CLASSES = {
    "Flask": "flask", "APIFlask": "flask", "FastAPI": "fastapi", "Starlette": "starlette", "Quart": "quart",
    "Sanic": "sanic",
    "Litestar": "litestar", "Bottle": "bottle", "Dash": "dash", "Robyn": "robyn", "Falcon": "falcon",
    "FastHTML": "fasthtml",
}  # fmt: skip
"""Class that makes an app object → framework."""

_FACTORY_NAME = re.compile(
    r"(?:create|make|build|get|register|init|initialize|setup|new|start)_(?:\w+_)?(?:app|application|api|server)|app_factory"
)


@dataclass(frozen=True, slots=True)
class AppObject:
    """Something a server can serve: a module's variable, or a factory function.

    Attributes:
        path: the module's file.
        name: the variable or function.
        framework: what made it.
        factory: whether it is a function to call.
    """

    path: str
    name: str
    framework: str
    factory: bool
    evidence: Evidence


def app_objects(module: Module) -> Iterator[AppObject]:
    """App objects of the module's top level, then factories."""
    factories: list[AppObject] = []
    for node in descendants(module.root, "assignment"):
        right = node.child_by_field_name("right")
        left = node.child_by_field_name("left")
        if right is None or left is None or left.type != "identifier":
            continue
        framework = _framework_of(right)
        function = _enclosing_function(node)
        if framework and function is None:
            yield AppObject(
                module.path, text_of(left), framework, factory=False, evidence=module.evidence(node)
            )
        elif framework and function is not None and _is_factory(function, text_of(left)):
            name = text_of(function.child_by_field_name("name"))
            factories.append(
                AppObject(module.path, name, framework, factory=True, evidence=module.evidence(node))
            )
    yield from _made_by_factory(module, factories)
    factories += _passed_on(module, factories)
    demanding = _demanding(module)
    yield from sorted(factories, key=lambda each: each.name in demanding)


def _demanding(module: Module) -> frozenset[str]:
    """The functions that cannot be called without arguments."""
    found: set[str] = set()
    for node in descendants(module.root, "function_definition"):
        parameters = node.child_by_field_name("parameters")
        given = parameters.named_children if parameters is not None else []
        if any(each.type in {"identifier", "typed_parameter"} for each in given):
            found.add(text_of(node.child_by_field_name("name")))
    return frozenset(found)


def _passed_on(module: Module, factories: list[AppObject]) -> list[AppObject]:
    """Functions that only return what a factory of this module makes."""
    known = {each.name: each for each in factories}
    found: list[AppObject] = []
    for node in descendants(module.root, "return_statement"):
        called = re.match(r"return (\w+)\(", text_of(node))
        function = _enclosing_function(node)
        if called and called[1] in known and function is not None and _enclosing_function(function) is None:
            name = text_of(function.child_by_field_name("name"))
            found.append(replace(known[called[1]], name=name, evidence=module.evidence(node)))
    return found


def _made_by_factory(module: Module, factories: list[AppObject]) -> Iterator[AppObject]:
    """Top-level variables that a factory (of this module or an imported ``create_app``) fills."""
    known = {each.name: each.framework for each in factories}
    for name, value in module.assignments.items():
        if value.type != "call" or _enclosing_function(value) is not None:
            continue
        function = text_of(value.child_by_field_name("function")).rpartition(".")[2]
        if function in known or _FACTORY_NAME.fullmatch(function):
            yield AppObject(
                module.path, name, known.get(function, ""), factory=False, evidence=module.evidence(value)
            )


def _framework_of(node: Node) -> str:
    if node.type == "call":
        function = text_of(node.child_by_field_name("function"))
        name = function.rpartition(".")[2]
        if function in {"falcon.App", "falcon.API", "falcon.asgi.App"}:
            return "falcon"
        if name == "fast_app":
            return "fasthtml"
        return APP_CLASSES.get(name, "")
    return ""


def _enclosing_function(node: Node) -> Node | None:
    parent = node.parent
    while parent is not None and parent.type != "function_definition":
        parent = parent.parent
    return parent


def _is_factory(function: Node, name: str) -> bool:
    returned = (
        text_of(each).removeprefix("return").strip() for each in descendants(function, "return_statement")
    )
    return _enclosing_function(function) is None and name in returned
