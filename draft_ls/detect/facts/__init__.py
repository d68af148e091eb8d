"""Analyzers: what the files of one ecosystem say about an app. A pack names its analyzer in ``pack.toml``."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from draft_ls.detect.dependencies import Dependencies
    from draft_ls.detect.model import Detail, Evidence, Fact
    from draft_ls.detect.rules import Framework, PackRules
    from draft_ls.detect.sources import Sources


@dataclass(slots=True)
class Facts:
    """What an analyzer found; each field as in ``Detection``.

    Attributes:
        confidence: a cap on the rules' confidence, with ``doubt`` as its reason; 1 for none.
        evidence: what else speaks for the pack.
    """

    language: str | None = None
    framework: Fact[str] | None = None
    version: Fact[str] | None = None
    package_manager: Fact[str] | None = None
    build: Fact[str] | None = None
    start: Fact[tuple[str, ...]] | None = None
    port: Fact[int] | None = None
    health: Fact[str] | None = None
    reads_port: bool = False
    variables: tuple[Fact[str], ...] = ()
    details: dict[str, Detail] = field(default_factory=dict[str, "Detail"])
    confidence: float = 1.0
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What an analyzer works on.

    Attributes:
        sources: the app's files.
        rules: the pack's rules.
        framework: the framework whose rule holds, if any; ``framework_fact`` says why.
        dependencies: the packages that its manifests declare.
    """

    sources: Sources
    rules: PackRules
    framework: Framework | None
    framework_fact: Fact[str] | None
    dependencies: Dependencies

    @property
    def framework_name(self) -> str:
        """The framework's name; empty if there is none."""
        return self.framework.name if self.framework else ""

    def depends(self, *packages: str) -> Evidence | None:
        """What declares the first of these packages (``npm:next``) that is declared."""
        return next((seen for each in packages if (seen := self.dependencies.find(each))), None)


def analyzer(name: str) -> Callable[[Subject], Facts]:
    """The analyzer of an ecosystem, by the name that packs use; loaded on first use.

    Raises:
        KeyError: there is none of that name.
    """
    if name not in ANALYZERS:
        raise KeyError(name)
    return cast("Callable[[Subject], Facts]", import_module(f"{__name__}.{name}").analyze)


ANALYZERS = frozenset(
    {
        "beam", "clojure", "container", "cpp", "deno", "dotnet", "gleam", "go", "javascript", "jvm", "native", "perl",
        "php", "plain", "python", "ruby", "rust", "scala", "site",
    }
)  # fmt: skip
"""The names that ``analyzer`` knows."""
