"""Packs: templates for kinds of apps, read from folders of files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from draft_ls.detect.builtin import PACK_FILE
from draft_ls.detect.documents import plain, strings, table
from draft_ls.detect.rules import PackRules, RuleError, merged, parse_rules
from draft_ls.errors import DraftError, Place, Problem, Stage
from draft_ls.files import Kind
from draft_ls.scaffold.model import SyncRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from draft_ls.detect.model import Detail
    from draft_ls.files import Tree

SHARED = "_chart"
"""What every pack that extends no other extends: the shared chart and the common defaults."""

TEMPLATE = ".j2"
"""The ending of files that are rendered."""

DEPTH_LIMIT = 8
"""How long a chain of ``extends`` may be, and how deep a pack's folders."""

FILE_LIMIT = 200
"""How many files one pack may have."""


class VariableType(StrEnum):
    """What a pack's variable holds."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    LIST = "list"


_PYTHON_TYPES: Mapping[VariableType, type] = {
    VariableType.STRING: str,
    VariableType.INTEGER: int,
    VariableType.BOOLEAN: bool,
    VariableType.LIST: tuple,
}


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that a pack's templates use, with its type; asked of the person if it has a prompt.

    Attributes:
        choices: for a string, what it may be; empty for anything.
    """

    name: str
    type: VariableType
    default: Detail
    summary: str = ""
    prompt: str = ""
    choices: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        """Whether a value has the variable's type and is one of its choices."""
        right = isinstance(value, _PYTHON_TYPES[self.type]) and (
            self.type is VariableType.BOOLEAN
        ) == isinstance(value, bool)
        return right and (not self.choices or value in self.choices)

    def parse(self, text: str) -> Detail:
        """A value as typed by a person.

        Raises:
            ValueError: it does not fit the type or the choices.
        """
        value: Detail = text
        if self.type is VariableType.INTEGER:
            value = int(text)
        elif self.type is VariableType.BOOLEAN:
            if text.lower() not in {"true", "false", "yes", "no"}:
                raise ValueError(f"{self.name} should be true or false")
            value = text.lower() in {"true", "yes"}
        elif self.type is VariableType.LIST:
            value = tuple(part.strip() for part in text.split(",") if part.strip())
        if not self.accepts(value):
            raise ValueError(f"{self.name} should be one of {', '.join(self.choices)}")
        return value


@dataclass(frozen=True, slots=True)
class Pack:
    """A template for a kind of app.

    Attributes:
        name: its folder's name, unless ``pack.toml`` says otherwise.
        title: what a person calls such apps: ``Python``.
        summary: one line.
        version: raised with every change of the pack.
        rules: what detection needs.
        defaults: value of every template variable that neither detection nor the person sets.
        variables: the typed ones among them.
        development_env: environment variables while the app is being developed.
        sync: what to do when files are synced into such an app.
        files: path within the app → text; a path that ends in ``.j2`` is a template.
        place: where its ``pack.toml`` lies.
    """

    name: str
    title: str
    summary: str
    version: str
    rules: PackRules
    defaults: Mapping[str, Detail]
    variables: tuple[Variable, ...] = ()
    development_env: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    sync: SyncRules = field(default_factory=SyncRules)
    files: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    place: Place | None = None

    def variable(self, name: str) -> Variable | None:
        """The variable of a name; none if the pack has no such variable."""
        return next((each for each in self.variables if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Packs:
    """The packs that were found, by name, and what is wrong with others."""

    packs: Mapping[str, Pack]
    problems: tuple[Problem, ...] = ()

    @property
    def rules(self) -> tuple[PackRules, ...]:
        """The detection rules of every pack, by name."""
        return tuple(self.packs[name].rules for name in sorted(self.packs))


def load_packs(folders: Sequence[Tree]) -> Packs:
    """Read every pack of these folders; of two packs with one name the first counts.

    A pack that is not well-formed is left out, with a problem.

    Args:
        folders: folders of packs, the first to be searched first; a folder that has ``pack.toml`` is itself a pack.
    """
    found: dict[str, tuple[Tree, str]] = {}
    for tree in folders:
        if tree.kind(PACK_FILE) is Kind.FILE:
            found.setdefault(tree.root.name, (tree, ""))
            continue
        for entry in tree.children():
            if entry.kind is Kind.FOLDER and tree.kind(f"{entry.name}/{PACK_FILE}") is Kind.FILE:
                found.setdefault(entry.name, (tree, f"{entry.name}/"))
    packs: dict[str, Pack] = {}
    problems: list[Problem] = []
    for name in sorted(each for each in found if not each.startswith("_")):
        try:
            pack = _load(name, found)
            packs[pack.name] = pack
        except DraftError as error:
            problems.extend(error.problems)
    return Packs(MappingProxyType(packs), tuple(problems))


def load_pack(tree: Tree, *, shared: Tree | None = None) -> Pack:
    """Read one pack from its own folder.

    Args:
        tree: the pack's folder.
        shared: a folder of packs that holds ``_chart`` and the packs that this one may extend.

    Raises:
        DraftError: the pack is not well-formed.
    """
    result = load_packs((tree, shared) if shared else (tree,))
    mine = next(
        (pack for pack in result.packs.values() if pack.place and pack.place.path.parent == tree.root), None
    )
    if mine is None:
        raise DraftError(*(result.problems or (_no_pack(tree),)))
    return mine


def _load(name: str, found: Mapping[str, tuple[Tree, str]]) -> Pack:
    document: dict[str, Any] = {}
    files: dict[str, str] = {}
    for tree, prefix in reversed(_chain(name, found)):
        document = merged(document, _document(tree, prefix))
        own = _files(tree, prefix)
        targets = {path.removesuffix(TEMPLATE) for path in own}
        files = {
            path: text for path, text in files.items() if path.removesuffix(TEMPLATE) not in targets
        } | own
    tree, prefix = found[name]
    files = {path: text for path, text in files.items() if text.strip()}
    try:
        return _pack(name, document, files, Place(tree.root / prefix / PACK_FILE))
    except RuleError as error:
        raise DraftError(_problem(tree, prefix, f"{error}.")) from error


def _chain(name: str, found: Mapping[str, tuple[Tree, str]]) -> list[tuple[Tree, str]]:
    """A pack and those it extends, nearest first."""
    chain: list[tuple[Tree, str]] = []
    seen: list[str] = []
    following: str | None = name
    while following:
        if following in seen or len(chain) >= DEPTH_LIMIT:
            raise DraftError(
                _problem(*found[name], f"'extends' goes in a circle: {' → '.join([*seen, following])}.")
            )
        if following not in found:
            raise DraftError(_problem(*found[name], f"It extends '{following}', and there is no such pack."))
        seen.append(following)
        chain.append(found[following])
        base = _document(*found[following]).get("extends")
        shared = SHARED if SHARED in found and following != SHARED else None
        following = base if isinstance(base, str) else shared
    return chain


def _document(tree: Tree, prefix: str) -> dict[str, Any]:
    try:
        return tomllib.loads(tree.read(prefix + PACK_FILE) or "")
    except tomllib.TOMLDecodeError as error:
        raise DraftError(_problem(tree, prefix, f"It is not valid TOML: {error}.")) from error


def _files(tree: Tree, prefix: str) -> dict[str, str]:
    """The files that a pack puts into an app: all of its folder but ``pack.toml`` and its README."""
    found: dict[str, str] = {}
    pending = [("", 0)]
    while pending:
        below, depth = pending.pop()
        for entry in tree.children((prefix + below).rstrip("/")):
            path = below + entry.name
            if entry.kind is Kind.FOLDER and depth < DEPTH_LIMIT:
                pending.append((f"{path}/", depth + 1))
            elif entry.kind is Kind.FILE and path not in {PACK_FILE, "README.md"}:
                _refuse_link(tree, prefix, path)
                found[path] = tree.read(prefix + path) or ""
            if len(found) > FILE_LIMIT:
                raise DraftError(_problem(tree, prefix, f"It has more than {FILE_LIMIT} files."))
    return found


def _refuse_link(tree: Tree, prefix: str, path: str) -> None:
    """A pack's file that is reached through a symbolic link could show any file of the machine."""
    full = tree.root / prefix / path
    links = [
        each
        for each in (full, *full.parents)
        if each != tree.root and tree.root in each.parents and each.is_symlink()
    ]
    if links:
        raise DraftError(
            _problem(tree, prefix, f"{path} is reached through a symbolic link, and packs may not have any.")
        )


def _pack(folder: str, document: dict[str, Any], files: dict[str, str], place: Place) -> Pack:
    document = {"name": folder, **document}
    rules = parse_rules(document)
    variables = tuple(_variable(name, each) for name, each in table(document.get("variables")).items())
    known = {each.name: each for each in variables}
    defaults: dict[str, Detail] = {each.name: each.default for each in variables}
    for key, value in table(document.get("defaults")).items():
        converted = plain(value)
        if key in known and not known[key].accepts(converted):
            raise RuleError(f"defaults.{key}", f"should be of type {known[key].type}")
        defaults[key] = converted
    return Pack(
        name=rules.name,
        title=str(document.get("title", rules.name)),
        summary=str(document.get("summary", "")),
        version=str(document.get("version", "1")),
        rules=rules,
        defaults=MappingProxyType(defaults),
        variables=tuple(known.values()),
        development_env={
            key: str(value) for key, value in table(table(document.get("development")).get("env")).items()
        },
        sync=sync_rules(document.get("sync")),
        files=MappingProxyType(files),
        place=place,
    )


def sync_rules(value: object) -> SyncRules:
    """The table ``[sync]`` of a pack, as it is also kept in an app's record.

    Raises:
        RuleError: an unknown key, or one that is no list of strings.
    """
    found: dict[str, tuple[str, ...]] = {}
    for key, given in table(value).items():
        if key not in {each.name for each in fields(SyncRules)}:
            raise RuleError(f"sync.{key}", "there is no such key")
        found[key] = strings(given)
        if not isinstance(given, list) or len(found[key]) != len(cast("list[object]", given)):
            raise RuleError(f"sync.{key}", "should be a list of strings")
    return SyncRules(**found)


def _variable(name: str, value: object) -> Variable:
    values = table(value)
    if not name.isidentifier():
        raise RuleError(f"variables.{name}", "its name should be a word of letters, digits and underscores")
    try:
        kind = VariableType(str(values.get("type", "string")))
    except ValueError as error:
        allowed = ", ".join(each.value for each in VariableType)
        raise RuleError(f"variables.{name}", f"its type should be one of {allowed}") from error
    empty: Detail = {
        VariableType.STRING: "",
        VariableType.INTEGER: 0,
        VariableType.BOOLEAN: False,
        VariableType.LIST: (),
    }[kind]
    given = values.get("default", empty)
    default = plain(given)
    variable = Variable(
        name=name,
        type=kind,
        default=default,
        summary=str(values.get("summary", "")),
        prompt=str(values.get("prompt", "")),
        choices=strings(values.get("choices")),
    )
    if not variable.accepts(default):
        raise RuleError(
            f"variables.{name}",
            f"its default should be of type {kind.value}, and one of its choices if it has any",
        )
    return variable


def _no_pack(tree: Tree) -> Problem:
    return Problem(
        code="no-packs",
        message=f"{tree.root} is no pack: it has no {PACK_FILE}.",
        stage=Stage.SCAFFOLD,
        place=Place(tree.root),
        fix="Name the folder of a pack; 'draft pack new NAME' starts one.",
    )


def _problem(tree: Tree, prefix: str, message: str) -> Problem:
    path = tree.root / prefix / PACK_FILE
    return Problem(
        code="bad-pack",
        message=f"The pack '{path.parent.name}' cannot be used. {message}",
        stage=Stage.SCAFFOLD,
        place=Place(path),
        fix=f"Correct {PACK_FILE}; 'draft pack check {path.parent}' tests it, docs/packs.md describes it.",
    )
