"""Routes on the real cluster: the best that answers from here; the app's log; the way to a live version."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from draft_ls.cluster import kinds
from draft_ls.deploy import answers
from draft_ls.deploy.live import go_live
from draft_ls.deploy.logs import LogLine, read_logs
from draft_ls.deploy.model import RouteKind
from draft_ls.deploy.routes import candidates, destination, find_route
from draft_ls.deploy.view import View
from draft_ls.errors import DraftError
from tiny import Tiny, http

if TYPE_CHECKING:
    from ground import RealCluster


async def test_a_node_port_answers(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.roll_out(service={"type": "NodePort"})
        release = await tiny.helm.status(tiny.target)
        assert release is not None
        found = await answers.until_url((await candidates(tiny.cluster, release))[0].url, timeout=10)
        assert found is not None
        route = await find_route(tiny.cluster, release, timeout=5)
    assert route is not None
    assert route.kind is RouteKind.NODE_PORT
    host, port = route.url.removeprefix("http://").split(":")
    assert await http(int(port), host=host) == "one"


async def test_a_cluster_address_needs_a_tunnel(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        release = await tiny.release()
        assert await candidates(tiny.cluster, release) == ()
        assert await find_route(tiny.cluster, release) is None
        there = destination(release)
    assert there is not None
    assert (there.workload.kind, there.workload.name, there.ports) == ("Deployment", "tiny", (8080,))


async def test_a_load_balancer_counts_once_it_has_an_address_that_answers(
    cluster: RealCluster, namespace: str
) -> None:
    """No controller gives addresses here: the test does, and the address is that of the node port."""
    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.roll_out(service={"type": "LoadBalancer"})
        release = await tiny.helm.status(tiny.target)
        assert release is not None
        assert await find_route(tiny.cluster, release) is None
        service = await tiny.cluster.get(kinds.SERVICES, "tiny", namespace)
        address = service["spec"]["clusterIP"]
        status = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
        await tiny.cluster.patch(kinds.SERVICES, "tiny", status, namespace, subresource="status")
        assert await answers.until_url(f"http://{address}", timeout=10) is not None
        route = await find_route(tiny.cluster, release, timeout=5)
        assert route is not None
        assert (route.kind, route.url) == (RouteKind.LOAD_BALANCER, f"http://{address}")


async def test_an_ingress_counts_once_it_has_an_address_that_answers(
    cluster: RealCluster, namespace: str
) -> None:
    """The Service's own address stands in for an ingress controller's."""
    backend = {"service": {"name": "tiny", "port": {"name": "http"}}}
    rule = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.roll_out(ingress={"rules": [rule]})
        release = await tiny.helm.status(tiny.target)
        assert release is not None
        assert await find_route(tiny.cluster, release) is None
        address = (await tiny.cluster.get(kinds.SERVICES, "tiny", namespace))["spec"]["clusterIP"]
        status = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
        await tiny.cluster.patch(kinds.INGRESSES, "tiny", status, namespace, subresource="status")
        assert await answers.until_url(f"http://{address}", timeout=10) is not None
        route = await find_route(tiny.cluster, release, timeout=5)
        assert route is not None
        assert (route.kind, route.url) == (RouteKind.INGRESS, f"http://{address}/")


async def test_live_is_the_new_pods_own_answer(cluster: RealCluster, namespace: str) -> None:
    """It comes before the cluster calls the pod ready, and is the new version's, not the old one's."""
    probe = {"path": "/", "port": 8080, "periodSeconds": 5}
    async with Tiny.of(cluster, namespace) as tiny, View(tiny.cluster, namespace) as view:
        first = await tiny.live(view, text="one", probe=probe)
        await first.rollout
        second = await tiny.live(view, text="two", probe=probe)
        assert second.answer.status == 200
        assert second.pod.uid != first.pod.uid
        assert not second.rollout.done()
        assert not second.pod.ready
        assert [pod.uid for pod in (await second.rollout).pods] == [second.pod.uid]


async def test_a_ready_pod_that_answers_nothing(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny, View(tiny.cluster, namespace) as view:
        release = await tiny.release(mode="sleep", probe=None)
        there = destination(release)
        assert there is not None
        with pytest.raises(DraftError) as raised:
            await go_live(view, release, there, timeout=5)
    assert raised.value.problem.code == "port-silent"
    assert "8080" in raised.value.problem.message


async def test_the_log_goes_on_through_a_restart_and_a_replacement(
    cluster: RealCluster, namespace: str
) -> None:
    lines: list[LogLine] = []

    async def seen(text: str, times: int = 1) -> None:
        async with asyncio.timeout(40):
            while sum(line.text == text for line in lines) < times:
                await asyncio.sleep(0.05)

    async with Tiny.of(cluster, namespace) as tiny:
        await tiny.roll_out(text="one", service={"type": "NodePort"})
        release = await tiny.helm.status(tiny.target)
        assert release is not None

        async def collect() -> None:
            async for line in read_logs(tiny.cluster, release, follow=True):
                lines.append(line)  # noqa: PERF401 - each as it comes

        reader = asyncio.create_task(collect())
        await seen("listening as one")
        route = await find_route(tiny.cluster, release, timeout=5)
        assert route is not None
        host, port = route.url.removeprefix("http://").split(":")
        with pytest.raises(asyncio.IncompleteReadError):
            await http(int(port), "/exit", host=host)
        await seen("told to exit")
        await seen("listening as one", times=2)
        await tiny.roll_out(text="two", service={"type": "NodePort"})
        await seen("listening as two")
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
    assert {line.container for line in lines} == {"app"}
    assert len({line.pod for line in lines}) == 2


async def test_the_log_of_a_crashed_container_is_that_of_its_runs(
    cluster: RealCluster, namespace: str
) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        with pytest.raises(DraftError):
            await tiny.roll_out(mode="crash")
        release = await tiny.helm.status(tiny.target)
        assert release is not None
        lines = [line.text async for line in read_logs(tiny.cluster, release)]
    assert set(lines) == {"about to crash", "RuntimeError: no DATABASE_URL"}


async def test_an_address_that_swallows_packets_is_given_up_soon() -> None:
    started = time.monotonic()
    assert await answers.of_url("http://192.0.2.1", timeout=0.3) is None
    assert time.monotonic() - started < 2
