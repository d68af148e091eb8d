"""A live copy of part of the cluster, kept by list and watch."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
from typing import TYPE_CHECKING, Self

from draft_ls.cluster.connection import split_lines
from draft_ls.cluster.faults import ApiError, UnreachableError, refused
from draft_ls.cluster.kinds import Kind, Object, uid_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from draft_ls.cluster.client import Cluster

WATCH_SECONDS = 240
"""How long the server keeps one watch open; then it is resumed where it ended."""
SILENCE = WATCH_SECONDS + 15.0
"""Seconds without a byte after which a watch counts as lost."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between attempts to reach a server that does not answer, doubling."""

_log = logging.getLogger(__name__)


class Mirror:
    """The objects of one listing, always as the cluster has them.

    Use as a context manager: entering lists (and raises what listing raises); until the exit a task follows
    the changes, resumes a watch that ends, lists anew when the server has forgotten where we were (410), and
    tries again, ever more slowly, while the server is away.

    Args:
        cluster: where.
        kind: what.
        namespace: in which namespace.
        labels, fields: selectors.
        changed: called on the event loop after each change of ``objects``, and when following has failed.
    """

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        namespace: str,
        *,
        labels: str = "",
        fields: str = "",
        changed: Callable[[], None],
    ) -> None:
        self.objects: dict[str, Object] = {}
        """By unique id."""
        self.failure: ApiError | None = None
        """Why following has ended for good, e.g. the permission was taken away."""
        self.lost: UnreachableError | None = None
        """Why the server cannot be reached just now; none while it can. A change of it counts as a change."""
        self._cluster = cluster
        self._kind = kind
        self._namespace = namespace
        self._labels = labels
        self._fields = fields
        self._changed = changed
        self._version = ""
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._list()
        self._task = asyncio.create_task(self._follow(), name=f"watch {self._kind.plural}")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _list(self) -> None:
        items, self._version = await self._cluster.list(
            self._kind, self._namespace, labels=self._labels, fields=self._fields
        )
        self.objects = {uid_of(item): item for item in items}
        self._changed()

    async def _follow(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
                pause = FIRST_PAUSE
                continue
            except ApiError as error:
                if error.status == 410:
                    self._version = ""
                    continue
                if not error.transient:
                    _log.warning("watching %s ended: %s", self._kind.plural, error)
                    self.failure = error
                    self._changed()
                    return
            except UnreachableError as error:
                is_news, self.lost = self.lost is None, error
                if is_news:
                    self._changed()
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads the load only
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _watch(self) -> None:
        """Follow the changes until the server ends the watch."""
        query = [
            ("watch", "true"),
            ("resourceVersion", self._version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(WATCH_SECONDS)),
        ]
        query += [(key, value) for key, value in self._selectors() if value]
        doing = f"watch {self._kind.plural} in namespace {self._namespace!r}"
        path = self._kind.path(self._namespace)
        started = asyncio.get_running_loop().time()
        async with self._cluster.connection.stream(path, query, doing, silence=SILENCE) as chunks:
            if self.lost is not None:
                self.lost = None
                self._changed()
            async for line in split_lines(chunks, longest=None):
                self._apply(json.loads(line), doing)
        if asyncio.get_running_loop().time() - started < 1.0:
            await asyncio.sleep(FIRST_PAUSE)  # a server that ends each watch at once must not make us spin

    def _selectors(self) -> tuple[tuple[str, str], ...]:
        return ("labelSelector", self._labels), ("fieldSelector", self._fields)

    def _apply(self, event: Object, doing: str) -> None:
        thing: Object = event["object"]
        if event["type"] == "ERROR":
            raise refused(
                self._cluster.context, doing, int(thing.get("code", 500)), json.dumps(thing).encode()
            )
        self._version = thing["metadata"]["resourceVersion"]
        if event["type"] == "BOOKMARK":
            return
        if event["type"] == "DELETED":
            self.objects.pop(uid_of(thing), None)
        else:
            self.objects[uid_of(thing)] = thing
        self._changed()
