"""The whole story as an editor lives it: real LSP over stdio, real Docker, Helm and Kubernetes."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from draft_ls.config.edit import set_value
from lsp_client import EditorClient, apply, editing, profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from draft_ls.server.protocol import StatusParams
    from ground import RealCluster

LONG = 180.0
"""Seconds for a deployment on a busy machine."""


async def get(url: str) -> str:
    """What answers at a URL."""

    def read() -> str:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.read().decode()

    return await asyncio.to_thread(read)


async def create(client: EditorClient, app: Path, namespace: str, **values: Any) -> None:
    """Choose *Draft: Create* on a manifest, then say where the app goes."""
    manifest = next(app / name for name in ("requirements.txt", "package.json") if (app / name).exists())
    uri = client.open(manifest)
    start = types.Range(types.Position(0, 0), types.Position(0, 0))
    context = types.CodeActionContext([], only=["refactor"])
    params = types.CodeActionParams(types.TextDocumentIdentifier(uri), start, context)
    (action,) = list(await client.text_document_code_action_async(params) or ())
    assert isinstance(action, types.CodeAction)
    resolved = await client.code_action_resolve_async(action)
    assert resolved.edit is not None
    apply(resolved.edit)
    configure(app, namespace=namespace, **values)


def configure(app: Path, **values: Any) -> None:
    """Set keys of the development environment."""
    text = (app / "draft.toml").read_text()
    for key, value in values.items():
        text = set_value(text, "development", key, value)
    (app / "draft.toml").write_text(text)


async def live(client: EditorClient, app: Path, *, after: int = 0) -> StatusParams:
    """The status of the first run later than ``after`` that is live; fails at once if one fails."""

    def ended(status: StatusParams) -> bool:
        mine = status.app == app.as_uri() and status.run > after
        return mine and (status.state == "failed" or (status.state == "live" and status.took is not None))

    status = await client.status(ended, LONG)
    assert status.state == "live", [*status.problems, *client.logs[-20:]]
    return status


@pytest.mark.parametrize(
    ("example", "source", "greeting"), [("python", "app.py", "Hello"), ("javascript", "index.js", "Hello")]
)
async def test_from_an_empty_folder_to_a_url_and_to_the_next_version(
    app_folder: Callable[..., Path], namespace: str, example: str, source: str, greeting: str
) -> None:
    app = app_folder(example)
    if not (app / source).exists():
        source = next(path.name for path in app.glob("*.js"))
    async with editing(app) as client:
        await create(client, app, namespace)
        job = await client.command("draft.up", app=app.as_uri())
        assert job.outcome is None, "the command answers at once"
        first = await live(client, app)
        assert first.url is not None
        assert greeting in await get(first.url)
        assert {stage.stage for stage in first.stages} >= {"build", "release", "rollout", "route"}
        assert client.logs, "the build's output was streamed"
        seen = await client.status(lambda status: any(pod.ready for pod in status.pods), LONG)
        assert [(pod.phase, pod.restarts) for pod in seen.pods] == [("Running", 0)]

        text = (app / source).read_text().replace(greeting, "Good evening")
        client.save(app / source, text)
        second = await live(client, app, after=first.run)
        assert second.cause == f"{source} saved"
        assert second.url == first.url
        assert "Good evening" in await get(first.url)
        assert second.content_digest == second.live_digest != first.live_digest

        await client.until(lambda: len(ended_progress(client)) >= 2)
        for token in ended_progress(client)[:2]:
            begin = client.progress_reports[token][0]
            assert isinstance(begin, types.WorkDoneProgressBegin)
            assert begin.cancellable

        history = await client.command("draft.history", app=app.as_uri())
        assert [each.outcome for each in history.deployments] == ["live", "live"]
        assert history.deployments[0].files == [source]

        await client.command("draft.open", app=app.as_uri())
        await client.until(lambda: client.shown_documents)
        assert client.shown_documents[0].uri == first.url
        assert client.shown_documents[0].external

        client.answers["Bring the files back"] = "Review Their Changes"
        await client.command("draft.rollback", app=app.as_uri())
        assert (await live(client, app, after=second.run)).cause == "back to revision 1"
        assert greeting in await get(first.url)
        await client.until(lambda: client.applied)
        assert greeting in (app / source).read_text()
        assert "Good evening" not in (app / source).read_text()

        client.answers["Delete"] = "Delete"
        await client.command("draft.delete", app=app.as_uri())
        await client.status(lambda status: status.run >= second.run and status.state == "idle", LONG)


def ended_progress(client: EditorClient) -> list[Any]:
    """The tokens of the progress that is over."""
    return [
        token
        for token, reports in client.progress_reports.items()
        if reports and isinstance(reports[-1], types.WorkDoneProgressEnd)
    ]


async def test_a_save_that_changes_nothing_does_nothing(
    app_folder: Callable[..., Path], namespace: str
) -> None:
    app = app_folder("python")
    forgetful = profile("visual_studio_code")
    assert forgetful.workspace is not None
    forgetful.workspace.code_lens = None
    async with editing(app, capabilities=forgetful) as client:
        await create(client, app, namespace)
        await client.command("draft.up", app=app.as_uri())
        first = await live(client, app)
        client.open(app / "app.py")
        assert await lens(client, app / "app.py") == "", "it could not be told when that is no longer so"
        client.statuses.clear()
        client.logs.clear()
        client.save(app / "app.py", (app / "app.py").read_text())
        said = await client.status(lambda status: "Nothing to do" in status.message)
        assert said.state == "live"
        assert said.revision == first.revision
        assert not client.logs


async def test_ten_saves_in_two_seconds(app_folder: Callable[..., Path], namespace: str) -> None:
    app = app_folder("python")
    async with editing(app) as client:
        await create(client, app, namespace, sync="off")
        await client.command("draft.up", app=app.as_uri())
        first = await live(client, app)
        assert first.url is not None
        text = (app / "app.py").read_text()
        client.statuses.clear()
        for number in range(10):
            client.save(app / "app.py", text.replace("Hello", f"Number {number}"))
            await asyncio.sleep(0.2)
        await client.until(lambda: settled(client.statuses), LONG)
        assert "Number 9" in await get(first.url)
        built = {status.run for status in client.statuses if status.state == "releasing"}
        assert len(built) <= 2, "only what was released was built to its end"


def settled(statuses: list[StatusParams]) -> bool:
    """Whether the newest content is live."""
    last = statuses[-1] if statuses else None
    return last is not None and last.state == "live" and last.content_digest == last.live_digest


async def test_a_failing_build_is_a_diagnostic_at_its_line(
    app_folder: Callable[..., Path], namespace: str
) -> None:
    app = app_folder("python")
    async with editing(app, capabilities=profile("neovim")) as client:
        await create(client, app, namespace)
        dockerfile = (app / "Dockerfile").read_text()
        lines = dockerfile.rstrip("\n").split("\n")
        broken = "\n".join([*lines[:-1], "RUN false-command --now", lines[-1], ""])
        (app / "Dockerfile").write_text(broken)
        await client.command("draft.up", app=app.as_uri())
        failed = await client.status(lambda status: status.state == "failed", LONG)
        assert failed.problems[0].stage == "build"
        (found,) = await client.problems(app / "Dockerfile")
        assert found.range.start.line == len(lines) - 1
        assert "false-command" in broken.split("\n")[found.range.start.line]
        await client.until(lambda: client.messages)
        shown = len(client.messages)

        client.save(app / "Dockerfile", dockerfile)
        await live(client, app, after=failed.run)
        assert await client.problems(app / "Dockerfile", none=True) == ()
        client.save(app / "Dockerfile", broken)
        await client.problems(app / "Dockerfile", timeout=LONG)
        assert len(client.messages) == shown, "a save never raises a message"


@pytest.mark.parametrize("state", ["building", "releasing", "rolling out"])
async def test_cancel_in_the_middle_of_a_stage(
    app_folder: Callable[..., Path], namespace: str, cluster: RealCluster, state: str
) -> None:
    app = app_folder("python")
    async with editing(app) as client:
        await create(client, app, namespace, sync="off")
        await client.command("draft.up", app=app.as_uri())
        first = await live(client, app)
        assert first.url is not None
        before = set(client.progress_reports)
        client.save(app / "app.py", (app / "app.py").read_text().replace("Hello", f"Cancelled {state}"))
        await client.status(lambda status: status.run > first.run and status.state == state, LONG)
        (token,) = await client.until(lambda: set(client.progress_reports) - before)
        await client.until(lambda: client.progress_reports[token])
        client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
        await client.until(
            lambda: isinstance(client.progress_reports[token][-1], types.WorkDoneProgressEnd), LONG
        )
        end = client.progress_reports[token][-1]
        assert isinstance(end, types.WorkDoneProgressEnd)
        assert end.message == "cancelled"
        secrets = cluster.get("secrets", "-n", namespace, "-l", "owner=helm")["items"]
        states = {each["metadata"]["labels"]["status"] for each in secrets}
        assert not any(each.startswith("pending") for each in states), "no half-written release"

        client.save(app / "app.py", (app / "app.py").read_text().replace("Cancelled", "Went on after"))
        await live(client, app, after=max(status.run for status in client.statuses))
        assert f"Went on after {state}" in await get(first.url)


async def test_two_apps_in_one_workspace_at_once(
    app_folder: Callable[..., Path], tmp_path: Path, namespace: str
) -> None:
    apps = app_folder("python", "one"), app_folder("javascript", "two")
    async with editing(tmp_path) as client:
        for app in apps:
            await create(client, app, namespace)
        listed = (await client.send("draft/apps", {}))["apps"]
        assert [each["name"] for each in listed] == ["one", "two"]
        for app in apps:
            await client.command("draft.up", app=app.as_uri())
        statuses = [await live(client, app) for app in apps]
        urls = {status.url for status in statuses}
        assert len(urls) == 2
        client.statuses.clear()
        client.save(apps[0] / "app.py", (apps[0] / "app.py").read_text().replace("Hello", "Only one"))
        second = await live(client, apps[0])
        assert second.url is not None
        assert "Only one" in await get(second.url)
        other = [status for status in client.statuses if status.app == apps[1].as_uri()]
        untouched = {(statuses[1].run, "live")}  # its pods may still have become ready
        assert {(status.run, status.state) for status in other} <= untouched


async def test_killed_in_the_middle_of_a_deploy_the_next_up_succeeds(
    app_folder: Callable[..., Path], namespace: str
) -> None:
    app = app_folder("python")
    async with editing(app) as client:
        await create(client, app, namespace)
        await client.command("draft.up", app=app.as_uri())
        await client.status(lambda status: status.state == "releasing", LONG)
        client.process.kill()
        await client.process.wait()
    async with editing(app) as again:
        await again.command("draft.up", app=app.as_uri())
        status = await live(again, app)
        assert status.url is not None
        assert "Hello" in await get(status.url)


async def test_shutdown_with_a_build_under_way_is_quick_and_leaves_no_child(
    app_folder: Callable[..., Path], namespace: str
) -> None:
    import psutil

    app = app_folder("python")
    (app / "slow.txt").write_text("x")
    async with editing(app) as client:
        await create(client, app, namespace)
        lines = (app / "Dockerfile").read_text().rstrip("\n").split("\n")
        (app / "Dockerfile").write_text("\n".join([*lines[:-1], "RUN sleep 60", lines[-1], ""]))
        await client.command("draft.up", app=app.as_uri())
        await client.status(lambda status: status.state == "building", LONG)
        children = psutil.Process(client.process.pid).children(recursive=True)
        began = asyncio.get_running_loop().time()
        await client.shutdown_session()
        assert asyncio.get_running_loop().time() - began < 4
        assert client.process.returncode == 0
        assert not [child for child in children if child.is_running()]


async def lens(client: EditorClient, path: Path) -> str:
    """What stands above a file's first line."""
    params = types.CodeLensParams(types.TextDocumentIdentifier(path.as_uri()))
    lenses = await client.text_document_code_lens_async(params)
    return ", ".join(
        each.command.title for each in lenses or () if each.command and not each.range.start.line
    )


async def test_whether_a_file_is_live_and_what_its_next_save_does(
    app_folder: Callable[..., Path], namespace: str
) -> None:
    app = app_folder("python")
    async with editing(app) as client:
        await create(client, app, namespace)
        (app / "notes.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
        client.open(app / "app.py")
        client.open(app / "notes.txt", "one\r\ntwo\r\n")
        assert await lens(client, app / "app.py") == "", "nothing is said before the first Up"
        await client.command("draft.up", app=app.as_uri())
        first = await live(client, app)
        assert (await client.send("draft/plan", {"app": app.as_uri()}))["kind"] == "nothing"
        assert await lens(client, app / "app.py") == "● Live"
        assert await lens(client, app / "notes.txt") == "● Live"

        text = (app / "app.py").read_text()
        edits = {
            "app.py": (text + "\n# more\n", "sync 1 file"),
            "Dockerfile": ((app / "Dockerfile").read_text() + "USER 10001\n", "rebuild"),
            "requirements.txt": ((app / "requirements.txt").read_text() + "# more\n", "rebuild from step "),
            "chart/values.yaml": ((app / "chart/values.yaml").read_text() + "more: 1\n", "release only"),
        }
        for name, (edited, does) in edits.items():
            uri = client.open(app / name)
            assert await lens(client, app / name) == "● Live", name
            client.change(app / name, edited)
            assert (await lens(client, app / name)).startswith(f"○ Edited · next save: {does}"), name
            client.change(app / name, (app / name).read_text())
            assert await lens(client, app / name) == "● Live", f"{uri}: as it was"
        client.change(app / "app.py", "def broken(:\n")
        assert await lens(client, app / "app.py") == "○ Edited · next save: held until it parses"
        client.save(app / "app.py", "def broken(:\n")
        await client.status(lambda status: status.state == "held", LONG)
        assert await lens(client, app / "app.py") == "‖ Held until it parses"
        assert await lens(client, app / "notes.txt") == "● Live", "another file is as it was"

        refreshed = client.requests.get(types.WORKSPACE_CODE_LENS_REFRESH, 0)
        client.save(app / "app.py", text + "\n# more\n")
        assert await lens(client, app / "app.py") != "● Live", "what was only saved just now is not live yet"
        await live(client, app, after=first.run)
        assert await lens(client, app / "app.py") == "● Live"
        await client.until(lambda: client.requests[types.WORKSPACE_CODE_LENS_REFRESH] > refreshed)

        for on, told in ((False, ""), (True, "● Live")):
            client.set_configuration({"draft": {"liveLens": on}})
            client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
            while await lens(client, app / "app.py") != told:
                await asyncio.sleep(0.05)

        await client.command("draft.stop", app=app.as_uri())
        await client.until(lambda: client.statuses[-1].state == "idle")
        (app / "app.py").write_text(text + "\n# by hand\n")
        assert await lens(client, app / "app.py") == "", "nothing is known any more"
        plan = await client.send("draft/plan", {"app": app.as_uri()})
        assert plan["kind"] == "build"
