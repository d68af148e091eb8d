"""Which app and which environment a person means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol.types import MessageActionItem, MessageType, ShowMessageRequestParams
from pygls.exceptions import JsonRpcException

from draft_ls.config.model import CONFIG_FILE, DEFAULT_ENVIRONMENT, AppConfig
from draft_ls.engine.events import Key
from draft_ls.errors import DraftError, Place, Problem
from draft_ls.server.uris import path_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from draft_ls.server.server import DraftLanguageServer


def read_config(ls: DraftLanguageServer, app: Path) -> AppConfig:
    """An app's draft.toml as it is written now, saved or not."""
    from draft_ls.config.read import parse

    path = app / CONFIG_FILE
    return parse(ls.text(path) or "", path)


def default_environment(ls: DraftLanguageServer, config: AppConfig) -> str:
    """The environment that commands take: the selected one, the setting, ``DRAFT_ENV``, ``development``.

    An app with only one environment means that one.
    """
    app = config.path.parent
    chosen = ls.selected.get(app) or ls.settings.environment or os.environ.get("DRAFT_ENV")
    if chosen:
        return chosen
    if DEFAULT_ENVIRONMENT not in config.environments and len(config.environments) == 1:
        return next(iter(config.environments))
    return DEFAULT_ENVIRONMENT


async def choose_session(ls: DraftLanguageServer, app: str | None, environment: str | None) -> Key:
    """The session that a command is about; asks when there are several apps.

    Raises:
        DraftError: there is no such app, or the person did not choose.
    """
    folder = await choose_app(ls, app)
    return Key(folder, environment or default_environment(ls, read_config(ls, folder)))


async def choose_app(ls: DraftLanguageServer, named: str | None) -> Path:
    """The folder of the named app, of the only one, or of the one that the person chooses."""
    if named is not None:
        return app_of_name(ls, named)
    apps = await ls.app_folders()
    if len(apps) == 1:
        return apps[0]
    if not apps:
        raise DraftError(
            Problem("no-app", "No folder of this workspace has a draft.toml.", fix="Run Draft: Create first.")
        )
    names = {ls.short_name(app): app for app in apps}
    chosen = await ask(ls, "Which app?", tuple(names))
    if chosen is None:
        raise DraftError(Problem("no-choice", "No app was chosen."))
    return names[chosen]


def app_of_name(ls: DraftLanguageServer, named: str) -> Path:
    """The app at or above a URI or an absolute path."""
    path = given_path(named)
    app = app_at(ls, path)
    if app is None:
        raise DraftError(
            Problem(
                "no-app",
                f"{path.name} belongs to no app: no folder at or above it has a draft.toml.",
                place=Place(path),
                fix="Run Draft: Create first.",
            )
        )
    return app


def app_at(ls: DraftLanguageServer, path: Path) -> Path | None:
    """The nearest folder at or above a path with a draft.toml, on disk or in an open document."""
    from draft_ls.engine.apps import app_of

    found = [app for app in ls.open_apps() if path.is_relative_to(app)]
    if on_disk := app_of(path, ls.roots()):
        found.append(on_disk)
    return max(found, key=lambda app: len(app.parts), default=None)


def given_path(named: str) -> Path:
    """The path that a client gave as a URI or as an absolute path."""
    path = path_of(named) if ":" in named else Path(named)
    if path is None or not path.is_absolute():
        raise DraftError(Problem("bad-app", f"{named!r} is neither a file URI nor an absolute path."))
    return path


async def ask(ls: DraftLanguageServer, message: str, choices: Sequence[str]) -> str | None:
    """Put a question to the person; none when it was dismissed or the client cannot ask."""
    params = ShowMessageRequestParams(
        MessageType.Warning, message, actions=[MessageActionItem(choice) for choice in choices]
    )
    try:
        answer = await ls.window_show_message_request_async(params)
    except JsonRpcException:
        return None
    return answer.title if answer and answer.title in choices else None
