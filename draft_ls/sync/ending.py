"""What an app wrote before it ended after a sync: why it ended, in its own words."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from draft_ls.errors import DraftError
from draft_ls.sync.supervisor import ENDED

if TYPE_CHECKING:
    from draft_ls.cluster.client import Cluster
    from draft_ls.sync.model import AppState, Replica

LINES = 50
"""How many last lines are told."""
PATIENCE = 10.0
"""Seconds within which the node must have the end in its log."""
REST = 0.1
"""Seconds for what the app wrote to its other stream, which may come a little later."""

_ANY_END = ENDED.partition("{")[0]


async def last_lines(cluster: Cluster, replica: Replica, state: AppState) -> tuple[tuple[str, ...], str]:
    """What the app wrote before it ended; and if that is nothing, why.

    The log is behind the processes by as long as the node takes to write it, so it is read up to the line with
    which the supervisor notes the end.

    Args:
        cluster: where.
        replica: whose app.
        state: of the app; it has ended.
    """
    lines: deque[str] = deque(maxlen=LINES)
    try:
        async with asyncio.timeout(PATIENCE) as patience:
            while not await _read(cluster, replica, ENDED.format(start=state.start), lines, patience):  # noqa: ASYNC110
                await asyncio.sleep(REST)
    except TimeoutError:
        pass
    except DraftError as error:
        return tuple(lines), f"Its log cannot be read: {error.problem.message}"
    return tuple(lines), "" if lines else "It wrote nothing."


async def _read(
    cluster: Cluster, replica: Replica, end: str, lines: deque[str], patience: asyncio.Timeout
) -> bool:
    """Put what was written up to ``end`` into ``lines``; false if the log is not to be read yet.

    An app is live when it answers, and the node may still say then that it makes the container: no log until it
    says better.
    """
    log = cluster.logs(replica.namespace, replica.pod, replica.container, follow=True, tail=2 * LINES)
    try:
        async with contextlib.aclosing(log):
            async for line in log:
                if line.startswith(end):
                    patience.reschedule(asyncio.get_running_loop().time() + REST)
                elif line.startswith(_ANY_END):
                    lines.clear()  # what was before is of an earlier end
                else:
                    lines.append(line)
    except DraftError as error:
        if error.problem.code == "cluster-bad-request":
            return False
        raise
    return True
