"""Faults in the middle of the day. After each one: the truth is told, the next save works, and every container
holds exactly what is saved."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

import contents
from draft_ls.engine.create import plan_create
from draft_ls.engine.events import Log, Outcome, State, Status
from draft_ls.engine.writing import write
from draft_ls.errors import Stage
from engine_bench import Bench, bench
from sync_ground import build
from way import Way, way_to_cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from draft_ls.errors import Problem
    from ground import RealCluster, Tools

HELLO = "Hello, World!"
DRAFT = Path(sys.executable).with_name("draft")


@pytest.fixture
async def flask(
    leaves_nothing: None, app_folder: Callable[..., Path], namespace: str, tmp_path: Path
) -> AsyncIterator[Bench]:
    """The Python example as ``create`` makes it, with an engine; nothing deployed yet."""
    del leaves_nothing
    app = app_folder("python", "flask")
    creation = plan_create(app, name="flask", namespace=namespace)
    write(app, creation.scaffold.edits)
    async with bench(app, tmp_path / "state") as made:
        yield made


def greet(flask: Bench, text: str) -> str:
    """app.py with another greeting."""
    lines = (flask.app / "app.py").read_text().splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if line.lstrip().startswith("return "))
    lines[place] = f'    return "{text}\\n"\n'
    return "".join(lines)


async def assert_next_save_is_live(
    flask: Bench, cluster: RealCluster, text: str = "The next save", *, shell: bool = True
) -> None:
    """A save goes live, the app answers with it, and every pod holds what is saved."""
    ended = await flask.save("app.py", greet(flask, text))
    assert ended.outcome is Outcome.LIVE, flask.status.problems
    assert flask.status.state is State.LIVE
    assert flask.status.live_digest == flask.status.content_digest
    assert flask.status.problems == ()
    assert await flask.get() == f"{text}\n"
    await contents.assert_equal(flask, cluster, patience=20, shell=shell)


def assert_told(flask: Bench, stage: Stage | None, code: str | None = None) -> Problem:
    """The status says that it failed, what failed, and what to do."""
    status = flask.status
    assert status.state is State.FAILED, status
    problem = status.problems[0]
    assert problem.stage is stage, problem
    assert code is None or problem.code == code, problem
    assert problem.message
    assert problem.fix, problem
    return problem


# --- the cluster ---------------------------------------------------------------


@pytest.fixture
async def way(leaves_nothing: None, cluster: RealCluster, home: Path) -> AsyncIterator[Way]:
    """The engine's way to the API server."""
    del leaves_nothing
    found = await way_to_cluster(home / "kubeconfig", cluster.context)
    yield found
    await found.cut()


async def test_a_pod_deleted_in_the_middle_of_a_sync(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    (pod,) = contents.pods(flask, cluster)
    seen = len(flask.events)
    (flask.app / "big.bin").write_bytes(os.urandom(20_000_000))
    (flask.app / "app.py").write_text(greet(flask, "In the middle"))
    flask.engine.saved(flask.app / "app.py")
    await flask.stage(Stage.SYNC, seen)
    gone = "delete", "pod", "-n", flask.status.namespace or "", pod, "--grace-period=0", "--force"
    await asyncio.to_thread(cluster.kubectl, *gone)
    await flask.until(lambda: bool(flask.ends(seen)), "the run ends")
    assert flask.ends(seen) == [Outcome.LIVE], flask.status.problems
    assert await flask.get() == "In the middle\n"
    await contents.assert_equal(flask, cluster, patience=20)
    await assert_next_save_is_live(flask, cluster)


async def test_the_api_server_goes_away_and_comes_back(way: Way, flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    await way.cut()
    ended = await flask.save("app.py", greet(flask, "Unreachable"))
    assert ended.outcome is Outcome.FAILED
    assert_told(flask, Stage.RELEASE)
    assert flask.status.live_digest is None
    await way.restore()
    await assert_next_save_is_live(flask, cluster)


async def test_an_outage_between_saves_is_told_and_its_end_too(
    way: Way, flask: Bench, cluster: RealCluster
) -> None:
    await flask.live()
    digest = flask.status.live_digest
    await way.cut()
    await flask.state(State.FAILED)
    assert_told(flask, Stage.ROLLOUT)
    await way.restore()
    await flask.state(State.LIVE)
    assert flask.status.live_digest == digest
    assert await flask.get() == f"{HELLO}\n"
    await assert_next_save_is_live(flask, cluster)


async def test_a_network_that_swallows_everything_for_a_while(
    way: Way, flask: Bench, cluster: RealCluster
) -> None:
    await flask.live()
    seen = len(flask.events)
    way.stall()
    (flask.app / "app.py").write_text(greet(flask, "Late"))
    flask.engine.saved(flask.app / "app.py")
    await flask.stage(Stage.SYNC, seen)
    await asyncio.sleep(2)  # what a train takes through a tunnel
    assert flask.status.state is State.SYNCING
    assert flask.status.live_digest != flask.status.content_digest
    await way.restore()
    await flask.until(lambda: bool(flask.ends(seen)), "the run ends")
    assert flask.ends(seen) == [Outcome.LIVE], flask.status.problems
    assert await flask.get() == "Late\n"
    await assert_next_save_is_live(flask, cluster)


async def test_a_computer_that_slept(way: Way, flask: Bench, cluster: RealCluster) -> None:
    """Its connections are dead, and nobody has told it."""
    await flask.live()
    await assert_next_save_is_live(flask, cluster, "Before the sleep")
    seen = len(flask.events)
    way.strand()
    await assert_next_save_is_live(flask, cluster, "Awake again")
    assert Stage.BUILD not in flask.stages(seen)


async def test_a_namespace_deleted_while_live(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    namespace = flask.status.namespace or ""
    await asyncio.to_thread(cluster.kubectl, "delete", "namespace", namespace, "--wait=true")
    await flask.state(State.FAILED)
    assert_told(flask, Stage.ROLLOUT)
    assert flask.status.live_digest is None
    await assert_next_save_is_live(flask, cluster)


async def test_a_release_deleted_by_somebody_else(flask: Bench, cluster: RealCluster, tools: Tools) -> None:
    await flask.live()
    namespace = flask.status.namespace or ""
    await _run(tools.helm4, "uninstall", "flask", "--namespace", namespace)
    await flask.state(State.FAILED)
    assert_told(flask, Stage.ROLLOUT)
    assert flask.status.live_digest is None
    await assert_next_save_is_live(flask, cluster)


HOOK = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: slow
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      containers:
        - name: slow
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          command: ["sleep", "60"]
"""


async def test_a_helm_killed_in_the_middle_of_its_write(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    seen = len(flask.events)
    hook = flask.app / "chart" / "templates" / "slow.yaml"
    hook.write_text(HOOK)
    flask.engine.saved(hook)
    await flask.stage(Stage.RELEASE, seen)
    async with asyncio.timeout(30):
        while "pending-upgrade" not in _release_states(flask, cluster).values():
            await asyncio.sleep(0.1)
    (helm,) = [child for child in psutil.Process().children() if "helm" in child.name()]
    helm.send_signal(signal.SIGKILL)
    await flask.until(lambda: bool(flask.ends(seen)), "the run ends")
    assert flask.ends(seen) == [Outcome.FAILED]
    assert_told(flask, Stage.RELEASE)
    hook.unlink()
    await assert_next_save_is_live(flask, cluster)
    assert list(_release_states(flask, cluster).values())[-1] == "deployed"


def _release_states(flask: Bench, cluster: RealCluster) -> dict[int, str]:
    """What Helm has noted of each revision."""
    listed = cluster.get("secret", "-n", flask.status.namespace or "", "-l", "owner=helm")
    labels = [each["metadata"]["labels"] for each in listed["items"]]
    return dict(sorted((int(each["version"]), each["status"]) for each in labels))


async def test_two_processes_deploy_the_same_app_at_once(flask: Bench, cluster: RealCluster) -> None:
    command = [DRAFT, "up", "--no-watch"]
    other = await asyncio.create_subprocess_exec(
        *command, cwd=flask.app, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    ended = await flask.up()
    said, _ = await other.communicate()
    assert ended.outcome is Outcome.LIVE, flask.status.problems
    assert other.returncode == 0, said.decode()
    assert await flask.get() == f"{HELLO}\n"
    await assert_next_save_is_live(flask, cluster)


# --- Docker, the registry, Helm ------------------------------------------------


async def test_a_registry_that_is_down_for_a_while(flask: Bench, cluster: RealCluster, registry: str) -> None:
    host, _, port = registry.partition(":")
    way = Way((host, int(port)))
    await way.restore()
    try:
        flask.configure(registry=f"127.0.0.1:{way.port}", sync="off")
        await flask.live()
        await way.cut()
        ended = await flask.save("app.py", greet(flask, "Not pushed"))
        assert ended.outcome is Outcome.FAILED
        problem = assert_told(flask, Stage.PUSH)
        assert problem.place is not None
        assert problem.place.path == flask.app / "draft.toml"
        assert await flask.get() == f"{HELLO}\n"
        await way.restore()
        await assert_next_save_is_live(flask, cluster)
    finally:
        await way.cut()


async def test_a_docker_daemon_that_is_away_for_a_while(
    flask: Bench, cluster: RealCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = tmp_path / "docker.sock"
    way = Way("/var/run/docker.sock", socket)
    await way.restore()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    try:
        flask.configure(sync="off")
        await flask.live()
        await way.cut()
        ended = await flask.save("app.py", greet(flask, "Not built"))
        assert ended.outcome is Outcome.FAILED
        assert_told(flask, Stage.BUILD)
        assert await flask.get() == f"{HELLO}\n"
        await way.restore()
        seen = len(flask.events)
        (flask.app / "Dockerfile").write_text(
            flask.replace("Dockerfile", "USER 10001", "RUN sleep 20\nUSER 10001")
        )
        flask.engine.saved(flask.app / "Dockerfile")
        await flask.until(lambda: _said(flask, "sleep 20", seen), "the step begins")
        await way.cut()
        await flask.until(lambda: bool(flask.ends(seen)), "the run ends")
        assert_told(flask, Stage.BUILD)
        await way.restore()
        (flask.app / "Dockerfile").write_text(
            flask.replace("Dockerfile", "RUN sleep 20\nUSER 10001", "USER 10001")
        )
        await assert_next_save_is_live(flask, cluster)
    finally:
        await way.cut()


def _said(flask: Bench, text: str, after: int = 0) -> bool:
    return any(isinstance(event, Log) and text in event.text for event in flask.events[after:])


async def test_helm_is_missing_and_then_installed(
    flask: Bench, cluster: RealCluster, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool_folder = str(tools.helm4.parent)
    folders = [each for each in os.environ["PATH"].split(os.pathsep) if not shutil.which("helm", path=each)]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    assert tool_folder not in folders
    ended = await flask.up()
    assert ended.outcome is Outcome.FAILED
    assert_told(flask, Stage.RELEASE, "helm-missing")
    installed = tmp_path / "bin"
    installed.mkdir()
    (installed / "helm").symlink_to(tools.helm4)
    monkeypatch.setenv("PATH", os.pathsep.join([str(installed), *folders]))
    await assert_next_save_is_live(flask, cluster)


# --- the container -------------------------------------------------------------


async def test_a_container_without_tar(flask: Bench, cluster: RealCluster) -> None:
    (flask.app / "Dockerfile").write_text(
        flask.replace("Dockerfile", "USER 10001", "RUN rm -f /bin/tar /usr/bin/tar\nUSER 10001")
    )
    await flask.live()
    seen = len(flask.events)
    await assert_next_save_is_live(flask, cluster)
    assert Stage.BUILD not in flask.stages(seen)


NO_SHELL = """\
FROM python:3.11-slim
COPY requirements.txt ./
RUN ["pip", "install", "--no-cache-dir", "-r", "requirements.txt"]
RUN ["python", "-c", "import os; os.remove('/bin/sh')"]
"""
ON_NO_SHELL = """\
FROM draft-test-no-shell
WORKDIR /app
COPY --chown=10001:10001 . .
USER 10001
ENV PORT=5000
CMD ["python", "app.py"]
"""


async def test_a_container_without_a_shell(flask: Bench, cluster: RealCluster) -> None:
    """As in a distroless image: the app is just built anew, and it is said why."""
    await asyncio.to_thread(build, "draft-test-no-shell", flask.app, NO_SHELL, supervised=False)
    (flask.app / "Dockerfile").write_text(ON_NO_SHELL)
    await flask.live()
    seen = len(flask.events)
    await assert_next_save_is_live(flask, cluster, shell=False)
    said = [event.message for event in flask.events[seen:] if isinstance(event, Status)]
    assert any("shell" in message for message in said), said


async def test_a_shell_that_the_dockerfile_takes_away(flask: Bench, cluster: RealCluster) -> None:
    """It cannot be known before the container does not start: then the supervisor is left out, in the same run."""
    remove = 'RUN ["python", "-c", "import os; os.remove(\'/bin/sh\')"]\nCOPY --chown=10001:10001 . .'
    (flask.app / "Dockerfile").write_text(flask.replace("Dockerfile", "COPY --chown=10001:10001 . .", remove))
    await flask.live()
    assert _said(flask, "without the supervisor")
    seen = len(flask.events)
    await assert_next_save_is_live(flask, cluster, shell=False)
    said = [event.message for event in flask.events[seen:] if isinstance(event, Status)]
    assert any("shell" in message for message in said), said


async def test_a_disk_that_is_full(flask: Bench, cluster: RealCluster) -> None:
    shared = "RUN rm -rf /tmp && ln -s /dev/shm /tmp\nUSER 10001"  # of 64 MB
    (flask.app / "Dockerfile").write_text(flask.replace("Dockerfile", "USER 10001", shared))
    await flask.live()
    (pod,) = contents.pods(flask, cluster)
    fill = "dd if=/dev/zero of=/dev/shm/fill bs=1M 2>/dev/null; true"
    cluster.kubectl("exec", "-n", flask.status.namespace or "", pod, "--", "sh", "-c", fill)
    (flask.app / "big.bin").write_bytes(os.urandom(3_000_000))
    await assert_next_save_is_live(flask, cluster, "Past the full disk")
    assert _said(flask, "is full")
    await assert_next_save_is_live(flask, cluster)


async def test_a_root_that_is_read_only(flask: Bench, cluster: RealCluster) -> None:
    (flask.app / "chart" / "templates" / "deployment.yaml").write_text(
        flask.replace(
            "chart/templates/deployment.yaml",
            '{{- omit .Values.securityContext "readOnlyRootFilesystem" | toYaml | nindent 12 }}',
            "readOnlyRootFilesystem: true",
        )
    )
    await flask.live()
    await assert_next_save_is_live(flask, cluster)
    assert _said(flask, "is read-only")


# --- many saves at once --------------------------------------------------------


async def test_two_saves_within_one_sync(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    for number in range(4):
        seen = len(flask.events)
        (flask.app / "big.bin").write_bytes(os.urandom(5_000_000))
        (flask.app / "app.py").write_text(greet(flask, f"First {number}"))
        flask.engine.saved(flask.app / "app.py")
        await flask.stage(Stage.SYNC, seen)
        for text in ("Second", "Third"):
            (flask.app / "app.py").write_text(greet(flask, f"{text} {number}"))
            flask.engine.saved(flask.app / "app.py")
            await asyncio.sleep(0.01 * number)
        ended = await flask.up()
        assert ended.outcome in {Outcome.LIVE, Outcome.NOTHING}, flask.status.problems
        assert await flask.get() == f"Third {number}\n"
        await contents.assert_equal(flask, cluster)


async def test_a_thousand_saves_in_ten_seconds(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    seen = len(flask.events)
    processor = time.process_time()
    began = time.monotonic()
    for number in range(1000):
        (flask.app / "app.py").write_text(greet(flask, f"Save {number}"))
        flask.engine.saved(flask.app / "app.py")
        await asyncio.sleep(max(0.0, began + (number + 1) / 100 - time.monotonic()))
    lasted = time.monotonic() - began
    ended = await flask.up()
    assert ended.outcome in {Outcome.LIVE, Outcome.NOTHING}, flask.status.problems
    assert await flask.get() == "Save 999\n"
    await contents.assert_equal(flask, cluster)
    stages = flask.stages(seen)
    assert stages.count(Stage.BUILD) <= 2
    assert stages.count(Stage.SYNC) <= 1000, "no save is synced twice"
    assert time.process_time() - processor < lasted + 5
    assert flask.status.problems == ()


# --- files ---------------------------------------------------------------------


@pytest.mark.parametrize("years", [-30, 30])
async def test_a_clock_that_is_wrong(flask: Bench, cluster: RealCluster, years: int) -> None:
    """Files from the past or the future; a change that keeps time and size is a change."""
    when = time.time() + years * 365 * 86400
    for path in flask.app.rglob("*"):
        os.utime(path, (when, when), follow_symlinks=False)
    await flask.live()
    for text in ("aaaa", "bbbb"):
        (flask.app / "app.py").write_text(greet(flask, text))
        os.utime(flask.app / "app.py", (when, when))
        seen = len(flask.events)
        flask.engine.saved(flask.app / "app.py")
        await flask.until(lambda seen=seen: bool(flask.ends(seen)), "the run ends")
        assert flask.ends(seen) == [Outcome.LIVE]
        assert await flask.get() == f"{text}\n"
        await contents.assert_equal(flask, cluster)


async def test_draft_toml_broken_and_mended_while_live(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    good = (flask.app / "draft.toml").read_text()
    ended = await flask.save("draft.toml", "[environments\n")
    assert ended.outcome is Outcome.FAILED
    problem = flask.status.problems[0]
    assert problem.place is not None
    assert problem.place.path == flask.app / "draft.toml"
    assert await flask.get() == f"{HELLO}\n"
    ended = await flask.save("draft.toml", good)
    assert ended.outcome is Outcome.NOTHING
    assert flask.status.state is State.LIVE
    await assert_next_save_is_live(flask, cluster)


async def test_a_dockerfile_deleted_and_restored(flask: Bench, cluster: RealCluster) -> None:
    flask.configure(watch_delay=0.2)
    await flask.live()
    good = (flask.app / "Dockerfile").read_text()
    (flask.app / "Dockerfile").unlink()
    await flask.state(State.FAILED)
    assert_told(flask, Stage.BUILD, "dockerfile-missing")
    assert await flask.get() == f"{HELLO}\n"
    (flask.app / "Dockerfile").write_text(good)
    await flask.state(State.LIVE)
    await assert_next_save_is_live(flask, cluster)


async def test_the_app_folder_deleted_and_restored(
    flask: Bench, cluster: RealCluster, tmp_path: Path
) -> None:
    flask.configure(watch_delay=0.2)
    await flask.live()
    kept = tmp_path / "kept"
    shutil.copytree(flask.app, kept)
    shutil.rmtree(flask.app)
    await flask.state(State.FAILED)
    assert flask.status.problems[0].fix
    assert await flask.get() == f"{HELLO}\n"
    shutil.copytree(kept, flask.app)
    await flask.state(State.LIVE)
    await assert_next_save_is_live(flask, cluster)
    seen = len(flask.events)
    (flask.app / "app.py").write_text(greet(flask, "Watched again"))
    await flask.until(lambda: Outcome.LIVE in flask.ends(seen), "live")
    assert await flask.get() == "Watched again\n"


# --- the end -------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.BUILD, Stage.PUSH, Stage.RELEASE, Stage.ROLLOUT, Stage.SYNC])
async def test_closing_in_the_middle_is_quick_and_leaves_nothing(
    flask: Bench, registry: str, stage: Stage
) -> None:
    flask.configure(registry=registry)
    if stage is Stage.SYNC:
        await flask.live()
    seen = len(flask.events)
    if stage is Stage.BUILD:
        (flask.app / "Dockerfile").write_text(
            flask.replace("Dockerfile", "USER 10001", "RUN sleep 20\nUSER 10001")
        )
    running = asyncio.create_task(flask.up())
    if stage is Stage.SYNC:
        await running
        (flask.app / "big.bin").write_bytes(os.urandom(20_000_000))
        flask.engine.saved(flask.app / "big.bin")
    await flask.stage(stage, seen)
    began = time.monotonic()
    await flask.engine.close()
    assert time.monotonic() - began <= 2.0
    if stage is not Stage.SYNC:
        assert (await running).outcome is Outcome.CANCELLED
    assert [each.cmdline() for each in psutil.Process().children(recursive=True)] == []
    assert flask.status.state is State.IDLE


async def _run(*command: str | Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
