"""A live view of what a release's namespace holds.

Open it before Helm writes: then nothing that follows the write is missed, and the first news of the new pod
costs no round trip.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Self

from draft_ls.cluster import kinds
from draft_ls.cluster.faults import ApiError
from draft_ls.cluster.watch import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterable

    from draft_ls.cluster.client import Cluster
    from draft_ls.cluster.kinds import Kind, Object
    from draft_ls.errors import DraftError

ALWAYS = (kinds.PODS, kinds.REPLICA_SETS, kinds.DEPLOYMENTS)
ROUTINE = ("Scheduled", "Pulling", "Pulled", "Created", "Started", "ScalingReplicaSet", "SuccessfulCreate")
"""Reasons of the events that come with every rollout, and explain no failure."""
_log = logging.getLogger(__name__)


class View:
    """Pods, workloads and events of one namespace, always as the cluster has them. A context manager."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self._mirrors: dict[Kind, Mirror] = {}
        self._stack = contextlib.AsyncExitStack()
        self._change = asyncio.Event()

    async def __aenter__(self) -> Self:
        try:
            await asyncio.gather(*(self._open(kind) for kind in ALWAYS), self._open_events())
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def change(self) -> asyncio.Event:
        """Is set at the next change. Take it before looking, then wait for it: no change is missed."""
        return self._change

    @property
    def failure(self) -> DraftError | None:
        """Why the view can no longer follow the cluster, if it cannot."""
        return next((mirror.failure for mirror in self._mirrors.values() if mirror.failure), None)

    @property
    def lost(self) -> DraftError | None:
        """Why the cluster cannot be reached just now; the view goes on trying."""
        return next((mirror.lost for mirror in self._mirrors.values() if mirror.lost), None)

    async def require(self, wanted: Iterable[str]) -> None:
        """Follow these kinds of workload too."""
        missing = {kinds.WORKLOADS[name] for name in wanted} - self._mirrors.keys()
        await asyncio.gather(*(self._open(kind) for kind in missing))

    def objects(self, kind: Kind) -> list[Object]:
        """All objects of a kind; empty for one that is not followed."""
        mirror = self._mirrors.get(kind)
        return list(mirror.objects.values()) if mirror else []

    def named(self, kind: Kind, name: str) -> Object | None:
        """An object by its name."""
        return next((item for item in self.objects(kind) if kinds.name_of(item) == name), None)

    def events(self, uid: str) -> list[Object]:
        """What the cluster said about an object beyond routine, the newest last."""
        about = [item for item in self.objects(kinds.EVENTS) if item["involvedObject"].get("uid") == uid]
        return sorted(about, key=_when)

    async def _open(self, kind: Kind, fields: str = "") -> None:
        mirror = Mirror(self.cluster, kind, self.namespace, fields=fields, changed=self._changed)
        self._mirrors[kind] = await self._stack.enter_async_context(mirror)

    async def _open_events(self) -> None:
        """Events explain; a user who may not read them gets less explanation, no failure.

        Not only warnings: that a probe ends a container, or that a node is being made, is said as "Normal".
        """
        try:
            await self._open(kinds.EVENTS, ",".join(f"reason!={each}" for each in ROUTINE))
        except ApiError as error:
            if error.status != 403:
                raise
            _log.info("cannot read events in %s: failures will be explained less well", self.namespace)

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()


def _when(event: Object) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
