"""The engine as the faces see it: one object, one session per (app, environment)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from pathlib import Path

    from draft_ls.deploy.model import Route
    from draft_ls.engine.events import Event, Key, Log, RunEnded, Status
    from draft_ls.engine.model import Ask, Check, Deployment, Plan


class Engine:
    """All sessions of one process.

    Every method runs on the event loop that made the engine. What cannot be done raises ``DraftError``.

    Args:
        listen: called on the event loop with each event, in order; it must not block.
        ask: puts a question to the person.
        state: the folder for what must survive a restart; the user's own state folder if none.
    """

    def __init__(self, *, listen: Callable[[Event], None], ask: Ask, state: Path | None = None) -> None:
        raise NotImplementedError

    def key(self, app: Path, environment: str | None = None) -> Key:
        """The session's key: the given environment, else ``DRAFT_ENV``, else ``development``."""
        raise NotImplementedError

    async def up(self, key: Key, *, watch: bool | None = None, force: bool = False) -> RunEnded:
        """Deploy what is saved, then (``watch``: as draft.toml says) redeploy on change until ``stop``.

        Returns when this run has ended, however it ended; failures are events and the outcome, not errors.
        """
        raise NotImplementedError

    def saved(self, path: Path) -> tuple[Key, ...]:
        """An editor has saved a file: watching sessions that the file belongs to start at once."""
        raise NotImplementedError

    def hold(self, path: Path, reasons: Iterable[str]) -> None:
        """The editor's own view of a file's errors, for the save gate; no reasons release it."""
        raise NotImplementedError

    async def cancel(self, key: Key) -> None:
        """End the run under way, at a safe point; keep watching."""
        raise NotImplementedError

    async def stop(self, key: Key) -> None:
        """Stop watching, cancel the run under way, close the tunnel. What is deployed stays."""
        raise NotImplementedError

    def status(self, key: Key) -> Status:
        """Where a session stands now; idle if it was never started."""
        raise NotImplementedError

    def statuses(self) -> tuple[Status, ...]:
        """Where every session stands."""
        raise NotImplementedError

    async def plan(self, key: Key) -> Plan:
        """What the next save would do, and why."""
        raise NotImplementedError

    async def connect(self, key: Key) -> Route:
        """Open the way to what is deployed (also by an earlier process), without deploying."""
        raise NotImplementedError

    def logs(self, key: Key, *, follow: bool = False, tail: int = 200) -> AsyncIterator[Log]:
        """The app's own log, over all its pods and their restarts."""
        raise NotImplementedError

    async def delete(self, key: Key) -> None:
        """Stop the session and uninstall its release."""
        raise NotImplementedError

    async def rollback(self, key: Key, revision: int | None = None) -> RunEnded:
        """Go back to a revision; without one, to the last that was live before the current one."""
        raise NotImplementedError

    def history(self, key: Key) -> tuple[Deployment, ...]:
        """The recorded deployments, newest first."""
        raise NotImplementedError

    async def doctor(self, key: Key | None = None) -> tuple[Check, ...]:
        """Look at everything that an up needs: Docker, registry, Helm, cluster, permissions."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop everything and give back every socket, thread and process, within two seconds."""
        raise NotImplementedError
