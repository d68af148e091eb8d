"""Kube contexts: what the kubeconfig files say, and which one an environment is deployed to.

Reads files, talks to nobody. The rules of merging are kubectl's: of the files in ``KUBECONFIG`` the first
that names a thing wins, and files that do not exist are passed over.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from draft_ls.errors import DraftError, Place, Position, Problem, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL_NAMES = (
    "kind", "k3d", "k3s", "minikube", "docker-desktop", "docker-for-desktop", "rancher-desktop", "colima",
    "orbstack", "microk8s", "lima", "podman", "crc",
)  # fmt: skip
"""How tools that run a cluster on one's own machine name their contexts: the name itself or ``name-…``."""

LOCAL_HOSTS = frozenset(
    {"localhost", "kubernetes.docker.internal", "host.docker.internal", "host.containers.internal"}
)


@dataclass(frozen=True, slots=True)
class Context:
    """One kube context.

    Attributes:
        name: how the person calls it.
        cluster: the name of its cluster in the kubeconfig.
        server: the API server's URL; empty if the kubeconfig does not say.
        namespace: the context's own default namespace, if it has one.
        plugin: the program that the kubeconfig runs to log in, if any.
    """

    name: str
    cluster: str
    server: str
    namespace: str | None = None
    plugin: str | None = None


@dataclass(frozen=True, slots=True)
class Contexts:
    """All contexts of the kubeconfig files.

    Attributes:
        files: the files that were read, in order of precedence.
        by_name: the contexts.
        current: the current context's name; none if the files name none. It may name one that is missing.
    """

    files: tuple[Path, ...]
    by_name: Mapping[str, Context]
    current: str | None

    @property
    def kubeconfig(self) -> str:
        """The files as one value for the ``KUBECONFIG`` variable."""
        return os.pathsep.join(str(file) for file in self.files)


def load_contexts(environment: Mapping[str, str] | None = None) -> Contexts:
    """Read the kubeconfig files that ``KUBECONFIG`` names, else ``~/.kube/config``.

    Args:
        environment: the variables to look at; our own if none.

    Raises:
        DraftError: no file is there (``kubeconfig-missing``) or one cannot be read (``kubeconfig-broken``).
    """
    wanted = _paths(os.environ if environment is None else environment)
    files = tuple(path for path in wanted if path.is_file())
    if not files:
        raise DraftError(
            Problem(
                "kubeconfig-missing",
                f"There is no kubeconfig at {', '.join(str(path) for path in wanted)}.",
                fix="Start a cluster (kind create cluster, minikube start, Docker Desktop), "
                "or point KUBECONFIG at a kubeconfig.",
            )
        )
    return _merge(files, [_read(path) for path in files])


def resolve(contexts: Contexts, allowed: tuple[str, ...]) -> str:
    """The one context to deploy to.

    Args:
        contexts: what the kubeconfig files say.
        allowed: the contexts of the environment; empty: the current one.

    Raises:
        DraftError: ``context-unknown``, ``context-ambiguous`` (several are allowed, the current one is not
            among them) or ``context-none`` (nothing is allowed by name and none is current).
    """
    if not allowed:
        return _known(contexts, _current(contexts))
    if len(allowed) == 1:
        return _known(contexts, allowed[0])
    if contexts.current in allowed:
        return _known(contexts, contexts.current)
    raise DraftError(
        Problem(
            "context-ambiguous",
            f"The environment allows the contexts {_listed(allowed)}, and the current context"
            + (f" {contexts.current!r} is none of them." if contexts.current else " is not set."),
            fix=f"Choose one: kubectl config use-context {allowed[0]}",
        )
    )


def is_local(context: Context) -> bool:
    """Whether the cluster runs on this machine: by its name, or since its API server is on loopback."""
    if any(context.name == name or context.name.startswith(f"{name}-") for name in LOCAL_NAMES):
        return True
    host = urlsplit(context.server).hostname or ""
    if host in LOCAL_HOSTS:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _paths(environment: Mapping[str, str]) -> tuple[Path, ...]:
    value = environment.get("KUBECONFIG", "")
    named = tuple(Path(part).expanduser() for part in value.split(os.pathsep) if part)
    home = environment.get("HOME")
    return named or ((Path(home) if home else Path.home()) / ".kube" / "config",)


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        data: Any = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(path, str(error)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Position(mark.line, mark.column) if mark else None
        raise _broken(path, str(getattr(error, "problem", None) or error), place) from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _broken(path, "it does not hold a mapping")
    return cast("dict[str, Any]", data)


def _broken(path: Path, cause: str, position: Position | None = None) -> DraftError:
    span = Span(position, position) if position else None
    return DraftError(
        Problem(
            "kubeconfig-broken",
            f"The kubeconfig {path} cannot be read.",
            place=Place(path.absolute(), span),
            cause=cause,
            fix="Repair the file, or point KUBECONFIG at another one.",
        )
    )


def _merge(files: tuple[Path, ...], configs: list[dict[str, Any]]) -> Contexts:
    clusters: dict[str, dict[str, Any]] = {}
    users: dict[str, dict[str, Any]] = {}
    found: dict[str, dict[str, Any]] = {}
    for config in reversed(configs):
        clusters |= _named(config, "clusters", "cluster")
        users |= _named(config, "users", "user")
        found |= _named(config, "contexts", "context")
    current = next(
        (str(config["current-context"]) for config in configs if config.get("current-context")), None
    )
    by_name = {name: _context(name, data, clusters, users) for name, data in found.items()}
    return Contexts(files, by_name, current)


def _named(config: dict[str, Any], group: str, inner: str) -> dict[str, dict[str, Any]]:
    """A kubeconfig's list of ``{name: …, <inner>: {…}}`` as a dictionary; malformed entries are left out."""
    entries: Any = config.get(group)
    found: dict[str, dict[str, Any]] = {}
    for entry in cast("list[Any]", entries) if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        fields = cast("dict[str, Any]", entry)
        name, value = fields.get("name"), fields.get(inner)
        if isinstance(name, str) and isinstance(value, dict):
            found.setdefault(name, cast("dict[str, Any]", value))
    return found


def _context(
    name: str, data: dict[str, Any], clusters: dict[str, dict[str, Any]], users: dict[str, dict[str, Any]]
) -> Context:
    cluster = str(data.get("cluster", ""))
    plugin: Any = users.get(str(data.get("user", "")), {}).get("exec")
    namespace: Any = data.get("namespace")
    return Context(
        name,
        cluster,
        str(clusters.get(cluster, {}).get("server", "")),
        str(namespace) if namespace else None,
        str(cast("dict[str, Any]", plugin).get("command", "")) or None if isinstance(plugin, dict) else None,
    )


def _current(contexts: Contexts) -> str:
    if contexts.current:
        return contexts.current
    raise DraftError(
        Problem(
            "context-none",
            "No kube context is current.",
            cause=f"The kubeconfig has {_listed(tuple(contexts.by_name))}." if contexts.by_name else "",
            fix="Choose one with kubectl config use-context, or name it as context in draft.toml.",
        )
    )


def _known(contexts: Contexts, name: str) -> str:
    if name in contexts.by_name:
        return name
    near = difflib.get_close_matches(name, contexts.by_name, n=3, cutoff=0.5)
    raise DraftError(
        Problem(
            "context-unknown",
            f"There is no kube context {name!r}.",
            cause=f"The kubeconfig has {_listed(tuple(contexts.by_name)) or 'no context at all'}.",
            fix=f"Did you mean {_listed(tuple(near))}?"
            if near
            else "kubectl config get-contexts lists them.",
        )
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names)
