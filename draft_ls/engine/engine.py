"""The engine as the faces see it: one object, one session per (app, environment)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from typing import TYPE_CHECKING

from draft_ls.config.model import DEFAULT_ENVIRONMENT
from draft_ls.engine import reading
from draft_ls.engine.deployed import last_good
from draft_ls.engine.deployer import Deployer
from draft_ls.engine.doctor import examine
from draft_ls.engine.events import Key, Log, Outcome, State, Status
from draft_ls.engine.history import History, state_folder
from draft_ls.engine.kept import FilesBack
from draft_ls.engine.knowledge import Knowledge
from draft_ls.engine.presence import Presence, Program
from draft_ls.engine.session import Session
from draft_ls.engine.tools import Tools
from draft_ls.engine.watcher import ignore_rules, watch, watch_around
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from pathlib import Path

    from draft_ls.build.surroundings import Surroundings
    from draft_ls.deploy.model import Route
    from draft_ls.engine.builder_setup import BuilderSetup
    from draft_ls.engine.events import Event, RunEnded
    from draft_ls.engine.model import Ask, Check, Deployment, Plan
    from draft_ls.engine.outlook import Outlook
    from draft_ls.engine.report import Report
    from draft_ls.engine.target import Live
    from draft_ls.processes import Stream

logger = logging.getLogger(__name__)

ENVIRONMENT_VARIABLE = "DRAFT_ENV"

CLOSING = 1.8
"""Seconds that ``close`` may take; an editor ends a server that takes longer than two."""


class Engine:
    """All sessions of one process.

    Every method runs on the event loop that made the engine. What cannot be done raises ``DraftError``.

    Args:
        listen: called on the event loop with each event, in order; it must not block.
        ask: puts a question to the person.
        state: the folder for what must survive a restart; the user's own state folder if none.
        program: what this process is, for another one that wants to work on the same app.

    Attributes:
        knowledge: what is known of the clusters in use.
    """

    def __init__(
        self,
        *,
        listen: Callable[[Event], None],
        ask: Ask,
        state: Path | None = None,
        program: Program = Program.EDITOR,
    ) -> None:
        self._listen = listen
        self._ask = ask
        self._state = state or state_folder()
        self._history = History(self._state)
        self._presence = Presence(self._state, program)
        self._tools = Tools(self._state)
        self.knowledge = Knowledge(self._tools)
        self._sessions: dict[Key, Session] = {}
        self._deployers: dict[Key, Deployer] = {}
        self._watches: dict[Key, asyncio.Task[None]] = {}
        self._editor_problems: dict[Path, tuple[str, ...]] = {}

    def key(self, app: Path, environment: str | None = None) -> Key:
        """The session's key: the given environment, else ``DRAFT_ENV``, else ``development``."""
        name = environment or os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_ENVIRONMENT
        return Key(app.absolute(), name)

    async def up(self, key: Key, *, watch: bool | None = None, force: bool = False) -> RunEnded:
        """Deploy what is saved, then (``watch``: as draft.toml says) redeploy on change until ``stop``.

        Returns when this run has ended, however it ended; failures are events and the outcome, not errors.

        Raises:
            DraftError: another process works on this environment of the app (``already-up``).
        """
        self._presence.take(key)
        session = self._session(key)
        if reading.wants_watch(key) if watch is None else watch:
            self._watch(key, session)
        try:
            return await session.request("up", force=force)
        finally:
            if not session.status.watching:
                self._presence.give_back(key)

    def saved(self, path: Path) -> tuple[Key, ...]:
        """An editor has saved a file: watching sessions that the file belongs to start at once."""
        started: list[Key] = []
        for key, session in self._sessions.items():
            name = self._name(key, path) if session.status.watching else None
            if name is not None:
                session.request(f"{name} saved")
                started.append(key)
        return tuple(started)

    def _name(self, key: Key, path: Path) -> str | None:
        """What a file that a session is about is called; none if the session has nothing to do with it."""
        if path.is_relative_to(key.app):
            name = path.relative_to(key.app).as_posix()
            return None if ignore_rules(key.app).match_file(name) else name
        around = self._deployer(key).contexts.around
        return around.name(path) if around else None

    def hold(self, path: Path, reasons: Iterable[str]) -> None:
        """The editor's own view of a file's errors, for the save gate; no reasons release it."""
        found = tuple(reasons)
        before = self._editor_problems.pop(path, ())
        if found:
            self._editor_problems[path] = found
        elif before:
            for key, session in self._sessions.items():
                if session.status.state is State.HELD and self._name(key, path) is not None:
                    session.request(f"{path.name} has no errors any more")

    async def cancel(self, key: Key) -> None:
        """End the run under way, at a safe point; keep watching."""
        if session := self._sessions.get(key):
            await session.cancel()

    async def stop(self, key: Key) -> None:
        """Stop watching, cancel the run under way, close the tunnel. What is deployed stays."""
        await self._unwatch(key)
        if session := self._sessions.get(key):
            await session.stop()
        self._presence.give_back(key)

    def status(self, key: Key) -> Status:
        """Where a session stands now; idle if it was never started."""
        session = self._sessions.get(key)
        return session.status if session else Status(key, State.IDLE)

    def statuses(self) -> tuple[Status, ...]:
        """Where every session stands."""
        return tuple(session.status for session in self._sessions.values())

    async def plan(self, key: Key) -> Plan:
        """What the next save would do, and why."""
        deployer = self._deployer(key)
        return deployer.plan(await deployer.observe())

    async def outlook(self, key: Key, path: Path, data: bytes) -> Outlook | None:
        """How a file stands against what runs, if the editor's ``data`` is what its next save writes.

        None if nothing is known to run, or the file is no part of it.
        """
        deployer = self._deployers.get(key)
        if deployer is None or not path.is_relative_to(key.app):
            return None
        return await deployer.outlook(path.relative_to(key.app).as_posix(), data)

    async def connect(self, key: Key) -> Route:
        """Open the way to what is deployed (also by an earlier process), without deploying."""
        status = self.status(key)
        if status.state is State.LIVE and status.route is not None:
            return status.route
        deployer = self._deployer(key)
        await self._session(key).perform("connect", deployer.connect)
        status = self.status(key)
        if status.route is None:
            raise DraftError(*status.problems)
        return status.route

    async def logs(self, key: Key, *, follow: bool = False, tail: int = 200) -> AsyncIterator[Log]:
        """The app's own log, over all its pods and their restarts."""
        async for pod, text in self._deployer(key).logs(follow=follow, tail=tail):
            yield Log(key, None, pod, text)

    async def delete(self, key: Key) -> None:
        """Stop the session and uninstall its release."""
        await self.stop(key)
        await self._deployer(key).delete(self._log(key))

    async def rollback(self, key: Key, revision: int | None = None) -> RunEnded:
        """Go back to a revision; without one, to the last that was live before the current one."""
        deployer = self._deployer(key)
        wanted = last_good(self.history(key)) if revision is None else revision

        async def go_back(report: Report) -> Live:
            return await deployer.rollback(wanted, report)

        return await self._session(key).perform(f"back to revision {wanted}", go_back)

    async def files_back(self, key: Key) -> FilesBack:
        """What makes the saved files those of the deployment that is live: after a roll back they are newer."""
        live = next((each for each in self.history(key) if each.outcome is Outcome.LIVE), None)
        if live is None or live.content_digest is None:
            return FilesBack()
        return await self._deployer(key).files_back(live.content_digest)

    def history(self, key: Key) -> tuple[Deployment, ...]:
        """The recorded deployments, newest first."""
        return self._history.read(key)

    async def doctor(self, key: Key | None = None) -> tuple[Check, ...]:
        """Look at everything that an up needs: Docker, registry, Helm, cluster, permissions."""
        return await examine(self._tools, key)

    def builder(self, contexts: tuple[str, ...] = (), namespace: str | None = None) -> BuilderSetup:
        """The builder in a cluster, to be installed, looked at or removed; see ``BuilderSetup``."""
        from draft_ls.engine.builder_setup import BuilderSetup

        return BuilderSetup(self._tools, self._ask, contexts, namespace)

    async def close(self) -> None:
        """Stop everything and give back every socket, thread and process, within two seconds."""
        for key in tuple(self._watches):
            self._watches[key].cancel()
        stopping = [asyncio.create_task(self.stop(key)) for key in self._sessions]
        if stopping:
            _, late = await asyncio.wait(stopping, timeout=CLOSING)
            for task in late:
                task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING / 2):
                await self.knowledge.close()
                await self._tools.close()
        self._presence.close()

    # --- sessions and their watches ----------------------------------------

    def _session(self, key: Key) -> Session:
        session = self._sessions.get(key)
        if session is None:
            session = Session(key, self._deployer(key), self._listen, self._history)
            self._sessions[key] = session
        return session

    def _deployer(self, key: Key) -> Deployer:
        deployer = self._deployers.get(key)
        if deployer is None:
            deployer = Deployer(
                key,
                self._tools,
                self._ask,
                self._state,
                self._editor_problems,
                on_pods=lambda pods: self._session(key).pods(pods),
                on_trouble=lambda problem: self._session(key).trouble(problem),
                on_recovery=lambda: self._session(key).recovered(),
            )
            self._deployers[key] = deployer
        return deployer

    def _watch(self, key: Key, session: Session) -> None:
        session.watching(on=True)
        if key in self._watches and not self._watches[key].done():
            return

        def changed(paths: tuple[str, ...]) -> None:
            name = paths[0] if len(paths) == 1 else f"{len(paths)} files"
            session.request(f"{name} changed on disk", quiet=True)

        self._watches[key] = asyncio.create_task(self._watch_disk(key, changed), name=f"watch {key.app.name}")

    async def _watch_disk(self, key: Key, changed: Callable[[tuple[str, ...]], None]) -> None:
        contexts = self._deployer(key).contexts

        def around() -> tuple[Surroundings | None, asyncio.Event]:
            return contexts.around, contexts.moved

        def delay() -> float:
            return reading.watch_delay(key)

        try:
            await asyncio.gather(watch(key.app, delay, changed), watch_around(around, delay, changed))
        except Exception:
            logger.exception("watching %s ended; saves from the editor still redeploy", key.app)

    async def _unwatch(self, key: Key) -> None:
        task = self._watches.pop(key, None)
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if session := self._sessions.get(key):
            session.watching(on=False)

    def _log(self, key: Key) -> Callable[[Stream, str], None]:
        def pass_on(stream: Stream, text: str) -> None:
            self._listen(Log(key, None, stream, text))

        return pass_on
