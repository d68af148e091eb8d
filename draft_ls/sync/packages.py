"""Which files package managers read, by their documentation. Pure."""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from draft_ls.sync.placed import ConsumedError, Placed, Surroundings, in_context, reach, refuse_paths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from draft_ls.sync.placed import Reader


def _reads(*names: str) -> Reader:
    """A command that reads only files of these names (patterns), wherever they lie, and those it is given."""

    def effect(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
        name = posixpath.basename(placed.path)
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in names):
            raise ConsumedError
        refuse_paths(arguments, placed, around)
        return placed

    return effect


_PYTHON_METADATA = ("pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in", "README*", "LICENSE*")
_REQUIREMENTS = ("*.txt", "*.in", "requirements*", "constraints*", "pip.conf")
_LOCAL_REQUIREMENT = re.compile(
    r"^\s*(?:-e|--editable|\.|/|file:|[\w.-]+\s*@\s*(?:\.|/|file:))", re.MULTILINE
)


def _pip(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    """``pip install``: requirement files, and of folders that it is given all, or what describes them."""
    if arguments and arguments[0] in ("uninstall", "cache", "config", "check", "list", "freeze", "--version"):
        return placed
    name = posixpath.basename(placed.path)
    if any(fnmatch.fnmatchcase(name, each) for each in _REQUIREMENTS):
        raise ConsumedError
    editable = any(each in ("-e", "--editable") or each.startswith("--editable=") for each in arguments)
    for word in arguments[1:]:
        if word.startswith("-") and "=" not in word:
            continue
        path = re.sub(r"\[[\w,.-]+\]$", "", word.partition("=")[2] if word.startswith("-") else word)
        met = reach(path, placed, around) if path else None
        metadata = any(fnmatch.fnmatchcase(name, each) for each in _PYTHON_METADATA)
        live = editable and name.endswith(".py") and not metadata
        if met == "file" or (met == "folder" and not live):
            raise ConsumedError
    _refuse_local_requirements(arguments, placed, around)
    return placed


def _refuse_local_requirements(arguments: Sequence[str], placed: Placed, around: Surroundings) -> None:
    """Raise unless the requirement files are seen to name no folder of the app."""
    files = [following for each, following in pairwise(arguments) if each in ("-r", "--requirement")]
    files += [each.partition("=")[2] for each in arguments if each.startswith("--requirement=")]
    files += [each[2:] for each in arguments if each.startswith("-r") and len(each) > 2]
    for file in files:
        path = in_context(file, placed, around)
        text = around.tree.read(path) if around.tree and path is not None else None
        if text is None or _LOCAL_REQUIREMENT.search(text):
            raise ConsumedError


_SCRIPTS = "preinstall install postinstall prepublish preprepare prepare postprepare dependencies"
_LIFECYCLE = frozenset(_SCRIPTS.split())


def _npm(manifests: Sequence[str]) -> Reader:
    """A package manager of Node: its manifests, and whatever the package's own install scripts read."""
    reads = _reads(*manifests)

    def effect(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
        command = next((each for each in arguments if not each.startswith("-")), "install")
        if command in ("cache", "config", "set", "--version"):
            return placed
        if {"-g", "--global", "global"} & set(arguments):
            return placed
        if command not in ("ci", "install", "i", "clean-install", "prune", "fetch", "workspaces"):
            raise ConsumedError
        if "/.yarn/" in placed.path or "/patches/" in placed.path:
            raise ConsumedError
        if command not in ("prune", "fetch") and "--ignore-scripts" not in arguments:
            _refuse_lifecycle(placed, around)
        return reads([], placed, around)

    return effect


def _refuse_lifecycle(placed: Placed, around: Surroundings) -> None:
    """Raise unless package.json is seen to run nothing of its own on install."""
    path = in_context("package.json", placed, around)
    if around.tree is None or path is None:
        raise ConsumedError
    text = around.tree.read(path)
    if text is None or around.tree.kind(posixpath.join(posixpath.dirname(path), "binding.gyp")) is not None:
        raise ConsumedError
    try:
        manifest: Any = json.loads(text)
        scripts: Any = manifest.get("scripts") or {}
        runs = _LIFECYCLE & set(scripts)
    except (ValueError, AttributeError, TypeError) as error:
        raise ConsumedError from error
    if runs or "workspaces" in manifest:
        raise ConsumedError


def _project_install(*without: str) -> Reader:
    """``poetry install`` and its kin: manifests only, if an option keeps the project itself out."""
    reads = _reads("pyproject.toml", "*.lock", "poetry.toml", "uv.toml", "pdm.toml", "Pipfile", "README*")

    def effect(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
        if arguments[:1] == ["pip"]:
            return _pip(arguments[1:], placed, around)
        if arguments[:1] == ["config"]:
            return placed
        if without and not set(without) & set(arguments):
            raise ConsumedError
        if arguments and arguments[0] in ("run", "build", "shell", "tool"):
            raise ConsumedError
        return reads(arguments, placed, around)

    return effect


def _only(commands: Sequence[str], effect: Reader, *needed: str) -> Reader:
    """An effect that is known for some commands of a program only, and only with these options."""

    def known(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
        if arguments[:1] and arguments[0] in commands and set(needed) <= set(arguments):
            return effect(arguments, placed, around)
        raise ConsumedError

    return known


def _composer(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    """Packages from the manifests; a class map, which new classes do not need and gone ones break."""
    if not {"--no-scripts"} <= set(arguments) or not arguments:
        raise ConsumedError
    placed = _reads("composer.json", "composer.lock")([], placed, around)
    if arguments[0] == "install" and "--no-autoloader" in arguments:
        return placed
    if arguments[0] not in ("dump-autoload", "dumpautoload") or around.deleted:
        raise ConsumedError
    if {"-a", "--classmap-authoritative"} & set(arguments):
        raise ConsumedError
    path = in_context("composer.json", placed, around)
    text = around.tree.read(path) if around.tree and path is not None else None
    if text is None or "classmap" in text:
        raise ConsumedError
    return placed


def _deno(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    """``deno cache`` fetches what is imported; a changed module is read anew when it runs."""
    if arguments[:1] not in (["cache"], ["install"]):
        raise ConsumedError
    return _reads("deno.json*", "deno.lock", "import_map.json", "package.json")([], placed, around)


PACKAGE_MANAGERS: Mapping[str, Reader] = MappingProxyType(
    {
        "pip": _pip,
        "pip3": _pip,
        "npm": _npm(("package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc")),
        "yarn": _npm(("package.json", "yarn.lock", ".yarnrc*", ".npmrc")),
        "pnpm": _npm(("package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc", ".pnpmfile.cjs")),
        "bundle": _only(
            ("install", "config", "clean", "lock"), _reads("Gemfile*", "*.gemspec", ".ruby-version", "config")
        ),
        "gem": _only(("install", "update"), _reads("*.gem", "*.gemspec")),
        "composer": _composer,
        "deno": _deno,
        "poetry": _project_install("--no-root"),
        "uv": _project_install("--no-install-project", "--no-install-workspace"),
        "pdm": _project_install("--no-self"),
        "pipenv": _project_install(),
    }
)
"""Program → what it does with a file of the app."""
