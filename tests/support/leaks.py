"""What a piece of code must give back: threads, child processes, open files and sockets."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass

import psutil

PATIENCE = 3.0
"""Seconds that closing may take: sockets and children end a little after they are told to."""


@dataclass(frozen=True)
class Held:
    """What this process holds at one moment."""

    threads: Counter[str]
    children: Counter[str]
    files: Counter[str]
    sockets: Counter[str]

    @classmethod
    def now(cls) -> Held:
        process = psutil.Process()
        return cls(
            threads=Counter(thread.name for thread in threading.enumerate()),
            children=Counter(_command(child) for child in process.children(recursive=True)),
            files=Counter(each.path for each in process.open_files()),
            sockets=Counter(f"{each.laddr} → {each.raddr}" for each in process.net_connections()),
        )

    def beyond(self, before: Held) -> list[str]:
        """What is held now and was not before, in words."""
        return [
            f"{kind[:-1]}: {name}" + (f" ({count} times)" if count > 1 else "")
            for kind in ("threads", "children", "files", "sockets")
            for name, count in (getattr(self, kind) - getattr(before, kind)).items()
        ]


def _command(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())}"
    except psutil.Error:
        return f"{process.pid} (ended)"


def left_over(before: Held) -> list[str]:
    """What is still held beyond ``before`` after patience has run out; empty as soon as nothing is."""
    deadline = time.monotonic() + PATIENCE
    while (held := Held.now().beyond(before)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return held
