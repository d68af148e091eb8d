"""Keeps every replica of an app equal to what is saved.

``Syncer`` holds what the containers should have beyond their image: the *overlay*. Each replica knows which
part of it it has; a sync sends what is missing. So a replica that was restarted, or was added, or missed a
sync because its connection was cut, is brought up to date by the same few lines as any other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from draft_ls.errors import DraftError
from draft_ls.sync import faults, payload, script
from draft_ls.sync.channel import Channel
from draft_ls.sync.model import AppState, Kind, Replica, Running, Synced, SyncResult, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from draft_ls.cluster.client import Cluster
    from draft_ls.sync.model import Operation, SyncPlan
    from draft_ls.sync.payload import Content

RETRY_DELAYS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between attempts to reach a container that does not run; the last one again and again."""

_log = logging.getLogger(__name__)


def replicas(pod: Mapping[str, Any], image: str) -> tuple[Replica, ...]:
    """The containers of a pod, as the API describes it, that run an image (by its reference)."""
    metadata, spec = pod["metadata"], pod["spec"]
    if metadata.get("deletionTimestamp"):
        return ()
    return tuple(
        Replica(
            metadata["namespace"],
            metadata["name"],
            container["name"],
            metadata["uid"],
            tuple(mount["mountPath"].rstrip("/") or "/" for mount in container.get("volumeMounts") or ()),
        )
        for container in spec.get("containers") or ()
        if container.get("image") == image
    )


@dataclass(slots=True)
class _Desired:
    """One path of the overlay: what should be there, and its bytes if that is a file or a link."""

    operation: Operation
    content: Content | None
    version: int


@dataclass(slots=True)
class _Member:
    """One replica and what it has of the overlay: target → version."""

    replica: Replica
    channel: Channel | None = None
    started: str = ""
    has: dict[str, int] = field(default_factory=dict[str, int])
    restarted: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    keeper: asyncio.Task[None] | None = None
    gone: bool = False


class Syncer:
    """All replicas of one image. Make a new one when a new image is released; close it after use.

    Args:
        cluster: where they run.
        root: the build context's folder.
        trouble: told, on the event loop, when a replica that started anew could not be brought up to date.
    """

    def __init__(self, cluster: Cluster, root: Path, trouble: Callable[[Synced], None] | None = None) -> None:
        self._cluster = cluster
        self._root = root
        self._trouble = trouble
        self._members: dict[Replica, _Member] = {}
        self._overlay: dict[str, _Desired] = {}
        self._version = 0
        self._restart_version = 0
        self._port: int | None = None

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """The replicas that are kept up to date."""
        return tuple(self._members)

    async def follow(self, replicas: Iterable[Replica]) -> SyncResult:
        """Keep exactly these replicas up to date from now on; call it again when pods come and go.

        Returns when the new ones are open and have the overlay. One whose container does not run yet, or not
        any more, is no problem: it is brought up to date as soon as it runs.
        """
        began = time.monotonic()
        wanted = dict.fromkeys(replicas)
        for replica in [each for each in self._members if each not in wanted]:
            await self._drop(self._members.pop(replica))
        new = [_Member(replica) for replica in wanted if replica not in self._members]
        for member in new:
            self._members[member.replica] = member
        done = await self._bring(new)
        for member in new:
            member.keeper = asyncio.create_task(self._keep(member), name=f"sync {member.replica}")
        return SyncResult(time.monotonic() - began, done)

    async def apply(
        self, plan: SyncPlan, taken: Callable[[], None] | None = None, *, port: int | None = None
    ) -> SyncResult:
        """Bring all replicas to what the plan says; restart the app if it says so.

        When it returns without a problem, the digests in every container are right, and no process that was
        started before can answer any more (if the plan restarts). A cancelled call leaves nothing half-done:
        files take their places whole, and the next call sends what is missing.

        Args:
            plan: what to do.
            taken: called at the moment from which on the replicas will be brought to it, come what may; before,
                a call that fails or is cancelled has changed nothing.
            port: what the app listens on; ``listens`` waits for that.

        Raises:
            DraftError: a file is no longer what the plan says (``sync-moved-on``); nothing was sent.
        """
        began = time.monotonic()
        contents = await asyncio.to_thread(self._read, plan.operations)
        self._version += 1
        for operation in plan.operations:
            self._put(operation, contents.get(operation.target))
        if plan.restart:
            self._restart_version, self._port = self._version, port
        if taken is not None:
            taken()
        done = await self._bring(list(self._members.values()))
        size = sum(content.size for content in contents.values())
        return SyncResult(time.monotonic() - began, done, len(plan.operations), size)

    async def catch_up(self, replica: Replica) -> Synced:
        """Bring one replica up to date now. ``follow`` and the channels' ends do this by themselves."""
        return await self._update(self._members[replica])

    async def listens(self, replica: Replica) -> bool:
        """Wait until the app that the last sync started listens; false if that cannot be seen.

        The container itself looks at its sockets: that is sooner than asking the app again and again from
        outside, and takes nothing from an app that is just starting.
        """
        member = self._members.get(replica)
        return member is not None and member.channel is not None and await member.channel.listens()

    async def state(self, replica: Replica) -> AppState:
        """How the app stands in a replica: what to ask while a restarted app does not answer yet."""
        member = self._members.get(replica)
        if member is None:
            return AppState(Running.UNKNOWN)
        async with member.lock:
            return await (await self._channel(member)).state()

    async def close(self) -> None:
        """End every exec. The containers keep what they have."""
        members, self._members = list(self._members.values()), {}
        await asyncio.gather(*(self._drop(member) for member in members))
        for desired in self._overlay.values():
            if desired.content is not None:
                desired.content.close()
        self._overlay.clear()

    # --- the overlay -------------------------------------------------------

    def _read(self, operations: Sequence[Operation]) -> dict[str, Content]:
        contents: dict[str, Content] = {}
        try:
            for each in operations:
                if isinstance(each, Write) and each.kind is not Kind.FOLDER:
                    contents[each.target] = payload.read(self._root, each)
        except DraftError:
            for content in contents.values():
                content.close()
            raise
        return contents

    def _put(self, operation: Operation, content: Content | None) -> None:
        self._overlay[operation.target] = _Desired(operation, content, self._version)

    # --- the replicas ------------------------------------------------------

    async def _bring(self, members: Sequence[_Member]) -> tuple[Synced, ...]:
        return tuple(await asyncio.gather(*(self._update(member) for member in members)))

    async def _update(self, member: _Member) -> Synced:
        """Send one replica what it lacks; once more over a new channel if the first was cut."""
        began = time.monotonic()
        problem = None
        try:
            async with member.lock:
                try:
                    await self._send(member)
                except DraftError as error:
                    if error.problem.code not in faults.CUT:
                        raise
                    _log.info("%s: %s", member.replica, error.problem.message)
                    if error.problem.code == "sync-timeout":
                        self._cluster.renew()
                    await self._send(member)
        except DraftError as error:
            problem = error.problem
            member.gone = problem.code == "sync-pod-gone"
        waits = problem is not None and problem.code in faults.GONE
        return Synced(member.replica, time.monotonic() - began, problem, gone=waits)

    async def _send(self, member: _Member) -> None:
        channel = await self._channel(member)
        missing = [each for target, each in self._overlay.items() if member.has.get(target) != each.version]
        restart = member.restarted < self._restart_version
        if not missing and not restart:
            return
        version = self._restart_version
        await self._exchange(member, channel, missing, restart=restart)
        member.has.update((each.operation.target, each.version) for each in missing)
        member.restarted = version

    async def _exchange(
        self, member: _Member, channel: Channel, missing: Sequence[_Desired], *, restart: bool
    ) -> None:
        replica = member.replica
        if restart and not channel.greeting.supervised:
            raise faults.not_supervised(replica)
        operations = [each.operation for each in missing]
        for each in operations:
            if (mount := replica.mount_over(each.target)) is not None:
                raise faults.mounted(replica, each.target, mount)
        entries = _entries(missing)
        tar = "tar" in channel.greeting.tools
        text = script.apply_script(operations, entries, restart=restart, tar=tar)
        size = (
            payload.tar_size(entries)
            if tar
            else sum(each.content.size for each in entries if each.write.kind is Kind.FILE)
        )
        chunks = payload.tar_chunks(entries) if tar else payload.raw_chunks(entries)
        port = self._port if restart else None
        status, output = await channel.run(text, chunks if entries else (), size if entries else 0, port)
        if status != 0:
            raise faults.failed(replica, channel.greeting.user, output)
        wrong = script.wrong_targets(operations, output)
        if wrong:
            raise faults.unverified(replica, wrong)

    async def _channel(self, member: _Member) -> Channel:
        """The replica's channel, opened if it is not. A container that started anew has nothing of ours."""
        if member.channel is not None and not member.channel.closed:
            return member.channel
        if member.channel is not None:
            await member.channel.close()
            member.channel = None
        channel = await Channel.open(self._cluster, member.replica)
        if channel.greeting.started != member.started:
            member.started = channel.greeting.started
            member.has.clear()
            # The app runs from the image's files; if no sync has asked for a restart, none is needed.
            member.restarted = 0
        member.channel = channel
        return channel

    async def _keep(self, member: _Member) -> None:
        """Open the channel again whenever it ends, for as long as the replica exists."""
        attempt = 0
        while not member.gone:
            if member.channel is not None and not member.channel.closed:
                attempt = 0
                await member.channel.ended.wait()
            try:
                done = await self._update(member)
            except Exception:
                _log.exception("%s cannot be kept up to date", member.replica)
                return
            if done.problem is None:
                continue
            if not done.gone and self._trouble is not None:
                self._trouble(done)
            if not faults.may_pass(done.problem):
                return  # the next sync tries again, and says so
            await asyncio.sleep(RETRY_DELAYS[min(attempt, len(RETRY_DELAYS) - 1)])
            attempt += 1

    async def _drop(self, member: _Member) -> None:
        if member.keeper is not None:
            member.keeper.cancel()
            await asyncio.wait((member.keeper,))
        if member.channel is not None:
            await member.channel.close()


def _entries(missing: Sequence[_Desired]) -> list[payload.Entry]:
    found = [(each.operation, each.content) for each in missing]
    writes = [(each, content) for each, content in found if isinstance(each, Write) and content is not None]
    names = script.staged_names([write for write, _ in writes])
    return [payload.Entry(name, write, content) for name, (write, content) in zip(names, writes, strict=True)]
