"""What a RUN line does with a file that lies in the image: nothing, a new mode, or something unknown. Pure.

A command that is not listed here may read every file there is. What is listed is listed because its
documentation says which files it reads.
"""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from draft_ls.dockerfile.model import Instruction
    from draft_ls.files import Tree


class ConsumedError(Exception):
    """The command reads the file, or may."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A file in the image: its absolute path, the mode and owner that instructions have given it."""

    path: str
    mode: int | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a RUN line runs in.

    Attributes:
        workdir: absolute.
        original: the file's mode in the context.
        tree: the context's files, to look into manifests; none if they cannot be seen.
        source: the file's path in the context.
        deleted: whether the change is that the file is gone.
    """

    workdir: str
    original: int
    tree: Tree | None
    source: str
    deleted: bool = False


def after_run(instruction: Instruction, placed: Placed, around: Surroundings) -> Placed | None:
    """The file after a RUN; none if it is removed.

    Raises:
        ConsumedError: the RUN reads the file, or may.
    """
    current: Placed | None = placed
    folder = around.workdir
    for words in _commands(instruction):
        if words[0] == "cd" and len(words) == 2 and "$" not in words[1]:
            folder = posixpath.normpath(posixpath.join(folder, words[1]))
            continue
        current = _after(words, current, replace(around, workdir=folder))
        if current is None:
            return None
    return current


_SEPARATORS = frozenset(("&&", "||", ";", "|", "&", ";;", "|&"))
_REDIRECTIONS = re.compile(r"[<>]&?|>>|<<<|&>>?|>\|")


def _commands(instruction: Instruction) -> list[list[str]]:
    """The simple commands of a RUN.

    Raises:
        ConsumedError: the line does more than we understand.
    """
    if instruction.is_exec:
        return [[word.text for word in instruction.arguments]] if instruction.arguments else []
    text = instruction.text
    if instruction.heredocs:
        first, *others = instruction.heredocs
        if others or not re.fullmatch(r"<<-?['\"]?\w+['\"]?", text):
            raise ConsumedError
        text = first.content
        if text.startswith("#!"):
            raise ConsumedError
    if "`" in text or "$(" in text:
        raise ConsumedError
    lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars="();<>|&")
    lexer.commenters = ""
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError as error:
        raise ConsumedError from error
    return _split(tokens)


def _split(tokens: Sequence[str]) -> list[list[str]]:
    commands: list[list[str]] = [list[str]()]
    skip = False
    for token in tokens:
        if skip:
            skip = False
            commands[-1].append(f"\0{token}")
        elif token in _SEPARATORS:
            commands.append([])
        elif _REDIRECTIONS.fullmatch(token):
            if commands[-1] and commands[-1][-1] in ("1", "2"):
                commands[-1].pop()
            skip = True
        elif token in ("(", ")", "((", "))"):
            raise ConsumedError
        else:
            commands[-1].append(token)
    return [words for command in commands if (words := _without_prefix(command))]


_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def _without_prefix(words: list[str]) -> list[str]:
    """A command without assignments and ``sudo`` before it."""
    while words and (_ASSIGNMENT.match(words[0]) or words[0] in ("sudo", "exec", "env", "time", "command")):
        words = words[1:]
    return words


def _after(words: list[str], placed: Placed | None, around: Surroundings) -> Placed | None:
    if placed is None:
        return None
    for word in words:
        if word.startswith("\0") and _reach(word[1:], placed, around) is not None:
            raise ConsumedError
    arguments = [word for word in words[1:] if not word.startswith("\0")]
    program = posixpath.basename(words[0])
    if re.fullmatch(r"python[\d.]*", program) and len(arguments) >= 2 and arguments[0] == "-m":
        program, arguments = arguments[1], arguments[2:]
    if program in _HARMLESS:
        _refuse_paths([each for each in arguments if "$" not in each], placed, around)
        return placed
    effect = _EFFECTS.get(program)
    if effect is None:
        raise ConsumedError
    return effect(arguments, placed, around)


_NAMES = """
true : set export echo printf id whoami date sleep uname test [ umask
apt-get apt apk yum dnf microdnf zypper pacman dpkg-reconfigure locale-gen update-ca-certificates ldconfig
useradd adduser groupadd addgroup usermod groupmod deluser passwd
mkdir rmdir touch curl wget
a2enmod a2dismod a2ensite docker-php-ext-install docker-php-ext-enable pecl
venv corepack compileall py_compile nvm rustup
"""
_HARMLESS = frozenset(_NAMES.split())
"""Commands that read no file of the app, and whose output does not come from one. ``compileall``: the sync
removes the bytecode of what it replaces."""


def _reach(argument: str, placed: Placed, around: Surroundings) -> str | None:
    """How an argument meets the file: ``file``, ``folder`` above it, or none."""
    if "$" in argument:
        raise ConsumedError
    path = posixpath.normpath(posixpath.join(around.workdir, argument))
    path = "/" + path.lstrip("/")
    if _matches(path, placed.path):
        return "file"
    above: str = posixpath.dirname(placed.path)
    while True:
        if _matches(path, above):
            return "folder"
        if above == "/":
            return None
        above = posixpath.dirname(above)


def _matches(pattern: str, path: str) -> bool:
    if pattern == path:
        return True
    if not re.search(r"[*?\[]", pattern) or pattern.count("/") != path.count("/"):
        return False
    return fnmatch.fnmatchcase(path, pattern)


def _options(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The options and the other words."""
    options = [each for each in arguments if each.startswith("-") and len(each) > 1]
    return options, [each for each in arguments if each not in options]


def _recursive(options: Sequence[str]) -> bool:
    return any(
        each == "--recursive" or (not each.startswith("--") and set("rR") & set(each)) for each in options
    )


def _rm(arguments: list[str], placed: Placed, around: Surroundings) -> Placed | None:
    options, targets = _options(arguments)
    for target in targets:
        reach = _reach(target, placed, around)
        if reach == "file" or (reach == "folder" and _recursive(options)):
            return None
    return placed


def _chown(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    options, words = _options(arguments)
    for target in words[1:]:
        reach = _reach(target, placed, around)
        if reach == "file" or (reach == "folder" and _recursive(options)):
            return replace(placed, owner=words[0])
    return placed


_CLAUSE = re.compile(r"([ugoa]*)([+\-=])([rwxX]*)")


def _chmod(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    mode_at = next(
        (i for i, each in enumerate(arguments) if not re.fullmatch(r"-[RvcfR]+|--\w+", each)), None
    )
    if mode_at is None:
        raise ConsumedError
    options, mode, targets = arguments[:mode_at], arguments[mode_at], arguments[mode_at + 1 :]
    for target in targets:
        reach = _reach(target, placed, around)
        if reach == "file" or (reach == "folder" and _recursive(options)):
            current = around.original if placed.mode is None else placed.mode
            return replace(placed, mode=_changed_mode(mode, current))
    return placed


def _changed_mode(mode: str, current: int) -> int:
    if re.fullmatch(r"[0-7]{3,4}", mode):
        return int(mode, 8)
    for clause in mode.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise ConsumedError
        shifts = [shift for who, shift in (("u", 6), ("g", 3), ("o", 0)) if _means(match[1], who)]
        bits = sum({"r": 4, "w": 2, "x": 1, "X": 1 if current & 0o111 else 0}[each] for each in set(match[3]))
        for shift in shifts:
            if match[2] == "+":
                current |= bits << shift
            else:
                current &= ~((bits if match[2] == "-" else 7) << shift)
                current |= (bits << shift) if match[2] == "=" else 0
    return current


def _means(who: str, one: str) -> bool:
    return not who or one in who or "a" in who


def _install(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    del around
    if "-d" in arguments or "--directory" in arguments:
        return placed
    raise ConsumedError


def _reads(*names: str) -> Callable[[list[str], Placed, Surroundings], Placed]:
    """A command that reads only files of these names (patterns), wherever they lie, and those it is given."""

    def effect(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
        name = posixpath.basename(placed.path)
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in names):
            raise ConsumedError
        _refuse_paths(arguments, placed, around)
        return placed

    return effect


def _refuse_paths(arguments: Sequence[str], placed: Placed, around: Surroundings) -> None:
    for argument in arguments:
        for word in (argument, argument.partition("=")[2]):
            if word and not word.startswith("-") and _reach(word, placed, around) == "file":
                raise ConsumedError


def _ln(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    options, _ = _options(arguments)
    if not any(each == "--symbolic" or (not each.startswith("--") and "s" in each) for each in options):
        _refuse_paths(arguments, placed, around)  # a second name would keep the old content
    return placed


def _in_context(path: str, placed: Placed, around: Surroundings) -> str | None:
    """The context's file at a container path, if it lies as the file in question does; none if unknown."""
    if not placed.path.endswith("/" + around.source):
        return None
    root = placed.path.removesuffix(around.source)
    path = posixpath.normpath(posixpath.join(around.workdir, path))
    return path.removeprefix(root) if path.startswith(root) else None


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
        reach = _reach(path, placed, around) if path else None
        metadata = any(fnmatch.fnmatchcase(name, each) for each in _PYTHON_METADATA)
        live = editable and name.endswith(".py") and not metadata
        if reach == "file" or (reach == "folder" and not live):
            raise ConsumedError
    _refuse_local_requirements(arguments, placed, around)
    return placed


def _refuse_local_requirements(arguments: Sequence[str], placed: Placed, around: Surroundings) -> None:
    """Raise unless the requirement files are seen to name no folder of the app."""
    files = [
        each.partition("=")[2] or following
        for each, following in zip(arguments, [*arguments[1:], ""], strict=True)
        if each in ("-r", "--requirement") or each.startswith("--requirement=")
    ]
    for file in files:
        path = _in_context(file, placed, around)
        text = around.tree.read(path) if around.tree and path is not None else None
        if text is None or _LOCAL_REQUIREMENT.search(text):
            raise ConsumedError


_SCRIPTS = "preinstall install postinstall prepublish preprepare prepare postprepare dependencies"
_LIFECYCLE = frozenset(_SCRIPTS.split())


def _npm(manifests: Sequence[str]) -> Callable[[list[str], Placed, Surroundings], Placed]:
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
    path = _in_context("package.json", placed, around)
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


def _project_install(*without: str) -> Callable[[list[str], Placed, Surroundings], Placed]:
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


def _manage_py_aware(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    """``python manage.py collectstatic`` gathers files that are no Python; settings say which."""
    del around
    if len(arguments) >= 2 and arguments[0] == "manage.py" and arguments[1] == "collectstatic":
        name = posixpath.basename(placed.path)
        if name.endswith(".py") and "settings" not in placed.path:
            return placed
    raise ConsumedError


def _only(
    commands: Sequence[str], effect: Callable[[list[str], Placed, Surroundings], Placed], *needed: str
) -> Callable[[list[str], Placed, Surroundings], Placed]:
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
    path = _in_context("composer.json", placed, around)
    text = around.tree.read(path) if around.tree and path is not None else None
    if text is None or "classmap" in text:
        raise ConsumedError
    return placed


def _deno(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    """``deno cache`` fetches what is imported; a changed module is read anew when it runs."""
    if arguments[:1] not in (["cache"], ["install"]):
        raise ConsumedError
    return _reads("deno.json*", "deno.lock", "import_map.json", "package.json")([], placed, around)


_EFFECTS: dict[str, Callable[[list[str], Placed, Surroundings], Placed | None]] = {
    "rm": _rm,
    "ln": _ln,
    "chown": _chown,
    "chgrp": lambda _, placed, __: placed,
    "chmod": _chmod,
    "install": _install,
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
    "python": _manage_py_aware,
    "python3": _manage_py_aware,
}
