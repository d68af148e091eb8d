"""The commands over real stdio, as far as they need no cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from draft_ls.config.edit import new_config
from lsp_client import editing, profile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def apps(tmp_path: Path) -> tuple[Path, Path]:
    """Two apps in one workspace folder."""
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "chart").mkdir(parents=True)
        (folder / "chart/Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")
        (folder / "Dockerfile").write_text("FROM scratch\n")
        (folder / "draft.toml").write_text(
            new_config("development", name=name) + f'\n[environments.staging]\nname = "{name}-staging"\n'
        )
    return tmp_path / "one", tmp_path / "two"


@pytest.mark.parametrize("arguments", [None, [], [None], [{}]])
async def test_commands_take_what_editors_send(apps: tuple[Path, Path], arguments: list[Any] | None) -> None:
    async with editing(apps[0]) as client:
        params = types.ExecuteCommandParams("draft.history", arguments)
        answer = await client.execute(params)
        assert answer.app == apps[0].as_uri()
        assert answer.environment == "development"


async def test_an_app_is_named_by_folder_file_uri_or_path(apps: tuple[Path, Path]) -> None:
    one = apps[0]
    async with editing(one.parent) as client:
        for name in (
            one.as_uri(),
            str(one),
            (one / "chart/Chart.yaml").as_uri(),
            (one / "new/file").as_uri(),
        ):
            assert (await client.command("draft.history", app=name)).app == one.as_uri()
        params = types.ExecuteCommandParams("draft.history", [one.as_uri()])
        assert (await client.execute(params)).app == one.as_uri()
        for name in ("one", "https://example.com", "untitled:x"):
            with pytest.raises(JsonRpcException, match="neither a file URI nor an absolute path"):
                await client.command("draft.history", app=name)


async def test_several_apps_are_a_question(apps: tuple[Path, Path]) -> None:
    workspace = apps[0].parent
    async with editing(workspace) as client:
        with pytest.raises(JsonRpcException, match="No app was chosen"):
            await client.command("draft.history")
        client.answers["Which app?"] = f"{workspace.name}/two"
        assert (await client.command("draft.history")).app == apps[1].as_uri()
        assert [each.title for each in client.questions[-1].actions or ()] == [
            f"{workspace.name}/one",
            f"{workspace.name}/two",
        ]


async def test_draft_apps_lists_what_the_workspace_holds(apps: tuple[Path, Path]) -> None:
    one, two = apps
    async with editing(one, two) as client:
        client.open(two / "draft.toml", new_config("preview", name="unsaved"))
        found = (await client.send("draft/apps", {}))["apps"]
        assert [each["app"] for each in found] == [one.as_uri(), two.as_uri()]
        assert [each["environment"] for each in found[0]["environments"]] == ["development", "staging"]
        assert [each["selected"] for each in found[0]["environments"]] == [True, False]
        (preview,) = found[1]["environments"]
        assert preview["name"] == "unsaved"
        assert preview["selected"], "the only environment is meant"
        assert preview["status"]["state"] == "idle"


async def test_the_selected_environment_counts(apps: tuple[Path, Path]) -> None:
    async with editing(apps[0]) as client:
        with pytest.raises(JsonRpcException, match="development, staging"):
            await client.command("draft.selectEnvironment", environment="production")
        await client.command("draft.selectEnvironment", environment="staging")
        assert (await client.command("draft.history")).environment == "staging"
        client.answers["Which environment"] = "development"
        await client.command("draft.selectEnvironment")
        assert (await client.command("draft.history")).environment == "development"


async def test_settings_and_draft_env_choose_the_environment(apps: tuple[Path, Path]) -> None:
    one = apps[0]
    async with editing(one, environment={"DRAFT_ENV": "staging"}) as client:
        assert (await client.command("draft.history")).environment == "staging"
    async with editing(one, settings={"environment": "staging", "saveGate": "wrong type"}) as client:
        await client.until(lambda: client.requests.get(types.CLIENT_REGISTER_CAPABILITY))
        await client.command("draft.cancel")  # whatever is answered, the settings are there now
        assert (await client.command("draft.history")).environment == "staging"
        client.set_configuration({"draft": {"environment": "development"}})
        client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
        for _ in range(100):
            if (await client.command("draft.history")).environment == "development":
                break
        else:
            raise AssertionError("the new setting was not asked for")


async def test_up_without_a_cluster_fails_in_words(apps: tuple[Path, Path]) -> None:
    async with editing(apps[0]) as client:
        answer = await client.command("draft.up")
        assert answer.job.startswith("up-")
        assert answer.environment == "development"
        failed = await client.status(lambda status: status.state == "failed")
        assert failed.problems
        assert failed.problems[0].fix
        await client.until(lambda: client.messages)
        (message,) = client.messages
        assert message.type is types.MessageType.Error
        assert failed.problems[0].message in message.message
        assert "Traceback" not in message.message


async def test_a_client_that_offers_progress_is_answered_at_the_end(apps: tuple[Path, Path]) -> None:
    async with editing(apps[0]) as client:
        client.progress_reports["mine"] = []
        params = types.ExecuteCommandParams("draft.up", [], work_done_token="mine")
        answer = await client.execute(params)
        assert answer.outcome == "failed"
        assert answer.message


async def test_a_broken_draft_toml_is_a_diagnostic_and_the_next_up_works_on_it(
    apps: tuple[Path, Path],
) -> None:
    path = apps[0] / "draft.toml"
    good = path.read_text()
    path.write_text(good.replace('name = "one"', 'name = "one'))
    async with editing(apps[0], capabilities=profile("neovim")) as client:
        await client.command("draft.up", environment="development")
        await client.status(lambda status: status.state == "failed")
        found = await client.problems(path)
        assert found[0].range.start.line == good.split("\n").index('    name = "one"')
        client.save(path, good)
        await client.command("draft.up", environment="development")
        await client.until(lambda: len([each for each in client.statuses if each.state == "failed"]) > 1)


async def test_open_logs_and_connect_without_a_release_say_so(apps: tuple[Path, Path]) -> None:
    async with editing(apps[0]) as client:
        for number, name in enumerate(("connect", "open", "logs", "rollback", "init"), start=1):
            await client.command(f"draft.{name}")
            await client.until(lambda number=number: len(client.messages) >= number)
        assert all(each.type is types.MessageType.Error for each in client.messages)


async def test_delete_asks_first(apps: tuple[Path, Path]) -> None:
    async with editing(apps[0]) as client:
        await client.command("draft.delete")
        await client.until(lambda: client.questions)
        assert "Delete one (development)" in client.questions[0].message
        assert [each.title for each in client.questions[0].actions or ()] == ["Delete", "Keep"]
        assert not client.messages


async def test_the_doctor_says_what_is_missing(apps: tuple[Path, Path]) -> None:
    async with editing(apps[0]) as client:
        answer = await client.command("draft.doctor")
        bad = [check for check in answer.checks if not check.ok]
        assert any("kube" in f"{check.name} {check.seen} {check.fix}".lower() for check in bad)
        assert all(check.fix for check in bad)
    async with editing(apps[0], capabilities=profile("minimal"), options={}) as client:
        await client.command("draft.doctor")
        await client.until(lambda: client.messages)
        assert bad[0].seen in client.messages[0].message


async def test_stop_and_cancel_without_anything_under_way(apps: tuple[Path, Path]) -> None:
    async with editing(apps[0]) as client:
        assert (await client.command("draft.stop")).job.startswith("stop-")
        assert await client.command("draft.cancel") is None
        assert await client.command("draft.cancel", job="up-99") is None


async def test_a_save_deploys_nothing_before_the_first_up(apps: tuple[Path, Path]) -> None:
    async with editing(apps[0]) as client:
        client.save(apps[0] / "Dockerfile", "FROM scratch\nUSER 1\n")
        await client.send("draft/apps", {})
        assert client.statuses == []
