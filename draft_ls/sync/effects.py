"""What a RUN line does with a file that lies in the image: nothing, a new mode, or something unknown. Pure.

A command that is not listed here may read every file there is. What is listed is listed because its
documentation says which files it reads.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.sync.packages import PACKAGE_MANAGERS
from draft_ls.sync.placed import ConsumedError, Placed, Surroundings, reach, refuse_paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from draft_ls.dockerfile.model import Instruction
    from draft_ls.sync.placed import Effect


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
        if word.startswith("\0") and reach(word[1:], placed, around) is not None:
            raise ConsumedError
    arguments = [word for word in words[1:] if not word.startswith("\0")]
    program = posixpath.basename(words[0])
    if re.fullmatch(r"python[\d.]*", program) and len(arguments) >= 2 and arguments[0] == "-m":
        program, arguments = arguments[1], arguments[2:]
    if program in _HARMLESS:
        refuse_paths([each for each in arguments if "$" not in each], placed, around)
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
        met = reach(target, placed, around)
        if met == "file" or (met == "folder" and _recursive(options)):
            return None
    return placed


def _chown(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    options, words = _options(arguments)
    for target in words[1:]:
        met = reach(target, placed, around)
        if met == "file" or (met == "folder" and _recursive(options)):
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
        met = reach(target, placed, around)
        if met == "file" or (met == "folder" and _recursive(options)):
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


def _ln(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    options, _ = _options(arguments)
    if not any(each == "--symbolic" or (not each.startswith("--") and "s" in each) for each in options):
        refuse_paths(arguments, placed, around)  # a second name would keep the old content
    return placed


def _manage_py_aware(arguments: list[str], placed: Placed, around: Surroundings) -> Placed:
    """``python manage.py collectstatic`` gathers files that are no Python; settings say which."""
    del around
    if len(arguments) >= 2 and arguments[0] == "manage.py" and arguments[1] == "collectstatic":
        name = posixpath.basename(placed.path)
        if name.endswith(".py") and "settings" not in placed.path:
            return placed
    raise ConsumedError


_EFFECTS: dict[str, Effect] = {
    "rm": _rm,
    "ln": _ln,
    "chown": _chown,
    "chgrp": lambda _, placed, __: placed,
    "chmod": _chmod,
    "install": _install,
    "python": _manage_py_aware,
    "python3": _manage_py_aware,
    **PACKAGE_MANAGERS,
}
