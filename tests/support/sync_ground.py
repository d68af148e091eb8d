"""An app in the real cluster whose files are synced: what the tests of the sync stand on."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from draft_ls.build.context import ContextReader
from draft_ls.cluster.kinds import PODS
from draft_ls.dockerfile.parse import parse
from draft_ls.files import DiskTree
from draft_ls.sync.mapping import Image, changes_between, plan_sync
from draft_ls.sync.model import SyncPlan
from draft_ls.sync.supervisor import ImageConfig, supervise
from draft_ls.sync.syncer import Syncer, replicas

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from draft_ls.build.model import ContextFile
    from draft_ls.cluster.client import Cluster
    from draft_ls.dockerfile.model import Dockerfile
    from draft_ls.sync.model import Replica, Synced, SyncResult
    from ground import RealCluster

SERVER = """\
import http.server
VERSION = "v0"
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = VERSION.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
PLAIN = """\
FROM python:3.11-slim
WORKDIR /app
COPY . .
CMD ["python", "server.py"]
"""
PORT = 8080
IGNORED = (".dockerignore", "Dockerfile", "ignored")


def build(tag: str, folder: Path, text: str, *, supervised: bool = True) -> None:
    """Build an image with the Engine's own BuildKit."""
    if supervised:
        developed = supervise(text, _inherited(text))
        assert isinstance(developed, str), developed
        text = developed
    file = folder.parent / f"{folder.name}.Dockerfile"
    file.write_text(text)
    done = subprocess.run(
        ["/usr/bin/docker", "build", "--quiet", "--tag", tag, "--file", file, folder],
        env={"DOCKER_BUILDKIT": "1", "PATH": "/usr/bin:/bin", "HOME": str(folder.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _inherited(text: str) -> ImageConfig:
    """What the final stage's base image runs."""
    final = parse(text).final
    assert final is not None
    inspect = ["/usr/bin/docker", "image", "inspect", "--format", "{{json .Config}}", final.base]
    found = json.loads(subprocess.run(inspect, check=True, capture_output=True).stdout)
    return ImageConfig(tuple(found["Entrypoint"] or ()), tuple(found["Cmd"] or ()))


@dataclass
class App:
    """One app: its folder, its image, its pods, and what is live in them."""

    ground: RealCluster
    cluster: Cluster
    namespace: str
    folder: Path
    tag: str
    text: str
    dockerfile: Dockerfile = field(init=False)
    live: Mapping[str, ContextFile] = field(init=False)
    syncer: Syncer = field(init=False)
    troubles: list[Synced] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dockerfile = parse(self.text)
        self.syncer = Syncer(self.cluster, self.folder, self.troubles.append)
        self.live = self.saved()

    def saved(self) -> Mapping[str, ContextFile]:
        """The build context as it is on disk."""
        return ContextReader(self.folder).read().files

    def deploy(self, *, count: int = 1, container: Mapping[str, Any] | None = None, **pod: Any) -> None:
        """Run the image; returns when every pod is ready."""
        runs = {"name": "app", "image": self.tag, "imagePullPolicy": "Never", **(container or {})}
        spec = {"containers": [runs], "terminationGracePeriodSeconds": 1, **pod}
        template = {"metadata": {"labels": {"app": "app"}}, "spec": spec}
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "app"},
            "spec": {
                "replicas": count,
                "selector": {"matchLabels": {"app": "app"}},
                "template": template,
            },
        }
        self.ground.kubectl("-n", self.namespace, "apply", "-f", "-", stdin=json.dumps(body))
        self.ground.kubectl("-n", self.namespace, "rollout", "status", "deployment/app", "--timeout=100s")

    async def pods(self) -> list[Any]:
        """The pods that are not being deleted."""
        items, _ = await self.cluster.list(PODS, self.namespace, labels="app=app")
        return [each for each in items if not each["metadata"].get("deletionTimestamp")]

    async def replicas(self) -> list[Replica]:
        """The containers that run the image."""
        return [replica for pod in await self.pods() for replica in replicas(pod, self.tag)]

    async def open(self) -> None:
        """Open the sync into every replica."""
        assert (await self.syncer.follow(await self.replicas())).problem is None

    def plan(self) -> SyncPlan:
        """What is changed on disk, as operations."""
        saved = self.saved()
        files = {**self.live, **saved}
        result = plan_sync(
            Image(self.dockerfile, files.keys(), DiskTree(self.folder)), changes_between(self.live, saved)
        )
        assert isinstance(result, SyncPlan), result
        self.live = saved
        return result

    async def sync(self) -> SyncResult:
        """Bring what is on disk into the replicas."""
        return await self.syncer.apply(self.plan())

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Save a file."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(mode)

    def save(self, version: str) -> None:
        """Save the server with another answer."""
        self.write("server.py", SERVER.replace("v0", version))

    def run(self, pod: str, *command: str) -> str:
        """Run a command in a container by kubectl: a way of its own to look."""
        return self.ground.kubectl("-n", self.namespace, "exec", pod, "--", *command)

    async def assert_equal(self, root: str = "/app") -> None:
        """Every file of the context is in every replica, equal in content and mode, and nothing else is."""
        script = (
            f"cd {root} && find . -type f ! -path '*/__pycache__/*' -exec sha256sum {{}} + | sort -k2; "
            "find . -type f -exec stat -c '%a %n' {} + | sort -k2; "
            'for l in $(find . -type l); do echo "$l -> $(readlink "$l")"; done | sort'
        )
        for pod in await self.pods():
            found = await asyncio.to_thread(self.run, pod["metadata"]["name"], "sh", "-c", script)
            assert found.splitlines() == self.expected()

    def expected(self) -> list[str]:
        """The lines that the script of ``assert_equal`` should print."""
        paths = {f"./{each.relative_to(self.folder)}": each for each in self.folder.rglob("*")}
        names = [name for name in sorted(paths) if name[2:] not in IGNORED]
        files = [name for name in names if paths[name].is_file() and not paths[name].is_symlink()]
        return [
            *(f"{hashlib.sha256(paths[name].read_bytes()).hexdigest()}  {name}" for name in files),
            *(f"{paths[name].stat().st_mode & 0o777:o} {name}" for name in files),
            *(f"{name} -> {paths[name].readlink()}" for name in names if paths[name].is_symlink()),
        ]

    async def answers(self, pod: Any = None) -> str:
        """The first answer of a pod; waits while nothing listens."""
        pod = pod or (await self.pods())[0]
        async with asyncio.timeout(20):
            while True:
                try:
                    return await _get(pod["status"]["podIP"])
                except OSError:
                    await asyncio.sleep(0.002)


async def _get(address: str) -> str:
    reader, writer = await asyncio.open_connection(address, PORT)
    try:
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answer = await reader.read()
    finally:
        writer.close()
    if not answer:
        raise ConnectionResetError
    return answer.partition(b"\r\n\r\n")[2].decode()
