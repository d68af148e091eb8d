"""Builds with the Engine's own builder, over its API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from draft_ls.build.archive import tar_stream
from draft_ls.build.credentials import build_header, registry_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from draft_ls.build.daemon import Daemon
    from draft_ls.build.model import BuildRequest
    from draft_ls.dockerfile.model import Dockerfile

_CHUNK = 1024 * 1024


async def build(
    daemon: Daemon, request: BuildRequest, dockerfile: Dockerfile, on_text: Callable[[str], None]
) -> tuple[str, str]:
    """Build by ``POST /build``; the image's id and the Engine's error, one of them empty.

    Args:
        daemon: the Engine.
        request: what to build.
        dockerfile: the Dockerfile, parsed: its base images say which credentials are sent.
        on_text: gets the builder's output as it comes, not cut into lines.
    """
    name, chunks = (
        (request.context.dockerfile, _file(request.archive))
        if request.archive
        else tar_stream(request.context, request.dockerfile_text)
    )
    identifier = error = ""

    def take(message: dict[str, Any]) -> None:
        nonlocal identifier, error
        if "stream" in message:
            on_text(message["stream"])
        elif "error" in message:
            error = str(message["error"])
        elif "aux" in message:
            identifier = str(message["aux"].get("ID", "")) or identifier
        elif "status" in message and "progressDetail" not in message:
            on_text(f"{message['status']}\n")

    await daemon.stream(
        "/build",
        params=lambda: [*_params(request, name), ("buildargs", json.dumps(_arguments(request)))],
        headers=lambda: _headers(dockerfile),
        body=lambda: chunks,
        on_message=take,
    )
    return identifier, error


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while data := source.read(_CHUNK):
            yield data


def _params(request: BuildRequest, dockerfile: str) -> Iterator[tuple[str, str]]:
    for tag in request.tags:
        yield "t", f"{request.repository}:{tag}"
    yield "dockerfile", dockerfile
    yield "rm", "1"
    yield "forcerm", "1"
    if request.labels:
        yield "labels", json.dumps(dict(request.labels))
    if request.platforms:
        yield "platform", request.platforms[0]


def _arguments(request: BuildRequest) -> dict[str, str]:
    """The build args, over those for the proxy that Docker's configuration sets for every build."""
    from docker.utils import config, proxy

    proxies: dict[str, Any] = cast("Any", config).load_general_config().get("proxies") or {}
    found = cast("Any", proxy).ProxyConfig.from_dict(proxies.get("default") or {}).get_environment()
    return {**found, **request.arguments}


def _headers(dockerfile: Dockerfile) -> Mapping[str, str]:
    """Credentials for the registries of the base images, and no others: each may start a helper program."""
    registries = {
        registry_of(stage.base)
        for stage in dockerfile.stages
        if stage.base_stage is None and stage.base not in {"", "scratch"}
    }
    return {"Content-Type": "application/x-tar", **build_header(registries)}
