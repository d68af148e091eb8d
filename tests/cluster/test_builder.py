"""The builder in the cluster, with Docker nowhere: from a folder to a URL, and everything that can come between."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
import subprocess
import sys
import uuid
from base64 import b64encode
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

import engine_bench
from draft_ls.build.context import ContextReader
from draft_ls.build.incluster import upload
from draft_ls.build.incluster.builder import ClusterBuilder
from draft_ls.build.incluster.place import find
from draft_ls.build.model import BuildRequest
from draft_ls.cluster.client import Cluster
from draft_ls.config.model import REGISTRY_SECRET
from draft_ls.engine.builder_credentials import offer
from draft_ls.engine.create import plan_create
from draft_ls.engine.events import Log, Outcome
from draft_ls.engine.writing import write
from draft_ls.errors import DraftError, Stage
from engine_bench import Bench, bench, yes
from ground import ROOT, RealCluster, Tools
from way import way_to_cluster

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from draft_ls.build.model import Image

    Person = Callable[..., AbstractAsyncContextManager[ClusterBuilder]]

pytestmark = pytest.mark.timeout(420)

GIVEN = bool(os.environ.get("DRAFT_TEST_CONTEXT"))
REGISTRY_IMAGE = "registry:2.8"
BASES = ("python:3.11-slim", "node:20-slim")
NOWHERE = "tcp://127.0.0.1:9"
HELLO = "Hello, World!"
SLOW = "RUN echo under way && sleep 600\n"


@dataclass(frozen=True)
class Engine:
    """How an engine shows itself.

    Attributes:
        name: as ``--engine`` has it.
        image: the stand-in for its image.
        program: what a build runs.
        settings: what it is told of registries.
    """

    name: str
    image: str
    program: str
    settings: str


BUILDAH = Engine("buildah", "quay.io/buildah/stable:v1.28", "buildah", "registries.conf")
BUILDKIT = Engine("buildkit", "moby/buildkit:v0.13.2-rootless", "buildctl", "buildkitd.toml")


LOCKED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: locked}
data:
  users: "ann:$2b$04$l3izbMtLmaezRf5PdKJd2eUQemVcJdQpxOrO.pDepB6pnXSDqSNqG"
  config.yml: |
    version: 0.1
    http: {addr: ":5000"}
    storage: {inmemory: {}}
    auth: {htpasswd: {realm: locked, path: /etc/locked/users}}
---
apiVersion: v1
kind: Pod
metadata: {name: locked}
spec:
  containers:
    - name: registry
      image: REGISTRY
      command: [registry, serve, /etc/locked/config.yml]
      volumeMounts: [{name: settings, mountPath: /etc/locked}]
  volumes: [{name: settings, configMap: {name: locked}}]
"""
"""A registry that wants a name and a password: ann, s3cret."""


@dataclass
class Installed:
    """A builder that ``draft init`` has installed, with a registry.

    Attributes:
        cluster: where.
        namespace: where there.
        registry: as the nodes call it.
        locked: the registry that wants credentials.
        environment: of ``draft``.
        engine: what builds now.
    """

    cluster: RealCluster
    namespace: str
    registry: str
    locked: str
    environment: dict[str, str]
    engine: Engine

    def change_to(self, engine: Engine) -> None:
        """Give the builder another engine."""
        where = "--context", self.cluster.context
        if not GIVEN:
            subprocess.run([ROOT / "scripts/cluster", "images", engine.image], check=True)
        image = () if GIVEN else ("--image", engine.image)
        self.draft("init", "--engine", engine.name, *image, *where)
        self.engine = engine
        said = self.draft("init", "--check", *where)
        assert re.search(
            rf"^ok +Builder: {engine.name}: .* without privileges$", said, re.MULTILINE | re.IGNORECASE
        )
        assert f"the nodes pull from {self.registry}" in said

    def draft(self, *arguments: str, code: int = 0) -> str:
        """Run ``draft`` to its end, without Docker: what it printed."""
        return draft(self.environment, *arguments, code=code)

    def inside(self, script: str) -> str:
        """Run a line of shell in the builder's container: what it printed."""
        pod = "deployment/draft-builder", "-c", "builder"
        return self.cluster.kubectl("exec", "-n", self.namespace, *pod, "--", "sh", "-c", script)

    def processes(self) -> str:
        """What runs in the builder's container: all command lines."""
        return self.inside("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; true")


def draft(environment: dict[str, str], *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name("draft"), *arguments],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module", params=[BUILDAH, BUILDKIT], ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest, installed: Installed) -> Engine:
    """The engine that the builder has for a test. What else was set stays, and so does the registry."""
    if installed.engine != request.param:
        installed.change_to(request.param)
    return request.param


only_buildah = pytest.mark.parametrize(
    "engine", [BUILDAH], indirect=True, scope="module", ids=lambda engine: engine.name
)
"""For what is the same with each engine, and for what Buildah alone does."""


@pytest.fixture(scope="module")
def installed(
    request: pytest.FixtureRequest,
    real_cluster: RealCluster,
    tools: Tools,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installed]:
    """A builder and a registry for the tests of this module; the base images are in the registry."""
    folder = tmp_path_factory.mktemp("builder")
    namespace, port = f"draft-test-{uuid.uuid4().hex[:8]}", random.randint(30100, 32700)
    environment = os.environ | {
        "KUBECONFIG": str(real_cluster.kubeconfig),
        "PATH": os.pathsep.join([str(tools.helm4.parent), os.environ["PATH"]]),
        "XDG_STATE_HOME": str(folder),
        "DOCKER_HOST": NOWHERE,
        "DRAFT_BUILDER_NAMESPACE": namespace,
    }
    if not GIVEN:
        subprocess.run([ROOT / "scripts/cluster", "images", BUILDAH.image, REGISTRY_IMAGE], check=True)
    locked = locked_registry(real_cluster, namespace)
    options = [f"registry.nodePort={port}", "registry.storage.persistent=false", "parallel=2"]
    options += [f"insecure[0]={locked}"]
    options += ["users[0].kind=ServiceAccount", "users[0].name=default", f"users[0].namespace={namespace}"]
    if not GIVEN:  # stand-ins for all images: the builder too has no way to any other registry than its own
        options += [f"registry.image={REGISTRY_IMAGE}", "mirrors.docker\\.io=registry", "resources=null"]
    where = "--context", real_cluster.context
    image = () if GIVEN else ("--image", BUILDAH.image)
    draft(environment, "init", "--registry", *where, *image, *(f"--set={each}" for each in options))
    registry = f"127.0.0.1:{port}"
    for base in () if GIVEN else BASES:
        copy = f"{registry}/library/{base}"
        for command in (["tag", base, copy], ["push", "--quiet", copy], ["rmi", copy]):
            subprocess.run(["docker", *command], check=True, capture_output=True)
    makes = None  # BuildKit's image, whose compiling takes a minute or two, while the tests with Buildah run
    if not GIVEN and any(f"[{BUILDKIT.name}" in item.name for item in request.session.items):
        makes = subprocess.Popen([ROOT / "scripts/cluster", "images", BUILDKIT.image])
    yield Installed(real_cluster, namespace, registry, locked, environment, BUILDAH)
    assert makes is None or makes.wait() == 0
    draft(environment, "init", "--remove", *where)
    real_cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def locked_registry(cluster: RealCluster, namespace: str) -> str:
    """Run the registry that wants credentials, in a new namespace; its address."""
    cluster.kubectl("create", "namespace", namespace)
    cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=LOCKED.replace("REGISTRY", REGISTRY_IMAGE))
    cluster.kubectl("wait", "-n", namespace, "pod/locked", "--for=condition=Ready", "--timeout=60s")
    return f"{cluster.kubectl('get', '-n', namespace, 'pod/locked', '-o', 'jsonpath={.status.podIP}')}:5000"


@pytest.fixture
def builder(
    installed: Installed, engine: Engine, cluster: RealCluster, monkeypatch: pytest.MonkeyPatch
) -> Installed:
    """The builder with a test's engine, for a test whose Docker is nowhere."""
    del cluster
    assert installed.engine == engine
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    monkeypatch.setenv("DRAFT_BUILDER_NAMESPACE", installed.namespace)
    monkeypatch.setattr(engine_bench, "PATIENCE", 200.0)
    return installed


@pytest.fixture
def person(builder: Installed) -> Person:
    """``async with person("ann") as builds``: what a person of that name builds with."""

    @asynccontextmanager
    async def open_for(name: str, secret: str = REGISTRY_SECRET) -> AsyncGenerator[ClusterBuilder]:
        context = builder.cluster.context
        async with await Cluster.open(context) as cluster:
            yield ClusterBuilder(cluster, builder.namespace, name, secret)

    return open_for


def context_of(folder: Path, dockerfile: str, **files: str) -> BuildRequest:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    for name, text in files.items():
        (folder / name).write_text(text)
    return BuildRequest(ContextReader(folder).read(), "127.0.0.1:9/app", ("test",))


@asynccontextmanager
async def created(app: Path, builder: Installed, namespace: str, state: Path) -> AsyncGenerator[Bench]:
    """An example, created, with an engine; ``auto`` finds the builder by itself."""
    creation = plan_create(app, name=app.name, namespace=namespace)
    write(app, creation.scaffold.edits)
    async with bench(app, state) as made:
        made.configure(sync="off", registry=builder.registry)
        yield made


def lines(made: Bench, after: int = 0) -> list[str]:
    return [each.text for each in made.events[after:] if isinstance(each, Log) and each.stage is Stage.BUILD]


async def test_flask_lives_changes_fails_and_is_cancelled(
    builder: Installed, app_folder: Callable[..., Path], namespace: str, tmp_path: Path
) -> None:
    async with created(app_folder("python", "flask"), builder, namespace, tmp_path / "state") as flask:
        await lives_changes_fails_and_is_cancelled(flask, builder)


async def lives_changes_fails_and_is_cancelled(flask: Bench, builder: Installed) -> None:
    status = await flask.live()
    assert await flask.get() == f"{HELLO}\n"
    assert status.image is not None
    assert status.image.startswith(f"{builder.registry}/flask:")

    seen = len(flask.events)
    ended = await flask.save("app.py", flask.replace("app.py", HELLO, "Hello, cluster!"))
    assert ended.outcome is Outcome.LIVE
    assert await flask.get() == "Hello, cluster!\n"
    build = lines(flask, seen)
    installs = next(index for index, line in enumerate(build) if "pip install" in line)
    vertex = build[installs].partition(" ")[0]
    assert build[installs + 1].startswith("--> Using cache") or f"{vertex} CACHED" in build

    good = (flask.app / "Dockerfile").read_text()
    line = good.splitlines().index("USER 10001")
    ended = await flask.save("Dockerfile", good.replace("USER 10001", "RUN no-such-program\nUSER 10001"))
    assert ended.outcome is Outcome.FAILED
    problem = flask.status.problems[0]
    assert problem.code == "build-step-failed"
    assert problem.place is not None
    assert problem.place.path == flask.app / "Dockerfile"
    assert problem.place.span is not None
    assert problem.place.span.start.line == line
    assert "no-such-program" in problem.message

    seen = len(flask.events)
    (flask.app / "Dockerfile").write_text(good.replace("USER 10001", f"{SLOW}USER 10001"))
    flask.engine.saved(flask.app / "Dockerfile")
    await flask.until(lambda: is_under_way(lines(flask, seen)), "the slow step runs")
    assert "sleep 600" in builder.processes()
    await flask.engine.cancel(flask.key)
    await flask.until(lambda: flask.ends(seen) == [Outcome.CANCELLED], "cancelled")
    await gone(
        lambda: "sleep 600" in builder.processes() or f"{builder.engine.program} " in builder.processes()
    )
    assert set(builder.inside("ls /run/draft").split()) == {"ready", builder.engine.settings}

    ended = await flask.save("Dockerfile", good)
    assert ended.outcome in {Outcome.LIVE, Outcome.NOTHING}


def is_under_way(build: list[str]) -> bool:
    """Whether the slow step has said so; BuildKit begins the line with the step's number and the time."""
    return any(re.fullmatch(r"(#\d+ [\d.]+ )?under way", line) for line in build)


async def gone(there: Callable[[], bool], within: float = 10) -> None:
    """Wait for what a builder ends once its client has left; nothing tells us of it."""
    async with asyncio.timeout(within):
        while await asyncio.to_thread(there):
            await asyncio.sleep(0.3)


@only_buildah
async def test_express_lives(
    builder: Installed, app_folder: Callable[..., Path], namespace: str, tmp_path: Path
) -> None:
    async with created(
        app_folder("javascript", "express"), builder, namespace, tmp_path / "state"
    ) as express:
        express.configure(builder="cluster")
        await express.live()
        assert await express.get() == f"{HELLO}\n"
        checks = await express.engine.doctor(express.key)
        assert [check.name for check in checks if not check.ok] == []
        assert {"Builder", "Builder access", "Builder registry"} <= {check.name for check in checks}
        assert "Docker" not in {check.name for check in checks}


@only_buildah
async def test_people_wait_in_line_in_turn_and_see_their_own_files_only(
    builder: Installed, person: Person, tmp_path: Path
) -> None:
    dockerfile = "FROM python:3.11-slim\nCOPY . /src\nRUN cat /src/note; ls /src; echo under way\n"
    said: dict[str, list[str]] = {}
    order: list[str] = []

    def hear(name: str, text: str) -> None:
        said[name].append(text)
        if is_under_way([text]):
            order.append(name)

    async def build(name: str) -> Image:
        extra = {"other-of-bob": "x"} if name == "bob" else {}
        held = f"{dockerfile}RUN sleep 4\n" if name in {"ann 1", "bob"} else dockerfile
        request = context_of(tmp_path / name, held, note=f"by {name}\n", **extra)
        async with person(name.partition(" ")[0]) as builds:
            return await builds.build(request, on_line=lambda _, text: hear(name, text))

    async def comes(name: str) -> asyncio.Task[Image]:
        """A build that is under way or has been told its place."""
        said[name] = []
        task = asyncio.create_task(build(name))
        async with asyncio.timeout(60):
            while name not in order and not place_of(name):
                await asyncio.sleep(0.05)
        return task

    def place_of(name: str) -> str:
        return next((line for line in said[name] if line.startswith("Waiting")), "")

    tasks = [await comes(name) for name in ("ann 1", "bob", "ann 2", "ann 3", "hal")]
    images = await asyncio.gather(*tasks)
    assert len({image.identifier for image in images}) == 5
    assert set(order[:2]) == {"ann 1", "bob"}
    assert set(order[2:4]) == {"ann 2", "hal"}  # ann came before hal, but not with all that she builds
    assert order[4:] == ["ann 3"]
    assert [place_of(name) for name in said] == [
        "",
        "",
        "Waiting for 2 builds that came before",
        "Waiting for 1 build of yours that came before",
        "Waiting for 3 builds that came before",
    ]
    assert "by bob" in said["bob"]
    assert "other-of-bob" in said["bob"]
    assert not any("bob" in line for line in said["hal"])
    async with person("eve") as builds:  # what hal has built is in the cache of all
        cached: list[str] = []
        request = context_of(tmp_path / "eve", dockerfile, note="by hal\n")
        await builds.build(request, on_line=lambda _, text: cached.append(text))
    assert cached.count("by hal") == 0
    assert any(line.startswith("--> Using cache") for line in cached)
    folders = builder.inside("cd /var/lib/draft/sources; ls hal/*/tree; echo /; stat -c %a hal").split("/")
    assert folders[0].split() == ["Dockerfile", "note"]
    assert folders[1].strip().endswith("700")


@only_buildah
async def test_one_changed_file_of_ten_thousand_sends_little_and_a_cut_is_resumed(
    builder: Installed,
    person: Person,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "many"
    (folder / "src").mkdir(parents=True)
    for number in range(10_000):
        (folder / "src" / f"{number}.txt").write_text(f"number {number}\n")
    request = context_of(folder, "FROM scratch\nCOPY src/77.txt /\n")
    monkeypatch.setattr("draft_ls.build.incluster.sources.BATCH", 40_000)
    way = await way_to_cluster(Path(os.environ["KUBECONFIG"]), builder.cluster.context)
    loop, packed, packs = asyncio.get_running_loop(), upload.packed, list[int]()

    async def cut() -> None:
        await way.cut()
        await way.restore()

    def packed_until_cut(*arguments: object, **options: bool) -> bytes:
        packs.append(1)
        if len(packs) == 3:
            asyncio.run_coroutine_threadsafe(cut(), loop).result()
        return packed(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(upload, "packed", packed_until_cut)
    async with person("cat") as builds:
        await builds.build(request)
        whole = builds.sent
        size = sum(file.size for file in request.context.files.values())
        assert len(packs) - 2 <= size / 40_000 + 1  # the one that was cut, and the first two, went once each
        (folder / "src/77.txt").write_text("seventy-seven\n")
        changed = context_of(folder, "FROM scratch\nCOPY src/77.txt /\n")
        await builds.build(changed)
        assert builds.sent < 8_000 < whole
    async with person("cat") as builds:  # another process of the same person
        await builds.build(changed)
        assert builds.sent < 2_000
    await way.cut()
    assert builder.inside("cat /var/lib/draft/sources/cat/*/tree/src/77.txt") == "seventy-seven\n"


async def test_a_push_needs_credentials_docker_s_with_consent_or_those_of_a_secret(
    builder: Installed, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    token = b64encode(b"ann:s3cret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {builder.locked: {"auth": token}}}))
    secret = "draft-registry", "-n", builder.namespace
    login = f"--docker-server={builder.locked}", "--docker-username=ann", "--docker-password=s3cret"
    request = context_of(tmp_path / "private", "FROM scratch\nCOPY note /\n", note="private\n")
    request = replace(request, repository=f"{builder.locked}/app")
    async with person("fay") as builds, await Cluster.open(builder.cluster.context) as cluster:
        image = await builds.build(request)
        with pytest.raises(DraftError) as caught:
            await builds.push(image)
        assert caught.value.problem.code == "push-failed"
        assert caught.value.problem.fix.startswith("Give the builder credentials")
        await offer(cluster, builder.namespace, builder.locked, yes, set())
        pushed = await builds.push(await builds.build(request))
    builder.cluster.kubectl("delete", "secret", *secret)
    secret = "team.regcred", "-n", builder.namespace
    builder.cluster.kubectl("create", "secret", "docker-registry", *secret, *login)
    async with person("fay", "team.regcred") as builds:
        try:
            upon = context_of(tmp_path / "upon", f"FROM {pushed.repository}@{pushed.digest}\nUSER 7\n")
            upon = replace(upon, repository=f"{builder.locked}/upon")
            assert (await builds.push(await builds.build(upon))).digest not in {None, pushed.digest}
        finally:
            builder.cluster.kubectl("delete", "secret", *secret)
    assert "s3cret" not in builder.inside("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null; true")
    assert set(builder.inside("ls /run/draft").split()) == {"ready", builder.engine.settings}


@only_buildah
async def test_the_role_of_its_users_is_enough_to_build(
    builder: Installed, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = f"--serviceaccount={builder.namespace}:default"
    builder.cluster.kubectl("create", "rolebinding", "user", "-n", namespace, "--clusterrole=edit", account)
    token = builder.cluster.kubectl("create", "token", "default", "-n", builder.namespace).strip()
    config = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    kubeconfig = tmp_path / "user.kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    async with await Cluster.open(builder.cluster.context) as cluster:
        builds = ClusterBuilder(cluster, namespace, "gus")
        image = await builds.build(context_of(tmp_path / "user", "FROM scratch\nCOPY Dockerfile /\n"))
    assert image.identifier.startswith("sha256:")


@only_buildah
async def test_a_builder_of_another_version_is_refused_and_upgraded(
    builder: Installed, tools: Tools, tmp_path: Path
) -> None:
    where = "--context", builder.cluster.context
    release = "draft-builder", str(tmp_path / "chart"), "--namespace", builder.namespace
    shutil.copytree(ROOT / "builder", tmp_path / "chart")

    def install(version: str) -> None:
        chart = tmp_path / "chart/Chart.yaml"
        chart.write_text(
            re.sub("^appVersion.*", f'appVersion: "{version}"', chart.read_text(), flags=re.MULTILINE)
        )
        subprocess.run(
            [tools.helm4, "upgrade", *release, "--reuse-values", "--kube-context", builder.cluster.context],
            env=builder.environment, check=True, capture_output=True,
        )  # fmt: skip

    install("99")
    assert "Update Draft." in builder.draft("init", "--upgrade", *where, code=1)
    install("0")
    said = builder.draft("init", "--check", *where, code=1)
    assert "older kind than this Draft" in said
    assert "draft init --upgrade" in said
    builder.draft("init", "--upgrade", *where)
    said = builder.draft("init", "--check", *where)
    assert re.search(r"^ok +Builder: Buildah: .* without privileges$", said, re.MULTILINE)
    assert f"the nodes pull from {builder.registry}" in said


async def test_a_pod_that_is_killed_in_the_middle_is_told_and_the_next_build_works(
    builder: Installed, person: Person, tmp_path: Path
) -> None:
    async with person("dan") as builds:
        slow = await under_way(builds, context_of(tmp_path / "slow", f"FROM python:3.11-slim\n{SLOW}"))
        labels = "-l", "app.kubernetes.io/component=builder"
        builder.cluster.kubectl(
            "delete", "pod", "-n", builder.namespace, *labels, "--grace-period=0", "--force"
        )
        with pytest.raises(DraftError) as caught:
            await slow
        assert caught.value.problem.code == "builder-lost"
        assert "the next save builds again" in caught.value.problem.fix
        quick = 'FROM scratch\nCOPY Dockerfile /\nUSER 7\nCMD ["/run", "it"]\n'
        image = await builds.build(context_of(tmp_path / "slow", quick))
        config = await builds.image_config(image.identifier)
    assert (config.command, config.user, len(config.layers)) == (("/run", "it"), "7", 1)


async def test_of_two_builds_the_cancelled_one_ends_with_all_that_it_started_and_the_other_goes_on(
    builder: Installed, person: Person, tmp_path: Path
) -> None:
    left = "RUN (setsid sh -c 'while :; do sleep 1; done; : left by {}' &); sleep 700 & echo under way && sleep {}\n"
    async with person("ida") as of_ida, person("jim") as of_jim:
        dockerfiles = (f"FROM python:3.11-slim\n{left.format(*each)}" for each in (("ida", 600), ("jim", 5)))
        contexts = [context_of(tmp_path / str(number), text) for number, text in enumerate(dockerfiles)]
        ida, jim = [await under_way(*each) for each in zip((of_ida, of_jim), contexts, strict=True)]
        assert "left by ida" in builder.processes()
        assert "sleep 600" in builder.processes()
        ida.cancel()
        await asyncio.wait({ida})
        await gone(
            lambda: "left by ida" in builder.processes() or "sleep 600" in builder.processes(), within=5
        )
        assert "left by jim" in builder.processes()
        assert not jim.done()
        await jim
        await gone(
            lambda: "left by jim" in builder.processes() or "sleep 700" in builder.processes(), within=5
        )


async def under_way(builds: ClusterBuilder, request: BuildRequest) -> asyncio.Task[Image]:
    """A build, once its slow step runs."""
    begun = asyncio.Event()
    task = asyncio.create_task(
        builds.build(request, on_line=lambda _, text: begun.set() if is_under_way([text]) else None)
    )
    await asyncio.wait({task, asyncio.create_task(begun.wait())}, return_when=asyncio.FIRST_COMPLETED)
    assert not task.done()
    return task


@only_buildah
async def test_what_is_too_much_is_collected_and_hurts_no_build(
    builder: Installed, person: Person, tmp_path: Path
) -> None:
    dockerfile = "FROM python:3.11-slim\nRUN head -c 80M /dev/urandom >/big # {}\n"
    small = "RUN echo under way && sleep 2\n"

    def size() -> int:
        du = "buildah --root /var/lib/draft/images --runroot /var/lib/draft/running unshare du -sk"
        return int(
            builder.inside(f"{du} /var/lib/draft/images /var/lib/draft/tmp --total | tail -n 1").split()[0]
        )

    def collect(limit: int) -> str:
        return builder.inside(f"DRAFT_COLLECT_ABOVE={limit}Ki sh /opt/draft/builder.sh collect")

    def of_app(text: str) -> BuildRequest:
        return replace(context_of(tmp_path / "app", text), repository=f"{builder.registry}/kay")

    builder.inside("rm -f /var/lib/draft/unpushed/*")  # earlier tests' images, which nobody will push
    async with person("kay") as builds:
        await builds.push(await builds.build(of_app(dockerfile.format(1))))
        limit = size() + 40_000
        building = await under_way(builds, of_app(dockerfile.format(2) + small))
        collecting = asyncio.create_task(asyncio.to_thread(collect, limit))
        image = await building
        assert "collecting" not in await collecting  # what is built and not pushed is waited for
        assert (await builds.push(image)).digest is not None
        assert size() > limit
        assert "collecting images that nothing is built on" in await asyncio.to_thread(collect, limit)
        assert size() <= limit
        again: list[str] = []
        await builds.push(
            await builds.build(
                of_app(dockerfile.format(2) + small), on_line=lambda _, text: again.append(text)
            )
        )
        assert any(line.startswith("--> Using cache") for line in again)
        assert "collecting all images and caches" in await asyncio.to_thread(collect, 40_000)
        assert size() <= 40_000
        assert (await builds.push(await builds.build(of_app(dockerfile.format(3))))).digest is not None


@only_buildah
async def test_a_builder_that_is_not_there(builder: Installed, namespace: str) -> None:
    async with await Cluster.open(builder.cluster.context) as cluster:
        assert await find(cluster, (namespace,)) is None
    said = builder.draft(
        "init", "--check", "--namespace", namespace, "--context", builder.cluster.context, code=1
    )
    assert "`draft init` installs it" in said
    assert "you may install it" in said
