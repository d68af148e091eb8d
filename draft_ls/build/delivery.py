"""How an image gets to the nodes of a cluster: found out from what the nodes say, not configured.

Whether nodes share our Docker Engine is proven, not guessed from names: a version or a kernel can be equal by
chance (minikube runs a second Engine in a container on the same kernel), but a container that the Engine runs
for a pod of this very node cannot.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.build.model import Delivery
from draft_ls.errors import DraftError, Problem, Stage
from draft_ls.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from draft_ls.build.api import EngineClient
    from draft_ls.build.endpoint import Endpoint
    from draft_ls.build.model import Image, NodeFacts
    from draft_ls.processes import Stream

_POD_LABEL = "io.kubernetes.pod.uid"
_MINIKUBE_LABEL = "minikube.k8s.io/name"
_K3D_NODE = re.compile(r"^k3d-(?P<cluster>.+)-(?:server|agent)-\d+$")
_KIND_PROVIDER = re.compile(r"^kind://[^/]+/(?P<cluster>[^/]+)/")

LOAD = 600.0
"""Seconds that loading an image into a local cluster may take."""


@dataclass(frozen=True, slots=True)
class EngineView:
    """What our Docker Engine runs and holds, to compare with what nodes say.

    Attributes:
        version: its version.
        operating_system: e.g. ``Docker Desktop``.
        pods: the UIDs of the pods it runs containers for.
        images: image name → size in bytes.
    """

    version: str
    operating_system: str
    pods: frozenset[str]
    images: Mapping[str, int]


def look(client: EngineClient) -> EngineView:
    """What our Engine runs and holds; blocks."""
    info = client.info()
    containers = client.containers(filters={"label": _POD_LABEL})
    images = client.images()
    return EngineView(
        version=str(info.get("ServerVersion", "")),
        operating_system=str(info.get("OperatingSystem", "")),
        pods=frozenset(str(each["Labels"].get(_POD_LABEL, "")) for each in containers),
        images={
            name: int(each.get("Size") or 0)
            for each in images
            for name in (*(each.get("RepoTags") or ()), *(each.get("RepoDigests") or ()))
        },
    )


def local_delivery(context: str, nodes: Sequence[NodeFacts]) -> Delivery | None:
    """The tool that loads images into the cluster, if it is one of kind, k3d or minikube."""
    if all(_KIND_PROVIDER.match(node.provider) for node in nodes) if nodes else context.startswith("kind-"):
        return Delivery.KIND
    if all(_K3D_NODE.match(node.name) for node in nodes) if nodes else context.startswith("k3d-"):
        return Delivery.K3D
    if any(_MINIKUBE_LABEL in node.labels for node in nodes) if nodes else context == "minikube":
        return Delivery.MINIKUBE
    return None


def cluster_name(context: str, nodes: Sequence[NodeFacts]) -> str:
    """What kind, k3d or minikube call the cluster; the nodes know it even if the context was renamed."""
    for node in nodes:
        if match := _KIND_PROVIDER.match(node.provider) or _K3D_NODE.match(node.name):
            return match["cluster"]
        if name := node.labels.get(_MINIKUBE_LABEL):
            return name
    return context.removeprefix("kind-").removeprefix("k3d-")


def is_shared(nodes: Sequence[NodeFacts], engine: EngineView) -> bool:
    """Whether every node runs its pods with the Engine that we build with."""
    return bool(nodes) and all(_runs(node, engine) for node in nodes)


def _runs(node: NodeFacts, engine: EngineView) -> bool:
    if engine.operating_system == "Docker Desktop" and node.name == "docker-desktop":
        return True
    if node.runtime != f"docker://{engine.version}":
        return False
    if engine.pods & set(node.pods):
        return True
    return not node.pods and _holds_same_images(node, engine)


def known_by_images(node: NodeFacts) -> bool:
    """Whether only a node's list of images, which may be old, can tell if our Engine runs it."""
    return not node.pods and node.runtime.startswith("docker://")


def _holds_same_images(node: NodeFacts, engine: EngineView) -> bool:
    """For a node without pods: every image that its kubelet reports is in our Engine, to the byte."""
    sizes = [
        (engine.images.get(name), image.size)
        for image in node.images
        for name in image.names
        if "<none>" not in name
    ]
    return len(sizes) > 1 and all(ours == theirs for ours, theirs in sizes)


def no_way(context: str) -> Problem:
    """There is no registry, and no way into the cluster without one."""
    return Problem(
        "registry-needed",
        f"There is no way to bring an image into the cluster of “{context}” without a registry.",
        Stage.PUSH,
        cause="It is not kind, k3d or minikube, and its nodes do not use the Docker Engine that builds here.",
        fix='Set `registry = "<host>/<path>"` in draft.toml to one that the nodes can pull from.',
    )


async def load(
    image: Image,
    delivery: Delivery,
    cluster: str,
    endpoint: Endpoint,
    on_line: Callable[[Stream, str], None] | None = None,
) -> None:
    """Load an image into a local cluster with the tool that runs the cluster.

    Raises:
        DraftError: ``loader-missing`` or ``load-failed``.
    """
    arguments = _load_arguments(image.reference, delivery, cluster)
    if not arguments:
        return
    if shutil.which(arguments[0], path=os.environ.get("PATH")) is None:
        raise DraftError(_no_loader(arguments[0]))
    try:
        finished = await run(arguments, environment=endpoint.environment(), timeout=LOAD, on_line=on_line)
    except TimeoutError:
        raise DraftError(_not_loaded(image, arguments[0], f"no end after {LOAD:.0f} s", ())) from None
    if not finished.ok:
        tail = finished.tail()
        raise DraftError(_not_loaded(image, arguments[0], tail[-1] if tail else "no reason given", tail))


def _load_arguments(reference: str, delivery: Delivery, cluster: str) -> tuple[str, ...]:
    match delivery:
        case Delivery.KIND:
            return ("kind", "load", "docker-image", reference, "--name", cluster)
        case Delivery.K3D:
            return ("k3d", "image", "import", reference, "--cluster", cluster)
        case Delivery.MINIKUBE:
            return ("minikube", "image", "load", reference, "--profile", cluster)
        case _:
            return ()


def _no_loader(tool: str) -> Problem:
    return Problem(
        "loader-missing",
        f"The cluster is one of {tool}, but the command `{tool}` is not on PATH.",
        Stage.PUSH,
        fix=f"Put `{tool}` on PATH, or set `registry` in draft.toml.",
    )


def _not_loaded(image: Image, tool: str, cause: str, details: tuple[str, ...]) -> Problem:
    return Problem(
        "load-failed",
        f"`{tool}` could not load {image.reference} into the cluster.",
        Stage.PUSH,
        cause=cause,
        fix=f"Check that the cluster runs (`{tool}` lists it), or set `registry` in draft.toml.",
        details=details,
    )
