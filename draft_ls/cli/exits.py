"""What the exit code of ``draft`` means. docs/cli.md documents them."""

from __future__ import annotations

from enum import IntEnum

from draft_ls.engine.events import Outcome


class Exit(IntEnum):
    """The exit codes."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INTERRUPTED = 130
    """Ctrl-C (128 + SIGINT)."""
    TERMINATED = 143
    """Ended by SIGTERM (128 + SIGTERM)."""


def exit_of(outcome: Outcome) -> Exit:
    """The exit code of a run."""
    if outcome in {Outcome.LIVE, Outcome.NOTHING}:
        return Exit.OK
    return Exit.INTERRUPTED if outcome is Outcome.CANCELLED else Exit.FAILED
