"""What a finding is: something that keeps a pod from being ready."""

from __future__ import annotations

from dataclasses import dataclass

AT_ONCE = 0.0
FIRST_CRASH = 3.0
"""Seconds that a container which has crashed once gets: some wait for another service that way."""
EVENTS = 15.0
"""Seconds for the events that may tell who ended a container: they come later than its status, on a busy node much
later. (Kubelets before Kubernetes 1.27 send five a second.)"""
SCHEDULING = 5.0
"""Seconds for a pod without a node: an old pod may be about to make room."""
SANDBOX = 20.0
"""Seconds for the network and volumes of a pod."""
REPLACING = 10.0
"""Seconds that a denied pod gets while old pods still go away and free their quota."""
GONE = 3.0
"""Seconds for a workload that is not there: the view may be behind, or somebody replaces it."""
NEVER = float("inf")
"""Only told at the deadline."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a pod from being ready.

    Attributes:
        code: a stable word, as in ``Problem``.
        message: what happened, one sentence.
        cause: the cluster's own words.
        fix: what to do.
        pod: the pod it is about; none if no pod could be made.
        container: the container it is about, if it is about one.
        patience: seconds that it may last before it counts as a failure.
        crash: whether the container's own program ended.
        log: whether the container's log tells more.
    """

    code: str
    message: str
    cause: str = ""
    fix: str = ""
    pod: str | None = None
    container: str | None = None
    patience: float = AT_ONCE
    crash: bool = False
    log: bool = False

    @property
    def about(self) -> tuple[str, str | None, str | None]:
        """What makes a finding the same one though its words change."""
        return self.code, self.pod, self.container
