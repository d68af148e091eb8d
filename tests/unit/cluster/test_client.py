"""The client against an API server that fails as a real one can hardly be made to."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import WSMsgType, web

from draft_ls.cluster.client import Cluster
from draft_ls.cluster.connection import split_lines
from draft_ls.cluster.faults import ApiError, UnreachableError
from draft_ls.cluster.kinds import PODS
from draft_ls.cluster.streams import EXEC_PROTOCOLS
from draft_ls.cluster.watch import Mirror
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from pathlib import Path

PATH = "/api/v1/namespaces/space/pods"


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Callable[..., str]:
    """Writes a kubeconfig with one context ``c`` for a server."""

    def write(server: str, user: dict[str, Any] | None = None) -> str:
        path = tmp_path / "kubeconfig"
        config = {
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": user or {"token": "secret"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }
        path.write_text(json.dumps(config))
        return str(path)

    return write


@asynccontextmanager
async def served(
    kubeconfig: Callable[..., str], handler: Any, user: dict[str, Any] | None = None
) -> AsyncGenerator[Cluster]:
    """A cluster whose API server is ``handler``."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with await Cluster.open("c", kubeconfig(f"http://127.0.0.1:{port}", user)) as cluster:
            yield cluster
    finally:
        await runner.cleanup()


def pod(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "resourceVersion": str(version)}}


class Server:
    """Lists what it is told to, and answers each watch with the next of its scripts."""

    def __init__(self, listings: list[list[dict[str, Any]]], watches: list[list[Any]]) -> None:
        self.listings = listings
        self.watches = watches
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.path == PATH
        if request.query.get("watch") != "true":
            self.asked.append("list")
            items = self.listings.pop(0)
            return web.json_response({"items": items, "metadata": {"resourceVersion": "10"}})
        self.asked.append(f"watch from {request.query['resourceVersion']}")
        response = web.StreamResponse()
        await response.prepare(request)
        if not self.watches:
            await asyncio.sleep(60)
        for event in self.watches.pop(0):
            if event == "cut":
                assert request.transport is not None
                request.transport.abort()
                return response
            await response.write(json.dumps(event).encode() + b"\n")
        return response


async def settled(server: Server, asked: int) -> None:
    async with asyncio.timeout(5):
        while len(server.asked) < asked:
            await asyncio.sleep(0.01)


async def test_a_watch_that_ends_is_resumed_where_it_ended(kubeconfig: Callable[..., str]) -> None:
    watches = [
        [{"type": "ADDED", "object": pod("b", 11)}, {"type": "DELETED", "object": pod("a", 12)}],
        ["cut"],
        [{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "20"}}}],
    ]
    server = Server([[pod("a", 1)]], watches)
    async with (
        served(kubeconfig, server.answer) as cluster,
        Mirror(cluster, PODS, "space", changed=lambda: None) as mirror,
    ):
        assert set(mirror.objects) == {"a"}
        await settled(server, 5)
        assert set(mirror.objects) == {"b"}
    assert server.asked == ["list", "watch from 10", "watch from 12", "watch from 12", "watch from 20"]


async def test_a_server_that_has_forgotten_is_asked_for_everything_again(
    kubeconfig: Callable[..., str],
) -> None:
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    server = Server([[pod("a", 1)], [pod("c", 30)]], [[{"type": "ERROR", "object": gone}]])
    async with (
        served(kubeconfig, server.answer) as cluster,
        Mirror(cluster, PODS, "space", changed=lambda: None) as mirror,
    ):
        await settled(server, 4)
        assert set(mirror.objects) == {"c"}
    assert server.asked == ["list", "watch from 10", "list", "watch from 10"]


async def test_a_server_that_ends_every_watch_at_once_is_not_asked_all_the_time(
    kubeconfig: Callable[..., str],
) -> None:
    server = Server([[]], [[] for _ in range(1000)])
    async with (
        served(kubeconfig, server.answer) as cluster,
        Mirror(cluster, PODS, "space", changed=lambda: None),
    ):
        await asyncio.sleep(1)
    assert len(server.asked) < 15


async def test_a_permission_that_is_taken_away_ends_the_watch(kubeconfig: Callable[..., str]) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.query.get("watch") == "true":
            return web.json_response({"message": "no longer"}, status=403)
        return web.json_response({"items": [], "metadata": {"resourceVersion": "1"}})

    changed = asyncio.Event()
    async with (
        served(kubeconfig, handler) as cluster,
        Mirror(cluster, PODS, "space", changed=changed.set) as mirror,
    ):
        async with asyncio.timeout(5):
            while mirror.failure is None:
                changed.clear()
                await changed.wait()
        assert mirror.failure.problem.code == "cluster-forbidden"


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "cluster-unauthorized"), (403, "cluster-forbidden"), (404, "cluster-not-found"),
     (409, "cluster-conflict"), (429, "cluster-busy"), (500, "cluster-error")],
)  # fmt: skip
async def test_what_the_server_refuses(kubeconfig: Callable[..., str], status: int, code: str) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response({"message": "since I say so", "reason": "Because"}, status=status)

    async with served(kubeconfig, handler) as cluster:
        with pytest.raises(ApiError) as raised:
            await cluster.list(PODS, "space")
    assert (raised.value.status, raised.value.reason) == (status, "Because")
    assert raised.value.problem.code == code
    assert raised.value.problem.cause == "since I say so"
    assert "secret" not in repr(raised.value.problem)


async def test_a_stale_login_is_renewed_once(kubeconfig: Callable[..., str], tmp_path: Path) -> None:
    """As credential plugins do: each run gives another token."""
    plugin = tmp_path / "login"
    plugin.write_text(
        f"#!/bin/sh\necho run >> {tmp_path}/runs\n"
        'echo \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", '
        f'"status": {{"token": "token-\'$(wc -l < {tmp_path}/runs)\'"}}}}\'\n'
    )
    plugin.chmod(0o755)

    async def handler(request: web.Request) -> web.Response:
        if request.headers["Authorization"] != "Bearer token-2":
            return web.json_response({}, status=401)
        return web.json_response({"major": "1", "minor": "31+", "gitVersion": "v1.31.0"})

    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    async with served(kubeconfig, handler, user) as cluster:
        assert (await cluster.version()).minor == 31
    assert (tmp_path / "runs").read_text() == "run\nrun\n"


async def test_a_login_plugin_that_is_not_installed(kubeconfig: Callable[..., str]) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-login"}}
    with pytest.raises(DraftError) as raised:
        await Cluster.open("c", kubeconfig("https://127.0.0.1:1", user))
    assert raised.value.problem.code == "cluster-plugin-missing"


async def test_nothing_listens(kubeconfig: Callable[..., str], free_port: Callable[[], int]) -> None:
    async with await Cluster.open("c", kubeconfig(f"https://127.0.0.1:{free_port()}")) as cluster:
        with pytest.raises(UnreachableError) as raised:
            await cluster.version()
    assert raised.value.problem.code == "cluster-refused"


async def test_a_host_that_has_no_address(kubeconfig: Callable[..., str]) -> None:
    async with await Cluster.open("c", kubeconfig("https://cluster.invalid:6443")) as cluster:
        with pytest.raises(UnreachableError) as raised:
            await cluster.version()
    assert raised.value.problem.code == "cluster-unknown-host"


async def test_a_server_that_speaks_no_tls(kubeconfig: Callable[..., str]) -> None:
    async def shout(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, await Cluster.open("c", kubeconfig(f"https://127.0.0.1:{port}")) as cluster:
        with pytest.raises(UnreachableError) as raised:
            await cluster.version()
    assert raised.value.problem.code == "cluster-tls"


async def test_a_server_that_is_silent(
    kubeconfig: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draft_ls.cluster.connection.ANSWER_TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with await Cluster.open("c", kubeconfig(server)) as cluster:
            with pytest.raises(UnreachableError) as raised:
                await cluster.version()
    assert raised.value.problem.code == "cluster-timeout"


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        ((b"a\nb\n",), [b"a", b"b"]),
        ((b"a", b"b\r\nc"), [b"ab", b"c"]),
        ((b"\n\n",), [b"", b""]),
        ((b"123456789", b"0\nx\n"), [b"123456789", b"0", b"x"]),
        ((), []),
    ],
)
async def test_lines_come_whole_unless_they_are_too_long(
    parts: tuple[bytes, ...], lines: list[bytes]
) -> None:
    assert [line async for line in split_lines(chunks(*parts), longest=8)] == lines


async def test_a_silent_stream_is_kept_open(
    kubeconfig: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load balancer would end a connection on which nothing passes."""
    monkeypatch.setattr("draft_ls.cluster.awake.INTERVAL", 0.01)
    pings: asyncio.Queue[bool] = asyncio.Queue()

    async def answer(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=EXEC_PROTOCOLS, autoping=False)
        await socket.prepare(request)
        async for message in socket:
            pings.put_nowait(message.type is WSMsgType.PING)
        return socket

    async with served(kubeconfig, answer) as cluster:
        stream = await cluster.exec("space", "pod", "app", ["sh"])
        async with asyncio.timeout(10):
            assert await pings.get()
            assert await pings.get(), "nobody has answered the first"
        assert not stream.closed
        await stream.close()
