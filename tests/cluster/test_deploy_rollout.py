"""Rollouts on the real cluster: the good end, and each bad one at its cause."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from draft_ls.cluster import kinds
from draft_ls.deploy.rollout import follow
from draft_ls.deploy.view import View
from draft_ls.errors import DraftError, Problem, Stage
from tiny import Tiny

if TYPE_CHECKING:
    from ground import RealCluster


async def failure(cluster: RealCluster, namespace: str, within: float = 50, **values: Any) -> Problem:
    """How a rollout fails; fails the test if that takes long."""
    async with Tiny.of(cluster, namespace) as tiny:
        started = time.monotonic()
        with pytest.raises(DraftError) as raised:
            await tiny.roll_out(timeout=within + 10, **values)
        assert time.monotonic() - started < within
    problem = raised.value.problem
    assert problem.stage is Stage.ROLLOUT
    assert problem.message
    assert problem.fix
    return problem


async def test_a_first_and_a_second_revision_come_up(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        first = await tiny.roll_out(text="one", replicas=2)
        assert len(first.pods) == 2
        assert {pod.containers for pod in first.pods} == {("app",)}
        assert first.pods[0].ports == (8080,)
        second = await tiny.roll_out(text="two", replicas=2)
    assert not {pod.uid for pod in first.pods} & {pod.uid for pod in second.pods}
    assert all(pod.ready for pod in second.pods)
    assert "tiny: 2 of 2 ready" in tiny.said


async def test_an_unchanged_release_is_done_at_once(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        first = await tiny.roll_out()
        second = await tiny.roll_out()
    assert second.pods == first.pods
    assert second.seconds < 2


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
async def test_other_kinds_of_workload(cluster: RealCluster, namespace: str, kind: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        first = await tiny.roll_out(kind=kind, text="one")
        second = await tiny.roll_out(kind=kind, text="two")
    assert first.pods[0].workload.kind == kind
    assert first.pods[0].uid != second.pods[0].uid


async def test_pods_are_told_as_soon_as_they_have_a_node(cluster: RealCluster, namespace: str) -> None:
    told: list[str] = []
    async with Tiny.of(cluster, namespace) as tiny, View(tiny.cluster, namespace) as view:
        release = await tiny.release(delay=3)
        rollout = asyncio.create_task(
            follow(tiny.cluster, release, on_pod=lambda pod: told.append(pod.name), view=view)
        )
        async with asyncio.timeout(2):
            while not told:
                await asyncio.sleep(0.01)
        assert not rollout.done()
        assert [pod.name for pod in (await rollout).pods] == told


async def test_an_image_that_does_not_exist(cluster: RealCluster, namespace: str, registry: str) -> None:
    image = {"repository": f"{registry}/no-such-image", "tag": "1"}
    problem = await failure(cluster, namespace, image=image)
    assert problem.code == "image-not-found"
    assert f"{registry}/no-such-image:1" in problem.message


async def test_a_registry_that_is_not_there(cluster: RealCluster, namespace: str) -> None:
    problem = await failure(cluster, namespace, image={"repository": "127.0.0.1:9/app", "tag": "1"})
    assert problem.code == "image-registry-unreachable"
    assert "refused" in problem.cause


async def test_an_image_name_that_is_none(cluster: RealCluster, namespace: str) -> None:
    problem = await failure(cluster, namespace, image={"repository": "Not/An//Image", "tag": "1"})
    assert problem.code == "image-name-invalid"


async def test_an_image_that_must_not_be_pulled(cluster: RealCluster, namespace: str) -> None:
    image = {"repository": "nowhere", "tag": "1"}
    assert (await failure(cluster, namespace, image=image, pullPolicy="Never")).code == "image-not-on-node"


async def test_a_crash_shows_its_last_lines(cluster: RealCluster, namespace: str) -> None:
    problem = await failure(cluster, namespace, mode="crash")
    assert problem.code == "container-crashes"
    assert "exit code 1" in problem.message
    assert {*problem.details} == {"about to crash", "RuntimeError: no DATABASE_URL"}


async def test_a_crashing_new_revision_fails_beside_a_good_old_one(
    cluster: RealCluster, namespace: str
) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.roll_out()
    assert (await failure(cluster, namespace, mode="crash")).code == "container-crashes"


async def test_a_program_that_just_ends(cluster: RealCluster, namespace: str) -> None:
    assert (await failure(cluster, namespace, mode="end")).code == "container-ends"


async def test_a_command_that_is_not_in_the_image(cluster: RealCluster, namespace: str) -> None:
    problem = await failure(cluster, namespace, command=["no-such-program"])
    assert problem.code == "container-cannot-start"
    assert "not in the image" in problem.fix


async def test_too_little_memory(cluster: RealCluster, namespace: str) -> None:
    problem = await failure(cluster, namespace, mode="eat", resources={"limits": {"memory": "64Mi"}})
    assert problem.code == "container-out-of-memory"
    assert "64Mi" in problem.message


async def test_a_missing_config_map(cluster: RealCluster, namespace: str) -> None:
    problem = await failure(cluster, namespace, envFrom=[{"configMapRef": {"name": "settings"}}])
    assert problem.code == "configmap-missing"
    assert "'settings'" in problem.message


async def test_a_missing_secret_in_a_volume(cluster: RealCluster, namespace: str) -> None:
    volume = {"name": "keys", "secret": {"secretName": "keys"}}
    mount = {"name": "keys", "mountPath": "/keys"}
    problem = await failure(cluster, namespace, volumes=[volume], volumeMounts=[mount])
    assert problem.code == "secret-missing"


async def test_no_node_fits(cluster: RealCluster, namespace: str) -> None:
    problem = await failure(cluster, namespace, nodeSelector={"disk": "gold"})
    assert problem.code == "pod-unschedulable"
    assert "0/1 nodes" in problem.cause


async def test_an_unbound_volume_claim(cluster: RealCluster, namespace: str) -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    claim = (
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, "
        "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}"
    )
    problem = await failure(cluster, namespace, volumes=[volume], extra=claim)
    assert problem.code == "volume-claim-unbound"


async def test_a_full_quota(cluster: RealCluster, namespace: str) -> None:
    cluster.kubectl("-n", namespace, "create", "quota", "small", "--hard=pods=0")
    problem = await failure(cluster, namespace)
    assert problem.code == "quota-exceeded"
    assert "small" in problem.cause


async def test_a_probe_that_fails_until_the_deadline(cluster: RealCluster, namespace: str) -> None:
    probe = {"path": "/", "port": 9999, "periodSeconds": 1}
    async with Tiny.of(cluster, namespace) as tiny:
        with pytest.raises(DraftError) as raised:
            await tiny.roll_out(timeout=15, probe=probe)
    problem = raised.value.problem
    assert problem.code == "readiness-probe-failed"
    assert "9999" in problem.cause
    assert "listening as one" in problem.details


async def test_a_deleted_pod_in_the_middle_is_replaced(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny, View(tiny.cluster, namespace) as view:
        release = await tiny.release(delay=2)
        gone: list[str] = []

        def told(pod: Any) -> None:
            if not gone:
                gone.append(pod.name)
                deletions.append(
                    asyncio.create_task(tiny.cluster.delete(kinds.PODS, pod.name, namespace, grace=0))
                )

        deletions: list[asyncio.Task[bool]] = []
        rollout = await follow(tiny.cluster, release, timeout=60, on_pod=told, view=view)
    assert await deletions[0]
    assert rollout.pods[0].name != gone[0]
