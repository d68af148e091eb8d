"""The arguments and options that verbs share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from draft_ls.engine.events import Key


class Form(StrEnum):
    """How a verb answers."""

    TEXT = "text"
    JSON = "json"


Folder = Annotated[
    Path,
    typer.Argument(
        help="The app's folder, or any file in it.",
        metavar="PATH",
        exists=True,
        resolve_path=True,
        show_default="the current folder",
    ),
]
EnvironmentName = Annotated[
    str | None,
    typer.Option(
        "--environment",
        "-e",
        envvar="DRAFT_ENV",
        metavar="NAME",
        help="The environment of draft.toml.",
        show_default="development",
    ),
]
OutputForm = Annotated[
    Form, typer.Option("--output", "-o", help="json writes one JSON document (up: one object a line).")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with yes.", show_default=False)]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show the output of the tools too.", show_default=False)
]

HERE = Path()


def session_key(path: Path, environment: str | None) -> Key:
    """The session of a path: the nearest folder with a draft.toml at or above it, else the folder itself."""
    from draft_ls.config.model import DEFAULT_ENVIRONMENT
    from draft_ls.engine.apps import app_of

    folder = path if path.is_dir() else path.parent
    return Key(app_of(path, ()) or folder, environment or DEFAULT_ENVIRONMENT)
