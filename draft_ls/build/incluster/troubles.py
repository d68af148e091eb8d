"""What can go wrong with a builder in the cluster, as problems that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence


class LostError(DraftError):
    """The stream into the builder ended before its work did."""


def missing(namespaces: Sequence[str], context: str) -> Problem:
    """There is no builder where one is looked for."""
    return Problem(
        "builder-missing",
        f"There is no builder in the cluster of “{context}”.",
        Stage.BUILD,
        cause=f"Looked for in the namespaces {', '.join(namespaces)}.",
        fix="`draft init` installs it; or set `builder` in draft.toml to build with Docker.",
    )


def not_ready(namespace: str, reason: str) -> Problem:
    """The builder is installed and does not run."""
    return Problem(
        "builder-not-ready",
        f"The builder in namespace {namespace} does not run.",
        Stage.BUILD,
        cause=reason,
        fix=f"`draft init --check` says more, and `kubectl describe pods --namespace {namespace}`.",
    )


def other_version(namespace: str, found: str, ours: int) -> Problem:
    """The builder was installed by another version of Draft."""
    newer = found.isdecimal() and int(found) > ours
    return Problem(
        "builder-version",
        f"The builder in namespace {namespace} is of a{' newer' if newer else 'n older'} kind than this Draft.",
        Stage.BUILD,
        cause=f"It speaks version {found or 'none'} of the protocol between them, and this Draft {ours}.",
        fix="Update Draft." if newer else "`draft init --upgrade` brings it up to date.",
    )


def lost(said: Sequence[str]) -> LostError:
    """The builder's pod ended, or the connection to it."""
    return LostError(
        Problem(
            "builder-lost",
            "The builder was lost in the middle of its work.",
            Stage.BUILD,
            cause=said[-1] if said else "Its pod was ended, or the connection to the cluster was cut.",
            fix="Nothing, if its pod was replaced: the next save builds again. `draft init --check` looks at it.",
            details=tuple(said),
        )
    )


def upload_failed(said: Sequence[str]) -> Problem:
    """The builder could not take the sources."""
    return Problem(
        "builder-upload",
        "The builder could not take the sources.",
        Stage.BUILD,
        cause=said[-1] if said else "It gave no reason.",
        fix="Most often its volume is full: raise `storage.size` with `draft init --upgrade --set`.",
        details=tuple(said),
    )


def needs_registry() -> Problem:
    """An image that is built in the cluster can only reach the nodes through a registry."""
    return Problem(
        "registry-needed",
        "An image that is built in the cluster needs a registry to get to the nodes, and none is set.",
        Stage.PUSH,
        fix="Set `registry` in draft.toml; `draft init --registry` installs one if there is none.",
    )


def secret_missing(secret: str, namespace: str, unsuitable: bool) -> Problem:
    """The secret that draft.toml names is not there, or holds no credentials for registries."""
    what = "holds no registry credentials" if unsuitable else "does not exist"
    return Problem(
        "registry-secret-missing",
        f"The secret {secret!r} in namespace {namespace}, with which the builder in the cluster is to push, {what}.",
        Stage.PUSH,
        fix=f"Make it with `kubectl create secret docker-registry {secret} --namespace {namespace} …`, or name "
        "another in `registry_secret`.",
    )


def one_platform(platforms: Sequence[str]) -> Problem:
    """Images for several platforms need Docker with buildx."""
    return Problem(
        "platforms-unsupported",
        f"The builder in the cluster cannot build for {', '.join(platforms)} at once.",
        Stage.BUILD,
        fix="Name one platform, or build with Docker and buildx.",
    )


def push_failed(name: str, said: Sequence[str], secret: str) -> Problem:
    """The engine could not push; its last word is the cause."""
    cause = next((line for line in reversed(said) if line.lower().startswith("error: ")), "")
    cause = cause[len("Error: ") :].removeprefix("failed to solve: ") or (
        said[-1] if said else "It gave no reason."
    )
    return Problem(
        "push-failed",
        f"The builder could not push {name}.",
        Stage.PUSH,
        cause=cause,
        fix=_push_fix(cause, secret),
        details=tuple(said[-10:]),
    )


def _push_fix(cause: str, secret: str) -> str:
    words = cause.lower()
    if any(sign in words for sign in ("unauthorized", "denied", "authentication required", "403 ", "401 ")):
        return (
            f"Give the builder credentials: a secret `{secret}` of type kubernetes.io/dockerconfigjson "
            "in the app's namespace."
        )
    if "127.0.0.1" in words or "localhost" in words or "[::1]" in words:
        return (
            "To the builder this address is its own pod: name the registry as the cluster reaches it, or map "
            "it with `draft init --upgrade --set aliases`."
        )
    if "http response to https" in words:
        return "The registry has no TLS: name it in `insecure` of `draft init --upgrade --set`."
    return "Check `registry` in draft.toml, and that the cluster reaches it."
