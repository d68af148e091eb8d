"""The scripts that README names, as a person runs them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ground import HOME, ROOT

if TYPE_CHECKING:
    from ground import RealCluster

LAST_LINE = re.compile(r"demo: live in \d+\.\d s, redeployed in \d+\.\d s, at http://\S+")


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A script of this checkout, with the home folder of the person who runs the tests: it has the caches."""
    environment = {**os.environ, "HOME": str(HOME), **variables}
    return subprocess.run(
        [str(ROOT / command[0]), *command[1:]],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("example", ["python", "javascript"])
def test_the_demo_tells_the_whole_story(cluster: RealCluster, example: str) -> None:
    done = run("scripts/demo", "--context", cluster.context, "--example", example)
    assert done.returncode == 0, done.stdout + done.stderr
    assert LAST_LINE.fullmatch(done.stdout.splitlines()[-1])
    assert f"Cluster {cluster.context} at https://" in done.stderr
    assert_left_nothing(cluster, done.stdout)


def assert_left_nothing(cluster: RealCluster, told: str) -> None:
    """Neither the demo's folder nor its namespace."""
    found = re.search(r"in (\S+), for the namespace (\S+)", told)
    assert found, told
    assert not Path(found[1]).exists()
    cluster.kubectl("wait", "--for=delete", f"namespace/{found[2]}", "--timeout=110s")


def test_the_demo_fails_where_the_app_does(cluster: RealCluster) -> None:
    """An exit code of 0 means that both versions answered, and nothing else."""
    done = run("scripts/demo", "--context", cluster.context, "--registry", "127.0.0.1:9")
    assert done.returncode == 1
    assert "demo: failed: " in done.stdout
    assert "127.0.0.1:9" in done.stdout
    assert_left_nothing(cluster, done.stdout)


def test_the_demo_takes_no_context_that_is_not_there() -> None:
    done = run("scripts/demo", "--context", "nowhere", KUBECONFIG=os.devnull)
    assert done.returncode == 1
    assert "nowhere" in done.stderr or "kubeconfig" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_cluster_says_what_runs(real_cluster: RealCluster) -> None:
    if real_cluster.context != "draft-devcluster":
        pytest.skip("a cluster of the person's own")
    done = run("scripts/cluster", "status")
    assert done.returncode == 0, done.stdout
    assert "node devcluster: ready" in done.stdout


def test_a_second_up_changes_nothing(real_cluster: RealCluster) -> None:
    if real_cluster.context != "draft-devcluster":
        pytest.skip("a cluster of the person's own")
    before = run("scripts/cluster", "status").stdout
    done = run("scripts/cluster", "up")
    assert done.returncode == 0, done.stderr
    assert "starting" not in done.stderr
    assert run("scripts/cluster", "status").stdout == before
