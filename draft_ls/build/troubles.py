"""Errors of the docker SDK as problems that say what to do."""

from __future__ import annotations

import re
import socket
import ssl
from typing import TYPE_CHECKING

from draft_ls.errors import Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.errors import APIError

    from draft_ls.build.endpoint import Endpoint

_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


def docker_problem(error: BaseException, endpoint: Endpoint, stage: Stage = Stage.BUILD) -> Problem:
    """What an exception of the docker SDK, or of the HTTP client below it, means."""
    from docker import errors

    causes = tuple(_chain(error))
    if isinstance(error, errors.APIError):
        return api_problem(error, stage)
    if found := next((each for each in causes if isinstance(each, errors.APIError)), None):
        return _no_engine(found, endpoint, stage)
    if any(isinstance(each, errors.InvalidVersion) for each in causes):
        return _too_old(error, endpoint, stage)
    if any(isinstance(each, _context_errors()) for each in causes):
        return Problem(
            "docker-context",
            "The Docker context cannot be used.",
            stage,
            cause=str(error),
            fix="Choose one of `docker context ls` with `docker context use`.",
        )
    if any(isinstance(each, errors.InvalidConfigFile) for each in causes):
        return Problem(
            "docker-config",
            "Docker's configuration file cannot be read.",
            stage,
            cause=str(error),
            fix="Correct or delete ~/.docker/config.json.",
        )
    if isinstance(error, errors.StreamParseError | ValueError):
        return Problem(
            "docker-answer",
            "Docker's answer cannot be understood.",
            stage,
            cause=_words(error),
            fix="Try again; if it stays, look whether a proxy stands between you and Docker.",
        )
    if any(isinstance(each, errors.TLSParameterError | ssl.SSLError) for each in causes):
        return _tls(causes, endpoint, stage)
    if any(isinstance(each, OSError) for each in causes) or _says_protocol(error):
        return _unreachable(causes, endpoint, stage)
    if endpoint.host.startswith("ssh://") and "paramiko" in str(error):
        return Problem(
            "docker-ssh",
            f"Docker at {endpoint.host} is reached over SSH, for which a package is missing.",
            stage,
            cause=str(error),
            fix="Install `paramiko` beside draft-ls, or forward the socket: "
            "`ssh -NL /tmp/docker.sock:/var/run/docker.sock HOST` and DOCKER_HOST=unix:///tmp/docker.sock.",
        )
    return Problem("docker-failed", "Docker could not do what was asked.", stage, cause=_words(error))


def api_problem(error: APIError, stage: Stage = Stage.BUILD) -> Problem:
    """What an answer of the Engine with an error status means."""
    from docker import errors

    said = str(error.explanation or error)
    if isinstance(error, errors.ImageNotFound):
        return Problem("image-missing", "Docker has no such image.", stage, cause=said, fix="Build it first.")
    if _NO_SPACE.search(said):
        return disk_full(said, stage)
    if "client version" in said and "is too new" in said:
        return Problem(
            "docker-old",
            "The Docker Engine is too old.",
            stage,
            cause=said,
            fix="Install Docker 20.10 or newer.",
        )
    if error.status_code in {401, 403}:
        return Problem(
            "docker-denied",
            "Docker refused the request.",
            stage,
            cause=said,
            fix="Check your rights on Docker.",
        )
    return Problem("docker-failed", "Docker could not do what was asked.", stage, cause=said)


def disk_full(cause: str, stage: Stage) -> Problem:
    """No space left, wherever it was said."""
    return Problem(
        "disk-full",
        "There is no space left on the disk that Docker uses.",
        stage,
        cause=cause,
        fix="Free some: `docker system df` shows what takes it, `docker system prune` removes the unused.",
    )


def _context_errors() -> tuple[type[Exception], ...]:
    from docker import errors

    return (
        errors.ContextAlreadyExists,
        errors.ContextException,
        errors.ContextNotFound,
        errors.MissingContextParameter,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it came from, ``urllib3``'s reasons included."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__]
        waiting += [
            part for part in (*each.args, getattr(each, "reason", None)) if isinstance(part, BaseException)
        ]


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _says_protocol(error: BaseException) -> bool:
    return "bind address" in str(error)


def _unreachable(causes: tuple[BaseException, ...], endpoint: Endpoint, stage: Stage) -> Problem:
    """No connection: say which of the many reasons it is."""
    message = f"Docker cannot be reached at {endpoint.host} ({endpoint.source})."
    if any(isinstance(each, PermissionError) for each in causes):
        return Problem(
            "docker-permission",
            f"You may not use Docker's socket {endpoint.socket or endpoint.host}.",
            stage,
            cause="permission denied",
            fix="Add yourself to the group `docker` (`sudo usermod -aG docker $USER`) and log in again, "
            "or use rootless Docker.",
        )
    return Problem(
        "docker-unreachable", message, stage, cause=_root_cause(causes), fix=_reach_fix(causes, endpoint)
    )


def _root_cause(causes: tuple[BaseException, ...]) -> str:
    """The operating system's own words, where it said any."""
    for each in causes:
        if type(each).__module__ in {"builtins", "socket"} and isinstance(each, OSError) and each.strerror:
            return each.strerror
    return _words(causes[-1])


def _reach_fix(causes: tuple[BaseException, ...], endpoint: Endpoint) -> str:
    if endpoint.source == "DOCKER_HOST":
        if any(isinstance(each, socket.gaierror) for each in causes):
            return "Correct the host name in DOCKER_HOST, or unset it."
        return "Correct DOCKER_HOST or unset it, and check that Docker runs there."
    if endpoint.source.startswith("context"):
        return "Start Docker there, or choose another context with `docker context use`."
    if any(isinstance(each, FileNotFoundError) for each in causes):
        return "Install Docker, or start it: Docker Desktop, or `sudo systemctl start docker`."
    return "Start Docker: Docker Desktop, or `sudo systemctl start docker`."


def _tls(causes: tuple[BaseException, ...], endpoint: Endpoint, stage: Stage) -> Problem:
    said = next((each for each in causes if isinstance(each, ssl.SSLError)), causes[0])
    return Problem(
        "docker-tls",
        f"No secure connection to Docker at {endpoint.host} ({endpoint.source}).",
        stage,
        cause=_words(said),
        fix="Check DOCKER_TLS_VERIFY and the files ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH.",
    )


def _no_engine(error: APIError, endpoint: Endpoint, stage: Stage) -> Problem:
    """Something answers, but not as a Docker Engine does; or it is one that is older or newer than we are."""
    if "too new" in str(error) or "too old" in str(error):
        return _too_old(error, endpoint, stage)
    return Problem(
        "docker-unreachable",
        f"What answers at {endpoint.host} ({endpoint.source}) is no Docker Engine.",
        stage,
        cause=str(error.explanation or error),
        fix="Correct DOCKER_HOST or unset it.",
    )


def _too_old(error: BaseException, endpoint: Endpoint, stage: Stage) -> Problem:
    return Problem(
        "docker-old",
        f"The Docker Engine at {endpoint.host} does not speak a version of its API that we speak.",
        stage,
        cause=_words(error),
        fix="Install Docker 20.10 or newer.",
    )
