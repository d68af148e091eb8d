"""Where demo and benchmarks deploy to: the person's own cluster, or the one that scripts/cluster builds."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.cluster.contexts import load_contexts
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
TOOLS = Path(os.environ.get("DRAFT_TOOLS", Path.home() / ".cache/draft-tools"))
CLUSTER = Path(os.environ.get("CLUSTER_DIR", Path.home() / ".cache/draft-devcluster"))
BUILT_CONTEXT = "draft-devcluster"


def with_tools(environment: Mapping[str, str], state: Path | None = None) -> dict[str, str]:
    """Variables for a program that is to find Helm and kubectl: the person's own first.

    ``state``, if given, becomes its state folder: what a script deploys is no part of the person's own history.
    """
    path = os.pathsep.join([environment["PATH"], str(TOOLS / "helm4"), str(TOOLS)])
    added = {"XDG_STATE_HOME": str(state)} if state else {}
    return {**environment, "PATH": path, **added}


@dataclass(frozen=True)
class Place:
    """A cluster to deploy to.

    Attributes:
        context: its kube context.
        server: its API server.
        kubeconfig: the value of ``KUBECONFIG`` that knows the context.
        registry: where images are pushed; none: straight into the (local) cluster.
        built: whether it is the cluster of scripts/cluster.
    """

    context: str
    server: str
    kubeconfig: str
    registry: str | None
    built: bool

    @property
    def environment(self) -> dict[str, str]:
        """The variables for a program that is to use this cluster."""
        return self.variables()

    def variables(self, state: Path | None = None) -> dict[str, str]:
        """The same, with a state folder of its own: see ``with_tools``."""
        return with_tools({**os.environ, "KUBECONFIG": self.kubeconfig}, state)

    def kubectl(
        self, *arguments: str, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl on this cluster."""
        return subprocess.run(
            [TOOLS / "kubectl", f"--context={self.context}", *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=check,
        )

    @contextmanager
    def namespace(self, prefix: str, *, keep: bool = False) -> Iterator[str]:
        """A namespace that is deleted, with all in it, when the block ends (unless it is to be kept).

        The cluster takes its time for it, up to a minute where a pod has only just started: nobody waits.
        """
        name = f"{prefix}-{uuid.uuid4().hex[:6]}"
        self.kubectl("create", "namespace", name)
        try:
            yield name
        finally:
            if keep:
                print(f"--> Kept: namespace {name}", flush=True)
            else:
                self.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false", check=False)


def choose(*, context: str | None = None, local: bool = False, registry: str | None = None) -> Place:
    """The given context, else the current one if it answers, else the built cluster, which is started.

    Says on standard error which cluster is about to be touched.
    """
    given = None if local else _given(context, registry)
    if given is None:
        given = _built(registry)
    whose = "built by scripts/cluster" if given.built else "your kube context"
    print(f"--> Cluster {given.context} at {given.server} ({whose})", file=sys.stderr, flush=True)
    return given


def _given(context: str | None, registry: str | None) -> Place | None:
    try:
        contexts = load_contexts()
    except DraftError as error:
        if context:
            sys.exit(f"There is no kube context {context!r}: {error}")
        print(f"--> No cluster of your own: {error}", file=sys.stderr)
        return None
    name = context or contexts.current
    if name is None or name not in contexts.by_name:
        if context:
            sys.exit(f"There is no kube context {context!r}; there are: {', '.join(contexts.by_name)}")
        return None
    place = Place(name, contexts.by_name[name].server, contexts.kubeconfig, registry, built=False)
    if name == BUILT_CONTEXT:
        return _built(registry)
    if place.kubectl("--request-timeout=8s", "get", "--raw", "/version", check=False).returncode == 0:
        return place
    if context:
        sys.exit(f"The kube context {name!r} does not answer at {place.server}")
    print(f"--> Your kube context {name} does not answer at {place.server}: not used", file=sys.stderr)
    return None


def _built(registry: str | None) -> Place:
    subprocess.run([ROOT / "scripts/cluster", "up"], check=True, stdin=subprocess.DEVNULL)
    kubeconfig = str(CLUSTER / "kubeconfig")
    server = load_contexts({"KUBECONFIG": kubeconfig}).by_name[BUILT_CONTEXT].server
    return Place(BUILT_CONTEXT, server, kubeconfig, registry, built=True)
