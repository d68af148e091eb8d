"""The real ground that tests stand on: the cluster, its registry, and the tools that scripts/setup brings."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from draft_ls.dockerfile.parse import parse

ROOT = Path(__file__).parents[2]
"""The checkout."""

HOME = Path.home()
"""The home folder as it was before a test got its own."""


@dataclass(frozen=True)
class Tools:
    """Where the tools lie, at the versions of scripts/tools.lock."""

    helm4: Path
    helm3: Path
    kubectl: Path

    @classmethod
    def ready(cls) -> Tools:
        """The tools, fetched if they are missing."""
        folder = Path(os.environ.get("DRAFT_TOOLS", HOME / ".cache/draft-tools"))
        tools = cls(folder / "helm4/helm", folder / "helm3/helm", folder / "kubectl")
        if not all(each.exists() for each in (tools.helm4, tools.helm3, tools.kubectl)):
            subprocess.run([ROOT / "scripts/setup", "tools"], check=True, stdin=subprocess.DEVNULL)
        return tools


@dataclass(frozen=True)
class RealCluster:
    """A Kubernetes cluster, and the registry that its nodes pull from."""

    kubeconfig: Path
    context: str
    registry: str
    program: Path
    """kubectl."""

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        """Run kubectl against this cluster: what it printed. Fails the test if kubectl failed."""
        done = subprocess.run(
            [self.program, f"--kubeconfig={self.kubeconfig}", f"--context={self.context}", *arguments],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def get(self, *arguments: str) -> Any:
        """``kubectl get … -o json``, decoded."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))


def base_images(folder: Path) -> None:
    """Make the stand-ins that a Dockerfile starts from."""
    stages = parse((folder / "Dockerfile").read_text()).stages
    names = sorted({stage.base for stage in stages if stage.base_stage is None})
    subprocess.run(
        [ROOT / "scripts/cluster", "images", *names],
        check=True,
        stdin=subprocess.DEVNULL,
        env={"HOME": str(HOME), "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    )
