"""What the doctor says about Docker and the registry; the registries are stand-ins with real faults."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from draft_ls.build.builder import ImageBuilder
from draft_ls.build.checks import check_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path


@contextmanager
def registry(status: int, challenge: str = "", login: str = "") -> Generator[str]:
    """A registry that answers everything with ``status``, unless it gets this login."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "").removeprefix("Basic ")
            known = bool(login) and base64.b64decode(given).decode() == login
            self.send_response(200 if known else status)
            if challenge:
                self.send_header("WWW-Authenticate", challenge)
            self.end_headers()

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def log_in(home: Path, host: str, login: str) -> None:
    (home / ".docker").mkdir(exist_ok=True)
    auth = base64.b64encode(login.encode()).decode()
    (home / ".docker/config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))


@pytest.mark.parametrize(
    ("status", "ok", "says"),
    [(200, True, "answers"), (401, False, "none"), (404, False, "404"), (301, False, "301")],
)
async def test_registry(status: int, ok: bool, says: str) -> None:
    with registry(status) as host:
        check = await check_registry(f"{host}/team/app")
    assert (check.name, check.ok) == (f"Registry {host}", ok)
    assert says in check.seen
    assert bool(check.fix) is not ok


async def test_registry_with_credentials(home: Path) -> None:
    with registry(401, 'Basic realm="x"', "me:secret") as host:
        assert not (await check_registry(host)).ok
        log_in(home, host, "me:secret")
        assert (await check_registry(host)).ok
        log_in(home, host, "me:wrong")
        check = await check_registry(host)
    assert not check.ok
    assert "docker login" in check.fix
    assert "wrong" not in check.seen + check.fix


async def test_registry_with_tokens(home: Path) -> None:
    with registry(401, 'Bearer realm="https://x/token"') as host:
        log_in(home, host, "me:secret")
        assert (await check_registry(host)).ok


async def test_no_registry(free_port: Callable[[], int]) -> None:
    check = await check_registry(f"127.0.0.1:{free_port()}")
    assert not check.ok
    assert check.fix


async def test_a_credential_helper_that_is_not_there(home: Path) -> None:
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(json.dumps({"credsStore": "nosuch"}))
    with registry(200) as host:
        check = await check_registry(host)
    assert not check.ok
    assert "credsStore" in check.fix


async def test_no_docker_at_all(tmp_path: Path) -> None:
    builder = ImageBuilder({"PATH": "", "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}, tmp_path)
    docker, buildkit, disk = await builder.checks()
    assert not docker.ok
    assert "DOCKER_HOST" in docker.fix
    assert buildkit.ok
    assert buildkit.fix
    assert not disk.ok


async def test_a_broken_docker_configuration(tmp_path: Path) -> None:
    builder = ImageBuilder({"PATH": "", "DOCKER_CONTEXT": "gone"}, tmp_path)
    (check,) = await builder.checks()
    assert not check.ok
    assert "docker context" in check.fix
