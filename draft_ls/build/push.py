"""Pushing an image to its registry."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from draft_ls.build.credentials import push_header, registry_of
from draft_ls.build.troubles import disk_full
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from draft_ls.build.daemon import Daemon
    from draft_ls.build.model import Image

_EVERY = 0.5
"""Seconds between two lines about the same layer."""

_KINDS = (
    (
        re.compile(
            r"HTTP response to HTTPS client|first record does not look like a TLS handshake", re.IGNORECASE
        ),
        "registry-insecure",
        "The registry {registry} speaks plain HTTP, which Docker does not accept from it.",
        "Add it to `insecure-registries` in Docker's daemon.json and restart Docker, or give it TLS.",
    ),
    (
        re.compile(r"x509|certificate|tls: ", re.IGNORECASE),
        "registry-tls",
        "Docker does not trust the certificate of the registry {registry}.",
        "Put its CA into /etc/docker/certs.d/{registry}/ca.crt, or add it to `insecure-registries`.",
    ),
    (
        re.compile(
            r"no basic auth credentials|unauthorized|authentication required|denied|insufficient_scope|"
            r"40[13] (?:Forbidden|Unauthorized)",
            re.IGNORECASE,
        ),
        "registry-denied",
        "The registry {registry} refused the image.",
        "Log in with `docker login {registry}`, and check that you may push {repository}.",
    ),
    (
        re.compile(
            r"name unknown|repository .*not (?:found|exist)|NAME_UNKNOWN|404 page not found", re.IGNORECASE
        ),
        "registry-repository",
        "The registry {registry} has no repository for {repository}.",
        "Create it there, or correct `registry` in draft.toml.",
    ),
    (
        re.compile(
            r"dial tcp|no such host|i/o timeout|connection (?:refused|reset)|network is unreachable|"
            r"Client\.Timeout|EOF|TLS handshake timeout|request canceled|server misbehaving",
            re.IGNORECASE,
        ),
        "registry-unreachable",
        "The registry {registry} cannot be reached.",
        "Check that it runs, its name in draft.toml, and that Docker (not only you) can reach it.",
    ),
    (
        re.compile(
            r"5\d\d |internal server error|unknown blob|blob upload|toomanyrequests|429", re.IGNORECASE
        ),
        "registry-failed",
        "The registry {registry} failed while it took the image.",
        "Try again; if it stays, look into the registry's own log (its disk may be full).",
    ),
)


async def push(daemon: Daemon, image: Image, tags: tuple[str, ...], on_text: Callable[[str], None]) -> Image:
    """Push the tags of an image; only layers that the registry lacks travel.

    Raises:
        DraftError: ``registry-…``: its place is left to the caller, who knows where the registry is named.

    Returns:
        The image with the digest that the registry gave it.
    """
    registry = registry_of(image.repository)
    digest: str | None = None
    for tag in tags:
        reader = _PushReader(on_text)
        await daemon.stream(
            f"/images/{image.repository}/push",
            params=partial(_query, tag),
            headers=lambda: push_header(registry),
            body=None,
            on_message=reader.take,
        )
        if reader.error:
            raise DraftError(push_problem(reader.error, registry, image.repository))
        digest = digest or reader.digest
    return replace(image, digest=digest)


def _query(tag: str) -> list[tuple[str, str]]:
    return [("tag", tag)]


def push_problem(said: str, registry: str, repository: str) -> Problem:
    """What the Engine's words about a failed push mean."""
    if "no space left" in said:
        return disk_full(said, Stage.PUSH)
    for pattern, code, message, fix in _KINDS:
        if pattern.search(said):
            names = {"registry": registry, "repository": repository}
            return Problem(code, message.format(**names), Stage.PUSH, cause=said, fix=fix.format(**names))
    return Problem("push-failed", f"{repository} could not be pushed.", Stage.PUSH, cause=said)


def refused(problem: Problem, repository: str) -> Problem:
    """The same problem as one of pushing; what the Engine refused outright gets its explanation here."""
    if problem.code == "docker-failed":
        return push_problem(problem.cause, registry_of(repository), repository)
    return replace(problem, stage=Stage.PUSH)


@dataclass(slots=True)
class _Layer:
    said: str
    at: float


class _PushReader:
    """Turns the Engine's messages about a push into a readable amount of lines."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._layers: dict[str, _Layer] = {}
        self.digest: str | None = None
        self.error = ""

    def take(self, message: dict[str, Any]) -> None:
        if "error" in message:
            self.error = str(message["error"])
        elif aux := message.get("aux"):
            self.digest = str(aux.get("Digest") or "") or self.digest
        elif status := str(message.get("status", "")):
            layer = str(message.get("id", ""))
            progress = str(message.get("progress", ""))
            if not layer:
                self._on_text(status)
            elif self._is_due(layer, status):
                self._on_text(f"{layer}: {status} {progress}".rstrip())

    def _is_due(self, layer: str, status: str) -> bool:
        """Each new status at once, and the progress of one now and then; waiting is not worth a line."""
        now = time.monotonic()
        before = self._layers.get(layer)
        if before is not None and before.said == status and now - before.at < _EVERY:
            return False
        self._layers[layer] = _Layer(status, now)
        return status not in {"Preparing", "Waiting"}
