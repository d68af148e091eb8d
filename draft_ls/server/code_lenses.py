"""Above each environment of a draft.toml: Up · Stop · Open · Logs · Delete, with its state.

Above a Dockerfile's widest COPY: what the build context weighs. Above every file: see ``file_lenses``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol.types import TEXT_DOCUMENT_CODE_LENS, CodeLens, CodeLensOptions, CodeLensParams, Command

from draft_ls.config.model import CONFIG_FILE
from draft_ls.engine.events import Key, State
from draft_ls.files import READ_LIMIT
from draft_ls.server.file_lenses import file_lenses
from draft_ls.server.sessions import app_at
from draft_ls.server.uris import path_of, uri_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from draft_ls.engine.events import Status
    from draft_ls.server.server import DraftLanguageServer


def register(ls: DraftLanguageServer) -> None:
    """Add the handlers of this module."""
    ls.feature(TEXT_DOCUMENT_CODE_LENS, CodeLensOptions(resolve_provider=False))(_code_lenses)


async def _code_lenses(ls: DraftLanguageServer, params: CodeLensParams) -> list[CodeLens]:
    path = path_of(params.text_document.uri)
    if path is None:
        return []
    if path.name != CONFIG_FILE:
        weight = await _weight(ls, path) if "dockerfile" in path.name.lower() else []
        return [*await file_lenses(ls, path), *weight]
    text = ls.text(path) if ls.options.trusted else None
    if text is None or len(text) > READ_LIMIT:
        return []
    from draft_ls.analysis.toml_lines import environment_headers

    lines = ls.lines(path)
    return [
        CodeLens(lines.range(span), command)
        for environment, span in environment_headers(text)
        for command in _commands(ls, Key(path.parent, environment))
    ]


async def _weight(ls: DraftLanguageServer, dockerfile: Path) -> list[CodeLens]:
    """A title without a command: what is too heavy is a problem with a quick fix."""
    app = app_at(ls, dockerfile)
    if app is None:
        return []
    from draft_ls.analysis.weight import weight_of

    found = await ls.analysis.ask(app, lambda tree, memory: weight_of(tree, memory, dockerfile))
    if found is None:
        return []
    span, title = found
    return [CodeLens(ls.lines(dockerfile).range(span), Command(title, ""))]


def _commands(ls: DraftLanguageServer, key: Key) -> Iterator[Command]:
    status = ls.status(key)
    yield _command(ls, key, up_title(status), "up")
    if status.watching or status.state.working:
        yield _command(ls, key, "Stop", "stop")
    if status.route:
        yield _command(ls, key, f"Open {status.route.url}", "open")
    yield _command(ls, key, "Logs", "logs")
    yield _command(ls, key, "Delete…", "delete")


def _command(ls: DraftLanguageServer, key: Key, title: str, name: str) -> Command:
    arguments: dict[str, Any] = {"app": uri_of(key.app), "environment": key.environment}
    return Command(title, ls.options.command_prefix + name, arguments=[arguments])


def up_title(status: Status) -> str:
    """What the first lens says: where the environment stands, and what pressing it does."""
    if status.state is State.LIVE:
        live = "" if status.revision is None else f", revision {status.revision}"
        return f"● Live{live}" if status.watching else f"▶ Up (live{live})"
    if status.state is State.FAILED:
        return "▶ Up again (failed)"
    if status.state is State.HELD:
        return "‖ Held until it parses"
    if status.state.working:
        return f"◌ {status.state.value.capitalize()}…"
    return "▶ Up"
