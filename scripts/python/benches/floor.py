"""The floor of the sync path: the same bytes by tar over an exec stream that stays open, and a restart if need be.

No digests, no checks, no mapping, no fallback: what cannot be beaten without leaving the cluster. The app
runs in a pod of its own under a shell that starts it again when it ends, and is asked at the pod's address.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benches.deployed import answers, docker
from place import TOOLS, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "floor"
KEEP_RUNNING = 'while :; do setsid "$@" & echo $! >/tmp/floor; wait; done'
TAKE = (
    'while read -r size restart; do head -c "$size" | tar -x -C /; '
    '[ "$restart" = 0 ] || kill -9 "-$(cat /tmp/floor)"; done'
)


@dataclass(frozen=True)
class SyncFloor:
    """An app in a pod, and the shell that takes files."""

    url: str
    shell: subprocess.Popen[bytes]

    async def save(self, files: Mapping[str, bytes], wanted: str, *, restart: bool) -> float:
        """Copy files to where they belong in the container, restart, and wait for the answer: seconds."""
        started = time.perf_counter()
        data = archive(files)
        assert self.shell.stdin is not None
        self.shell.stdin.write(f"{len(data)} {int(restart)}\n".encode() + data)
        self.shell.stdin.flush()
        return await answers(self.url, wanted) - started


def archive(files: Mapping[str, bytes]) -> bytes:
    """A tar of files by path."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, data in files.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mtime, member.mode = len(data), int(time.time()), 0o644
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@contextmanager
def sync_floor(place: Place, namespace: str, image: str, port: int) -> Iterator[SyncFloor]:
    """The image's own command, supervised by a loop, ready to take files."""
    config = _config(image)
    within = f"--namespace={namespace}"
    place.kubectl("apply", within, "-f", "-", stdin=json.dumps(_pod(image, config, port)))
    place.kubectl("wait", within, "--for=condition=Ready", f"pod/{NAME}", "--timeout=60s")
    address = place.kubectl("get", "pod", NAME, within, "-o", "jsonpath={.status.podIP}").stdout
    take = ("exec", "-i", NAME, "--", "sh", "-c", TAKE)
    shell = subprocess.Popen(
        [TOOLS / "kubectl", f"--context={place.context}", within, *take],
        env=place.environment,
        stdin=subprocess.PIPE,
    )
    try:
        yield SyncFloor(f"http://{address}:{port}/", shell)
    finally:
        shell.kill()
        shell.communicate()
        place.kubectl("delete", "pod", NAME, within, "--grace-period=0", "--force")


def _pod(image: str, config: dict[str, Any], port: int) -> dict[str, Any]:
    """The app, supervised by a loop."""
    run = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
    variables = {"PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1"}
    container = {
        "name": NAME,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", KEEP_RUNNING, NAME, *run],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "securityContext": {"runAsUser": 0},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
    }


def _config(image: str) -> dict[str, Any]:
    """What an image runs, and where."""
    done = subprocess.run([docker(), "image", "inspect", image], check=True, capture_output=True)
    return json.loads(done.stdout)[0]["Config"]
