"""Registry credentials from Docker's configuration: stored ones and those of credential helpers.

Helpers are programs, so the functions here may take their time: call it in a thread. Nothing is logged.
"""

from __future__ import annotations

import shutil
from typing import Any, cast

from draft_ls.errors import DraftError, Problem, Stage

DOCKER_HUB = "docker.io"


def registry_of(reference: str) -> str:
    """The registry of an image's name: ``docker.io`` if it names none. This one is quick."""
    first, slash, _ = reference.partition("/")
    return first if slash and (first == "localhost" or set(".:") & set(first)) else DOCKER_HUB


def push_header(registry: str) -> dict[str, str]:
    """The header that lets the Engine push to one registry.

    Without credentials it says so: Engines up to 20.10 refuse a push that has no header.

    Raises:
        DraftError: ``registry-credentials``: the credential helper failed.
    """
    return {"X-Registry-Auth": _encoded(_lookup([registry]).get(registry, {}))}


def build_header(registries: set[str]) -> dict[str, str]:
    """The header that lets the Engine pull base images of these registries; empty without credentials.

    Raises:
        DraftError: ``registry-credentials``: the credential helper failed.
    """
    found = {_index_url(name): each for name, each in _lookup(sorted(registries)).items()}
    return {"X-Registry-Config": _encoded(found)} if found else {}


def login_of(registry: str) -> tuple[str, str] | None:
    """User name and password for a registry; none without credentials, or with a token alone.

    Raises:
        DraftError: ``registry-credentials``: the credential helper failed.
    """
    found = _lookup([registry]).get(registry, {})
    user, password = (
        found.get("Username") or found.get("username"),
        found.get("Password") or found.get("password"),
    )
    return (user, password) if user and password else None


def _lookup(registries: list[str]) -> dict[str, dict[str, str]]:
    from docker import auth
    from docker.errors import DockerException

    try:
        config = cast("Any", auth).load_config()
        if config.is_empty:
            return {}
        for registry in registries:
            _check_helper(config.get_credential_store(registry), registry)
        found = {registry: config.resolve_authconfig(registry) for registry in registries}
    except DockerException as error:
        raise DraftError(_helper_failed(registries, str(error))) from error
    return {registry: each for registry, each in found.items() if each}


def _check_helper(store: str | None, registry: str) -> None:
    """The SDK would only warn, on standard error, that the helper is not there."""
    if store and shutil.which(f"docker-credential-{store}") is None:
        raise DraftError(_helper_failed([registry], f"docker-credential-{store} is not on PATH"))


def _encoded(value: object) -> str:
    from docker import auth

    return cast("Any", auth).encode_header(value).decode("ascii")


def _index_url(registry: str) -> str:
    from docker import auth

    return str(auth.INDEX_URL) if registry == auth.INDEX_NAME else registry


def _helper_failed(registries: list[str], cause: str) -> Problem:
    return Problem(
        "registry-credentials",
        f"The credentials for {', '.join(registries)} cannot be read.",
        Stage.BUILD,
        cause=cause,
        fix="Check `credsStore` and `credHelpers` in ~/.docker/config.json, and log in again.",
    )
