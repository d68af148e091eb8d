"""Releases on the real cluster, with Helm 4 and Helm 3: written, cut off, repaired, rolled back, removed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from draft_ls.cluster import kinds
from draft_ls.deploy.helm import Helm
from draft_ls.errors import DraftError
from tiny import CHART, Tiny

if TYPE_CHECKING:
    from pathlib import Path

    from ground import RealCluster


@pytest.fixture(params=["helm4", "helm3"], autouse=True)
def helm(request: pytest.FixtureRequest, cluster: RealCluster, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test runs with both."""
    del cluster
    program: Path = request.getfixturevalue(request.param)
    monkeypatch.setenv("HELM", str(program))
    return program


async def kill_helm(tiny: Tiny, write: asyncio.Task[object]) -> None:
    """Kill the Helm that ``write`` runs, as soon as it has marked the release as pending."""
    while not (children := [each for each in psutil.Process().children() if "helm" in each.name()]):
        await asyncio.sleep(0.01)
    while not ((found := await tiny.helm.history(tiny.target)) and found[-1].unfinished):
        await asyncio.sleep(0.05)
    children[0].send_signal(signal.SIGKILL)
    with pytest.raises(DraftError):
        await write


async def test_a_release_from_nothing_to_nothing(cluster: RealCluster, namespace: str, helm: Path) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        assert str(tiny.helm.version[0]) in helm.parent.name
        assert await tiny.helm.status(tiny.target) is None
        assert await tiny.helm.history(tiny.target) == ()
        first = await tiny.release(text="one")
        assert (first.revision, first.installed, first.status) == (1, True, "deployed")
        assert tiny.said == ['Release "tiny" does not exist. Installing it now.']
        second = await tiny.release(text="two")
        assert (second.revision, second.installed) == (2, False)
        assert 'value: "two"' in second.manifest
        back = await tiny.helm.rollback(tiny.target, 1)
        assert back.revision == 3
        assert back.manifest == first.manifest
        assert [entry.status for entry in await tiny.helm.history(tiny.target)] == [
            "superseded", "superseded", "deployed",
        ]  # fmt: skip
        assert await tiny.helm.uninstall(tiny.target)
        assert not await tiny.helm.uninstall(tiny.target)
        assert await tiny.helm.status(tiny.target) is None


async def test_values_in_their_order(cluster: RealCluster, namespace: str, tmp_path: Path) -> None:
    """Files, then ours, then --set."""
    file = tmp_path / "values.yaml"
    file.write_text("text: from-file\nreplicas: 2\nmode: sleep\n")
    async with Tiny.of(cluster, namespace) as tiny:
        release = await tiny.helm.upgrade(
            tiny.target,
            CHART,
            injected={"text": "ours", "mode": "end"},
            values=[file],
            set_values=["mode=crash"],
        )
    assert "replicas: 2" in release.manifest
    assert 'value: "ours"' in release.manifest
    assert "value: crash" in release.manifest


async def test_a_packed_chart(cluster: RealCluster, namespace: str, helm: Path, tmp_path: Path) -> None:
    done = await asyncio.create_subprocess_exec(helm, "package", str(CHART), "-d", str(tmp_path))
    assert await done.wait() == 0
    async with Tiny.of(cluster, namespace) as tiny:
        chart = tmp_path / "tiny-0.1.0.tgz"
        assert (await tiny.helm.upgrade(tiny.target, chart, injected={})).revision == 1
        release = await tiny.helm.upgrade(tiny.target, chart, injected={"text": "new"}, proven=True)
    assert release.revision == 2
    assert 'value: "new"' in release.manifest


async def test_what_others_changed_is_taken_back(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.release(replicas=1)
        cluster.kubectl("-n", namespace, "scale", "deployment/tiny", "--replicas=0")
        await tiny.release(replicas=2)
    assert cluster.get("-n", namespace, "deployment/tiny")["spec"]["replicas"] == 2


async def test_cancelling_waits_for_the_end_of_the_write(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.release(text="one")
        write = asyncio.create_task(tiny.release(text="two", hook="sleep 2"))
        await asyncio.sleep(1)
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        newest = (await tiny.helm.history(tiny.target))[-1]
    assert (newest.number, newest.status) == (2, "deployed")


async def test_a_first_write_that_was_killed_is_removed(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        await kill_helm(tiny, asyncio.create_task(tiny.release(hook="sleep 60")))
        assert (await tiny.helm.history(tiny.target))[-1].status == "pending-install"
        said = await tiny.helm.repair(tiny.target, settle=0)
        assert said is not None
        assert "removed" in said
        assert (await tiny.release()).revision == 1


async def test_a_later_write_that_was_killed_is_rolled_back(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.release(text="good")
        await kill_helm(tiny, asyncio.create_task(tiny.release(text="cut", hook="sleep 60")))
        with pytest.raises(DraftError) as raised:
            await tiny.release(text="next")
        assert raised.value.problem.code == "release-pending"
        said = await tiny.helm.repair(tiny.target, settle=0)
        assert said is not None
        assert "rolled back to revision 1" in said
        assert (await tiny.release(text="next")).status == "deployed"
        assert await tiny.helm.repair(tiny.target) is None


async def test_a_write_under_way_elsewhere_is_waited_for(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.release(text="one")
        other = asyncio.create_task(tiny.release(text="other", hook="sleep 2"))
        await asyncio.sleep(1)
        assert await tiny.helm.repair(tiny.target, settle=30) is None
        assert (await other).revision == 2


async def test_a_missing_namespace(cluster: RealCluster) -> None:
    async with Tiny.of(cluster, "draft-test-not-there") as tiny:
        with pytest.raises(DraftError) as raised:
            await tiny.release()
        assert raised.value.problem.code == "namespace-missing"


async def test_a_context_that_does_not_exist(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        with pytest.raises(DraftError) as raised:
            await tiny.helm.upgrade(replace(tiny.target, context="nowhere"), CHART, injected={})
    assert raised.value.problem.code == "cluster-unreachable"
    assert "nowhere" in raised.value.problem.cause


REJECTED = {
    "a port that is none": ("service.yaml", "port: 80,", "port: 99999999,", "port: 99999999,"),
    "an unknown field": ("service.yaml", "type: {{ .Values", "tpye: {{ .Values", "tpye: {{ .Values"),
    "a text for a number": ("service.yaml", "port: 80,", "port: eighty,", "port: eighty,"),
    "a name that is none": ("service.yaml", "name: {{ .Release.Name }}", "name: No_Name", "name: No_Name"),
    "an unknown field deep down": (
        "workload.yaml",
        "containerPort: 8080",
        "containerPrt: 8080",
        "containerPrt",
    ),
    "a selector of other pods": (
        "workload.yaml",
        "labels: {app: {{",
        "labels: {app: other, x: {{",
        "labels: {",
    ),
    "a value of the wrong type": ("values.yaml", "replicas: 1", "replicas: many", "replicas: many"),
    "a quantity that is none": ("values.yaml", "resources: {}", "resources: {limits: {memory: 1Zx}}", "1Zx"),
}
"""What is wrong with an object: the file, what is changed in it, and what stands in the line that is blamed."""


async def test_an_object_the_cluster_does_not_accept(
    cluster: RealCluster, namespace: str, tmp_path: Path
) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        for number, (name, (file, old, new, blamed)) in enumerate(REJECTED.items()):
            chart = shutil.copytree(CHART, tmp_path / str(number))
            changed = chart / file if file == "values.yaml" else chart / "templates" / file
            text = changed.read_text()
            assert old in text, name
            changed.write_text(text.replace(old, new, 1))
            with pytest.raises(DraftError) as raised:
                await tiny.helm.upgrade(tiny.target, chart, injected={})
            problem = raised.value.problem
            assert problem.code == "chart-object-invalid", (name, problem)
            assert problem.place is not None, name
            assert problem.place.path == changed, (name, problem)
            assert problem.place.span is not None, name
            assert blamed in changed.read_text().splitlines()[problem.place.span.start.line], (name, problem)


async def test_a_changed_selector_cannot_be_applied(
    cluster: RealCluster, namespace: str, tmp_path: Path
) -> None:
    chart = shutil.copytree(CHART, tmp_path / "chart")
    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.helm.upgrade(tiny.target, chart, injected={})
        template = chart / "templates/workload.yaml"
        template.write_text(template.read_text().replace("{app: {{ .Release.Name }}}", "{app: other}"))
        with pytest.raises(DraftError) as raised:
            await tiny.helm.upgrade(tiny.target, chart, injected={})
    assert raised.value.problem.code == "release-immutable-field"


async def test_a_dependency_is_fetched(cluster: RealCluster, namespace: str, tmp_path: Path) -> None:
    chart = shutil.copytree(CHART, tmp_path / "chart")
    part = tmp_path / "part"
    (part / "templates").mkdir(parents=True)
    (part / "Chart.yaml").write_text("apiVersion: v2\nname: part\nversion: 0.1.0\n")
    (part / "templates/map.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: part}\n")
    with (chart / "Chart.yaml").open("a") as file:
        file.write("dependencies: [{name: part, version: 0.1.0, repository: 'file://../part'}]\n")
    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.helm.upgrade(tiny.target, chart, injected={})
        assert await tiny.cluster.find(kinds.Kind("ConfigMap", "configmaps"), "part", namespace) is not None


async def test_no_helm_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DraftError) as raised:
        await Helm.find({"PATH": os.devnull})
    assert raised.value.problem.code == "helm-missing"


async def test_a_helm_that_is_none(tmp_path: Path) -> None:
    fake = tmp_path / "helm"
    fake.write_text("#!/bin/sh\necho v2.17.0\n")
    fake.chmod(0o755)
    with pytest.raises(DraftError) as raised:
        await Helm.find({"HELM": str(fake)})
    assert raised.value.problem.code == "helm-unusable"
