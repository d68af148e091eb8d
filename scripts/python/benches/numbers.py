"""Samples of a duration, and what is said of them."""

from __future__ import annotations

import math
import statistics
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile (nearest rank) and number of samples, in milliseconds."""
    return {
        "p50_ms": round(statistics.median(seconds) * 1000, 2),
        "p95_ms": round(percentile(seconds, 0.95) * 1000, 2),
        "runs": len(seconds),
    }


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least ``share`` of them do not exceed (nearest rank)."""
    return sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)]


def timed(work: Callable[[], object], runs: int, *, warm: int = 1) -> list[float]:
    """Seconds that each of ``runs`` calls takes, after ``warm`` calls that are not counted."""
    for _ in range(warm):
        work()
    samples: list[float] = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        samples.append(time.perf_counter() - started)
    return samples


def progress(text: str) -> None:
    """Say on standard error what is being measured."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
