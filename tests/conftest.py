"""What every test gets: a home of its own, no cluster unless asked for, a way to see what was left behind."""

from __future__ import annotations

import os
import shutil
import socket
from typing import TYPE_CHECKING

import hypothesis.internal.observability  # noqa: F401 - its plugin imports this at the end, when threads may run
import pytest

from ground import ROOT, Tools
from leaks import Held, left_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own: nothing of the person who runs the tests gets in or is touched."""
    folder = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if (
            name.startswith(("DRAFT_", "HELM_", "DOCKER_", "BUILDKIT_", "BUILDX_", "XDG_"))
            or name == "GIT_DIR"
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    for name in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
    monkeypatch.setenv("KUBECONFIG", str(folder / "no-kubeconfig"))
    return folder


@pytest.fixture(scope="session")
def tools() -> Tools:
    """Helm 4, Helm 3 and kubectl."""
    return Tools.ready()


@pytest.fixture(scope="session")
def helm4(tools: Tools) -> Path:
    """The program Helm 4."""
    return tools.helm4


@pytest.fixture(scope="session")
def helm3(tools: Tools) -> Path:
    """The program Helm 3."""
    return tools.helm3


@pytest.fixture
def app_folder(tmp_path: Path) -> Callable[..., Path]:
    """``app_folder("python")``: a copy of examples/python; a second argument names the copy's folder."""

    def copy(example: str, name: str | None = None) -> Path:
        target = tmp_path / (name or example)
        shutil.copytree(
            ROOT / "examples" / example, target, ignore=shutil.ignore_patterns("node_modules", "__pycache__")
        )
        return target

    return copy


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Each call gives another TCP port of 127.0.0.1 on which nobody listens."""
    given: set[int] = set()

    def one() -> int:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in given:
                given.add(port)
                return port

    return one


@pytest.fixture
def leaves_nothing() -> Iterator[None]:
    """The test fails if threads, child processes, files or sockets outlive it.

    Name it before the fixtures whose end it is to see: it looks after they have been torn down.
    """
    before = Held.now()
    yield
    left = left_over(before)
    assert not left, "left behind:\n  " + "\n  ".join(left)
