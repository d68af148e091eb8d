"""What the packs write is built by a real Docker Engine, runs in a real cluster as production would, and answers.

A language is tried where a stand-in for its base image can be made from Debian's packages, PyPI's or npm's
(scripts/images) and its build needs no other repository: those are what test machines reach.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from draft_ls.detect.detect import detect
from draft_ls.engine.packs import available_packs
from draft_ls.engine.writing import write
from draft_ls.files import DiskTree
from draft_ls.scaffold.scaffold import scaffold
from ground import HOME, ROOT, base_images

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ground import RealCluster

EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())


def docker(*arguments: str | Path, buildkit: bool) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(HOME), "DOCKER_BUILDKIT": str(int(buildkit))}
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, env=environment, timeout=600
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.timeout(900)
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_and_answers(
    example: str,
    app_folder: Callable[..., Path],
    cluster: RealCluster,
    namespace: str,
    helm3: Path,
    helm4: Path,
) -> None:
    folder = app_folder(example)
    tree = DiskTree(folder)
    [app] = detect(tree)
    name = f"example-{example}"
    write(folder, scaffold(tree, app, available_packs(trusted=False).packs[app.pack], name=name).edits)
    base_images(folder)
    buildkit = example != "python"  # one language by the classic builder, which has no cache mounts
    image = f"draft-test/{name}"
    docker("build", "--quiet", "--tag", f"{image}:{namespace}", folder, buildkit=buildkit)
    try:
        helm = helm3 if example == "javascript" else helm4
        values = f"image.repository={image},image.tag={namespace}"
        options = (f"--namespace={namespace}", "--wait", "--timeout=120s", f"--set={values}")
        arguments = [helm, "install", name, folder / "chart", *options]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + cluster.kubectl("-n", namespace, "describe", "pods")
        page = cluster.kubectl("get", "--raw", f"/api/v1/namespaces/{namespace}/services/{name}:http/proxy/")
        assert "Hello, World!" in page
        [pod] = cluster.get("pods", "-n", namespace)["items"]
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
    finally:
        docker("rmi", "--force", f"{image}:{namespace}", buildkit=buildkit)
