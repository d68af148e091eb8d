"""Where the app asks for a package that an installer could not find. Pure.

Installers name the package and mostly not the file; the file is the one of the app's that names it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.analysis.frames import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

_NAME = r"(?P<name>@?[\w][\w./-]*?)"
_MISSING: tuple[tuple[str, str], ...] = (
    # pip, uv
    (
        (
            rf"^ERROR: (?:Could not find a version that satisfies the requirement|No matching distribution found for) "
            rf"{_NAME}(?=[\s\[=<>!~;@]|$)"
        ),
        r"(?:.*/)?(?:requirements[\w.-]*\.(?:txt|in)|requirements/.*\.txt|pyproject\.toml|setup\.py|setup\.cfg)",
    ),
    (
        (
            rf"Because (?:there (?:is|are) no versions? of {_NAME}(?=[=<>!~\s])|"
            r"(?P<other>[\w.-]+) was not found in the package registry)"
        ),
        r"(?:.*/)?(?:requirements[\w.-]*\.(?:txt|in)|pyproject\.toml)",
    ),
    # npm, pnpm, Yarn
    (
        rf"(?:No matching version found for {_NAME}@|'{_NAME.replace('name', 'other')}@[^']*' is not in )",
        r"(?:.*/)?package\.json",
    ),
    (
        rf"Couldn't find (?:any versions for|package) \"{_NAME}(?:@[^\"]*)?\"",
        r"(?:.*/)?package\.json",
    ),
    (
        rf"(?:Invalid: lock file's|Missing:) {_NAME}@\S+ (?:does not satisfy|from lock file)",
        r"(?:.*/)?package\.json",
    ),
    # Bundler
    (rf"Could not find gem '{_NAME}(?: \([^)]*\))?'", r"(?:.*/)?(?:Gemfile|gems\.rb|.*\.gemspec)"),
    # Cargo
    (
        (
            rf"(?:no matching package (?:named|found).*?|failed to select a version for the requirement )"
            rf"`{_NAME}(?:`| = )"
        ),
        r"(?:.*/)?Cargo\.toml",
    ),
    # Composer
    (rf"requires {_NAME}(?: [^,]*)?, (?:it )?could not be found", r"(?:.*/)?composer\.json"),
    # Maven, Gradle
    (
        (
            rf"(?:Could not find artifact|Failure to find|Could not find|Cannot access \S+ \(\S+\) in offline mode and "
            rf"the artifact) [\w.-]+:{_NAME}:"
        ),
        r"(?:.*/)?(?:pom\.xml|build\.gradle(?:\.kts)?|libs\.versions\.toml)",
    ),
    # NuGet
    (
        rf"error NU110[123]: Unable to find package {_NAME}(?:\.|$| with )",
        r"(?:.*/)?(?:.*\.[cf]sproj|.*\.props)",
    ),
)
"""What an installer says of a package that there is none of, and the files that may have asked for it."""


def find_wanted(
    lines: Sequence[str], files: Collection[str], read: Callable[[str], str | None]
) -> Source | None:
    """The line that asks for the package which an installer did not find.

    Args:
        lines: the log, oldest first.
        files: the paths of the build context.
        read: what one of them says.
    """
    for line in lines:
        for said, asking in _MISSING:
            match = re.search(said, line)
            if match is None:
                continue
            groups = match.groupdict()
            name = (groups.get("name") or groups.get("other") or "").rstrip(".")
            for path in sorted(each for each in files if re.fullmatch(asking, each)):
                for number, column in _named(read(path) or "", name):
                    return Source(path, number, column, line[match.start() :].strip())
    return None


def _named(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Where a text names a package: line and column from 0. "-", "_" and "." are one to Python."""
    pattern = re.compile(
        r"(?<![\w@/.-])" + re.sub(r"[-_.]+", "[-_.]+", re.escape(name).replace("\\", "")) + r"(?![\w/-])",
        re.IGNORECASE,
    )
    for number, line in enumerate(text.splitlines()):
        if not line.lstrip().startswith(("#", "//")) and (match := pattern.search(line)):
            yield number, match.start()
