"""Where the Docker Engine listens, found the way the docker CLI finds it.

``DOCKER_HOST``, then ``DOCKER_CONTEXT``, then the current context of ``~/.docker/config.json``, then the
usual socket. Where that is absent, the sockets of rootless Docker, Docker Desktop, Colima, Rancher Desktop,
OrbStack and Podman, which the docker CLI would need a context for.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from draft_ls.errors import DraftError, Place, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_SOCKET = Path("/var/run/docker.sock")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address of a Docker Engine.

    Attributes:
        host: ``unix:///…``, ``tcp://…``, ``ssh://…`` or ``npipe://…``.
        source: what named it: ``DOCKER_HOST``, ``context "colima"``, ``default``.
        certificates: the folder with ``ca.pem``, ``cert.pem`` and ``key.pem``; none without TLS.
        verify: whether the Engine's certificate is checked.
    """

    host: str
    source: str
    certificates: Path | None = None
    verify: bool = True

    @property
    def socket(self) -> Path | None:
        """The socket's path, if it is one of this machine."""
        return Path(self.host.removeprefix("unix://")) if self.host.startswith("unix://") else None

    def environment(self) -> dict[str, str]:
        """The variables that make the docker CLI speak to this Engine and no other."""
        found = {"DOCKER_HOST": self.host}
        if self.certificates is not None:
            found["DOCKER_CERT_PATH"] = str(self.certificates)
            found["DOCKER_TLS_VERIFY"] = "1" if self.verify else ""
            found["DOCKER_TLS"] = "1"
        return found


def find_endpoint(environment: Mapping[str, str], home: Path, default: Path = DEFAULT_SOCKET) -> Endpoint:
    """The Engine that the docker CLI would speak to.

    Args:
        environment: the process's variables.
        home: the person's home folder.
        default: the usual socket.

    Raises:
        DraftError: ``docker-context``: the chosen context does not exist or cannot be read.
    """
    if host := environment.get("DOCKER_HOST", "").strip():
        return Endpoint(host, "DOCKER_HOST", *_tls_of(environment, home))
    folder = Path(environment.get("DOCKER_CONFIG") or home / ".docker")
    if (name := environment.get("DOCKER_CONTEXT", "")) and name != "default":
        return _context(folder, name, "DOCKER_CONTEXT")
    if not name and (name := _current_context(folder)) not in {"", "default"}:
        return _context(folder, name, str(folder / "config.json"))
    for socket in (default, *_other_sockets(environment, home)):
        if socket.exists():
            return Endpoint(f"unix://{socket}", "default" if socket == default else "found")
    return Endpoint(f"unix://{default}", "default")


def _tls_of(environment: Mapping[str, str], home: Path) -> tuple[Path | None, bool]:
    verify = bool(environment.get("DOCKER_TLS_VERIFY"))
    if not verify and not environment.get("DOCKER_TLS"):
        return None, True
    return Path(environment.get("DOCKER_CERT_PATH") or home / ".docker"), verify


def _other_sockets(environment: Mapping[str, str], home: Path) -> Iterator[Path]:
    runtime = environment.get("XDG_RUNTIME_DIR")
    if runtime:
        yield Path(runtime, "docker.sock")
    yield home / ".docker/run/docker.sock"
    yield home / ".docker/desktop/docker.sock"
    yield home / ".colima/default/docker.sock"
    yield home / ".rd/docker.sock"
    yield home / ".orbstack/run/docker.sock"
    if runtime:
        yield Path(runtime, "podman/podman.sock")


def _current_context(folder: Path) -> str:
    path = folder / "config.json"
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise DraftError(_bad_config(path, str(error))) from error
    config = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return str(config.get("currentContext") or "")


def _context(folder: Path, name: str, source: str) -> Endpoint:
    """A named context; its metadata lies in a folder named after the hash of its name."""
    key = hashlib.sha256(name.encode()).hexdigest()
    path = folder / "contexts/meta" / key / "meta.json"
    try:
        docker: Any = json.loads(path.read_bytes())["Endpoints"]["docker"]
        host = str(docker["Host"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DraftError(_no_context(name, source, path, error)) from error
    certificates = folder / "contexts/tls" / key / "docker"
    return Endpoint(
        host,
        f'context "{name}"',
        certificates if certificates.is_dir() else None,
        not docker.get("SkipTLSVerify", False),
    )


def _no_context(name: str, source: str, path: Path, error: Exception) -> Problem:
    return Problem(
        "docker-context",
        f"The Docker context “{name}” (from {source}) cannot be used.",
        Stage.BUILD,
        Place(path) if path.exists() else None,
        cause="it does not exist" if isinstance(error, FileNotFoundError) else str(error),
        fix="Choose one of `docker context ls` with `docker context use`.",
    )


def _bad_config(path: Path, cause: str) -> Problem:
    return Problem(
        "docker-config",
        f"{path} cannot be read.",
        Stage.BUILD,
        Place(path),
        cause=cause,
        fix="Correct it or delete it; Docker works without it.",
    )
