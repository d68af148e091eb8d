"""The real cluster for the tests of this folder.

It is the one that ``scripts/cluster`` builds on this machine, started if it does not run and left running.
With ``DRAFT_TEST_CONTEXT`` it is that context of the person's own kubeconfig instead, and
``DRAFT_TEST_REGISTRY`` the registry that its nodes pull from. Tests make and delete namespaces of their own.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ground import HOME, ROOT, RealCluster, Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATH = os.environ["PATH"]
DOCKER = {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
GIVEN = os.environ.get("DRAFT_TEST_CONTEXT")
GIVEN_REGISTRY = os.environ.get("DRAFT_TEST_REGISTRY")
GIVEN_KUBECONFIG = os.environ.get("KUBECONFIG", str(HOME / ".kube/config"))
CLUSTER_FOLDER = Path(os.environ.get("CLUSTER_DIR", HOME / ".cache/draft-devcluster"))
PREFIX = "draft-test-"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real clusters take their time: a longer limit for each test here that sets none itself."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def real_cluster(tools: Tools) -> Iterator[RealCluster]:
    """The cluster, up; when the session ends, no namespace of the tests' is left."""
    cluster = _given(tools) if GIVEN else _built(tools)
    yield cluster
    left = cluster.get("namespaces")["items"]
    names = [each["metadata"]["name"] for each in left if each["metadata"]["name"].startswith(PREFIX)]
    mine = [name for name in names if name in _made]
    now = "--all", "--grace-period=0", "--force", "--wait=false"
    for name in mine:  # else the last pods' time of grace is waited for, twice over
        cluster.kubectl("delete", "pods", "-n", name, *now)
    if mine:
        cluster.kubectl("delete", "namespace", "--ignore-not-found", "--timeout=110s", *mine)


def _given(tools: Tools) -> RealCluster:
    assert GIVEN is not None
    registry = GIVEN_REGISTRY or ""
    assert registry, "DRAFT_TEST_CONTEXT needs DRAFT_TEST_REGISTRY too"
    return RealCluster(Path(GIVEN_KUBECONFIG), GIVEN, registry, tools.kubectl)


def _built(tools: Tools) -> RealCluster:
    up = ROOT / "scripts/cluster", "up"
    subprocess.run(up, check=True, stdin=subprocess.DEVNULL, env={**os.environ, "HOME": str(HOME)})
    return RealCluster(CLUSTER_FOLDER / "kubeconfig", "draft-devcluster", "127.0.0.1:5000", tools.kubectl)


@pytest.fixture
def cluster(
    real_cluster: RealCluster, home: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> RealCluster:
    """The cluster, as this test's current kube context; Helm 4 and kubectl come first on PATH."""
    config = home / "kubeconfig"
    config.write_bytes(real_cluster.kubeconfig.read_bytes())
    monkeypatch.setenv("KUBECONFIG", str(config))
    use = f"--kubeconfig={config}", "config", "use-context", real_cluster.context
    subprocess.run([tools.kubectl, *use], check=True, capture_output=True)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tools.helm4.parent), str(tools.kubectl.parent), PATH]))
    for name, value in DOCKER.items() if GIVEN else ():
        monkeypatch.setenv(name, value)
    return real_cluster


@pytest.fixture
def use_helm3(cluster: RealCluster, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Helm 3 first on PATH, instead of Helm 4."""
    del cluster
    monkeypatch.setenv("PATH", os.pathsep.join([str(tools.helm3.parent), str(tools.kubectl.parent), PATH]))
    return tools.helm3


@pytest.fixture
def registry(cluster: RealCluster) -> str:
    """The registry that the cluster's nodes pull from, without a scheme."""
    return cluster.registry


_made: set[str] = set()


@pytest.fixture
def new_namespace(cluster: RealCluster) -> Iterator[Callable[[], str]]:
    """Each call makes a namespace, deleted when the test ends."""
    mine: list[str] = []

    def make() -> str:
        name = PREFIX + uuid.uuid4().hex[:8]
        cluster.kubectl("create", "namespace", name)
        mine.append(name)
        _made.add(name)
        return name

    yield make
    for name in mine:
        cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


@pytest.fixture
def namespace(new_namespace: Callable[[], str]) -> str:
    """A namespace of this test's own."""
    return new_namespace()
