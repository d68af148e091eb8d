"""How a person reaches a release: its Ingress, LoadBalancer or NodePort if one answers, else a tunnel."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.cluster import kinds
from draft_ls.cluster.faults import ApiError
from draft_ls.cluster.kinds import list_at, mapping_at
from draft_ls.deploy import answers
from draft_ls.deploy.manifest import WORKLOAD_KINDS, Document, documents, of_kind
from draft_ls.deploy.model import Release, Route, RouteKind, Workload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from draft_ls.cluster.client import Cluster

LOOK = 1.0
"""Seconds that an address gets to answer: one that cannot be reached from here often swallows packets."""

PATIENCE = 5.0
"""Seconds for which addresses that do not answer yet are asked again."""
PAUSE = 0.1
"""Seconds between two rounds of asking."""
STEADY = 0.6
"""Seconds for which an address must go on answering: its first answer may be the old pod's last."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A URL that may lead to the app, if it answers."""

    kind: RouteKind
    url: str


@dataclass(frozen=True, slots=True)
class Destination:
    """What a tunnel leads to.

    Attributes:
        workload: whose pods.
        ports: the ports of the pod, the main one first.
        scheme: what a browser speaks with the main port.
    """

    workload: Workload
    ports: tuple[int, ...]
    scheme: str = "http"


async def find_route(
    cluster: Cluster, release: Release, *, timeout: float = LOOK, patience: float = PATIENCE
) -> Route | None:
    """The best route that answers from here without a tunnel; none if only a tunnel leads there.

    Args:
        cluster: where.
        release: what to reach.
        timeout: seconds that each candidate gets for each answer.
        patience: seconds for which candidates are asked again: a node's packet rules and a balancer's targets
            follow a pod's readiness, some time after it.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        found = await candidates(cluster, release)
        seen = await asyncio.gather(*(answers.of_url(item.url, timeout=timeout) for item in found))
        for item, answer in zip(found, seen, strict=True):
            if answer is not None and await _is_steady(item.url, timeout):
                return Route(item.url, item.kind)
        if not found or loop.time() >= deadline:
            return None
        await asyncio.sleep(PAUSE)


async def _is_steady(url: str, timeout: float) -> bool:
    """Whether an address goes on answering, now that every pod behind it is new."""
    loop = asyncio.get_running_loop()
    end = loop.time() + STEADY
    while loop.time() < end:
        await asyncio.sleep(PAUSE)
        if await answers.of_url(url, timeout=timeout) is None:
            return False
    return True


async def candidates(cluster: Cluster, release: Release) -> tuple[Candidate, ...]:
    """Every URL that the release's ingresses and services promise, the best first."""
    objects = documents(release.manifest)
    ingresses = await _live(cluster, kinds.INGRESSES, of_kind(objects, "Ingress"), release)
    services = await _live(cluster, kinds.SERVICES, of_kind(objects, "Service"), release)
    urls = [Candidate(RouteKind.INGRESS, url) for item in ingresses for url in _ingress_urls(item)]
    urls += [Candidate(RouteKind.LOAD_BALANCER, url) for item in services for url in _balancer_urls(item)]
    if any(item["spec"].get("type") == "NodePort" for item in services):
        addresses = await _node_addresses(cluster)
        urls += [
            Candidate(RouteKind.NODE_PORT, url)
            for item in services
            for url in _node_port_urls(item, addresses)
        ]
    return tuple(dict.fromkeys(urls))


def destination(release: Release, repository: str | None = None) -> Destination | None:
    """What a tunnel to this release leads to; none if nothing in it has a port.

    Args:
        release: what to reach.
        repository: the app's image without tag: of several workloads the one that runs it is meant.
    """
    objects = documents(release.manifest)
    found = [
        item
        for item in objects
        if item["kind"] in WORKLOAD_KINDS and item["kind"] != "Job" and _containers(item)
    ]
    if repository is not None:
        ours = [item for item in found if _runs(item, repository)]
        found = ours or found
    for item in found:
        ports, scheme = _ports(item, of_kind(objects, "Service"))
        if ports:
            name, namespace = item["metadata"]["name"], item["metadata"].get("namespace")
            workload = Workload(item["kind"], name, namespace or release.namespace)
            return Destination(workload, ports, scheme)
    return None


def tunnel_route(ports: Sequence[tuple[int, int]], scheme: str = "http") -> Route:
    """The route through an open tunnel, by its (local, remote) ports, the main one first."""
    return Route(f"{scheme}://localhost:{ports[0][0]}", RouteKind.TUNNEL, tuple(ports))


async def _live(
    cluster: Cluster, kind: kinds.Kind, items: Iterable[Document], release: Release
) -> list[Document]:
    """The objects as the cluster has them now: with their status."""

    async def one(item: Document) -> Document | None:
        namespace = item["metadata"].get("namespace") or release.namespace
        try:
            return await cluster.find(kind, item["metadata"]["name"], namespace)
        except ApiError as error:
            if error.status == 403:
                return None
            raise

    return [found for found in await asyncio.gather(*map(one, items)) if found is not None]


async def _node_addresses(cluster: Cluster) -> tuple[str, ...]:
    """Where node ports may answer. Clusters in a container or a VM publish them on loopback."""
    try:
        nodes = await cluster.nodes()
    except ApiError:
        nodes = ()
    return (*(node.address for node in nodes if node.ready and node.address), "127.0.0.1")


def _ingress_urls(item: Document) -> Iterator[str]:
    addresses = _addresses(item)
    if not addresses:
        return
    secure = {host for entry in list_at(item, "spec", "tls") for host in entry.get("hosts", ())}
    for rule in list_at(item, "spec", "rules"):
        host = str(rule.get("host") or addresses[0])
        scheme = "https" if host in secure else "http"
        for entry in list_at(rule, "http", "paths"):
            yield f"{scheme}://{host}{_plain(entry.get('path') or '/')}"


def _plain(path: str) -> str:
    """A path without the regular expression that some controllers take there."""
    return path.split("(", 1)[0].rstrip("$") or "/"


def _balancer_urls(item: Document) -> Iterator[str]:
    if item["spec"].get("type") == "LoadBalancer":
        for host in _addresses(item):
            for port in list_at(item, "spec", "ports"):
                yield _url(_scheme(port), host, port["port"])


def _node_port_urls(item: Document, addresses: Iterable[str]) -> Iterator[str]:
    if item["spec"].get("type") == "NodePort":
        for port in list_at(item, "spec", "ports"):
            for address in addresses:
                yield _url(_scheme(port), address, port["nodePort"])


def _url(scheme: str, host: str, port: int) -> str:
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(scheme)
    return f"{scheme}://{host}" if port == usual else f"{scheme}://{host}:{port}"


def _scheme(port: Document) -> str:
    name = (port.get("appProtocol") or port.get("name") or "").lower()
    return "https" if name.startswith("https") or port["port"] == 443 else "http"


def _addresses(item: Document) -> list[str]:
    """The addresses that a controller has given to an Ingress or a LoadBalancer."""
    entries = list_at(item, "status", "loadBalancer", "ingress")
    return [str(entry.get("hostname") or entry.get("ip")) for entry in entries]


def _containers(workload: Document) -> list[Document]:
    return list_at(workload, "spec", "template", "spec", "containers")


def _runs(workload: Document, repository: str) -> bool:
    images = (str(item.get("image", "")) for item in _containers(workload))
    return any(image.rpartition(":")[0] == repository for image in images)


def _ports(workload: Document, services: Iterable[Document]) -> tuple[tuple[int, ...], str]:
    """The ports that services lead to, then those that containers declare; and the first one's scheme."""
    ports = [port for container in _containers(workload) for port in list_at(container, "ports")]
    named = {str(port["name"]): int(port["containerPort"]) for port in ports if "name" in port}
    labels = mapping_at(workload, "spec", "template", "metadata", "labels")
    schemes: dict[int, str] = {}
    for service in services:
        selector = mapping_at(service, "spec", "selector")
        if not selector or not selector.items() <= labels.items():
            continue
        for port in list_at(service, "spec", "ports"):
            target: int | str = port.get("targetPort", port["port"])
            number = target if isinstance(target, int) else named.get(target)
            if number is not None:
                schemes.setdefault(number, _scheme(port))
    for port in ports:
        schemes.setdefault(int(port["containerPort"]), "http")
    return tuple(schemes), next(iter(schemes.values()), "http")
