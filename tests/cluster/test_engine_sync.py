"""Sync through the whole engine: a save reaches the running container; nothing else is called live."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from draft_ls.engine.create import plan_create
from draft_ls.engine.events import Log, Outcome, State
from draft_ls.engine.model import PlanKind
from draft_ls.engine.writing import write
from draft_ls.errors import Stage
from engine_bench import Bench, bench
from ground import base_images

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from ground import RealCluster

HELLO = "Hello, World!"


@pytest.fixture
async def flask(app_folder: Callable[..., Path], namespace: str, tmp_path: Path) -> AsyncIterator[Bench]:
    """The Python example as ``create`` makes it, with an engine; nothing deployed yet."""
    app = app_folder("python", "flask")
    creation = plan_create(app, name="flask", namespace=namespace)
    write(app, creation.scaffold.edits)
    async with bench(app, tmp_path / "state") as made:
        yield made


def pods(flask: Bench, cluster: RealCluster) -> list[str]:
    found = cluster.get("pod", "-n", flask.status.namespace or "", "-l", "app.kubernetes.io/instance=flask")
    return [
        each["metadata"]["name"] for each in found["items"] if "deletionTimestamp" not in each["metadata"]
    ]


def digest_in(flask: Bench, cluster: RealCluster, pod: str, path: str) -> str:
    said = cluster.kubectl("exec", "-n", flask.status.namespace or "", pod, "--", "sha256sum", f"/app/{path}")
    return said.split()[0]


def digest(flask: Bench, path: str) -> str:
    return hashlib.sha256((flask.app / path).read_bytes()).hexdigest()


async def test_a_save_is_synced_and_the_pod_stays(flask: Bench, cluster: RealCluster) -> None:
    status = await flask.live()
    before = pods(flask, cluster)
    seen = len(flask.events)
    ended = await flask.save("app.py", flask.replace("app.py", HELLO, "Synced"))
    assert ended.outcome is Outcome.LIVE
    assert flask.stages(seen) == [Stage.SYNC, Stage.ROUTE]
    assert await flask.get() == "Synced\n"
    assert pods(flask, cluster) == before
    assert digest_in(flask, cluster, before[0], "app.py") == digest(flask, "app.py")
    assert flask.status.revision == status.revision
    assert flask.status.live_digest == flask.status.content_digest
    assert flask.engine.history(flask.key)[0].files == ("app.py",)


async def test_what_a_run_consumes_is_built_and_says_why(flask: Bench) -> None:
    await flask.live()
    await flask.save("app.py", flask.replace("app.py", HELLO, "Synced first"))
    (flask.app / "requirements.txt").write_text(
        (flask.app / "requirements.txt").read_text() + "itsdangerous\n"
    )
    plan = await flask.engine.plan(flask.key)
    assert plan.kind is PlanKind.BUILD
    assert "requirements.txt" in plan.reason
    assert plan.from_step is not None
    seen = len(flask.events)
    flask.engine.saved(flask.app / "requirements.txt")
    await flask.until(lambda: Outcome.LIVE in flask.ends(seen), "live")
    assert Stage.BUILD in flask.stages(seen)
    assert await flask.get() == "Synced first\n", "the next build contains everything"


async def test_an_app_that_ends_on_new_files_is_told_and_the_next_save_mends_it(flask: Bench) -> None:
    await flask.live()
    good = (flask.app / "app.py").read_text()
    ended = await flask.save("app.py", 'raise RuntimeError("no luck today")\n')
    assert ended.outcome is Outcome.FAILED
    assert flask.status.live_digest is None
    problem = flask.status.problems[0]
    assert any("no luck today" in line for line in problem.details), problem
    seen = len(flask.events)
    ended = await flask.save("app.py", good.replace(HELLO, "Mended"))
    assert ended.outcome is Outcome.LIVE
    assert Stage.BUILD not in flask.stages(seen)
    assert await flask.get() == "Mended\n"


async def test_an_exception_in_the_log_is_told_at_its_line_and_gone_with_the_next_save(flask: Bench) -> None:
    await flask.live()
    text = (flask.app / "app.py").read_text()
    broken = text.replace(f'    return "{HELLO}\\n"', '    raise RuntimeError("no luck today")')
    assert broken != text
    await flask.save("app.py", broken)
    assert "Internal Server Error" in await flask.get()
    await flask.until(lambda: bool(flask.status.problems), "the exception is told")
    assert flask.status.state is State.LIVE, "it answers, though with an error"
    problem = flask.status.problems[0]
    assert (problem.code, problem.cause) == ("runtime-exception", "RuntimeError: no luck today")
    assert problem.place is not None
    assert problem.place.span is not None
    line = broken.split("\n").index('    raise RuntimeError("no luck today")')
    assert (problem.place.path, problem.place.span.start.line) == (flask.app / "app.py", line)
    await flask.save("app.py", text)
    assert flask.status.problems == ()


async def test_a_new_pod_is_brought_up_to_date(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    await flask.save("app.py", flask.replace("app.py", HELLO, "Synced"))
    old = pods(flask, cluster)
    cluster.kubectl("delete", "pod", "-n", flask.status.namespace or "", *old, "--wait=true")

    async def is_synced() -> bool:
        new = [pod for pod in pods(flask, cluster) if pod not in old]
        try:
            return bool(new) and digest_in(flask, cluster, new[0], "app.py") == digest(flask, "app.py")
        except AssertionError:
            return False

    async with asyncio.timeout(60):
        while not await is_synced():
            await asyncio.sleep(0.3)
        while await flask.get() != "Synced\n":
            await asyncio.sleep(0.1)


async def test_every_replica_gets_every_save(flask: Bench, cluster: RealCluster) -> None:
    flask.configure(set=["replicaCount=3"])
    await flask.live()
    async with asyncio.timeout(60):
        while len(pods(flask, cluster)) < 3:
            await asyncio.sleep(0.2)
    namespace = flask.status.namespace or ""
    cluster.kubectl("rollout", "status", "deployment/flask", "-n", namespace)
    await flask.save("app.py", flask.replace("app.py", HELLO, "To all"))
    found = pods(flask, cluster)
    assert len(found) == 3
    assert {digest_in(flask, cluster, pod, "app.py") for pod in found} == {digest(flask, "app.py")}


async def test_a_hundred_saves_at_once_end_on_the_last(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    text = (flask.app / "app.py").read_text()
    seen = len(flask.events)
    for number in range(100):
        (flask.app / "app.py").write_text(text.replace(HELLO, f"Save {number}"))
        flask.engine.saved(flask.app / "app.py")
        await asyncio.sleep(0.02)
    await flask.until(
        lambda: flask.status.state is State.LIVE and flask.status.live_digest == flask.status.content_digest,
        "live",
    )
    assert await flask.get() == "Save 99\n"
    assert digest_in(flask, cluster, pods(flask, cluster)[0], "app.py") == digest(flask, "app.py")
    assert flask.stages(seen).count(Stage.BUILD) <= 1


async def test_back_to_last_good_undoes_a_sync(flask: Bench) -> None:
    await flask.live()
    await flask.save("app.py", flask.replace("app.py", HELLO, "Worse"))
    async with asyncio.timeout(60):
        ended = await flask.engine.rollback(flask.key)
    assert ended.outcome is Outcome.LIVE, flask.status.problems
    assert await flask.get() == f"{HELLO}\n"
    assert flask.status.live_digest != flask.status.content_digest, "what is saved is not live"
    back = await flask.engine.files_back(flask.key)
    assert [edit.path for edit in back.edits] == ["app.py"]
    assert back.edits[0].text == flask.replace("app.py", "Worse", HELLO)


async def test_new_deleted_and_renamed_files(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    (flask.app / "pages").mkdir()
    (flask.app / "pages" / "one.html").write_text("<p>one</p>")
    ended = await flask.save("pages/two.html", "<p>two</p>")
    assert ended.outcome is Outcome.LIVE
    (flask.app / "pages" / "one.html").rename(flask.app / "pages" / "eins.html")
    (flask.app / "pages" / "two.html").unlink()
    await flask.save("app.py", flask.replace("app.py", HELLO, "Moved"))
    pod = pods(flask, cluster)[0]
    listed = cluster.kubectl("exec", "-n", flask.status.namespace or "", pod, "--", "ls", "/app/pages")
    assert listed.split() == ["eins.html"]


async def test_a_chart_change_after_a_sync_takes_the_files_along(flask: Bench) -> None:
    await flask.live()
    await flask.save("app.py", flask.replace("app.py", HELLO, "Synced"))
    seen = len(flask.events)
    ended = await flask.save(
        "chart/values.yaml", flask.replace("chart/values.yaml", "replicaCount: 1", "replicaCount: 2")
    )
    assert ended.outcome is Outcome.LIVE
    assert Stage.BUILD in flask.stages(seen)
    assert await flask.get() == "Synced\n"


async def test_a_file_outside_the_image_restarts_nothing(flask: Bench) -> None:
    (flask.app / ".dockerignore").write_text((flask.app / ".dockerignore").read_text() + "\nnotes.txt\n")
    await flask.live()
    ended = await flask.save("notes.txt", "remember the milk")
    assert ended.outcome is Outcome.NOTHING


async def test_an_image_that_cannot_be_restarted_builds_and_says_why(flask: Bench) -> None:
    (flask.app / "chart" / "templates" / "deployment.yaml").write_text(
        flask.replace(
            "chart/templates/deployment.yaml",
            '        - name: {{ include "app.name" . }}\n',
            '        - name: {{ include "app.name" . }}\n          command: ["python", "app.py"]\n',
        )
    )
    await flask.live()
    seen = len(flask.events)
    ended = await flask.save("app.py", flask.replace("app.py", HELLO, "Built"))
    assert ended.outcome is Outcome.LIVE
    assert Stage.BUILD in flask.stages(seen)
    assert any(isinstance(event, Log) and "Building instead" in event.text for event in flask.events)
    assert await flask.get() == "Built\n"


EXAMPLES = {
    "php": ("public/index.php", True),
    "ruby": ("server.rb", True),
    "static": ("index.html", False),
}
"""Example → the file that says hello, and whether its app must be started again to say something else."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("example", EXAMPLES)
async def test_an_example_of_every_kind_is_synced(
    example: str, app_folder: Callable[..., Path], namespace: str, tmp_path: Path
) -> None:
    """Each with the Dockerfile that its pack writes: nobody has to change a line of it."""
    path, restarts = EXAMPLES[example]
    app = app_folder(example)
    write(app, plan_create(app, name=example, namespace=namespace).scaffold.edits)
    await asyncio.to_thread(base_images, app)
    async with bench(app, tmp_path / "state") as opened:
        await opened.live()
        said = "Hello, World!"
        for text in ("Hello, sync!", "Hello again!"):
            seen = len(opened.events)
            ended = await opened.save(path, opened.replace(path, said, text))
            said = text
            assert ended.outcome is Outcome.LIVE, opened.status.problems
            assert opened.stages(seen) == ([Stage.SYNC, Stage.ROUTE] if restarts else [Stage.SYNC])
            assert text in await opened.get()
        seen = len(opened.events)
        ended = await opened.save(str(PurePosixPath(path).with_name("new.txt")), "a new file")
        assert ended.outcome is Outcome.LIVE, opened.status.problems
        assert Stage.BUILD not in opened.stages(seen)
        if not restarts:
            assert await opened.get("/new.txt") == "a new file"
