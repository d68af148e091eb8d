"""The way to one API server: log-in, requests, streams, WebSockets, and what their failures mean.

Built on ``kubernetes.aio`` for kubeconfig, credentials and transport. The SDK takes 0.4 s to load, so it is
imported, in a thread, when the first connection is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, cast

from draft_ls.cluster import faults
from draft_ls.cluster.awake import Awake
from draft_ls.cluster.contexts import Context, load_contexts
from draft_ls.cluster.faults import ApiError
from draft_ls.cluster.sockets import Sockets
from draft_ls.errors import DraftError, Problem
from draft_ls.imports import load

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence

    import aiohttp

    from draft_ls.cluster.kinds import Object

CONNECT_TIMEOUT = 5.0
"""Seconds for TCP and TLS to the API server."""
ANSWER_TIMEOUT = 30.0
"""Seconds for a whole ordinary request."""
CLOSE_TIMEOUT = 0.5
"""Seconds that the other end of a WebSocket gets to agree to its end."""
LOGIN_INTERVAL = 60.0
"""Seconds after which a log-in that may run out is looked at again."""
LONGEST_LINE = 256 * 1024
"""Bytes after which a line of a container's log is cut in two."""

_log = logging.getLogger(__name__)


class Connection:
    """A connection to the API server of one context. Use ``open``; close it after use."""

    def __init__(self, context: Context, kubeconfig: str, api: Any, loader: Any, sockets: Sockets) -> None:
        self.context = context
        self.kubeconfig = kubeconfig
        self._api = api
        self._loader = loader
        self._sockets = sockets
        self._logged_in = time.monotonic()
        self._login_lock = asyncio.Lock()
        self._spare: asyncio.Task[None] | None = None
        self._awake = Awake()

    @classmethod
    async def open(cls, context: str, kubeconfig: str | None) -> Self:
        """Prepare the connection; the first request makes it. See ``Cluster.open``."""
        variables = {"KUBECONFIG": kubeconfig} if kubeconfig else None
        contexts = await asyncio.to_thread(load_contexts, variables)
        found = contexts.by_name.get(context)
        if found is None:
            raise DraftError(Problem("context-unknown", f"There is no kube context {context!r}."))
        if found.plugin and shutil.which(found.plugin) is None:
            raise DraftError(_plugin_missing(found))
        await asyncio.to_thread(_load_sdk)
        sockets = Sockets()
        api, loader = await _connect(found, contexts.kubeconfig, sockets)
        return cls(found, contexts.kubeconfig, api, loader, sockets)

    async def close(self) -> None:
        """Give back every connection."""
        if self._spare is not None:
            self._spare.cancel()
            await asyncio.gather(self._spare, return_exceptions=True)
        await self._awake.close()
        await self._api.close()
        await self._sockets.end()

    def renew(self) -> None:
        """Drop every connection, as one has turned out to be dead: after a sleep or a change of networks all are.

        Streams end; whoever needs one opens it anew.
        """
        self._sockets.drop()

    def keep_spare(self) -> None:
        """Have a connection ready for the next socket, so that it need not wait for TCP and TLS.

        A small request leaves one behind in the pool. Measured, a port-forward opens in 14 ms rather than 20.
        """
        if self._spare is None or self._spare.done():
            self._spare = asyncio.create_task(self._make_spare())

    async def _make_spare(self) -> None:
        try:
            await self.ask("GET", "/version", "tell its version")
        except DraftError as error:
            _log.debug("no spare connection: %s", error)

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, query: Sequence[tuple[str, str]], doing: str, *, silence: float | None = None
    ) -> AsyncGenerator[AsyncIterator[bytes]]:
        """An answer that goes on: its chunks, as they come.

        Args:
            path: below the server's URL.
            query: the URL's query.
            doing: what for, as a verb phrase.
            silence: seconds without a byte after which the connection counts as lost.
        """
        response = await self._send("GET", path, doing, query=query, limit=None, silence=silence)
        try:
            with self._translated(ends_quietly=True):
                yield response.content.iter_any()
        finally:
            connection = response.connection
            if connection is not None and connection.protocol is not None:
                connection.protocol.abort()  # a polite end of TLS would linger, and nobody reads it
            response.close()

    async def ask(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Object | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Object:
        """One request with a JSON answer. ``doing``: what for, as a verb phrase for messages."""
        response = await self._send(
            method, path, doing, query=query, body=body, headers=headers, limit=ANSWER_TIMEOUT
        )
        with self._translated():
            return json.loads(await response.read())

    async def fetch(self, path: str, doing: str) -> bytes:
        """A large answer as it is, for somebody who reads it in a thread of his own."""
        response = await self._send("GET", path, doing, limit=ANSWER_TIMEOUT)
        with self._translated():
            return await response.read()

    async def _send(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Object | None = None,
        headers: Mapping[str, str] | None = None,
        limit: float | None,
        silence: float | None = None,
    ) -> aiohttp.ClientResponse:
        """Send a request; log in again and repeat it once if the server no longer knows us."""
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=limit, sock_connect=CONNECT_TIMEOUT, sock_read=silence)
        for again in (False, True):
            with self._translated():
                await self._login(force=again)
                method, url, sent, data, _ = await self._api.param_serialize(
                    method, path, query_params=list(query), header_params=dict(headers or {}), body=body,
                    auth_settings=["BearerToken"],
                )  # fmt: skip
                answer = await self._api.call_api(method, url, sent, data, _request_timeout=timeout)
                response: aiohttp.ClientResponse = answer.response
                if response.status < 400:
                    return response
                text = await response.read()
            if response.status != 401 or again or not self._renewable:
                raise self._refusal(doing, response.status, text)
        raise AssertionError("unreachable")

    async def socket(
        self,
        path: str,
        query: Sequence[tuple[str, str]],
        protocols: Sequence[str],
        doing: str,
        *,
        explained: bool = True,
        heartbeat: float | None = None,
    ) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket to a subresource that streams.

        Args:
            path: below the server's URL.
            query: the URL's query.
            protocols: which subprotocols will do, best first.
            doing: what for, as a verb phrase.
            explained: whether a refusal is worth a second request that tells its cause; one for lack of rights or
                of a log-in always is.
            heartbeat: seconds of silence after which the server is asked for a sign of life; half as many later
                the socket counts as cut. Never if none.
        """
        import aiohttp
        from yarl import URL

        configuration = self._api.configuration
        headers: dict[str, str] = {}
        with self._translated():
            await self._login()
            await self._api.update_params_for_auth(headers, [], ["BearerToken"], path, "GET", None)
            url = URL(configuration.host + path).with_query(list(query))
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    made = await self._api.rest_client.pool_manager.ws_connect(
                        url.with_scheme({"https": "wss", "http": "ws"}[url.scheme]),
                        headers=headers,
                        protocols=protocols,
                        proxy=configuration.proxy,
                        proxy_headers=configuration.proxy_headers,
                        server_hostname=configuration.tls_server_name,
                        max_msg_size=0,
                        heartbeat=heartbeat,
                        timeout=cast("Any", aiohttp.ClientWSTimeout)(ws_close=CLOSE_TIMEOUT),
                    )
            except aiohttp.WSServerHandshakeError as error:
                status, cause = error.status, error.message
            else:
                self._awake.keep(made)
                return made
        # aiohttp drops the refusal's body; the same request without an upgrade does nothing but say why.
        if explained or status in {401, 403}:
            await self._send("GET", path, doing, query=query, limit=ANSWER_TIMEOUT)
        raise self._refusal(doing, status, cause.encode())

    def _refusal(self, doing: str, status: int, body: bytes) -> ApiError:
        error = faults.refused(self.context.name, doing, status, body)
        if status == 401 and self.context.plugin:
            fix = (
                f"Log in again: {self.context.plugin}, which the kubeconfig runs, gave no valid credentials."
            )
            return ApiError(status, error.reason, replace(error.problem, fix=fix))
        return error

    @contextlib.contextmanager
    def _translated(self, *, ends_quietly: bool = False) -> Generator[None]:
        """Turn the transport's errors into ours. ``ends_quietly``: a cut stream is an end, not an error."""
        import aiohttp

        try:
            yield
        except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError) as error:
            if not ends_quietly:
                raise faults.unreachable(self.context.name, self.context.server, error) from error
            _log.debug("stream from %s was cut: %s", self.context.server, error)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise faults.unreachable(self.context.name, self.context.server, error) from error

    @property
    def _renewable(self) -> bool:
        return self._loader.provider is not None or self.context.plugin is not None

    async def _login(self, *, force: bool = False) -> None:
        """Renew a log-in that a plugin or provider gave, or that lies in a file, before it runs out."""
        if not force and time.monotonic() - self._logged_in < LOGIN_INTERVAL:
            return
        async with self._login_lock:
            if not force and time.monotonic() - self._logged_in < LOGIN_INTERVAL:
                return
            if force and hasattr(self._loader, "exec_plugin_expiry"):
                del self._loader.exec_plugin_expiry
            if force or self.context.plugin is None or hasattr(self._loader, "exec_plugin_expiry"):
                await self._loader.load_and_set(self._api.configuration)
            self._logged_in = time.monotonic()


async def split_lines(
    chunks: AsyncIterator[bytes], *, longest: int | None = LONGEST_LINE
) -> AsyncGenerator[bytes]:
    """Lines without their ends; one longer than ``longest`` comes in pieces, the last may have had no end."""
    rest = bytearray()
    async for chunk in chunks:
        rest += chunk
        if b"\n" in chunk:
            *lines, tail = rest.split(b"\n")
            rest = bytearray(tail)
            for line in lines:
                yield bytes(line).rstrip(b"\r")
        if longest is not None and len(rest) > longest:
            yield bytes(rest)
            rest.clear()
    if rest:
        yield bytes(rest)


def _load_sdk() -> None:
    load("kubernetes.aio.client", "kubernetes.aio.config")


async def _connect(context: Context, kubeconfig: str, sockets: Sockets) -> tuple[Any, Any]:
    import aiohttp
    from kubernetes.aio import client
    from kubernetes.aio import config as kube_config

    config = cast("Any", kube_config)
    configuration: Any = client.Configuration()
    try:
        loader: Any = await config.load_kube_config(
            config_file=kubeconfig,
            context=context.name,
            client_configuration=configuration,
            persist_config=False,
        )
        api: Any = client.ApiClient(configuration)
    except (config.ConfigException, OSError, ValueError) as error:
        raise DraftError(
            Problem(
                "kubeconfig-broken",
                f"The kubeconfig entry of context {context.name!r} cannot be used.",
                cause=str(error),
                fix="Check the cluster and the user that the context names.",
            )
        ) from error
    # Tunnels, watches and logs hold many connections at once: a limit would make them wait for each other.
    connector = aiohttp.TCPConnector(
        limit=0, ssl=api.rest_client.ssl_context, keepalive_timeout=60, socket_factory=sockets.make
    )
    api.rest_client.pool_manager = aiohttp.ClientSession(
        connector=connector, trust_env=True, read_bufsize=2**18
    )
    api.user_agent = "draft-ls"
    return api, loader


def _plugin_missing(context: Context) -> Problem:
    return Problem(
        "cluster-plugin-missing",
        f"Context {context.name!r} logs in with {context.plugin!r}, which is not installed.",
        fix=f"Install {context.plugin} so that it is found on PATH, or use another context.",
    )
