"""An app that is live, deployed by draft-ls; and the same app deployed by the bare tools."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import subprocess
import tempfile
import time
import urllib.request
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benches.numbers import progress
from draft_ls.config.edit import set_value
from editor import Editor, FailedError, editing
from greeting import find_greeting
from place import ROOT, TOOLS, Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

LIMIT = 300.0
POLL = 0.005
"""Seconds between two requests while the new version is awaited."""


@dataclass
class Answered:
    """One save: when the server said live, when the new version answered, and how long each stage took."""

    live: float
    answered: float
    stages: dict[str, float]
    took: float


@dataclass
class LiveApp:
    """An app that draft-ls keeps live."""

    editor: Editor
    source: Path
    greeting: str
    status: Any = None
    saves: int = 0
    saved_files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """What the last save changed, by path."""

    @property
    def port(self) -> int:
        """The port that the scaffolded Dockerfile exposes."""
        lines = (self.app / "Dockerfile").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("EXPOSE")))

    @property
    def app(self) -> Path:
        """The app's folder."""
        return self.editor.folder

    async def up(self) -> float:
        """Deploy for the first time: seconds until it answers."""
        started = time.perf_counter()
        await self.editor.command("draft.up")
        self.status = await self.editor.live(after=0, timeout=LIMIT)
        await answers(self.status.url, self.greeting)
        return time.perf_counter() - started

    async def save(self) -> Answered:
        """Change the greeting, save, and wait until the new one answers."""
        self.saves += 1
        new = f"Hello number {self.saves:05d}"
        text = self.source.read_text().replace(self.greeting, new)
        run, url = self.status.run, self.status.url
        started = time.perf_counter()
        self.editor.save(self.source, text)
        self.saved_files[self.source.relative_to(self.app).as_posix()] = text.encode()
        waiting = asyncio.create_task(answers(url, new))
        self.status = await self.editor.live(after=run, timeout=LIMIT)
        live = time.perf_counter() - started
        if self.status.url != url:
            waiting.cancel()
            waiting = asyncio.create_task(answers(self.status.url, new))
        answered = await waiting - started
        self.greeting = new
        stages = {each.stage: each.seconds for each in self.status.stages}
        return Answered(live, answered, stages, self.status.took)

    async def save_unchanged(self) -> float:
        """Save the same bytes again: seconds until the server has found that there is nothing to do."""
        run = self.status.run
        started = time.perf_counter()
        self.editor.save(self.source, self.source.read_text())
        self.status = await self.editor.live(after=run, timeout=30)
        took = time.perf_counter() - started
        if not self.status.message.startswith("Nothing"):
            raise FailedError(f"saving the same bytes did something: {self.status.message}")
        return took


async def answers(url: str, wanted: str) -> float:
    """Ask again and again until ``wanted`` is in the answer: when that was, on the performance counter."""

    def ask() -> float:
        deadline = time.perf_counter() + LIMIT
        while time.perf_counter() < deadline:
            try:
                with urllib.request.urlopen(url, timeout=5) as response:
                    if wanted in response.read().decode(errors="replace"):
                        return time.perf_counter()
            except (OSError, http.client.HTTPException):  # an answer may be cut off by the restart
                pass
            time.sleep(POLL)
        raise FailedError(f"{url} never said {wanted!r}")

    return await asyncio.to_thread(ask)


@asynccontextmanager
async def live_app(place: Place, namespace: str, example: str, **settings: Any) -> AsyncIterator[LiveApp]:
    """A copy of an example, scaffolded, with ``settings`` in its draft.toml; not yet up."""
    with tempfile.TemporaryDirectory(prefix="draft-bench-") as folder:
        app = Path(folder) / example
        shutil.copytree(ROOT / "examples" / example, app)
        source, greeting = find_greeting(app)
        async with editing(app, place.variables(state=app.parent / "state")) as editor:
            await editor.command("draft.create", confirm=False)
            config = app / "draft.toml"
            text = config.read_text()
            wanted = {
                "namespace": namespace,
                "context": place.context,
                "registry": place.registry,
                **settings,
            }
            for key, value in wanted.items():
                if value is not None:
                    text = set_value(text, "development", key, value)
            config.write_text(text)
            yield LiveApp(editor, source, greeting)


@dataclass
class BareTools:
    """What a person types without Draft: docker build, docker push, helm upgrade, kubectl rollout status.

    It deploys a copy of the folder with the same chart and values into the same namespace, as another release. A
    copy, because what Draft has just built would come out of the build cache.
    """

    place: Place
    namespace: str
    app: Path
    name: str = "bare"
    runs: int = 0
    image: str = ""
    """The image of the last deployment."""
    helm: Path = TOOLS / "helm4/helm"

    @classmethod
    def beside(cls, place: Place, namespace: str, app: LiveApp) -> BareTools:
        """The tools for a copy of an app that Draft keeps live."""
        return cls(place, namespace, shutil.copytree(app.app, app.app.with_name("bare") / app.app.name))

    def deploy(self, files: Mapping[str, bytes] | None = None) -> dict[str, float]:
        """One deployment, after the same files have changed in another way: the seconds of each command."""
        for path, data in (files or {}).items():
            (self.app / path).parent.mkdir(parents=True, exist_ok=True)
            (self.app / path).write_bytes(data + b"\n")
        self.runs += 1
        repository = f"{self.place.registry}/{self.name}" if self.place.registry else self.name
        image = self.image = f"{repository}:{self.runs}-{int(time.time())}"
        target = [f"--kube-context={self.place.context}", f"--namespace={self.namespace}"]
        values = f"image.repository={repository},image.tag={image.rpartition(':')[2]},draft=true"
        took = {"build": self._run(docker(), "build", "--quiet", "--tag", image, str(self.app))}
        if self.place.registry:
            took["push"] = self._run(docker(), "push", "--quiet", image)
        chart = str(self.app / "chart")
        took["release"] = self._run(
            str(self.helm), "upgrade", "--install", self.name, chart, *target, "--set", values
        )
        took["rollout"] = self._run(
            str(TOOLS / "kubectl"), f"--context={self.place.context}", f"--namespace={self.namespace}",
            "rollout", "status", "deployment", "--selector", f"app.kubernetes.io/instance={self.name}",
            "--timeout=120s",
        )  # fmt: skip
        return took

    def _run(self, *command: str) -> float:
        started = time.perf_counter()
        done = subprocess.run(
            command,
            env={**self.place.environment, "DOCKER_BUILDKIT": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise FailedError(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
        return time.perf_counter() - started


def docker() -> str:
    """Docker's program that builds with BuildKit: Debian's own, where another comes first on PATH."""
    own = Path("/usr/bin/docker")
    return str(own) if own.exists() else "docker"


def note(name: str, answered: Answered) -> None:
    """Say how one save went."""
    stages = " ".join(f"{stage} {seconds * 1000:.0f}" for stage, seconds in answered.stages.items())
    progress(f"{name}: {answered.answered * 1000:.0f} ms ({stages})")
