"""Above a file of a running app: whether what it says is live, and what its next save will do.

A status that is not true is worse than none: the lens is only shown to clients that ask again when it changes,
and only for files that can be compared with what runs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol.types import CodeLens, Command

from draft_ls.config.model import CONFIG_FILE
from draft_ls.engine.events import State
from draft_ls.engine.model import PlanKind
from draft_ls.errors import DraftError
from draft_ls.files import READ_LIMIT
from draft_ls.server.sessions import app_at
from draft_ls.server.uris import uri_of

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.engine.engine import Engine
    from draft_ls.engine.events import Key, Status
    from draft_ls.engine.model import Plan
    from draft_ls.engine.outlook import Outlook
    from draft_ls.server.server import DraftLanguageServer

IGNORE_FILES = ".dockerignore"
"""How the names of files end that decide what else is part of the image: what their edit does is not known."""
LONGEST = 80


async def file_lenses(ls: DraftLanguageServer, path: Path) -> list[CodeLens]:
    """One lens for each environment in which the file's app runs."""
    engine = ls.running_engine
    document = ls.document(path)
    if engine is None or document is None or not ls.settings.live_lens or not ls.client.refresh_lenses:
        return []
    if path.name == CONFIG_FILE or path.name.endswith(IGNORE_FILES) or len(document.source) > READ_LIMIT:
        return []
    app = app_at(ls, path)
    keys = [status.key for status in engine.statuses() if status.key.app == app]
    data = await asyncio.to_thread(_written, path, document.source) if keys else None
    if data is None:
        return []
    asked = await asyncio.gather(*(_outlook(engine, key, path, data) for key in keys))
    found = [(engine.status(key), each) for key, each in zip(keys, asked, strict=True) if each is not None]
    return [
        CodeLens(ls.lines(path).range(None), _command(ls, status, outlook, named=len(found) > 1))
        for status, outlook in found
    ]


def _written(path: Path, text: str) -> bytes | None:
    """What a save would write; none for a file that is not there, or that is not in UTF-8."""
    try:
        mark = path.read_bytes().decode().startswith("\ufeff")
    except (OSError, UnicodeDecodeError):
        return None
    return (text if text.startswith("\ufeff") or not mark else f"\ufeff{text}").encode(errors="replace")


async def _outlook(engine: Engine, key: Key, path: Path, data: bytes) -> Outlook | None:
    try:
        return await engine.outlook(key, path, data)
    except (DraftError, OSError):  # what is saved cannot be deployed at all: told where it is wrong
        return None


def _command(ls: DraftLanguageServer, status: Status, outlook: Outlook, *, named: bool) -> Command:
    text = title(status, outlook)
    name = "open" if outlook.live and outlook.plan is None and status.route else ""
    if not outlook.live and outlook.plan is None and not status.watching and not status.state.working:
        name = "up"
    arguments = [{"app": uri_of(status.key.app), "environment": status.key.environment}]
    return Command(
        f"{text} ({status.key.environment})" if named else text,
        ls.options.command_prefix + name if name else "",
        arguments=arguments if name else None,
    )


def title(status: Status, outlook: Outlook) -> str:
    """One line: where the file stands and, while saves redeploy, what the next one will do."""
    if outlook.plan is not None:
        told = status.watching and not status.state.working
        return f"○ Edited · next save: {next_save(outlook.plan)}" if told else "○ Edited"
    if outlook.live:
        return "● Live"
    if status.state is State.HELD:
        return "‖ Held until it parses"
    if status.state.working:
        return f"◌ {status.state.value.capitalize()}…"
    if status.state is State.FAILED and status.problems:
        return f"✗ Not live: {_shortened(status.problems[0].message)}"
    return "○ Stale" if status.watching else "○ Stale · Up deploys it"


def next_save(plan: Plan) -> str:
    """What a plan does, in a few words."""
    match plan.kind:
        case PlanKind.NOTHING:
            return "nothing to do"
        case PlanKind.SYNC:
            return "sync 1 file" if len(plan.files) == 1 else f"sync {len(plan.files)} files"
        case PlanKind.RELEASE:
            return "release only"
        case PlanKind.HOLD:
            return "held until it parses"
        case PlanKind.BUILD:
            return f"rebuild from step {plan.from_step} of {plan.steps}" if plan.from_step else "rebuild"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
