"""What a cluster tells about itself, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A node.

    Attributes:
        name: its name.
        address: its external address, else its internal one; none if it has neither.
        boot_id: the id of the boot of its kernel: equal to ours if it is this very machine.
        runtime: its container runtime and version, e.g. ``docker://20.10.24``.
        kernel: its kernel's version.
        architecture: ``amd64``, ``arm64`` …
        ready: whether its kubelet says so.
    """

    name: str
    address: str | None
    boot_id: str
    runtime: str
    kernel: str
    architecture: str
    ready: bool


@dataclass(frozen=True, slots=True)
class Version:
    """The API server's version, e.g. 1, 31 and ``v1.31.2+k3s1``."""

    major: int
    minor: int
    text: str
