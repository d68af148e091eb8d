"""The record of deployments: one file of JSON lines for each session, in the user's state folder.

It outlives the process, so that *history* and *back to last good* work after a restart. A line that cannot be
read (a crash in the middle of a write) is left out, never fatal.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
from typing import TYPE_CHECKING, Any, cast

from draft_ls.engine.events import Outcome
from draft_ls.engine.model import Deployment

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.engine.events import Key

logger = logging.getLogger(__name__)

KEPT = 200
"""Deployments that are kept for each session."""


def state_folder() -> Path:
    """Where draft keeps what must survive a restart (XDG base directories on Linux)."""
    from platformdirs import user_state_path

    return user_state_path("draft", appauthor=False)


class History:
    """The deployments of all sessions, below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "history"

    def read(self, key: Key) -> tuple[Deployment, ...]:
        """The recorded deployments, newest first; empty if there are none or they cannot be read."""
        try:
            lines = self._file(key).read_text("utf-8").splitlines()
        except FileNotFoundError:
            return ()
        except OSError as error:
            logger.warning("history of %s cannot be read: %s", key.app, error)
            return ()
        found = [deployment for line in lines if (deployment := _decode(line)) is not None]
        return tuple(reversed(found))

    def append(self, key: Key, deployment: Deployment) -> None:
        """Record a deployment. A full disk or a read-only folder is logged; it does not undo the deploy."""
        line = json.dumps(dataclasses.asdict(deployment), ensure_ascii=False)
        file = self._file(key)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
            self._trim(file)
        except OSError as error:
            logger.warning("the deployment could not be recorded in %s: %s", file, error)

    def _trim(self, file: Path) -> None:
        lines = file.read_text("utf-8").splitlines()
        if len(lines) <= 2 * KEPT:
            return
        new = file.with_suffix(f".{os.getpid()}")
        new.write_text("\n".join(lines[-KEPT:]) + "\n", "utf-8")
        new.replace(file)

    def _file(self, key: Key) -> Path:
        name = hashlib.sha256(f"{key.app}\0{key.environment}".encode()).hexdigest()[:16]
        return self._folder / f"{key.app.name}-{name}.jsonl"


def _decode(line: str) -> Deployment | None:
    try:
        value: Any = json.loads(line)
        fields = cast("dict[str, Any]", value)
        fields["outcome"] = Outcome(fields["outcome"])
        fields["files"] = tuple(fields["files"])
        return Deployment(**fields)
    except (ValueError, TypeError, KeyError) as error:
        logger.warning("a line of the history is not readable: %s", error)
        return None
