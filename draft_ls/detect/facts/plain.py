"""Facts about apps of packs that bring no analyzer: what their rules declare, and what deploys them already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject


def analyze(subject: Subject) -> Facts:
    """The pack's own defaults."""
    rules = subject.rules
    return Facts(
        framework=subject.framework_fact,
        build=Fact(rules.build) if rules.build else None,
        start=Fact(rules.start) if rules.start and not subject.framework else None,
        port=Fact(rules.port) if rules.port and not subject.framework else None,
    )
