"""The engine's whole loop on real Docker, Helm and Kubernetes."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from draft_ls.deploy.model import RouteKind
from draft_ls.engine.create import plan_create
from draft_ls.engine.events import Log, Outcome, State
from draft_ls.engine.model import PlanKind
from draft_ls.engine.writing import write
from draft_ls.errors import DraftError, Stage
from engine_bench import Bench, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from ground import RealCluster

HELLO = "Hello, World!"


@pytest.fixture
async def flask(app_folder: Callable[..., Path], namespace: str, tmp_path: Path) -> AsyncIterator[Bench]:
    """The Python example, created, with an engine; nothing deployed yet. Every save builds."""
    app = app_folder("python", "flask")
    creation = plan_create(app, name="flask", namespace=namespace)
    write(app, creation.scaffold.edits)
    async with bench(app, tmp_path / "state") as made:
        made.configure(sync="off")
        yield made


async def test_up_save_and_nothing_to_do(flask: Bench) -> None:
    status = await flask.live()
    assert status.state is State.LIVE
    assert status.live_digest == status.content_digest
    assert status.context == "draft-devcluster"
    assert await flask.get() == f"{HELLO}\n"
    url, image = status.route, status.image

    ended = await flask.save("app.py", flask.replace("app.py", HELLO, "Hello, Draft!"))
    assert ended.outcome is Outcome.LIVE
    assert await flask.get() == "Hello, Draft!\n"
    assert flask.status.route == url
    assert flask.status.image != image

    seen = len(flask.events)
    ended = await flask.save("app.py", (flask.app / "app.py").read_text())
    assert ended.outcome is Outcome.NOTHING
    assert flask.stages(seen) == []
    assert flask.status.message.startswith("Nothing to do: ")


async def test_a_chart_change_skips_the_build(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    seen = len(flask.events)
    ended = await flask.save(
        "chart/values.yaml", flask.replace("chart/values.yaml", "replicaCount: 1", "replicaCount: 2")
    )
    assert ended.outcome is Outcome.LIVE
    assert Stage.BUILD not in flask.stages(seen)
    assert Stage.RELEASE in flask.stages(seen)
    deployment = cluster.get("deployment", "flask", "-n", flask.status.namespace or "")
    assert deployment["spec"]["replicas"] == 2


async def test_an_undo_takes_the_image_that_is_there(flask: Bench) -> None:
    await flask.live()
    text = (flask.app / "app.py").read_text()
    await flask.save("app.py", text.replace(HELLO, "Other"))
    seen = len(flask.events)
    ended = await flask.save("app.py", text)
    assert ended.outcome is Outcome.LIVE
    assert Stage.BUILD not in flask.stages(seen)
    assert await flask.get() == f"{HELLO}\n"


async def test_ten_saves_in_two_seconds(flask: Bench) -> None:
    await flask.live()
    seen = len(flask.events)
    for number in range(10):
        (flask.app / "app.py").write_text(
            flask.replace("app.py", "Hello, ", f"Hello, {number}")
            if number == 0
            else flask.replace("app.py", f"Hello, {number - 1}", f"Hello, {number}")
        )
        flask.engine.saved(flask.app / "app.py")
        await asyncio.sleep(0.2)
    await flask.until(lambda: flask.status.state is State.LIVE and flask.status.took is not None, "live")
    assert await flask.get() == "Hello, 9World!\n"
    ends = flask.ends(seen)
    assert ends[-1] is Outcome.LIVE
    assert ends.count(Outcome.LIVE) <= 2


async def test_the_disk_watcher_redeploys_and_never_twice(flask: Bench) -> None:
    flask.configure(watch_delay=0.3)
    await flask.live()
    seen = len(flask.events)
    (flask.app / "app.py").write_text(flask.replace("app.py", HELLO, "From disk"))
    await flask.until(lambda: Outcome.LIVE in flask.ends(seen), "live again")
    assert await flask.get() == "From disk\n"
    assert "on disk" in flask.status.cause

    seen = len(flask.events)
    ended = await flask.save("app.py", flask.replace("app.py", "From disk", "From the editor"))
    assert ended.outcome is Outcome.LIVE
    await asyncio.sleep(1)  # time enough for the echo from disk
    assert flask.ends(seen) == [Outcome.LIVE]


async def test_a_save_that_does_not_parse_is_held(flask: Bench) -> None:
    await flask.live()
    good = (flask.app / "app.py").read_text()
    ended = await flask.save("app.py", good + "def broken(:\n")
    assert ended.outcome is Outcome.HELD
    assert flask.status.state is State.HELD
    place = flask.status.problems[0].place
    assert place is not None
    assert place.path == flask.app / "app.py"
    assert await flask.get() == f"{HELLO}\n"
    ended = await flask.save("app.py", good.replace(HELLO, "Fixed"))
    assert ended.outcome is Outcome.LIVE
    assert await flask.get() == "Fixed\n"


async def test_a_failing_build_names_its_line_and_the_next_save_works(flask: Bench) -> None:
    await flask.live()
    good = (flask.app / "Dockerfile").read_text()
    line = good.splitlines().index("USER 10001")
    ended = await flask.save("Dockerfile", good.replace("USER 10001", "RUN no-such-program\nUSER 10001"))
    assert ended.outcome is Outcome.FAILED
    problem = flask.status.problems[0]
    assert (problem.stage, flask.status.state) == (Stage.BUILD, State.FAILED)
    assert problem.place is not None
    assert problem.place.span is not None
    assert (problem.place.path, problem.place.span.start.line) == (flask.app / "Dockerfile", line)
    assert problem.fix
    assert await flask.get() == f"{HELLO}\n"
    assert (await flask.save("Dockerfile", good)).outcome is Outcome.NOTHING
    assert flask.status.state is State.LIVE
    assert flask.status.problems == ()


async def test_a_crash_loop_carries_the_last_log_lines(flask: Bench) -> None:
    await flask.live()
    ended = await flask.save("app.py", 'raise RuntimeError("no luck today")\n')
    assert ended.outcome is Outcome.FAILED
    problem = flask.status.problems[0]
    assert problem.stage is Stage.ROLLOUT
    assert any("no luck today" in line for line in problem.details), problem
    assert problem.place is not None
    assert problem.place.span is not None
    assert (problem.place.path, problem.place.span.start.line) == (flask.app / "app.py", 0)
    assert problem.cause == "RuntimeError: no luck today"


async def test_a_crash_after_live_is_told(flask: Bench) -> None:
    text = (flask.app / "app.py").read_text()
    deadly = '@app.get("/die")\ndef die():\n    os._exit(3)\n\n\n'
    (flask.app / "app.py").write_text(text.replace("if __name__", deadly + "if __name__"))
    (flask.app / "Dockerfile").write_text(
        flask.replace(
            "Dockerfile", 'CMD ["gunicorn", "--bind", "0.0.0.0:5000", "app:app"]', 'CMD ["python", "app.py"]'
        )
    )
    await flask.live()
    for _ in range(2):
        await asyncio.to_thread(_try, flask)
    await flask.state(State.FAILED)
    assert "exit code 3" in flask.status.message
    await flask.state(State.LIVE)
    assert await flask.get() == f"{HELLO}\n"


def _try(flask: Bench) -> None:
    import contextlib
    import urllib.request

    route = flask.status.route
    assert route is not None
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"{route.url}/die", timeout=3).read()


async def test_an_image_that_cannot_be_pulled(flask: Bench, cluster: RealCluster) -> None:
    await flask.live()
    flask.configure(set=["image.tag=nope", "image.pullPolicy=Always"])
    flask.engine.saved(flask.app / "draft.toml")
    await flask.state(State.FAILED)
    assert flask.status.problems[0].stage is Stage.ROLLOUT
    assert "nope" in flask.status.problems[0].message


async def test_a_missing_namespace_is_made(flask: Bench, cluster: RealCluster, namespace: str) -> None:
    other = f"{namespace}-made"
    flask.configure(namespace=other)
    try:
        status = await flask.live()
        assert status.namespace == other
    finally:
        cluster.kubectl("delete", "namespace", other, "--ignore-not-found", "--wait=false")


@pytest.mark.parametrize("stage", [Stage.BUILD, Stage.PUSH, Stage.RELEASE, Stage.ROLLOUT])
async def test_cancel_in_a_stage_leaves_nothing_half_written(
    flask: Bench, stage: Stage, cluster: RealCluster, registry: str
) -> None:
    if stage is Stage.PUSH:
        flask.configure(registry=registry)
    await flask.live()
    seen = len(flask.events)
    dockerfile = flask.replace("Dockerfile", "USER 10001", "RUN sleep 2\nUSER 10001")
    (flask.app / "Dockerfile").write_text(dockerfile)
    flask.engine.saved(flask.app / "Dockerfile")
    await flask.stage(stage, seen)
    await flask.engine.cancel(flask.key)
    assert flask.ends(seen) == [Outcome.CANCELLED]
    listed = cluster.get("secret", "-n", flask.status.namespace or "", "-l", "owner=helm")["items"]
    assert {each["metadata"]["labels"]["status"] for each in listed} <= {"deployed", "superseded"}
    ended = await flask.save("app.py", flask.replace("app.py", HELLO, "After"))
    assert ended.outcome is Outcome.LIVE
    assert await flask.get() == "After\n"


async def test_through_the_registry(flask: Bench, registry: str) -> None:
    flask.configure(registry=registry)
    status = await flask.live()
    assert (status.image or "").startswith(f"{registry}/flask:")
    assert Stage.PUSH in flask.stages()
    assert await flask.get() == f"{HELLO}\n"


async def test_a_registry_that_refuses(flask: Bench, free_port: Callable[[], int]) -> None:
    flask.configure(registry=f"127.0.0.1:{free_port()}")
    ended = await flask.up()
    assert ended.outcome is Outcome.FAILED
    problem = flask.status.problems[0]
    assert problem.stage is Stage.PUSH
    assert problem.place is not None
    assert problem.place.path == flask.app / "draft.toml"


async def test_a_node_port(flask: Bench) -> None:
    flask.configure(set=["service.type=NodePort"])
    status = await flask.live()
    assert status.route is not None
    assert status.route.kind is RouteKind.NODE_PORT
    assert await flask.get() == f"{HELLO}\n"
    await flask.save("app.py", flask.replace("app.py", HELLO, "Through the node"))
    assert await flask.get() == "Through the node\n"


async def test_a_load_balancer(flask: Bench, cluster: RealCluster) -> None:
    flask.configure(set=["service.type=LoadBalancer"])
    status = await flask.live()
    assert status.route is not None
    assert status.route.kind is RouteKind.TUNNEL, "no address yet: a tunnel leads there"
    assert await flask.get() == f"{HELLO}\n"


async def test_helm_3(use_helm3: Path, flask: Bench) -> None:
    del use_helm3
    await flask.live()
    ended = await flask.save("app.py", flask.replace("app.py", HELLO, "By Helm 3"))
    assert ended.outcome is Outcome.LIVE
    assert await flask.get() == "By Helm 3\n"


async def test_roll_back_and_history(flask: Bench) -> None:
    await flask.live()
    await flask.save("app.py", flask.replace("app.py", HELLO, "Worse"))
    async with asyncio.timeout(60):
        ended = await flask.engine.rollback(flask.key)
    assert ended.outcome is Outcome.LIVE, flask.status.problems
    assert await flask.get() == f"{HELLO}\n"
    newest, second, first = flask.engine.history(flask.key)
    assert newest.content_digest == first.content_digest
    assert second.files == ("app.py",)
    plan = await flask.engine.plan(flask.key)
    assert plan.kind is not PlanKind.NOTHING, "what is saved is not what is live"


async def test_another_process_connects_rolls_back_and_deletes(flask: Bench, tmp_path: Path) -> None:
    await flask.live()
    await flask.engine.stop(flask.key)
    assert flask.status.state is State.IDLE
    async with bench(flask.app, tmp_path / "state") as other:
        async with asyncio.timeout(30):
            route = await other.engine.connect(other.key)
        assert route.kind is RouteKind.TUNNEL
        assert await other.get() == f"{HELLO}\n"
        async with asyncio.timeout(30):
            assert await asked(other, "GET /"), "the log tells of the request"
        await other.engine.delete(other.key)
        with pytest.raises(DraftError, match="no release"):
            await other.engine.connect(other.key)


async def test_the_stable_port_survives_the_pod(flask: Bench, cluster: RealCluster) -> None:
    status = await flask.live()
    namespace = status.namespace or ""
    cluster.kubectl("delete", "pod", "-n", namespace, "-l", "app.kubernetes.io/instance=flask", "--wait=true")
    assert await flask.get() == f"{HELLO}\n"
    assert flask.status.route == status.route


async def test_a_taken_port_is_placed(flask: Bench, free_port: Callable[[], int]) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        flask.configure(override_ports=[f"{port}:5000"])
        ended = await flask.up()
        assert ended.outcome is Outcome.FAILED
        problem = flask.status.problems[0]
        assert problem.code == "port-busy"
        assert problem.place is not None
        assert problem.place.path == flask.app / "draft.toml"


async def test_tasks_around_the_deployment(flask: Bench) -> None:
    (flask.app / ".draft-tasks.toml").write_text(
        "[pre-up]\nfirst = \"sh -c 'echo before $DRAFT_NAME'\"\n\n"
        "[post-deploy]\nlast = \"python -c 'print(40 + 2)'\"\n"
    )
    await flask.live()
    said = [event.text for event in flask.events if isinstance(event, Log)]
    assert "before flask" in said
    assert "42" in said


async def test_without_waiting_nothing_is_called_live(flask: Bench) -> None:
    flask.configure(wait=False)
    ended = await flask.up()
    assert ended.outcome is Outcome.LIVE
    assert flask.status.live_digest is None
    assert Stage.ROLLOUT not in flask.stages()


async def test_the_doctor_finds_all_well(flask: Bench) -> None:
    checks = await flask.engine.doctor(flask.key)
    assert [check for check in checks if not check.ok] == []
    assert {"draft.toml", "Docker", "Helm", "Kube context", "Cluster", "Permissions"} <= {
        check.name for check in checks
    }


async def asked(bench: Bench, text: str) -> bool:
    """Follow the app's log until a line has a text; false if the log ends without it."""
    async for line in bench.engine.logs(bench.key, follow=True):
        if text in line.text:
            return True
    return False
