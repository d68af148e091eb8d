"""The tunnel on the real cluster: what passes through it, and what happens when the pod behind it goes."""

from __future__ import annotations

import asyncio
import hashlib
import io
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from draft_ls.cluster import kinds
from draft_ls.deploy.live import keep_target
from draft_ls.deploy.routes import destination, tunnel_route
from draft_ls.deploy.tunnel import Tunnel
from draft_ls.deploy.view import View
from draft_ls.errors import DraftError
from tiny import Tiny, ask, free_socket, http

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from draft_ls.deploy.live import Live
    from ground import RealCluster

RECREATE = {"type": "Recreate", "rollingUpdate": None}

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@asynccontextmanager
async def connected(
    cluster: RealCluster, namespace: str, **values: Any
) -> AsyncGenerator[tuple[Tiny, View, Tunnel, int]]:
    """The tiny release live behind a tunnel that is kept on its pods; the tunnel's local port."""
    async with (
        Tiny.of(cluster, namespace) as tiny,
        View(tiny.cluster, namespace) as view,
        Tunnel(tiny.cluster, namespace) as tunnel,
    ):
        live = await tiny.live(view, **values)
        await tunnel.open([8080])
        tunnel.retarget(live.pod)
        there = destination(await _status(tiny))
        assert there is not None
        keeper = asyncio.create_task(keep_target(view, tunnel, there))
        try:
            yield tiny, view, tunnel, tunnel.ports[0][0]
        finally:
            keeper.cancel()
            live.rollout.cancel()
            await asyncio.gather(keeper, live.rollout, return_exceptions=True)


async def _status(tiny: Tiny) -> Any:
    return await tiny.helm.status(tiny.target)


async def replaced(tiny: Tiny, view: View, tunnel: Tunnel, **values: Any) -> Live:
    """A new revision, live and the tunnel's target."""
    live = await tiny.live(view, **values)
    tunnel.retarget(live.pod)
    await live.rollout
    return live


async def test_one_local_port_for_good(cluster: RealCluster, namespace: str) -> None:
    async with connected(cluster, namespace, text="one") as (tiny, view, tunnel, port):
        assert await http(port) == "one"
        await replaced(tiny, view, tunnel, text="two")
        assert await http(port) == "two"
        assert tunnel.ports == ((port, 8080),)
        assert tunnel_route(tunnel.ports).url == f"http://localhost:{port}"
    async with connected(cluster, namespace, text="three") as (_, _, tunnel, again):
        assert again == port
        assert await http(again) == "three"


async def test_a_kept_alive_connection_moves_to_the_new_pod(cluster: RealCluster, namespace: str) -> None:
    async with connected(cluster, namespace, text="one") as (tiny, view, tunnel, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await ask(reader, writer) == "one"
        await replaced(tiny, view, tunnel, text="two")
        assert await ask(reader, writer) == "two"
        assert await ask(reader, writer) == "two"
        writer.close()


async def test_a_request_under_way_ends_on_its_own_pod(cluster: RealCluster, namespace: str) -> None:
    async with connected(cluster, namespace, text="one") as (tiny, view, tunnel, port):
        slow = asyncio.create_task(http(port, "/slow/1.5"))
        await asyncio.sleep(0.2)
        live = await tiny.live(view, text="two")
        tunnel.retarget(live.pod)
        assert await http(port) == "two"
        assert await slow in {
            "one",
            "two",
        }  # the old pod may have been killed before: then it was asked again
        await live.rollout


async def test_a_safe_request_whose_pod_dies_is_asked_again(cluster: RealCluster, namespace: str) -> None:
    async with connected(cluster, namespace) as (tiny, _, tunnel, port):
        first = await http(port, "/pod")
        slow = asyncio.create_task(http(port, "/slow/3"))
        await asyncio.sleep(0.3)
        await tiny.cluster.delete(kinds.PODS, first, namespace, grace=0)
        assert await slow == "one"
        assert await http(port, "/pod") != first
        assert tunnel.target is not None
        assert tunnel.target.name != first


async def test_requests_during_a_replacement_wait_and_none_fails(
    cluster: RealCluster, namespace: str
) -> None:
    """With Recreate there is a gap in which no pod is there at all."""
    async with connected(cluster, namespace, text="v0", strategy=RECREATE) as (
        tiny,
        view,
        tunnel,
        port,
    ):
        seen: list[str] = []
        stop = asyncio.Event()

        async def visit() -> None:
            while not stop.is_set():
                seen.append(await http(port))
                await asyncio.sleep(0.05)

        visitor = asyncio.create_task(visit())
        for number in (1, 2):
            # A kubelet of 1.20 that is told to end a pod while it still starts it takes a minute to do so.
            await asyncio.to_thread(cluster.kubectl, "-n", namespace, "rollout", "status", "deployment/tiny")
            await replaced(tiny, view, tunnel, text=f"v{number}", strategy=RECREATE)
        await asyncio.sleep(0.2)
        stop.set()
        await visitor
    assert list(dict.fromkeys(seen)) == ["v0", "v1", "v2"]


async def test_connections_wait_while_the_app_starts_anew(
    cluster: RealCluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(cluster, namespace) as (_, _, tunnel, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await ask(reader, writer) == "one"
        tunnel.hold()
        waiting = asyncio.create_task(http(port))
        assert await ask(reader, writer) == "one", "what is connected stays so"
        assert not waiting.done()
        tunnel.release()
        assert await waiting == "one"
        monkeypatch.setattr("draft_ls.deploy.tunnel.LONGEST_HOLD", 0.1)
        tunnel.hold()
        assert await http(port) == "one", "nobody waits for ever"
        slow = asyncio.create_task(http(port, "/slow/1"))
        while not any(carrier._kept for carrier in tunnel._carriers):
            await asyncio.sleep(0.01)
        tunnel.renew(8080)
        assert await slow == "one", "what is unanswered is asked again"
        assert await reader.read() == b"", "what is idle ends"
        writer.close()


async def test_a_big_upload_and_a_big_download(cluster: RealCluster, namespace: str) -> None:
    body = bytes(range(256)) * 4 * 40_000  # 40 MB
    async with connected(cluster, namespace) as (_, _, _, port), aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        async with session.post(f"{url}/upload", data=io.BytesIO(body)) as response:
            assert await response.text() == hashlib.sha256(body).hexdigest()
        async with session.get(f"{url}/bytes/20000000") as response:
            assert len(await response.read()) == 20_000_000


async def test_a_slow_reader_holds_the_pod_back(cluster: RealCluster, namespace: str) -> None:
    async with connected(cluster, namespace) as (_, _, tunnel, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
        writer.write(b"GET /bytes/200000000 HTTP/1.1\r\n\r\n")
        await asyncio.sleep(1)
        assert tunnel.connections == 1
        (carrier,) = tunnel._carriers
        assert carrier._received < 50_000_000
        writer.transport.abort()
        del reader


async def test_a_web_socket_echoes(cluster: RealCluster, namespace: str) -> None:
    async with connected(cluster, namespace) as (_, _, _, port), aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"http://127.0.0.1:{port}/ws")
        for text in ("short", "long" * 5000):
            await socket.send_str(text)
            assert await socket.receive_str() == text
        await socket.close()


async def test_many_connections_at_once(cluster: RealCluster, namespace: str) -> None:
    async with connected(cluster, namespace) as (_, _, _, port):
        assert set(await asyncio.gather(*(http(port) for _ in range(50)))) == {"one"}


async def test_a_port_that_nobody_listens_on_is_told_as_such(
    cluster: RealCluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draft_ls.deploy.carrier.WAIT_FOR_PORT", 1.0)
    async with connected(cluster, namespace) as (_, _, tunnel, _):
        await tunnel.open([9999])
        local = next(local for local, remote in tunnel.ports if remote == 9999)
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{local}/") as response:
            assert response.status == 502
            assert "no pod answers on port 9999" in await response.text()


async def test_a_fixed_port_that_is_taken(cluster: RealCluster, namespace: str) -> None:
    async with Tiny.of(cluster, namespace) as tiny:
        with free_socket() as taken:
            port = taken.getsockname()[1]
            async with Tunnel(tiny.cluster, "app", fixed={8080: port}) as tunnel:
                with pytest.raises(DraftError) as raised:
                    await tunnel.open([8080])
        assert raised.value.problem.code == "port-busy"
        assert str(port) in raised.value.problem.message
        async with Tunnel(tiny.cluster, "app", fixed={8080: port}) as tunnel:
            assert await tunnel.open([8080]) == ((port, 8080),)


async def test_a_preferred_port_that_is_taken_gives_another(cluster: RealCluster, namespace: str) -> None:
    async with (
        Tiny.of(cluster, namespace) as tiny,
        Tunnel(tiny.cluster, "app") as first,
        Tunnel(tiny.cluster, "app") as second,
    ):
        assert await first.open([80]) != await second.open([80])


async def test_closing_ends_what_is_open(cluster: RealCluster, namespace: str) -> None:
    async with connected(cluster, namespace) as (_, _, tunnel, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await ask(reader, writer) == "one"
        started = time.monotonic()
        await tunnel.close()
        assert await reader.read() == b""
        assert time.monotonic() - started < 1
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        writer.close()


async def test_a_target_that_is_not_there_yet_is_waited_for(cluster: RealCluster, namespace: str) -> None:
    async with connected(cluster, namespace) as (tiny, _, live, _):
        target = live.target
        assert target is not None
        async with Tunnel(tiny.cluster, "early") as tunnel:
            ((port, _),) = await tunnel.open([8080])
            tunnel.retarget(replace(target, name="not-yet", uid="not-yet"))
            waiting = asyncio.create_task(http(port))
            await asyncio.sleep(0.5)
            assert not waiting.done()
            tunnel.retarget(target)
            assert await waiting == "one"
