"""What the containers of an app hold, next to what is saved."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from draft_ls.build.context import ContextReader
from draft_ls.build.model import FileType

if TYPE_CHECKING:
    from engine_bench import Bench
    from ground import RealCluster

Digests = dict[str, str]
"""By path, relative to the app."""

_LIST = "cd /app && find . -type f ! -path '*/__pycache__/*' -exec sha256sum {} +"
_READ = """\
import hashlib, pathlib
for path in pathlib.Path("/app").rglob("*"):
    if path.is_file() and "__pycache__" not in path.parts:
        print(hashlib.sha256(path.read_bytes()).hexdigest(), " ./", path.relative_to("/app"), sep="")
"""
"""The same without a shell."""


def saved(bench: Bench) -> Digests:
    """The files that belong into the image."""
    files = ContextReader(bench.app).read().files
    return {path: file.digest for path, file in files.items() if file.type is FileType.FILE}


def pods(bench: Bench, cluster: RealCluster) -> list[str]:
    """The release's pods that are there to stay."""
    release = f"app.kubernetes.io/instance={bench.status.release}"
    found = cluster.get("pod", "-n", bench.status.namespace or "", "-l", release)
    return [
        each["metadata"]["name"] for each in found["items"] if "deletionTimestamp" not in each["metadata"]
    ]


def in_pod(bench: Bench, cluster: RealCluster, pod: str, *, shell: bool = True) -> Digests:
    """The files under /app in a pod."""
    command = ("sh", "-c", _LIST) if shell else ("python", "-c", _READ)
    said = cluster.kubectl("exec", "-n", bench.status.namespace or "", pod, "--", *command)
    pairs = (line.split(maxsplit=1) for line in said.splitlines())
    return {path.removeprefix("./"): digest for digest, path in pairs}


async def assert_equal(
    bench: Bench, cluster: RealCluster, *, patience: float = 0, shell: bool = True
) -> None:
    """Every pod holds exactly the saved files, within ``patience`` seconds."""
    wanted = saved(bench)
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        held = await asyncio.to_thread(_all, bench, cluster, shell)
        if held and all(each == wanted for each in held.values()):
            return
        if asyncio.get_running_loop().time() >= deadline:
            assert held, "no pod that holds anything"
            for pod, files in held.items():
                differ = {
                    path for path in files.keys() | wanted.keys() if files.get(path) != wanted.get(path)
                }
                assert not differ, f"{pod}: {sorted(differ)}"
        await asyncio.sleep(0.2)


def _all(bench: Bench, cluster: RealCluster, shell: bool) -> dict[str, Digests]:
    found: dict[str, Digests] = {}
    for pod in pods(bench, cluster):
        try:
            found[pod] = in_pod(bench, cluster, pod, shell=shell)
        except AssertionError:  # a pod that comes or goes
            found[pod] = {}
    return found
