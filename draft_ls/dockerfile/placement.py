"""Where COPY and ADD put a file. Pure."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.dockerfile.expand import expand

if TYPE_CHECKING:
    from collections.abc import Collection

    from draft_ls.dockerfile.model import Instruction
    from draft_ls.dockerfile.settings import Settings

_FOLDERS = """
/ /bin /boot /dev /etc /etc/nginx /etc/nginx/conf.d /etc/nginx/templates /home /lib /media /mnt /opt /root
/run /sbin /srv /tmp /usr /usr/bin /usr/lib /usr/local /usr/local/apache2/htdocs /usr/local/bin
/usr/local/etc /usr/local/lib /usr/local/share /usr/sbin /usr/share /usr/share/caddy /usr/share/nginx/html
/usr/src /var /var/lib /var/log /var/www /var/www/html
"""
FOLDERS = frozenset(_FOLDERS.split())
"""Folders that base images have, so that ``COPY file folder`` puts the file into them.

Where an image has none of them after all, the sync fails to make the folder, and a build follows.
"""

_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tzst|tar\.\w+)$")
_WILDCARD = re.compile(r"[*?\[\\]")
_REMOTE = re.compile(r"https?://|git@|ftp://|<<")


class UnclearError(Exception):
    """It cannot be told where a file goes; the message says why."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One COPY or ADD, its variables expanded.

    Attributes:
        sources: cleaned patterns: relative to the context's root, or absolute in the stage copied from.
        destination: absolute.
        into: whether the destination is certainly a folder: it ends in a slash or there are more sources.
        chmod: the octal mode of ``--chmod``; none without one.
        chown: of ``--chown``.
        parents: whether ``--parents`` keeps the sources' folders.
        unpacks: whether local archives are unpacked: ADD.
        partial: whether ``--exclude`` leaves something out.
        line: for messages.
    """

    sources: tuple[str, ...]
    destination: str
    into: bool
    chmod: int | None
    chown: str
    parents: bool
    unpacks: bool
    partial: bool
    line: int

    def covers(self, target: str) -> bool:
        """Whether a path is the destination or lies below it."""
        return below(self.destination, target)


def read_copy(instruction: Instruction, settings: Settings, escape: str) -> Copy | None:
    """What a COPY or ADD says; none if it is not complete.

    Raises:
        UnclearError: a mode that is not octal.
    """
    words = [expand(word.text, settings.variables, escape) for word in instruction.arguments]
    if len(words) < 2:
        return None
    *sources, destination = words
    from_stage = instruction.flag("from") is not None
    if any("/./" in each for each in sources) and instruction.flag("parents") is not None:
        raise UnclearError("--parents starts from /./")
    local = tuple(_clean(each, absolute=from_stage) for each in sources if not _REMOTE.match(each))
    chmod = instruction.flag("chmod")
    chmod = None if chmod is None else expand(chmod, settings.variables, escape)
    if chmod is not None and not re.fullmatch(r"[0-7]{3,4}", chmod):
        raise UnclearError(f"--chmod={chmod} is not an octal mode")
    into = destination.endswith(("/", "/.")) or destination in (".", "..") or len(sources) > 1
    return Copy(
        local,
        settings.absolute(destination),
        into,
        None if chmod is None else int(chmod, 8),
        expand(instruction.flag("chown") or "", settings.variables, escape),
        instruction.flag("parents") not in (None, "false"),
        instruction.keyword == "ADD" and instruction.flag("unpack") != "false",
        instruction.flag("exclude") is not None,
        instruction.line,
    )


def _clean(source: str, *, absolute: bool) -> str:
    rooted = posixpath.normpath("/" + source.lstrip("/"))
    return rooted if absolute else rooted.lstrip("/")


def destination(copy: Copy, path: str, folders: Collection[str]) -> str | None:
    """Where a file of the source tree lands; none if the instruction does not take it.

    Args:
        copy: the instruction.
        path: the file, spelt as the sources are.
        folders: container folders that exist before the instruction, beside those of base images.

    Raises:
        UnclearError: it depends on what the base image has, or on an archive.
    """
    for source in copy.sources:
        rest = taken(source, path)
        if rest is None:
            continue
        if copy.partial:
            raise UnclearError("--exclude may leave it out")
        if copy.parents:
            return posixpath.join(copy.destination, path.lstrip("/"))
        if rest:
            return posixpath.join(copy.destination, rest)
        if copy.unpacks and _ARCHIVE.search(path):
            raise UnclearError("ADD unpacks it")
        return _single(copy, path, folders)
    return None


def taken(source: str, path: str) -> str | None:
    """What of a path lies below a source: empty if it is the source itself, none if it is elsewhere."""
    if source in ("", "/"):
        return path.lstrip("/")
    if not _WILDCARD.search(source):
        if path == source:
            return ""
        return path[len(source) + 1 :] if path.startswith(source + "/") else None
    pattern, parts = source.split("/"), path.split("/")
    if len(parts) < len(pattern):
        return None
    for wanted, part in zip(pattern, parts, strict=False):
        if not re.fullmatch(fnmatch.translate(wanted.replace("[^", "[!")), part):
            return None
    return "/".join(parts[len(pattern) :])


def below(folder: str, path: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _single(copy: Copy, path: str, folders: Collection[str]) -> str:
    """Where a file that is itself a source lands: in the destination, or as it."""
    name = posixpath.basename(path)
    inside = posixpath.join(copy.destination, name)
    if copy.into or copy.destination in folders or copy.destination in FOLDERS:
        return inside
    last = posixpath.basename(copy.destination)
    if last == name or posixpath.splitext(last)[1] == posixpath.splitext(name)[1] != "":
        return copy.destination
    raise UnclearError(f"whether {copy.destination} is a folder is not known")


def overwriters(copy: Copy, target: str, files: Collection[str], folders: Collection[str]) -> set[str]:
    """The files of the context that the instruction puts at a container path."""
    if not copy.covers(target):
        return set()
    rest = target[len(copy.destination.rstrip("/")) + 1 :]
    candidates: set[str] = set()
    for source in copy.sources:
        if _WILDCARD.search(source) or copy.parents:
            candidates.update(files)
        else:
            candidates.update((source, posixpath.join(source, rest) if rest else source))
    return {each for each in candidates if each in files and _lands(copy, each, folders) == target}


def _lands(copy: Copy, path: str, folders: Collection[str]) -> str | None:
    try:
        return destination(copy, path, folders)
    except UnclearError:
        return None
