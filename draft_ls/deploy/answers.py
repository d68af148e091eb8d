"""Whether something answers: the only ground on which an app is called live."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from draft_ls.cluster.faults import ApiError, UnreachableError

if TYPE_CHECKING:
    from draft_ls.cluster.client import Cluster
    from draft_ls.deploy.model import Pod

ANSWER_TIMEOUT = 5.0
"""Seconds for one answer."""
GATEWAY_ERRORS = frozenset({502, 503, 504})
"""What gateways and load balancers say when the app behind them does not answer."""
HANGING_UP = 3.0
"""Seconds for which a pod must hang up on every question before that counts as its way to answer. A server
that dies while it starts hangs up too: its socket takes connections before it can serve them."""
FIRST_PAUSE, LONGEST_PAUSE = 0.03, 0.5
"""Seconds between tries. In between, a tenth of the time that has passed: what is asked for too often comes later,
as asking takes the same processors as starting."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: the HTTP status; none from something that listens but does not speak HTTP.
        seconds: how long it took.
        hung_up: whether the connection was closed without a byte.
    """

    status: int | None
    seconds: float = 0.0
    hung_up: bool = False


async def of_pod(cluster: Cluster, pod: Pod, port: int, *, path: str = "/") -> Answer | None:
    """Ask a pod itself, past Services, probes and the kubelet's word; none if nothing listens yet.

    Raises:
        ApiError: the user may not forward ports.
    """
    started = asyncio.get_running_loop().time()
    try:
        stream = await cluster.forward(pod.namespace, pod.name, port)
    except ApiError as error:
        if error.status in {401, 403}:
            raise
        return None
    except UnreachableError:
        return None
    silent = False
    try:
        await stream.write(_request("localhost", path))
        async with asyncio.timeout(ANSWER_TIMEOUT):
            data = await stream.read()
    except ConnectionError:
        return None
    except TimeoutError:
        data, silent = b"", True
    finally:
        closing = asyncio.create_task(stream.close())
        _closing.add(closing)
        closing.add_done_callback(_closing.discard)
    if not data and stream.failure:
        return None
    seconds = asyncio.get_running_loop().time() - started
    return Answer(_status(data), seconds, hung_up=not data and not silent)


_closing: set[asyncio.Task[None]] = set()


async def until_pod(
    cluster: Cluster,
    pod: Pod,
    port: int,
    *,
    path: str = "/",
    timeout: float,
    listening: asyncio.Future[bool] | None = None,
) -> Answer | None:
    """Ask a pod again and again until it answers; none if it did not within ``timeout`` seconds.

    A gateway error counts as an answer here: nothing stands between us and the pod.

    Args:
        cluster: where the pod is.
        pod: who is asked.
        port: where.
        path: what to ask for.
        timeout: seconds.
        listening: done when the pod is known to listen, or when that cannot be known; until then it is asked
            but rarely.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    deadline = started + timeout
    hanging_up: float | None = None
    while loop.time() < deadline:
        if listening is not None and not listening.done():
            await asyncio.wait({listening}, timeout=LONGEST_PAUSE)
        answer = await of_pod(cluster, pod, port, path=path)
        if answer is None:
            hanging_up = None
        elif not answer.hung_up:
            return answer
        else:
            hanging_up = hanging_up or loop.time()
            if loop.time() - hanging_up >= HANGING_UP:
                return answer
        await asyncio.sleep(min(max(FIRST_PAUSE, (loop.time() - started) / 10), LONGEST_PAUSE))
    return None


async def of_url(
    url: str, *, timeout: float = ANSWER_TIMEOUT, connect_to: str | None = None
) -> Answer | None:
    """Ask a URL; none if nothing answers there, or only a gateway that has nobody behind it.

    Args:
        url: ``http``, ``https`` or ``tcp``.
        timeout: seconds.
        connect_to: the address to connect to instead of the URL's host, e.g. an ingress controller's.

    A certificate is not checked: a development certificate is an answer too.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    host = parts.hostname or "localhost"
    started = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(
                connect_to or host, port, ssl=_trusting() if secure else None,
                server_hostname=host if secure else None,
            )  # fmt: skip
            try:
                data = b"" if parts.scheme == "tcp" else await _ask(reader, writer, host, parts.path or "/")
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    status = _status(data)
    if status in GATEWAY_ERRORS:
        return None
    return Answer(status, asyncio.get_running_loop().time() - started)


async def until_url(url: str, *, timeout: float, connect_to: str | None = None) -> Answer | None:
    """Ask a URL again and again until it answers; none if it did not within ``timeout`` seconds."""
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + timeout, FIRST_PAUSE
    while loop.time() < deadline:
        answer = await of_url(url, connect_to=connect_to)
        if answer is not None:
            return answer
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    return None


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, path: str) -> bytes:
    writer.write(_request(host, path))
    await writer.drain()
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT):
            return await reader.read(256)
    except TimeoutError:
        return b""


def _request(host: str, path: str) -> bytes:
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: draft-ls",
        "Accept: */*",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode()


def _status(data: bytes) -> int | None:
    """The status of an HTTP answer; none if it is none."""
    head = data[:16].split(b" ")
    return int(head[1][:3]) if data.startswith(b"HTTP/") and len(head) > 1 and head[1][:3].isdigit() else None


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
