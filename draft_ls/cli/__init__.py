"""The terminal face: the ``draft`` command. It talks only to the engine and to the pure rooms."""

from __future__ import annotations


def main() -> None:
    """Run the ``draft`` command and end the process with its exit code."""
    from draft_ls.cli.app import run

    run()
