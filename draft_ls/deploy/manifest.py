"""What a release consists of, read from its rendered manifest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from draft_ls.deploy.model import Workload

if TYPE_CHECKING:
    from collections.abc import Iterable

Document = dict[str, Any]

WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job")


def documents(manifest: str) -> tuple[Document, ...]:
    """The objects of a manifest, lists unpacked, in its order."""
    import yaml

    loader = cast("Any", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return tuple(_unpacked(yaml.load_all(manifest, Loader=loader)))


def workloads(objects: Iterable[Document], namespace: str) -> tuple[Workload, ...]:
    """What makes pods.

    Args:
        objects: the manifest's documents.
        namespace: the release's namespace, where objects live that name none.
    """
    return tuple(
        Workload(item["kind"], item["metadata"]["name"], item["metadata"].get("namespace") or namespace)
        for item in objects
        if item["kind"] in WORKLOAD_KINDS
    )


def images(objects: Iterable[Document]) -> tuple[str, ...]:
    """The image references of all containers of all workloads, init containers last."""
    pods: list[Document] = [
        item["spec"]["template"]["spec"] for item in objects if item["kind"] in WORKLOAD_KINDS
    ]
    containers: list[Document] = [
        container
        for group in ("containers", "initContainers")
        for pod in pods
        for container in cast("list[Document]", pod.get(group) or [])
    ]
    return tuple(str(container.get("image", "")) for container in containers)


def of_kind(objects: Iterable[Document], kind: str) -> tuple[Document, ...]:
    """The objects of one kind."""
    return tuple(item for item in objects if item["kind"] == kind)


def _unpacked(items: Iterable[Any]) -> Iterable[Document]:
    for item in items:
        if not isinstance(item, dict):
            continue
        document = cast("Document", item)
        if isinstance(document.get("items"), list) and str(document.get("kind", "")).endswith("List"):
            yield from _unpacked(document["items"])
        elif "kind" in document and document.get("metadata", {}).get("name"):
            yield document
