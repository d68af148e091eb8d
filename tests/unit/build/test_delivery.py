"""How an image gets to the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from draft_ls.build.builder import ImageBuilder
from draft_ls.build.delivery import EngineView, cluster_name, is_shared, load, local_delivery
from draft_ls.build.endpoint import Endpoint
from draft_ls.build.model import Delivery, Image, NodeFacts, NodeImage
from draft_ls.errors import DraftError, Stage

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = EngineView("20.10.24", "Debian", frozenset({"pod-1", "pod-2"}), {"a:1": 10, "b:1": 20})
HERE = Endpoint("unix:///none.sock", "default")


def node(runtime: str = "docker://20.10.24", **more: object) -> NodeFacts:
    return NodeFacts("node", runtime, **more)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("nodes", "shared"),
    [
        ([node(pods=("pod-1", "pod-9"))], True),
        ([node(pods=("pod-9",))], False),
        ([node(pods=("pod-1",)), node(pods=("pod-9",))], False),
        ([node("docker://27.0.0", pods=("pod-1",))], False),
        ([node("containerd://1.7", pods=("pod-1",))], False),
        ([node(images=(NodeImage(("a:1",), 10), NodeImage(("b:1",), 20)))], True),
        ([node(images=(NodeImage(("a:1",), 10), NodeImage(("b:1",), 21)))], False),
        ([node(images=(NodeImage(("a:1",), 10),))], False),
        ([node(pods=("pod-9",), images=(NodeImage(("a:1",), 10), NodeImage(("b:1",), 20)))], False),
        ([node()], False),
        ([], False),
    ],
)
def test_a_shared_engine_needs_proof(nodes: list[NodeFacts], shared: bool) -> None:
    assert is_shared(nodes, ENGINE) is shared


def test_docker_desktop() -> None:
    desktop = EngineView("28.0.0", "Docker Desktop", frozenset(), {})
    assert is_shared([NodeFacts("docker-desktop", "docker://28.0.0")], desktop)
    assert not is_shared([NodeFacts("docker-desktop", "docker://28.0.0")], ENGINE)
    assert not is_shared([NodeFacts("desktop-control-plane", "containerd://1.7")], desktop)


@pytest.mark.parametrize(
    ("context", "nodes", "found", "name"),
    [
        ("kind-dev", [], Delivery.KIND, "dev"),
        ("renamed", [node("containerd://1", provider="kind://docker/dev/dev-worker")], Delivery.KIND, "dev"),
        ("k3d-dev", [], Delivery.K3D, "dev"),
        ("x", [NodeFacts("k3d-my-dev-server-0", "containerd://1", "k3s://k3d")], Delivery.K3D, "my-dev"),
        ("minikube", [], Delivery.MINIKUBE, "minikube"),
        ("x", [node("containerd://1", labels={"minikube.k8s.io/name": "p"})], Delivery.MINIKUBE, "p"),
        ("kind-of-prod", [NodeFacts("ip-10-0-0-1", "containerd://1", "aws:///x/i-1")], None, "of-prod"),
        ("prod", [], None, "prod"),
    ],
)
def test_local_clusters(context: str, nodes: list[NodeFacts], found: Delivery | None, name: str) -> None:
    assert local_delivery(context, nodes) is found
    assert cluster_name(context, nodes) == name


async def test_a_registry_needs_no_docker_to_decide(tmp_path: Path) -> None:
    builder = ImageBuilder({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}, tmp_path)
    assert await builder.choose_delivery("host:5000/x", "any", ()) is Delivery.PUSH


IMAGE = Image("repo", "tag", "sha256:1")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (Delivery.KIND, "kind load docker-image repo:tag --name c"),
        (Delivery.K3D, "k3d image import repo:tag --cluster c"),
        (Delivery.MINIKUBE, "minikube image load repo:tag --profile c"),
    ],
)
async def test_loading(how: Delivery, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loaders are stand-ins: none of the three tools can run where this is tested."""
    name = words.split(maxsplit=1)[0]
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(DraftError) as caught:
        await load(IMAGE, how, "c", HERE)
    assert caught.value.problem.code == "loader-missing"
    tool = tmp_path / name
    tool.write_text('#!/bin/sh\necho "$(basename $0) $* $DOCKER_HOST"\n')
    tool.chmod(0o755)
    lines: list[str] = []
    await load(IMAGE, how, "c", HERE, lambda _, text: lines.append(text))
    assert lines == [f"{words} {HERE.host}"]
    tool.write_text("#!/bin/sh\necho no nodes found >&2\nexit 1\n")
    with pytest.raises(DraftError) as caught:
        await load(IMAGE, how, "c", HERE)
    problem = caught.value.problem
    assert (problem.code, problem.stage, problem.cause) == ("load-failed", Stage.PUSH, "no nodes found")


async def test_nothing_to_load() -> None:
    await load(IMAGE, Delivery.SHARED, "c", HERE)
    await load(IMAGE, Delivery.PUSH, "c", HERE)
