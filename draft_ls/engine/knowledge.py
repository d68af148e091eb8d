"""What is known of the clusters that this process is connected to anyway: their namespaces and schemas.

No connection is made for it, and nobody waits for it: what is known is answered, what is not is asked for the
next time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.cluster_schemas import ClusterSchemas
    from draft_ls.engine.tools import Tools

logger = logging.getLogger(__name__)

FRESH = 60.0
"""Seconds for which a list of namespaces is current."""


class Knowledge:
    """See the module.

    Args:
        tools: whose connections are used.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._namespaces: dict[str, tuple[str, ...]] = {}
        self._asked: dict[str, float] = {}
        self._schemas: dict[str, ClusterSchemas] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def namespaces(self) -> tuple[str, ...]:
        """The namespaces of every connected cluster, as they were when they were last asked for."""
        now = time.monotonic()
        for cluster in self._tools.connected():
            if now - self._asked.get(cluster.context, -FRESH) >= FRESH:
                self._asked[cluster.context] = now
                self._start(cluster)
        return tuple(dict.fromkeys(name for names in self._namespaces.values() for name in names))

    def schemas(self, context: str) -> ClusterSchemas | None:
        """The schemas of a connected cluster; none as long as they are not there."""
        self.namespaces()
        return self._schemas.get(context)

    async def close(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, cluster: Cluster) -> None:
        task = asyncio.create_task(self._ask(cluster), name=f"what {cluster.context} has")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, cluster: Cluster) -> None:
        from draft_ls.cluster.kinds import NAMESPACES
        from draft_ls.deploy.cluster_schemas import ClusterSchemas

        try:
            items, _ = await cluster.list(NAMESPACES)
            self._namespaces[cluster.context] = tuple(sorted(item["metadata"]["name"] for item in items))
        except DraftError as error:
            logger.info("the namespaces of %s are not known: %s", cluster.context, error)
        if cluster.context in self._schemas:
            return
        try:
            self._schemas[cluster.context] = ClusterSchemas(await cluster.openapi())
        except DraftError as error:
            logger.info("the schemas of %s are not known: %s", cluster.context, error)
