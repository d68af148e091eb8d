"""A file on its way through a build, and how a command's words meet it. Pure."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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


Reader = Callable[[list[str], Placed, Surroundings], Placed]
"""What a command with these arguments does with a file. Raises ``ConsumedError`` if it reads it, or may."""

Effect = Callable[[list[str], Placed, Surroundings], Placed | None]
"""The same for a command that may also remove the file: none."""


def reach(argument: str, placed: Placed, around: Surroundings) -> str | None:
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


def refuse_paths(arguments: Sequence[str], placed: Placed, around: Surroundings) -> None:
    """Raise ``ConsumedError`` if one of the arguments, or what follows its ``=``, is the file."""
    for argument in arguments:
        for word in (argument, argument.partition("=")[2]):
            if word and not word.startswith("-") and reach(word, placed, around) == "file":
                raise ConsumedError


def in_context(path: str, placed: Placed, around: Surroundings) -> str | None:
    """The context's file at a container path, if it lies as the file in question does; none if unknown."""
    if not placed.path.endswith("/" + around.source):
        return None
    root = placed.path.removesuffix(around.source)
    path = posixpath.normpath(posixpath.join(around.workdir, path))
    return path.removeprefix(root) if path.startswith(root) else None
