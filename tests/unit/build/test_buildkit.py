"""Finding a docker CLI with BuildKit; the CLIs are stand-ins that say what real ones say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from draft_ls.build.builder import ImageBuilder
from draft_ls.build.buildkit import BuildKitFinder
from draft_ls.build.context import ContextReader
from draft_ls.build.model import BuildRequest
from draft_ls.config.model import Builder
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from pathlib import Path

BUILDX = "github.com/docker/buildx v0.24.0 d0e5e86"


def cli(folder: Path, version: str, buildx: str = "", log: Path | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    note = f'echo "$@" >> {log}\n' if log else ""
    answer = f"echo '{buildx}'; exit 0" if buildx else "echo no such command >&2; exit 1"
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{note}case $1 in\nbuildx) {answer};;\n--version) echo '{version}';;\nesac\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "buildx", "found"),
    [
        ("Docker version 20.10.24+dfsg1, build 297e128", "", True),
        ("Docker version 18.09.1, build 4c52b90", "", True),
        ("Docker version 18.06.3-ce, build d7080c1", "", False),
        ("Docker version 28.2.2, build e6534b4", "", False),
        ("Docker version 23.0.0, build e92dd87", "", False),
        ("Docker version 28.2.2, build e6534b4", BUILDX, True),
        ("podman version 4.3.1", "", False),
        ("", "", False),
    ],
)
async def test_which_clis_have_buildkit(version: str, buildx: str, found: bool, tmp_path: Path) -> None:
    cli(tmp_path / "bin", version, buildx)
    result = await BuildKitFinder().find(str(tmp_path / "bin"))
    assert (result is not None) is found
    if result:
        assert result.plugin is bool(buildx)


async def test_the_first_on_path_that_can_and_asked_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    cli(tmp_path / "a", "Docker version 28.2.2, build x", log=log)
    good = cli(tmp_path / "b", "Docker version 20.10.24, build x", log=log)
    finder = BuildKitFinder()
    search = f"{tmp_path / 'none'}:{tmp_path / 'a'}:{tmp_path / 'b'}"
    for _ in range(3):
        found = await finder.find(search)
        assert found is not None
        assert found.command == good
    assert len(log.read_text().splitlines()) == 4
    cli(tmp_path / "a", "Docker version 28.2.2, build x", BUILDX, log)
    found = await finder.find(search)
    assert found is not None
    assert found.command == tmp_path / "a/docker"


async def test_a_cli_that_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/no/such/interpreter\n")
    (tmp_path / "docker").chmod(0o755)
    assert await BuildKitFinder().find(str(tmp_path)) is None


@pytest.fixture
def request_here(tmp_path: Path) -> BuildRequest:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return BuildRequest(
        ContextReader(folder).read(), "r.example/x", ("t", "u"), {"A": "1 2"}, ("linux/amd64",)
    )


async def refusal(builder: ImageBuilder, request: BuildRequest, kind: Builder) -> str:
    with pytest.raises(DraftError) as caught:
        await builder.build(request, kind)
    assert caught.value.problem.fix
    return caught.value.problem.code


async def test_what_needs_buildkit_and_does_not_find_it(request_here: BuildRequest, tmp_path: Path) -> None:
    builder = ImageBuilder({"PATH": str(tmp_path), "DOCKER_HOST": "unix:///none.sock"}, tmp_path)
    assert await refusal(builder, request_here, Builder.BUILDKIT) == "buildkit-missing"
    several = replace(request_here, platforms=("linux/amd64", "linux/arm64"))
    for kind in Builder:
        assert await refusal(builder, several, kind) == "buildx-needed"
    cli(tmp_path / "bin", "Docker version 20.10.24, build x")
    builder = ImageBuilder({"PATH": str(tmp_path / "bin"), "DOCKER_HOST": "unix:///none.sock"}, tmp_path)
    assert await refusal(builder, several, Builder.BUILDKIT) == "buildx-needed"


async def test_what_buildx_is_asked_for(request_here: BuildRequest, tmp_path: Path) -> None:
    """There is no buildx where this is tested: this holds our half of the bargain, its command line."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = f"""#!/usr/bin/env python3
import json, os, sys
if sys.argv[1:3] == ["buildx", "version"]:
    print("{BUILDX}")
elif sys.argv[1] == "--version":
    print("Docker version 28.2.2, build x")
else:
    with open("{tmp_path}/asked", "w") as file:
        wanted = ("DOCKER_HOST", "BUILDX_BUILDER")
        json.dump([sys.argv[1:], {{name: os.environ.get(name) for name in wanted}}], file)
    open([word for word in sys.argv if word.startswith("--iidfile=")][0][10:], "w").write("sha256:feed")
"""
    (folder / "docker").write_text(script)
    (folder / "docker").chmod(0o755)
    several = replace(request_here, platforms=("linux/amd64", "linux/arm64"))
    builder = ImageBuilder({"PATH": str(folder), "DOCKER_HOST": "unix:///none.sock"}, tmp_path)
    image = await builder.build(several, Builder.AUTO)
    words, environment = json.loads((tmp_path / "asked").read_text())
    assert words[:3] == ["buildx", "build", "--push"]
    assert environment["BUILDX_BUILDER"] is None
    assert (await builder.push(image)).digest == "sha256:feed"
    assert await refusal(builder, replace(several, repository="x"), Builder.AUTO) == "registry-needed"
    image = await builder.build(request_here, Builder.BUILDKIT)
    assert (image.reference, image.identifier) == ("r.example/x:t", "sha256:feed")
    words, environment = json.loads((tmp_path / "asked").read_text())
    assert words[:3] == ["buildx", "build", "--load"]
    assert words[-1] == str(request_here.context.root)
    assert {
        "--tag=r.example/x:t",
        "--tag=r.example/x:u",
        "--build-arg=A=1 2",
        "--platform=linux/amd64",
    } <= set(words)
    assert f"--file={request_here.context.root / 'Dockerfile'}" in words
    assert environment == {"DOCKER_HOST": "unix:///none.sock", "BUILDX_BUILDER": "default"}
