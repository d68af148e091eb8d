"""``scripts/bench detect``: detection of repositories of 1,000 to 200,000 files, each with two apps in it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from benches import local

if TYPE_CHECKING:
    import argparse

SIZES = (1_000, 10_000, 50_000, 200_000)


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for size in SIZES:
        if not options.only or options.only in str(size):
            measured = await asyncio.to_thread(local.detection, options.runs or 7, size)
            result[str(size)] = measured["repository"]
    return result
