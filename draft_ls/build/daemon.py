"""One Docker Engine, over the docker SDK. The SDK is imported when the first call is made."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from draft_ls.build.calls import Call, in_thread
from draft_ls.build.troubles import docker_problem
from draft_ls.errors import DraftError
from draft_ls.imports import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from requests import Response

    from draft_ls.build.api import EngineClient
    from draft_ls.build.endpoint import Endpoint

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

ANSWER = 30.0
"""Seconds in which the Engine must answer a short call."""

SILENCE = 1800.0
"""Seconds for which a build or push may print nothing before it is given up."""


POOLS = 4
"""Idle connections that are kept. The SDK pools them by whole URL, and image names make ever new ones."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an Engine says about itself."""

    version: str
    api: str
    name: str
    operating_system: str
    kernel: str
    data_folder: str
    is_podman: bool


class Daemon:
    """A Docker Engine. Calls may be made at the same time.

    Every method raises ``DraftError`` for whatever the SDK raises.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._lock = threading.Lock()
        self._client: EngineClient | None = None
        self._facts: EngineFacts | None = None

    async def call(self, work: Callable[[EngineClient], _Result]) -> _Result:
        """Make a short call."""
        return await in_thread(lambda _: self._guarded(lambda: work(self._connected())))

    async def stream(
        self,
        path: str,
        *,
        params: Callable[[], Sequence[tuple[str, str]]],
        headers: Callable[[], Mapping[str, str]],
        body: Callable[[], Iterable[bytes]] | None,
        on_message: Callable[[dict[str, Any]], None],
    ) -> None:
        """Post to the Engine and hand over the JSON messages that it streams back, on the event loop.

        Cancelling closes the socket, on which the Engine stops what it does.

        Args:
            path: without the API version, e.g. ``/build``.
            params: called in the thread for the query.
            headers: called in the thread, since credential helpers are programs that take their time.
            body: called in the thread for what to send.
            on_message: gets each message.
        """
        import asyncio

        loop = asyncio.get_running_loop()

        def work(call: Call) -> None:
            client = self._connected()
            sent = _until_ended(call, body()) if body else None
            response = client.post(
                f"{client.base_url}/v{client.api_version}{path}",
                params=list(params()),
                headers=dict(headers()),
                data=sent,
                stream=True,
                timeout=(ANSWER, SILENCE),
            )
            with response:
                call.ends_by(response.raw.shutdown)
                _raise_for_status(response)
                for message in _messages(response):
                    loop.call_soon_threadsafe(on_message, message)

        await in_thread(lambda call: self._guarded(lambda: work(call)))

    async def facts(self) -> EngineFacts:
        """What the Engine says about itself; asked once."""
        if self._facts is None:
            self._facts = await self.call(_read_facts)
        return self._facts

    def close(self) -> None:
        """Give back the idle connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> EngineClient:
        with self._lock:
            if self._client is None:
                self._client = _connect(self.endpoint)
            return self._client

    def _guarded(self, work: Callable[[], _Result]) -> _Result:
        try:
            return work()
        except DraftError:
            raise
        except Exception as error:
            raise DraftError(docker_problem(error, self.endpoint)) from error


def _connect(endpoint: Endpoint) -> EngineClient:
    load("docker")
    from docker import APIClient
    from docker.tls import TLSConfig
    from docker.transport import UnixHTTPAdapter

    tls: TLSConfig | bool = False
    host = endpoint.host
    if endpoint.certificates is not None:
        folder = endpoint.certificates
        tls = TLSConfig(
            client_cert=(str(folder / "cert.pem"), str(folder / "key.pem")),
            ca_cert=str(folder / "ca.pem"),
            verify=endpoint.verify,
        )
    client = APIClient(
        base_url=host, version="auto", timeout=int(ANSWER), tls=tls, use_ssh_client=host.startswith("ssh://")
    )
    if host.startswith("unix://"):
        # Its ``num_pools`` has no effect on a socket of this machine (docker 7.1).
        client.get_adapter(client.base_url).close()
        client.mount("http+docker://", UnixHTTPAdapter(f"http+{host}", int(ANSWER), POOLS))
    return cast("EngineClient", client)


def _until_ended(call: Call, parts: Iterable[bytes]) -> Iterator[bytes]:
    for part in parts:
        if call.ended:
            raise ConnectionAbortedError("the caller has gone")
        yield part


def _raise_for_status(response: Response) -> None:
    from docker.errors import create_api_error_from_http_exception
    from requests import HTTPError

    try:
        response.raise_for_status()
    except HTTPError as error:
        create_api_error_from_http_exception(error)


def _messages(response: Response) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines(chunk_size=64 * 1024):
        if line.strip():
            yield json.loads(line)


def _read_facts(client: EngineClient) -> EngineFacts:
    version, info = client.version(), client.info()
    components: list[dict[str, Any]] = version.get("Components") or []
    return EngineFacts(
        version=str(version.get("Version", "")),
        api=str(version.get("ApiVersion", "")),
        name=str(info.get("Name", "")),
        operating_system=str(info.get("OperatingSystem", "")),
        kernel=str(info.get("KernelVersion", "")),
        data_folder=str(info.get("DockerRootDir", "")),
        is_podman=any("podman" in str(component.get("Name", "")).lower() for component in components),
    )
