"""What the docker SDK can raise, and what becomes of it."""

from __future__ import annotations

import ssl
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
import requests
from docker import errors
from docker.models.containers import Container

from draft_ls.build.daemon import Daemon
from draft_ls.build.endpoint import Endpoint
from draft_ls.build.troubles import docker_problem
from draft_ls.errors import DraftError, Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HERE = Endpoint("unix:///var/run/docker.sock", "default")

EXPECTED: dict[type[Exception], tuple[Exception, str]] = {
    errors.DockerException: (errors.DockerException("x"), "docker-failed"),
    errors.APIError: (errors.APIError("x"), "docker-failed"),
    errors.NotFound: (errors.NotFound("x"), "docker-failed"),
    errors.ImageNotFound: (errors.ImageNotFound("x"), "image-missing"),
    errors.InvalidVersion: (errors.InvalidVersion("x"), "docker-old"),
    errors.InvalidRepository: (errors.InvalidRepository("x"), "docker-failed"),
    errors.InvalidConfigFile: (errors.InvalidConfigFile("x"), "docker-config"),
    errors.InvalidArgument: (errors.InvalidArgument("x"), "docker-failed"),
    errors.DeprecatedMethod: (errors.DeprecatedMethod("x"), "docker-failed"),
    errors.TLSParameterError: (errors.TLSParameterError("x"), "docker-tls"),
    errors.NullResource: (errors.NullResource("x"), "docker-answer"),
    errors.ContainerError: (errors.ContainerError(Container(), 1, "x", "i", "e"), "docker-failed"),
    errors.StreamParseError: (errors.StreamParseError("x"), "docker-answer"),
    errors.BuildError: (errors.BuildError("x", iter(())), "docker-failed"),
    errors.ImageLoadError: (errors.ImageLoadError("x"), "docker-failed"),
    errors.MissingContextParameter: (errors.MissingContextParameter("x"), "docker-context"),
    errors.ContextAlreadyExists: (errors.ContextAlreadyExists("x"), "docker-context"),
    errors.ContextException: (errors.ContextException("x"), "docker-context"),
    errors.ContextNotFound: (errors.ContextNotFound("x"), "docker-context"),
}


def test_the_table_is_complete() -> None:
    known = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)}
    assert {each for each in known if each.__module__ == "docker.errors"} == set(EXPECTED)


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_every_error_of_the_sdk(kind: type[Exception]) -> None:
    error, code = EXPECTED[kind]
    problem = docker_problem(error, HERE)
    assert (problem.code, problem.stage) == (code, Stage.BUILD)
    assert problem.message
    assert "x" in problem.cause


def answer(status: int, text: str) -> errors.APIError:
    response = requests.Response()
    response.status_code = status
    return errors.APIError(text, response, text)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (answer(500, "write /var/lib/docker/x: no space left on device"), "disk-full"),
        (answer(400, "client version 1.99 is too new. Maximum supported API version is 1.41"), "docker-old"),
        (answer(403, "authorization denied by plugin"), "docker-denied"),
        (answer(500, "other"), "docker-failed"),
        (requests.exceptions.SSLError(ssl.SSLError(1, "wrong version number")), "docker-tls"),
        (requests.exceptions.ConnectionError(PermissionError(13, "Permission denied")), "docker-permission"),
        (requests.exceptions.ReadTimeout("timed out"), "docker-unreachable"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_other_errors(error: Exception, code: str) -> None:
    problem = docker_problem(error, HERE)
    assert problem.code == code
    assert problem.cause


async def unreachable(host: str, source: str = "DOCKER_HOST") -> DraftError:
    daemon = Daemon(Endpoint(host, source))
    with pytest.raises(DraftError) as caught:
        await daemon.facts()
    daemon.close()
    return caught.value


async def test_no_docker(tmp_path: Path) -> None:
    problem = (await unreachable(f"unix://{tmp_path}/docker.sock", "default")).problem
    assert problem.code == "docker-unreachable"
    assert problem.cause == "No such file or directory"
    assert "Install Docker" in problem.fix
    assert str(tmp_path) in problem.message


async def test_wrong_docker_host(free_port: Callable[[], int]) -> None:
    problem = (await unreachable(f"tcp://127.0.0.1:{free_port()}")).problem
    assert (problem.code, problem.cause) == ("docker-unreachable", "Connection refused")
    assert "DOCKER_HOST" in problem.fix
    problem = (await unreachable("tcp://nosuch.invalid:2375")).problem
    assert problem.code == "docker-unreachable"
    assert "host name" in problem.fix
    assert (await unreachable("foo://x")).problem.code == "docker-unreachable"


async def test_ssh_without_its_package() -> None:
    if find_spec("paramiko"):
        pytest.skip("paramiko is here")
    problem = (await unreachable("ssh://nosuch.invalid")).problem
    assert problem.code == "docker-ssh"
    assert "paramiko" in problem.fix


def test_the_sdk_is_imported_late() -> None:
    late = (
        "import sys, draft_ls.build.builder; sys.exit('docker' in sys.modules or 'requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", late], check=False).returncode == 0
