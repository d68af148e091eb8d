"""Exceptions in the log of a live app, as problems at the line of the app's own source."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from typing import TYPE_CHECKING

from draft_ls.errors import DraftError, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from draft_ls.deploy.model import Release
    from draft_ls.deploy.view import View

logger = logging.getLogger(__name__)

QUIET = 0.3
"""Seconds without a line after which an exception has been written out."""
KEPT = 120
"""Lines of each container that are kept for it; deeper tracebacks lose their top, never their cause."""

_SIGN = re.compile(
    r"Traceback \(most recent call last\)|^\s+at .+:\d+:\d+\)?$|^\s+at .+\(\w+\.(?:java|kt|scala):\d+\)$|"
    r"^panic: |panicked at |^Exception in thread |^Unhandled exception|"
    r"^(?:\[[^\]]*\] |NOTICE: PHP message: )*(?:PHP )?(?:Fatal|Parse) error:|"
    r":\d+:in [`'].+: .+\(\w+\)$"
)


class Exceptions:
    """Reads a release's log from now on, until cancelled.

    Args:
        view: of the release's namespace.
        release: which.
        found: called with each exception, as a warning whose details are the log's lines.
    """

    def __init__(self, view: View, release: Release, found: Callable[[Problem], None]) -> None:
        self._view = view
        self._release = release
        self._found = found
        self._lines: dict[tuple[str, str], deque[str]] = {}
        self._timers: dict[tuple[str, str], asyncio.TimerHandle] = {}

    async def watch(self) -> None:
        """Read on; a log that cannot be read is no trouble of the app's."""
        from draft_ls.deploy.logs import read_logs

        try:
            async for line in read_logs(
                self._view.cluster, self._release, follow=True, tail=0, view=self._view
            ):
                self._take((line.pod, line.container), line.text)
        except DraftError as error:
            logger.info("the log of %s is not read on: %s", self._release.name, error)
        finally:
            for timer in self._timers.values():
                timer.cancel()

    def _take(self, source: tuple[str, str], text: str) -> None:
        lines = self._lines.setdefault(source, deque(maxlen=KEPT))
        lines.append(text)
        timer = self._timers.pop(source, None)
        if timer is None and not _SIGN.search(text):
            return
        if timer is not None:
            timer.cancel()
        self._timers[source] = asyncio.get_running_loop().call_later(QUIET, self._tell, source)

    def _tell(self, source: tuple[str, str]) -> None:
        self._timers.pop(source, None)
        lines = self._lines.pop(source, None)
        if lines:
            self._found(
                Problem(
                    "runtime-exception",
                    "The app threw an exception.",
                    severity=Severity.WARNING,
                    fix="Correct it here; the next save shows whether it is gone.",
                    details=tuple(lines),
                )
            )
