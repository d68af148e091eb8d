"""``draft`` as a person runs it: a process, a real Docker Engine, registry and cluster."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ground import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ground import RealCluster

DRAFT = Path(sys.executable).with_name("draft")


@dataclass
class Done:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


def draft(*arguments: str, cwd: Path, timeout: float = 120, **environment: str) -> Done:
    """Run ``draft`` to its end, without a terminal."""
    done = subprocess.run(
        [DRAFT, *arguments],
        cwd=cwd,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "RuntimeWarning" not in done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass
class Running:
    """A ``draft`` that goes on, and the lines that it has written to standard output."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list[str])
    _queue: queue.Queue[str | None] = field(default_factory=queue.Queue[str | None])

    @classmethod
    def start(cls, *arguments: str, cwd: Path) -> Running:
        process = subprocess.Popen(
            [DRAFT, *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running = cls(process)
        threading.Thread(target=running._read, daemon=True).start()
        return running

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def until(self, wanted: Callable[[str], bool], timeout: float = 90) -> str:
        """The next line that is wanted; fails the test if the command ends before, or takes too long."""
        deadline = time.monotonic() + timeout
        while True:
            line = self._queue.get(timeout=max(deadline - time.monotonic(), 0.01))
            assert line is not None, f"draft ended: {self.lines}"
            self.lines.append(line)
            if wanted(line):
                return line

    def live(self) -> str:
        """The URL, once the app is live."""
        line = self.until(lambda line: line.startswith(("--> Live at", "--> Failed")))
        assert line.startswith("--> Live at"), self.lines
        return line.split()[3]

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)


@pytest.fixture
def running() -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*arguments: str, cwd: Path) -> Running:
        started.append(Running.start(*arguments, cwd=cwd))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.wait(timeout=10)
        if each.process.stdout:
            each.process.stdout.close()


@dataclass(frozen=True)
class Example:
    """A small app without a trace of draft in its folder, and how its answer is changed."""

    folder: Path
    source: str

    @property
    def code(self) -> Path:
        return self.folder / self.source

    def answer(self, text: str) -> None:
        """Save the app with another answer."""
        code = self.code.read_text()
        before = next(each for each in ("Hello, World!", "Second answer") if each in code)
        self.code.write_text(code.replace(before, text))


SOURCES = {"python": "app.py", "javascript": "server.js"}


@pytest.fixture
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Example:
    """One of the examples, by the name of its pack; Python's unless the test says otherwise."""
    pack = getattr(request, "param", "python")
    folder = tmp_path / f"cli-{pack}"
    shutil.copytree(ROOT / "examples" / pack, folder, ignore=shutil.ignore_patterns("README.md"))
    if pack == "python":
        (folder / ".python-version").write_text("3.11\n")
    return Example(folder, SOURCES[pack])


@pytest.fixture
def created(example: Example, cluster: RealCluster, registry: str, namespace: str) -> Example:
    """The example after ``draft create``."""
    del cluster
    done = draft("create", "--registry", registry, "--namespace", namespace, cwd=example.folder)
    assert done.code == 0, done.stderr
    return example


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


def releases(cluster: RealCluster, namespace: str) -> list[str]:
    """The names of Helm's records in a namespace."""
    secrets = cluster.get("secrets", "--namespace", namespace)["items"]
    return [each["metadata"]["name"] for each in secrets if each["type"].startswith("helm.sh/release")]


@pytest.mark.parametrize("example", ["python", "javascript"], indirect=True)
def test_from_a_folder_to_a_url_to_the_next_version(
    example: Example, cluster: RealCluster, registry: str, namespace: str, running: Callable[..., Running]
):
    done = draft("create", "--registry", registry, "--namespace", namespace, cwd=example.folder)
    title = {"app.py": "Python", "server.js": "JavaScript"}[example.source]
    assert done.stdout.splitlines() == [f"--> {title} app detected", "--> Ready to sail"]
    assert done.code == 0

    up = running("up", cwd=example.folder)
    url = up.live()
    assert fetch(url) == "Hello, World!\n"
    up.until(lambda line: line == "Watching local files for changes...")
    assert up.lines[0] == "--> Building Dockerfile"
    assert up.lines[1].startswith(f"--> Pushing {registry}/{example.folder.name}:")
    assert up.lines[2:5] == [
        "--> Deploying to Kubernetes",
        f'    Release "{example.folder.name}" does not exist. Installing it now.',
        "--> Status: DEPLOYED",
    ]
    assert up.lines[5].startswith(f"--> Notes: http://{example.folder.name}.{namespace}.svc:")
    assert all(line.startswith("    ") for line in up.lines[6:-2])

    second = draft("up", cwd=example.folder)
    assert second.code == 1
    assert f"process {up.process.pid}" in second.stderr

    example.answer("Second answer")
    up.until(lambda line: line == f"--> {example.source} changed on disk")
    assert up.live() == url
    assert fetch(url) == "Second answer\n"

    assert up.interrupt() == 130
    with pytest.raises(urllib.error.URLError):
        fetch(url)

    newest, oldest = draft("history", cwd=example.folder).stdout.splitlines()
    assert f"  {example.source} changed on disk  {url}" in newest
    assert "  live revision 1  " in oldest
    assert "GET / " in draft("logs", cwd=example.folder).stdout or example.source == "server.js"
    assert draft("delete", "--yes", cwd=example.folder).code == 0
    assert releases(cluster, namespace) == []
    again = draft("delete", "--yes", cwd=example.folder)
    assert again.code == 1
    assert "There is no release" in again.stderr


def test_json_tells_everything_and_ends_live(created: Example):
    done = draft("up", "--no-watch", "-o", "json", cwd=created.folder)
    assert done.code == 0, done.stdout
    assert done.stderr == ""
    events: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    stages = [event["stage"] for event in events if event["event"] == "stage-ended"]
    assert stages[:3] == ["build", "push", "release"]
    ended = next(event for event in events if event["event"] == "run-ended")
    assert ended["outcome"] == "live"
    live = next(event for event in events if event["event"] == "status" and event["state"] == "live")
    assert live["contentDigest"] == live["liveDigest"]
    assert {event["environment"] for event in events} == {"development"}
    shown = json.loads(draft("history", "-o", "json", cwd=created.folder).stdout)
    assert shown["deployments"][0]["outcome"] == "live"


def test_connect_opens_what_an_earlier_process_deployed(created: Example, running: Callable[..., Running]):
    assert draft("up", "--no-watch", cwd=created.folder).code == 0
    connected = running("connect", cwd=created.folder)
    assert fetch(connected.live()) == "Hello, World!\n"
    assert connected.interrupt() == 130


def test_stop_ends_the_up_of_another_terminal(created: Example, running: Callable[..., Running]):
    up = running("up", cwd=created.folder)
    url = up.live()
    assert draft("stop", cwd=created.folder).stdout == f"--> Stopped process {up.process.pid}\n"
    assert up.process.wait(timeout=10) == 143
    with pytest.raises(urllib.error.URLError):
        fetch(url)
    assert draft("stop", cwd=created.folder).stdout == "--> Nothing to stop\n"


def test_sigterm_ends_it_as_cleanly(
    created: Example, cluster: RealCluster, namespace: str, running: Callable[..., Running]
):
    up = running("up", cwd=created.folder)
    up.until(lambda line: line == "--> Building Dockerfile")
    up.process.terminate()
    assert up.process.wait(timeout=30) == 143
    assert releases(cluster, namespace) == []


def test_rollback_makes_the_version_before_answer(created: Example, running: Callable[..., Running]):
    with (created.folder / "draft.toml").open("a") as config:
        config.write('    sync = "off"\n')
    up = running("up", cwd=created.folder)
    up.live()
    up.until(lambda line: line.startswith("Watching"))
    created.answer("Second answer")
    up.live()
    up.interrupt()
    assert "  live revision 2  " in draft("history", cwd=created.folder).stdout.splitlines()[0]
    done = draft("rollback", "--files", cwd=created.folder)
    assert done.code == 0, done.stderr
    assert f"--> Brought back {created.source}" in done.stdout
    assert "Hello, World!" in (created.folder / created.source).read_text()
    connected = running("connect", cwd=created.folder)
    assert fetch(connected.live()) == "Hello, World!\n"
    connected.interrupt()


def test_a_failing_build_is_told_at_its_line(created: Example, cluster: RealCluster, namespace: str):
    dockerfile = created.folder / "Dockerfile"
    lines = dockerfile.read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("COPY --chown"))
    lines.insert(place, 'RUN echo "about to fail" && exit 7')
    dockerfile.write_text("\n".join(lines) + "\n")
    done = draft("up", cwd=created.folder)
    assert done.code == 1
    assert done.stdout.splitlines()[-1] == "--> Failed in build"
    assert f"  at    Dockerfile:{place + 1}:1" in done.stderr
    assert "about to fail" in done.stderr
    assert "exit code 7" in done.stderr
    assert "  fix   " in done.stderr
    assert releases(cluster, namespace) == []
    assert "failed" in draft("history", cwd=created.folder).stdout


def test_an_app_that_crashes_is_told_with_its_last_words(created: Example):
    created.code.write_text(created.code.read_text() + '\nraise RuntimeError("no database")\n')
    done = draft("up", cwd=created.folder)
    assert done.code == 1
    assert "RuntimeError: no database" in done.stderr
    assert "app.py" in done.stderr


def test_a_failed_save_keeps_watching_and_the_next_one_is_live(
    created: Example, running: Callable[..., Running]
):
    up = running("up", cwd=created.folder)
    url = up.live()
    up.until(lambda line: line.startswith("Watching"))
    good = created.code.read_text()
    created.code.write_text(good + "\ndef broken(:\n")
    up.until(lambda line: line == "--> Held")
    assert fetch(url) == "Hello, World!\n"
    created.code.write_text(good)
    created.answer("Second answer")
    assert up.live() == url
    assert fetch(url) == "Second answer\n"
    assert up.interrupt() == 130


def test_ctrl_c_in_the_middle_leaves_nothing_half_written(
    created: Example, cluster: RealCluster, namespace: str, running: Callable[..., Running]
):
    up = running("up", cwd=created.folder)
    up.until(lambda line: line == "--> Building Dockerfile")
    assert up.interrupt() == 130
    assert releases(cluster, namespace) == []

    up = running("up", cwd=created.folder)
    up.until(lambda line: line == "--> Deploying to Kubernetes")
    assert up.interrupt() == 130
    secrets = cluster.get("secrets", "--namespace", namespace)["items"]
    states = [each["metadata"]["labels"].get("status") for each in secrets if "labels" in each["metadata"]]
    assert not [state for state in states if state and state.startswith("pending")]

    assert draft("up", "--no-watch", cwd=created.folder).code == 0


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        ('[environments.development]\nname = "My App"\n', "at    draft.toml:2:8"),
        ("[environments.development]\nname = app\n", "at    draft.toml:2:8"),
        ("[environments.development]\nnmae = 'app'\n", "fix   Write name."),
        ("", "declares no environment"),
    ],
)
def test_a_broken_draft_toml(created: Example, break_it: str, said: str):
    (created.folder / "draft.toml").write_text(break_it)
    for verb in (("up",), ("plan",), ("logs",), ("delete", "--yes")):
        done = draft(*verb, cwd=created.folder)
        assert done.code == 1
        assert said in done.stderr


def test_no_docker(created: Example, cluster: RealCluster, namespace: str):
    done = draft("up", cwd=created.folder, DOCKER_HOST="tcp://127.0.0.1:1")
    assert done.code == 1
    assert "DOCKER_HOST" in done.stderr
    assert releases(cluster, namespace) == []
    doctor = draft("doctor", cwd=created.folder, DOCKER_HOST="tcp://127.0.0.1:1")
    assert doctor.code == 1
    assert "FAIL  Docker" in doctor.stdout


def test_no_helm(created: Example):
    done = draft("up", "--no-watch", cwd=created.folder, PATH="/usr/bin:/bin")
    assert done.code == 1
    assert "Helm" in done.stderr
    assert "  fix   " in done.stderr


def test_a_wrong_context(created: Example):
    config = created.folder / "draft.toml"
    config.write_text(config.read_text() + '    context = "production"\n')
    done = draft("up", cwd=created.folder)
    assert done.code == 1
    assert "'production'" in done.stderr
    assert f"at    draft.toml:{config.read_text().count(chr(10))}:15" in done.stderr


def test_a_registry_that_does_not_answer(created: Example):
    config = created.folder / "draft.toml"
    text = config.read_text()
    registry = next(line for line in text.splitlines() if "registry" in line)
    config.write_text(text.replace(registry, '    registry = "127.0.0.1:1"'))
    done = draft("up", cwd=created.folder)
    assert done.code == 1
    assert "--> Failed in push" in done.stdout
    assert "draft.toml:5" in done.stderr


def test_doctor_is_well(created: Example):
    done = draft("doctor", cwd=created.folder)
    assert done.code == 0, done.stdout
    assert all(line.startswith("ok  ") for line in done.stdout.splitlines())
