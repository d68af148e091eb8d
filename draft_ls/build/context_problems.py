"""What can be wrong with a build context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.errors import Place, Problem, Severity, Span, Stage

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.dockerfile.ignore import BadPatternError


def no_folder(path: Path) -> Problem:
    """The context's folder is gone."""
    return Problem(
        "context-missing",
        f"There is no folder {path}.",
        Stage.BUILD,
        Place(path),
        fix="Open the folder that holds the app.",
    )


def no_dockerfile(path: Path) -> Problem:
    """There is no Dockerfile."""
    return Problem(
        "dockerfile-missing",
        f"There is no {path.name} to build the image from.",
        Stage.BUILD,
        Place(path),
        fix="Run “Draft: Create”, or set `dockerfile` in draft.toml to where the Dockerfile is.",
    )


def empty_dockerfile(path: Path) -> Problem:
    """The Dockerfile holds nothing."""
    return Problem(
        "dockerfile-empty",
        f"{path.name} is empty.",
        Stage.BUILD,
        Place(path, Span.line(0)),
        fix="Delete it and run “Draft: Create”, or write a Dockerfile that begins with FROM.",
    )


def bad_pattern(path: Path, error: BadPatternError) -> Problem:
    """A line of the ignore file is no pattern."""
    return Problem(
        "ignore-pattern",
        f"{path.name} has a line that is no pattern: {error.pattern}",
        Stage.BUILD,
        Place(path, Span.line(error.line, len(error.pattern))),
        fix="Close the bracket, complete the escape, or put a pattern after the “!”.",
    )


def unreadable(path: Path, error: OSError) -> Problem:
    """A member of the context cannot be read."""
    return Problem(
        "context-unreadable",
        f"{path} belongs to the build context but cannot be read.",
        Stage.BUILD,
        Place(path),
        cause=error.strerror or str(error),
        fix="Let your user read it, or add it to .dockerignore if the image does not need it.",
    )


def special_file(path: Path) -> Problem:
    """A member of the context is no file, folder or link."""
    return Problem(
        "context-special-file",
        f"{path} is a socket, pipe or device, and stays out of the image.",
        Stage.BUILD,
        Place(path),
        fix="Add it to .dockerignore.",
        severity=Severity.WARNING,
    )


def archive_unreadable(archive: Path, cause: str) -> Problem:
    """A ready-made context is no archive, or not there."""
    return Problem(
        "archive-unreadable",
        f"{archive} cannot be read as a tar archive.",
        Stage.BUILD,
        Place(archive),
        cause=cause,
        fix="Make it again, or correct `build_tar` in draft.toml.",
    )


def not_in_archive(archive: Path, name: str) -> Problem:
    """A ready-made context has no Dockerfile."""
    return Problem(
        "dockerfile-missing",
        f"There is no {name} in {archive.name}.",
        Stage.BUILD,
        Place(archive),
        fix="Pack it into the archive, or set `dockerfile` in draft.toml to its name there.",
    )


def changed(path: Path, cause: str) -> Problem:
    """A member of the context is not what its digest says any more."""
    return Problem(
        "context-changed",
        f"{path.name} changed while it was being sent to Docker.",
        Stage.BUILD,
        Place(path),
        cause=cause,
        fix="Nothing, if the file was just saved: the newer content is built next. Else run up again.",
    )
