"""Builds and pushes against a real Docker Engine and a real registry."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tarfile
import threading
import time
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import docker
import psutil
import pytest
import requests

from draft_ls.build.builder import ImageBuilder
from draft_ls.build.context import ContextReader
from draft_ls.build.model import BuildRequest, Delivery, Image, NodeFacts, NodeImage, Step
from draft_ls.build.tags import content_tag
from draft_ls.config.model import Builder
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from ground import RealCluster

BASE = "debian:bookworm-slim"
BUILDERS = (Builder.DOCKER, Builder.BUILDKIT)

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture
def client(cluster: RealCluster) -> Iterator[docker.APIClient]:
    del cluster
    client = docker.APIClient(version="auto")
    yield client
    client.close()


@pytest.fixture
def builder(cluster: RealCluster) -> Iterator[ImageBuilder]:
    del cluster
    builder = ImageBuilder()
    yield builder
    builder.close()


@pytest.fixture
def repository(registry: str, client: docker.APIClient) -> Iterator[str]:
    """A repository of this test's own; its images go when the test ends."""
    name = f"{registry}/draft-test/{uuid.uuid4().hex[:12]}"
    yield name
    for image in client.images(name):
        client.remove_image(image["Id"], force=True)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    return folder


def write(root: Path, path: str, text: str, mode: int = 0o644) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)


def request_for(app: Path, repository: str, archive: Path | None = None) -> BuildRequest:
    context = ContextReader(app).read()
    return BuildRequest(context, repository, (content_tag(context.digest, {}),), archive=archive)


async def failing(builder: ImageBuilder, request: BuildRequest, kind: Builder) -> Problem:
    with pytest.raises(DraftError) as caught:
        await builder.build(request, kind)
    return caught.value.problem


@pytest.mark.parametrize("kind", BUILDERS)
async def test_build_and_push(
    kind: Builder, builder: ImageBuilder, app: Path, repository: str, registry: str, client: docker.APIClient
) -> None:
    write(
        app,
        "Dockerfile",
        f'FROM {BASE}\nARG WHO\nWORKDIR /app\nCOPY a .\nEXPOSE 8080\nUSER 1000\nCMD ["cat", "a"]\n',
    )
    write(app, "a", uuid.uuid4().hex)
    lines: list[str] = []
    steps: list[Step] = []
    context = ContextReader(app).read()
    tag = content_tag(context.digest, {"WHO": "me"})
    request = BuildRequest(context, repository, (tag, "latest"), {"WHO": "me"}, labels={"mine": "1"})
    image = await builder.build(request, kind, lambda _, text: lines.append(text), steps.append)
    assert image.reference == f"{repository}:{tag}"
    assert client.inspect_image(f"{repository}:latest")["Id"] == image.identifier
    assert {step.line for step in steps} >= {1, 3, 4}
    assert any("COPY a ." in line for line in lines)
    assert not [line for line in lines if "\x1b" in line]
    config = await builder.image_config(image.reference)
    assert (config.command, config.user, config.workdir, config.ports) == (
        ("cat", "a"),
        "1000",
        "/app",
        ("8080/tcp",),
    )
    assert config.labels["mine"] == "1"
    pushed = await builder.push(image, ("latest",), lambda _, text: lines.append(text))
    for name in (tag, "latest"):
        url = f"http://{registry}/v2/{repository.removeprefix(registry + '/')}/manifests/{name}"
        found = requests.head(
            url, headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"}, timeout=5
        )
        assert found.headers["Docker-Content-Digest"] == pushed.digest


@pytest.mark.parametrize("kind", BUILDERS)
async def test_cached_steps_are_told_and_times_do_not_count(
    kind: Builder, builder: ImageBuilder, app: Path, repository: str
) -> None:
    write(app, "Dockerfile", f"FROM {BASE}\nCOPY a /a\nRUN cat /a\n")
    write(app, "a", uuid.uuid4().hex)
    first = await builder.build(request_for(app, repository), kind)
    os.utime(app / "a", (1, 1))
    steps: list[Step] = []
    again = await builder.build(request_for(app, repository), kind, on_step=steps.append)
    assert again.identifier == first.identifier
    assert {step.line for step in steps if step.cached} >= {2, 3}


TREE = {
    "app.py": "1", "README.md": "2", "src/a.py": "3", "src/b.log": "4", "src/deep/c.py": "5",
    "src/deep/d.md": "6", "node_modules/x/index.js": "7", "node_modules/x/README.md": "8",
    "sp ace/é.txt": "9", ".env": "10", "a.b": "11", "axb": "12", "sub/Dockerfile": "13",
    "src/deep/e/f/g.md": "14",
}  # fmt: skip

IGNORES = [
    "",
    "node_modules\n*.md\n",
    "**/*.md\n!README.md\n",
    "*\n!src\n",
    "*\n!src/deep\n",
    "src\n!src/a.py\n",
    "src/*\n!src/deep/*\n",
    "/src/deep\n./app.py\n",
    "# comment\n\n  .env  \r\n\tREADME.md\r\n",
    "\ufeffREADME.md\n",
    "a.b\na[x-z]b\n",
    "**/deep/**\n",
    "**/e\nsp ace\n",
    "Dockerfile\n.dockerignore\n",
    "*\n",
    "src/**/f\n!src/**/f/g.md\n",
    "!src\nsrc/b.log\n",
    "s*/*/e\n",
    "../x\n.\n",
    "sub/Dockerfile\n**/*.log\n**/.env\n",
]


@pytest.mark.parametrize("kind", BUILDERS)
@pytest.mark.parametrize("ignore", IGNORES)
async def test_the_image_holds_exactly_our_context(
    kind: Builder, ignore: str, builder: ImageBuilder, app: Path, repository: str, client: docker.APIClient
) -> None:
    """The differential test: what COPY . / brings into an image against what we took a digest of."""
    for path, text in TREE.items():
        write(app, path, text, 0o755 if path == "app.py" else 0o644)
    (app / "link").symlink_to("src/nowhere")
    (app / "empty").mkdir(mode=0o750)
    write(app, "Dockerfile", "FROM scratch\nCOPY . /\n")
    if ignore:
        write(app, ".dockerignore", ignore)
    request = request_for(app, repository)
    image = await builder.build(request, kind)
    ours = {path: (file.type.value, file.mode, file.size) for path, file in request.context.files.items()}
    theirs = contents(client, image)
    if kind is Builder.BUILDKIT and "!src/**" in ignore:
        # The Engine's old fsutil does not enter an ignored folder for a "!" with a wildcard; today's does.
        assert set(theirs) <= set(ours)
    else:
        assert theirs == ours


def contents(client: docker.APIClient, image: Image) -> dict[str, tuple[str, int, int]]:
    """What an image from scratch holds, without what the Engine puts into each container."""
    container = client.create_container(image.identifier, ["x"])["Id"]
    try:
        data = b"".join(client.export(container))
    finally:
        client.remove_container(container)
    added = {"dev", "etc", "proc", "sys", ".dockerenv"}
    kinds = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link"}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = {member.name.rstrip("/").removeprefix("./"): member for member in archive}
    return {
        name: (kinds[member.type], member.mode & 0o7777, member.size)
        for name, member in members.items()
        if name and name.split("/")[0] not in added
    }


@pytest.mark.parametrize("kind", BUILDERS)
async def test_the_dockerfiles_own_ignore_file(
    kind: Builder, builder: ImageBuilder, app: Path, repository: str, client: docker.APIClient
) -> None:
    for path in ("a", "b", "docker/x"):
        write(app, path, path)
    write(app, "docker/Web.Dockerfile", "FROM scratch\nCOPY . /\n")
    write(app, "docker/Web.Dockerfile.dockerignore", "b\ndocker\n")
    write(app, ".dockerignore", "a\n")
    context = ContextReader(app, "docker/Web.Dockerfile").read()
    image = await builder.build(BuildRequest(context, repository, ("t",)), kind)
    assert set(contents(client, image)) == set(context.files) == {"a", ".dockerignore"}


@pytest.mark.parametrize("kind", BUILDERS)
async def test_extra_ignore_lines_and_a_dockerfile_outside(
    kind: Builder, builder: ImageBuilder, app: Path, repository: str, client: docker.APIClient
) -> None:
    write(app, "a", "a")
    write(app, "chart/Chart.yaml", "x")
    write(app.parent, "Dockerfile", "FROM scratch\nCOPY . /\n")
    context = ContextReader(app, "../Dockerfile", ("chart",)).read()
    image = await builder.build(BuildRequest(context, repository, ("t",)), kind)
    assert set(contents(client, image)) == set(context.files) == {"a"}


async def test_a_ready_made_archive(
    builder: ImageBuilder, app: Path, repository: str, client: docker.APIClient
) -> None:
    write(app, "Dockerfile", "FROM scratch\n")
    archive = app.parent / "context.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in (("Dockerfile", b"FROM scratch\nCOPY in /in\n"), ("in", b"archived")):
            header = tarfile.TarInfo(name)
            header.size = len(text)
            tar.addfile(header, io.BytesIO(text))
    for kind in BUILDERS:
        image = await builder.build(request_for(app, repository, archive=archive), kind)
        assert set(contents(client, image)) == {"in"}


STEP, NETWORK, COPY, SYNTAX = (
    "build-step-failed",
    "build-step-network",
    "copy-source-missing",
    "dockerfile-syntax",
)

FROM, ONE = f"FROM {BASE}\n", f"FROM {BASE} AS one\n"

FAILURES = {
    "continued": (f"{FROM}WORKDIR /w\nRUN echo 1 && \\\n  echo 2 >&2 && \\\n  exit 3\nCMD x\n", STEP, 2, 4),
    "stage": (f"{ONE}RUN true\n{FROM}COPY --from=one /etc/hostname /\nRUN false\n", STEP, 4, 4),
    "first stage": (f"{ONE}RUN exit 4\n{FROM}COPY --from=one /etc/hostname /\n", STEP, 1, 1),
    "like another": (f"{FROM}RUN test -e /x || touch /x\nRUN test ! -e /x\nRUN true\n", STEP, 2, 2),
    "no command": (f"{FROM}\nRUN nosuchcommand --help\n", STEP, 2, 2),
    "exec form": (f'{FROM}RUN ["sh", "-c", "exit 9"]\n', STEP, 1, 1),
    "ARG": ("ARG TAG=bookworm-slim\nFROM debian:$TAG\nARG CODE=7\nRUN exit $CODE\n", STEP, 3, 3),
    "network": (f"{FROM}RUN echo 'Could not resolve host: x' >&2; exit 6\n", NETWORK, 1, 1),
    "COPY": (f"{FROM}COPY nothing.txt /\n", COPY, 1, 1),
    "COPY variable": (f"{FROM}ARG WHAT=nothing.txt\nCOPY $WHAT /\n", COPY, 2, 2),
    "ADD": (f"{FROM}RUN true\nADD nothing.txt there.txt /\n", COPY, 2, 2),
    "ignored": (f"{FROM}COPY hidden.txt /\n", "copy-source-ignored", 1, 1),
    "COPY --from": (f"{ONE}{FROM}COPY --from=one /nothing /\n", COPY, 2, 2),
    "unknown": (f"{FROM}# remark\nRUMBLE x\n", SYNTAX, 2, 2),
    "no arguments": (f"{FROM}ENV\n", SYNTAX, 1, 1),
    "no FROM": ("RUN true\n", SYNTAX, 0, 0),
    "base": (f"{ONE}FROM 127.0.0.1:9/none:1\n", "base-image-unreachable", 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("kind", BUILDERS)
@pytest.mark.parametrize("name", FAILURES)
async def test_a_failed_build_is_a_problem_at_its_line(
    name: str, kind: Builder, builder: ImageBuilder, app: Path, repository: str
) -> None:
    dockerfile, code, first, last = FAILURES[name]
    write(app, "Dockerfile", dockerfile)
    write(app, "there.txt", "x")
    write(app, "hidden.txt", "x")
    write(app, ".dockerignore", "other\nhidden.*\n")
    problem = await failing(builder, request_for(app, repository), kind)
    assert (problem.code, problem.stage) == (code, Stage.BUILD), problem
    assert problem.cause
    assert problem.fix
    assert problem.place is not None
    assert problem.place.path == app / "Dockerfile"
    assert problem.place.span is not None
    assert (problem.place.span.start.line, problem.place.span.end.line) == (first, last), problem


@pytest.mark.parametrize("kind", BUILDERS)
async def test_a_full_disk(kind: Builder, builder: ImageBuilder, app: Path, repository: str) -> None:
    """A real full device, as small as they come, in the place of the Engine's own disk."""
    write(app, "Dockerfile", f"FROM {BASE}\nRUN cat /proc/self/exe > /dev/full\n")
    problem = await failing(builder, request_for(app, repository), kind)
    assert problem.code == "disk-full"
    assert "prune" in problem.fix


@pytest.mark.parametrize("kind", BUILDERS)
async def test_what_a_failed_step_said(
    kind: Builder, builder: ImageBuilder, app: Path, repository: str
) -> None:
    write(app, "Dockerfile", f"FROM {BASE}\nRUN echo the reason >&2 && exit 3\n")
    problem = await failing(builder, request_for(app, repository), kind)
    assert "exit code 3" in problem.message
    assert problem.cause == "the reason"
    assert "the reason" in problem.details
    write(app, "Dockerfile", f"FROM {BASE}\nRUN nosuchcommand\n")
    assert "`nosuchcommand`" in (await failing(builder, request_for(app, repository), kind)).fix
    write(app, "hidden", "x")
    write(app, ".dockerignore", "a\nhid*\n")
    write(app, "Dockerfile", f"FROM {BASE}\nCOPY hidden /\n")
    ((place, said),) = (await failing(builder, request_for(app, repository), kind)).related
    assert str(place) == f"{app / '.dockerignore'}:2:1"
    assert "hidden" in said


@pytest.mark.parametrize("kind", BUILDERS)
async def test_a_base_image_that_the_registry_does_not_have(
    kind: Builder, builder: ImageBuilder, app: Path, repository: str, registry: str
) -> None:
    write(app, "Dockerfile", f"FROM {registry}/draft-test/nosuch:1\n")
    problem = await failing(builder, request_for(app, repository), kind)
    assert problem.code == "base-image-missing"
    assert f"{registry}/draft-test/nosuch:1" in problem.message
    assert str(problem.place) == f"{app / 'Dockerfile'}:1:1"


@pytest.mark.parametrize("kind", BUILDERS)
async def test_cancel_stops_the_build(
    kind: Builder,
    leaves_nothing: None,
    builder: ImageBuilder,
    app: Path,
    repository: str,
    client: docker.APIClient,
) -> None:
    seconds = f"{600 + uuid.uuid4().int % 1000}.{uuid.uuid4().int % 10**6:06}"
    write(app, "Dockerfile", f"FROM {BASE}\nRUN echo started && sleep {seconds}\n")
    started = asyncio.Event()

    def listen(_: str, text: str) -> None:
        if text.endswith("started"):
            started.set()

    build = asyncio.create_task(builder.build(request_for(app, repository), kind, listen))
    await asyncio.wait_for(started.wait(), 30)
    while not traces(client, seconds):
        await asyncio.sleep(0.05)
    before = time.monotonic()
    build.cancel()
    with pytest.raises(asyncio.CancelledError):
        await build
    assert time.monotonic() - before < 4
    deadline = time.monotonic() + 10
    while traces(client, seconds) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    assert not traces(client, seconds)


def traces(client: docker.APIClient, seconds: str) -> list[str]:
    """What is left of a build that sleeps: its process, and the classic builder's container."""
    found = [each["Id"] for each in client.containers(all=True, trunc=False) if seconds in each["Command"]]
    for process in psutil.process_iter():
        try:
            if process.cmdline() == ["sleep", seconds]:
                found.append(str(process.pid))
        except psutil.Error:
            continue
    return found


async def test_builds_side_by_side(builder: ImageBuilder, app: Path, repository: str) -> None:
    async def one(number: int) -> Image:
        folder = app / str(number)
        write(folder, "Dockerfile", f"FROM {BASE}\nCOPY a /a\nRUN test $(cat /a) = {number}\n")
        write(folder, "a", str(number))
        return await builder.build(request_for(folder, f"{repository}-{number}"), BUILDERS[number % 2])

    images = await asyncio.gather(*(one(number) for number in range(6)))
    assert len({image.identifier for image in images}) == 6
    client = docker.APIClient(version="auto")
    for image in images:
        client.remove_image(image.reference)
    client.close()


@pytest.mark.parametrize(
    ("registry", "code"),
    [("127.0.0.1:9", "registry-unreachable"), ("nosuch.invalid", "registry-unreachable")],
)
async def test_push_to_nowhere(
    registry: str, code: str, builder: ImageBuilder, app: Path, repository: str, client: docker.APIClient
) -> None:
    write(app, "Dockerfile", "FROM scratch\nCOPY . /\n")
    image = await builder.build(request_for(app, repository))
    client.tag(image.identifier, f"{registry}/draft-test/x", image.tag)
    try:
        with pytest.raises(DraftError) as caught:
            await builder.push(Image(f"{registry}/draft-test/x", image.tag, image.identifier))
    finally:
        client.remove_image(f"{registry}/draft-test/x:{image.tag}")
    problem = caught.value.problem
    assert (problem.code, problem.stage) == (code, Stage.PUSH), problem
    assert registry in problem.message
    assert problem.cause
    assert problem.fix


@contextmanager
def faulty_registry(status: int, body: str) -> Generator[str]:
    """A registry that refuses everything; the real one cannot be made to."""

    class Handler(BaseHTTPRequestHandler):
        def refuse(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body.encode())

        def do_GET(self) -> None:
            if self.path == "/v2/" and status == 404:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self.refuse()

        do_HEAD = do_POST = do_PUT = do_PATCH = refuse  # noqa: N815

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (401, "UNAUTHORIZED", "registry-denied"),
        (403, "DENIED", "registry-denied"),
        (404, "NAME_UNKNOWN", "registry-repository"),
    ],
)
async def test_push_to_a_registry_that_refuses(
    status: int,
    error: str,
    code: str,
    builder: ImageBuilder,
    app: Path,
    repository: str,
    client: docker.APIClient,
) -> None:
    write(app, "Dockerfile", "FROM scratch\nCOPY . /\n")
    image = await builder.build(request_for(app, repository))
    with faulty_registry(status, json.dumps({"errors": [{"code": error, "message": error.lower()}]})) as host:
        client.tag(image.identifier, f"{host}/x", image.tag)
        try:
            with pytest.raises(DraftError) as caught:
                await builder.push(Image(f"{host}/x", image.tag, image.identifier))
        finally:
            client.remove_image(f"{host}/x:{image.tag}")
    assert caught.value.problem.code == code, caught.value.problem
    assert caught.value.problem.stage is Stage.PUSH


async def test_push_of_an_image_that_is_not_there(builder: ImageBuilder, repository: str) -> None:
    with pytest.raises(DraftError) as caught:
        await builder.push(Image(repository, "none", "sha256:0"))
    assert caught.value.problem.stage is Stage.PUSH
    assert "does not exist" in caught.value.problem.cause


async def test_old_images_go_and_others_stay(
    builder: ImageBuilder, app: Path, repository: str, client: docker.APIClient
) -> None:
    images: list[Image] = []
    write(app, "Dockerfile", "FROM scratch\nCOPY . /\n")
    for number in range(5):
        write(app, "a", f"{number}")
        images.append(await builder.build(request_for(app, repository)))
    container = client.create_container(images[0].identifier, ["x"])["Id"]
    removed = await builder.remove_old(repository, keep=2)
    client.remove_container(container)
    left = {image["Id"] for image in client.images(repository)}
    assert images[0].identifier in left
    assert {images[3].identifier, images[4].identifier} <= left
    assert set(removed) == {images[1].identifier, images[2].identifier}


async def test_the_cluster_shares_our_engine_and_that_is_proven(
    builder: ImageBuilder, cluster: RealCluster
) -> None:
    nodes = facts(cluster)
    if not nodes[0].runtime.startswith("docker://"):
        pytest.skip("this cluster's nodes do not use Docker")
    assert await builder.choose_delivery(None, cluster.context, nodes) is Delivery.SHARED
    assert await builder.choose_delivery("host/x", cluster.context, nodes) is Delivery.PUSH
    strange = [
        NodeFacts(node.name, node.runtime, images=node.images, pods=(str(uuid.uuid4()),)) for node in nodes
    ]
    with pytest.raises(DraftError) as caught:
        await builder.choose_delivery(None, cluster.context, strange)
    assert caught.value.problem.code == "registry-needed"
    assert "registry" in caught.value.problem.fix


def facts(cluster: RealCluster) -> tuple[NodeFacts, ...]:
    pods = cluster.get("pods", "--all-namespaces")["items"]
    return tuple(
        NodeFacts(
            node["metadata"]["name"],
            node["status"]["nodeInfo"]["containerRuntimeVersion"],
            node["spec"].get("providerID", ""),
            node["metadata"]["labels"],
            tuple(
                NodeImage(tuple(each["names"]), each["sizeBytes"])
                for each in node["status"].get("images", [])
            ),
            tuple(
                pod["metadata"]["uid"]
                for pod in pods
                if pod["spec"].get("nodeName") == node["metadata"]["name"]
                and pod["status"]["phase"] == "Running"
            ),
        )
        for node in cluster.get("nodes")["items"]
    )


async def test_the_doctor_finds_everything_well(builder: ImageBuilder, registry: str) -> None:
    found: dict[str, bool] = {check.name: check.ok for check in await builder.checks(f"{registry}/x")}
    assert found == {"Docker": True, "BuildKit": True, "Docker's disk": True, f"Registry {registry}": True}


async def test_the_doctor_says_what_is_wrong(builder: ImageBuilder, free_port: Callable[[], int]) -> None:
    *_, check = await builder.checks(f"127.0.0.1:{free_port()}/x")
    assert not check.ok
    assert check.fix
