"""Where Docker is looked for, in the order of the docker CLI."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from draft_ls.build.endpoint import Endpoint, find_endpoint
from draft_ls.errors import DraftError


def make_context(home: Path, name: str, host: str, *, tls: bool = False, skip: bool = False) -> None:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = home / ".docker/contexts/meta" / key / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": skip}
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": endpoint}}))
    if tls:
        (home / ".docker/contexts/tls" / key / "docker").mkdir(parents=True)


def make_config(home: Path, **config: object) -> None:
    (home / ".docker").mkdir(exist_ok=True)
    (home / ".docker/config.json").write_text(json.dumps(config))


def test_the_usual_socket(tmp_path: Path) -> None:
    socket = tmp_path / "docker.sock"
    socket.touch()
    found = find_endpoint({}, tmp_path, socket)
    assert found == Endpoint(f"unix://{socket}", "default")
    assert found.socket == socket


def test_docker_host_wins(tmp_path: Path) -> None:
    make_context(tmp_path, "far", "tcp://far:2375")
    make_config(tmp_path, currentContext="far")
    variables = {"DOCKER_HOST": "tcp://near:2375", "DOCKER_CONTEXT": "far"}
    assert find_endpoint(variables, tmp_path) == Endpoint("tcp://near:2375", "DOCKER_HOST")


def test_docker_host_with_tls(tmp_path: Path) -> None:
    variables = {"DOCKER_HOST": "tcp://near:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs"}
    found = find_endpoint(variables, tmp_path)
    assert (found.certificates, found.verify) == (Path("/certs"), True)
    assert found.environment()["DOCKER_CERT_PATH"] == "/certs"
    assert find_endpoint({**variables, "DOCKER_TLS_VERIFY": "", "DOCKER_TLS": "1"}, tmp_path).verify is False


def test_context_of_the_environment_and_of_the_configuration(tmp_path: Path) -> None:
    make_context(tmp_path, "colima", "unix:///colima.sock")
    make_context(tmp_path, "far", "tcp://far:2376", tls=True, skip=True)
    make_config(tmp_path, currentContext="colima")
    assert find_endpoint({}, tmp_path) == Endpoint("unix:///colima.sock", 'context "colima"')
    far = find_endpoint({"DOCKER_CONTEXT": "far"}, tmp_path)
    assert (far.host, far.verify) == ("tcp://far:2376", False)
    assert far.certificates is not None
    default = find_endpoint({"DOCKER_CONTEXT": "default"}, tmp_path, tmp_path / "none.sock")
    assert default.source == "default"


def test_docker_config_names_another_folder(tmp_path: Path) -> None:
    make_context(tmp_path, "there", "unix:///there.sock")
    make_config(tmp_path, currentContext="there")
    found = find_endpoint({"DOCKER_CONFIG": str(tmp_path / ".docker")}, tmp_path / "elsewhere")
    assert found.host == "unix:///there.sock"


@pytest.mark.parametrize(
    "path", [".docker/run/docker.sock", ".docker/desktop/docker.sock", ".colima/default/docker.sock",
             ".rd/docker.sock", ".orbstack/run/docker.sock"],
)  # fmt: skip
def test_sockets_that_the_cli_needs_a_context_for(path: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).touch()
    found = find_endpoint({}, tmp_path, tmp_path / "none.sock")
    assert found == Endpoint(f"unix://{tmp_path / path}", "found")


def test_rootless(tmp_path: Path) -> None:
    (tmp_path / "docker.sock").touch()
    found = find_endpoint({"XDG_RUNTIME_DIR": str(tmp_path)}, tmp_path, tmp_path / "none.sock")
    assert found.host == f"unix://{tmp_path}/docker.sock"


def test_nothing_there_names_the_usual_socket(tmp_path: Path) -> None:
    assert find_endpoint({}, tmp_path, tmp_path / "none.sock").host == f"unix://{tmp_path}/none.sock"


def test_unknown_context(tmp_path: Path) -> None:
    make_config(tmp_path, currentContext="gone")
    with pytest.raises(DraftError) as caught:
        find_endpoint({}, tmp_path)
    problem = caught.value.problem
    assert problem.code == "docker-context"
    assert "gone" in problem.message
    assert problem.fix


@pytest.mark.parametrize("text", ["{", "[]", '{"currentContext": 3}'])
def test_broken_configuration_is_a_problem_or_ignored(text: str, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(text)
    try:
        found = find_endpoint({}, tmp_path)
    except DraftError as error:
        assert error.problem.code in {"docker-config", "docker-context"}
    else:
        assert found.source == "default"
