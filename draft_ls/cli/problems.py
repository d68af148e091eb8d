"""A problem as lines for a terminal: what, where, why, the last lines of the log, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.errors import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from draft_ls.errors import Problem

_WORDS = {
    Severity.ERROR: "Error",
    Severity.WARNING: "Warning",
    Severity.INFORMATION: "Note",
    Severity.HINT: "Hint",
}


def problem_lines(problem: Problem, base: Path | None = None) -> Iterator[str]:
    """The lines that tell a person about a problem.

    Args:
        problem: the problem.
        base: the folder that paths are shown relative to, if they lie in it.
    """
    yield f"{_WORDS[problem.severity]}: {problem.message}"
    if problem.place:
        yield f"  at    {shorten(str(problem.place), base)}"
    for place, said in problem.related:
        yield f"  and   {shorten(str(place), base)}: {said}"
    if problem.cause:
        first, *rest = problem.cause.strip().splitlines() or [""]
        yield f"  cause {first}"
        yield from (f"        {line}" for line in rest)
    yield from (f"  | {line}" for line in problem.details)
    if problem.fix:
        first, *rest = problem.fix.strip().splitlines() or [""]
        yield f"  fix   {first}"
        yield from (f"        {line}" for line in rest)


def shorten(place: str, base: Path | None) -> str:
    """A path relative to the folder that the person stands in, if it lies there."""
    if base is None:
        return place
    start = f"{base}/"
    return place.removeprefix(start) if place.startswith(start) else place
