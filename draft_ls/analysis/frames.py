"""Places in the workspace's own source that a log names: tracebacks, panics, compilers' errors. Pure.

A log names files as the container or the build sees them. They are the workspace's if they lie in a working
directory of the Dockerfile and the build context has them; what belongs to the runtime or to a package is
left out, so that the place is where the person can do something.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Source:
    """A place that a log names.

    Attributes:
        path: relative to the build context.
        line: from 0.
        column: from 0; none if the log does not say.
        message: what is wrong there, in the log's own words; empty if it does not say.
    """

    path: str
    line: int
    column: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Format:
    """How one tool names a place.

    Attributes:
        pattern: groups ``path``, ``line``, and maybe ``column`` and ``message``.
        last: whether the last match is the one that matters (a traceback, most recent call last).
        message: finds the message in the whole log where the matched line has none; the last match counts.
    """

    pattern: re.Pattern[str]
    last: bool = False
    message: re.Pattern[str] | None = None


_PYTHON_ERROR = re.compile(
    r"^(?:\w+\.)*(?P<message>[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning)\b.*)$", re.MULTILINE
)
_NODE_ERROR = re.compile(
    r"^(?:Uncaught )?(?P<message>(?:[A-Z]\w*)?(?:Error|Exception)(?: \[\w+\])?: .*)$", re.MULTILINE
)
_GO_PANIC = re.compile(r"^(?:panic|fatal error): (?P<message>.*)$", re.MULTILINE)
_RUST_PANIC = re.compile(r"panicked at [^\n]*:\n(?P<message>.*)$", re.MULTILINE)
_RUST_ERROR = re.compile(r"^(?P<message>error(?:\[\w+\])?: .*)$", re.MULTILINE)
_JAVA_ERROR = re.compile(r"^(?:Exception in thread \S+ |Caused by: )(?P<message>.*)$", re.MULTILINE)
_PIP_ERROR = re.compile(r"^ERROR: (?P<message>Invalid requirement.*)$", re.MULTILINE)
_BUNDLER_ERROR = re.compile(r"There was an error parsing `[^`]*`:\s+(?P<message>[^\n]*)")
_DOTNET_ERROR = re.compile(r"^Unhandled exception\. (?P<message>.*)$", re.MULTILINE)


def _form(pattern: str, *, last: bool = False, message: re.Pattern[str] | None = None) -> _Format:
    return _Format(re.compile(pattern, re.MULTILINE), last, message)


_FORMATS = (
    # Python
    _form(r'^\s*File "(?P<path>[^"<>]+)", line (?P<line>\d+)', last=True, message=_PYTHON_ERROR),
    # pip, of a line that it cannot read
    _form(r"\(from line (?P<line>\d+) of (?P<path>[^)\n]+)\)$", message=_PIP_ERROR),
    # TypeScript, C#, F#: path(line,column): error CODE: message
    _form(
        r"^\s*(?P<path>[^\s()][^()\n]*)\((?P<line>\d+),(?P<column>\d+)(?:,\d+,\d+)?\): "
        r"error (?P<message>\w+: .*?)(?: \[[^\]]*\])?$"
    ),
    # tsc --pretty
    _form(r"^(?P<path>[^\s:]+):(?P<line>\d+):(?P<column>\d+) - error (?P<message>.*)$"),
    # Maven
    _form(r"^\[ERROR\] (?P<path>/[^\s:]+):\[(?P<line>\d+),(?P<column>\d+)\] (?P<message>.*)$"),
    # .NET at run time
    _form(r"^\s+at .* in (?P<path>/\S+):line (?P<line>\d+)", message=_DOTNET_ERROR),
    # PHP; Apache puts the time, the process and the client before it, FPM says that it passes it on
    _form(
        r"^(?:\[[^\]\n]*\] |NOTICE: PHP message: )*(?:PHP )?"
        r"(?:Parse|Fatal|Catchable fatal) error:\s+(?P<message>.*?) in (?P<path>/\S+?)"
        r"(?: on line |:)(?P<line>\d+)"
    ),
    # Rust: the compiler, then a panic
    _form(r"^\s*--> (?P<path>[^\s:]+):(?P<line>\d+):(?P<column>\d+)$", message=_RUST_ERROR),
    _form(
        r"panicked at (?:'(?P<message>[^']*)', )?(?P<path>[^\s:]+):(?P<line>\d+):(?P<column>\d+)",
        message=_RUST_PANIC,
    ),
    # Go: a panic's frames are indented; with -trimpath they begin with the module's name
    _form(r"^\t(?P<path>\S+\.go):(?P<line>\d+)(?: \+0x[0-9a-f]+)?$", message=_GO_PANIC),
    # Node: the stack, then the header of a syntax error
    _form(
        r"^\s+at (?:.*\()?(?:file://)?(?P<path>/[^\s():]+):(?P<line>\d+):(?P<column>\d+)\)?$",
        message=_NODE_ERROR,
    ),
    _form(r"^(?:file://)?(?P<path>/[^\s:]+\.[cm]?[jt]sx?):(?P<line>\d+)$", message=_NODE_ERROR),
    # Bundler
    _form(r"^ #  from (?P<path>/\S+):(?P<line>\d+)$", message=_BUNDLER_ERROR),
    # Ruby
    _form(r"^(?P<path>[^\s:]+\.r[bu]):(?P<line>\d+):(?:in [`'].*?': )?\s*(?P<message>.*)$"),
    # Java at run time names the file only
    _form(
        r"^\s+at (?P<class>[\w.$]+)\.[\w$<>]+\((?P<path>\w+\.(?:java|kt|scala)):(?P<line>\d+)\)$",
        message=_JAVA_ERROR,
    ),
    # gcc, clang, go build, javac, swiftc, elixirc, ghc, zig …
    _form(
        r"^(?:\*\* \(\w+\) )?(?P<path>\.{0,2}/?[\w@+-][\w./@+-]*\.\w+):(?P<line>\d+)(?::(?P<column>\d+))?:(?!\d+:)"
        r"(?!\s*(?:warning|note|info|\w*Warning)\b)\s*(?:fatal )?(?:error: )?(?P<message>.*)$"
    ),
)

_BUILDKIT_PREFIX = re.compile(r"^#\d+ (?:\d+\.\d+ )?", re.MULTILINE)
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FOREIGN = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|node_modules|vendor|gems|\.cargo|go/pkg/mod)/|^node:|^<"
)
_USUAL_FOLDERS = ("/app", "/usr/src/app", "/src", "/workspace", "/code", "/build", "/srv", "/opt/app")


def find_source(
    lines: Sequence[str], files: Collection[str], folders: Iterable[str] = (), module: str = ""
) -> Source | None:
    """The place in the workspace's own source that a log blames.

    Args:
        lines: the log, oldest first.
        files: the paths of the build context.
        folders: the working directories of the Dockerfile's stages, absolute.
        module: the name of the app's Go module, with which Go begins the paths of its files.
    """
    text = _BUILDKIT_PREFIX.sub("", _ANSI.sub("", "\n".join(lines)))
    known = tuple(dict.fromkeys([*(folder.rstrip("/") for folder in folders), *_USUAL_FOLDERS]))
    for form in _FORMATS:
        matches = list(form.pattern.finditer(text))
        for match in reversed(matches) if form.last else matches:
            named = match["path"].removeprefix(f"{module}/") if module else match["path"]
            path = _own(named, files, known)
            if path is not None:
                return _source(form, match, path, text)
    return None


def _source(form: _Format, match: re.Match[str], path: str, text: str) -> Source:
    groups = match.groupdict()
    message = groups.get("message") or ""
    if not message and form.message is not None:
        # Cargo sums up at the end; what is meant stands above the place.
        end = match.start() if form.message is _RUST_ERROR else len(text)
        found = [each["message"] for each in form.message.finditer(text, 0, end)]
        message = found[-1] if found else ""
    column = groups.get("column")
    return Source(
        path, max(int(match["line"]) - 1, 0), max(int(column) - 1, 0) if column else None, message.strip()
    )


def _own(named: str, files: Collection[str], folders: Sequence[str]) -> str | None:
    """The workspace's file that a log means; none if it is none of the workspace's."""
    if _FOREIGN.search(named):
        return None
    path = posixpath.normpath(named)
    if not path.startswith("/"):
        return path if path in files else _only(path, files)
    for folder in sorted(folders, key=len, reverse=True):
        if path.startswith(f"{folder}/"):
            inner = path.removeprefix(f"{folder}/")
            return inner if inner in files else _only(inner, files)
    return None


def _only(path: str, files: Collection[str]) -> str | None:
    """The only file that ends with a path: a build in a sub-folder, or a stack that names no folders."""
    found = [each for each in files if each.endswith(f"/{path}")]
    return found[0] if len(found) == 1 else None
