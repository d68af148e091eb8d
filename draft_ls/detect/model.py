"""What was found out about an app, and what says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.errors import Span

T = TypeVar("T")

Detail = str | int | bool | tuple[str, ...]
"""A value for a pack's templates."""


def _no_details() -> Mapping[str, Detail]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What says so: a file (relative to the tree's root), where in it, and what was seen, in a few words."""

    path: str
    seen: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value and what says so. Without evidence it is a default of the framework or the pack."""

    value: T
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Detection:
    """One app that can be deployed. A fact that cannot be known is none.

    Attributes:
        path: the app's folder, relative to the tree's root; ``""`` for the root itself.
        pack: the name of the pack that fits.
        language: e.g. ``python``, ``javascript``.
        framework: e.g. ``flask``.
        version: the runtime's version as the base image needs it, e.g. ``3.11``.
        package_manager: e.g. ``pip``, ``poetry``, ``npm``, ``pnpm``.
        build: the command that builds the app, as a shell line.
        start: the command that starts it, as an argument list.
        port: the port it listens on.
        health: the path that answers when the app is healthy.
        reads_port: whether it listens where ``PORT`` says.
        variables: environment variables that it needs.
        confidence: 0 to 1.
        evidence: what speaks for the pack.
        alternatives: runners-up in the same folder, best first.
        details: what else the pack's templates need, by the names of the pack's variables.
    """

    path: str
    pack: str
    language: str
    confidence: float
    evidence: tuple[Evidence, ...] = ()
    framework: Fact[str] | None = None
    version: Fact[str] | None = None
    package_manager: Fact[str] | None = None
    build: Fact[str] | None = None
    start: Fact[tuple[str, ...]] | None = None
    port: Fact[int] | None = None
    health: Fact[str] | None = None
    reads_port: bool = False
    variables: tuple[Fact[str], ...] = ()
    alternatives: tuple[Detection, ...] = ()
    details: Mapping[str, Detail] = field(default_factory=_no_details, hash=False)
