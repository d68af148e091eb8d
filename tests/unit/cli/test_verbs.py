"""The other verbs: what they ask of the engine, what they print, and how they end."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import typer
import typer.core

from draft_ls import __version__
from draft_ls.cli import running
from draft_ls.cli.app import make_app
from draft_ls.engine.events import Key, Outcome
from draft_ls.engine.history import History
from draft_ls.engine.model import Check, Deployment
from draft_ls.engine.presence import Presence, Program
from draft_ls.errors import Problem
from tests.unit.cli.conftest import NODE_PORT, Draft, StandInEngine

REFUSED = Problem("cluster-unreachable", "The cluster does not answer.", fix="Start it.")


def test_version(draft: Draft):
    assert draft("version").stdout == f"draft {__version__}\n"
    assert draft("version", "-o", "json").document["version"] == __version__


def test_every_verb_has_help_and_json():
    command = typer.main.get_command(make_app())
    verbs = dict(cast("typer.core.TyperGroup", command).commands)
    packs = cast("typer.core.TyperGroup", verbs.pop("pack")).commands
    assert len(verbs) == 16
    assert list(packs) == ["list", "show", "new", "check", "add", "update", "remove"]
    verbs |= {f"pack {name}": verb for name, verb in packs.items()}
    for name, verb in verbs.items():
        assert verb.help, name
        assert any("-o" in each.opts for each in verb.params), name


def test_plan(draft: Draft, engine: StandInEngine, app: Path):
    assert draft("plan").stdout.splitlines() == [
        "--> Build from step 4 of 9: app.py is not yet live",
        "    app.py",
    ]
    document = draft("plan", "-o", "json").document
    assert (document["app"], document["environment"]) == (str(app), "development")
    assert (document["kind"], document["reason"]) == ("build", "app.py is not yet live")
    assert (document["files"], document["fromStep"], document["steps"]) == (["app.py"], 4, 9)


def test_connect_to_what_needs_no_tunnel_ends_at_once(draft: Draft, engine: StandInEngine, app: Path):
    assert draft("connect").stdout == f"--> Live at {NODE_PORT.url}\n"
    assert draft("connect", "-o", "json").lines == [
        {
            "app": str(app),
            "environment": "development",
            "url": NODE_PORT.url,
            "kind": "node port",
            "ports": [],
        }
    ]


def browser(opened: list[str], *, works: bool) -> Callable[[str], bool]:
    def start(url: str) -> bool:
        opened.append(url)
        return works

    return start


def test_open_starts_the_browser(
    draft: Draft, engine: StandInEngine, app: Path, monkeypatch: pytest.MonkeyPatch
):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", browser(opened, works=True))
    assert draft("open").code == 0
    assert opened == [NODE_PORT.url]
    monkeypatch.setattr("webbrowser.open", browser(opened, works=False))
    assert "open the URL yourself" in draft("open").stderr


def test_logs(draft: Draft, engine: StandInEngine, app: Path):
    assert draft("logs", "--tail", "5").stdout.splitlines() == ["[app-1] one", "[app-1] two [bold]"]
    assert draft("logs", "-f", "-o", "json").lines[1] == {"pod": "app-1", "text": "two [bold]"}
    assert [call for call in engine.calls if call[0] == "logs"] == [
        ("logs", (False, 5)),
        ("logs", (True, 200)),
    ]


def test_delete_needs_a_yes(draft: Draft, engine: StandInEngine, app: Path):
    refused = draft("delete")
    assert refused.code == 1
    assert "--yes" in refused.stderr
    assert engine.calls == [("close", None)]
    done = draft("delete", "--yes", "-o", "json")
    assert (done.code, done.document["deleted"]) == (0, True)
    assert ("delete", Key(app, "development")) in engine.calls


@pytest.mark.parametrize("verb", ["up", "rollback", "connect", "open", "logs", "delete", "plan"])
def test_a_refusal_is_a_problem_and_exit_1(draft: Draft, engine: StandInEngine, app: Path, verb: str):
    engine.problem = REFUSED
    more = ["--yes"] if verb == "delete" else []
    result = draft(verb, *more)
    assert result.code == 1
    assert result.stderr.splitlines() == ["Error: The cluster does not answer.", "  fix   Start it."]
    in_json = draft(verb, *more, "-o", "json")
    assert in_json.code == 1
    assert in_json.document["problems"][0]["code"] == "cluster-unreachable"
    assert ("close", None) in engine.calls


def test_doctor_is_well_only_if_everything_is(draft: Draft, engine: StandInEngine, app: Path):
    engine.checks = (Check("Docker", True, "29.0"),)
    assert draft("doctor").stdout == "ok    Docker: 29.0\n"
    engine.checks += (Check("Helm", False, "not found", "Install Helm 4."),)
    result = draft("doctor")
    assert result.stdout.splitlines()[1:] == ["FAIL  Helm: not found", "      fix: Install Helm 4."]
    assert result.code == 1
    assert draft("doctor", "-o", "json").document["checks"][1] == {
        "name": "Helm",
        "ok": False,
        "seen": "not found",
        "fix": "Install Helm 4.",
    }
    (app / "draft.toml").unlink()
    draft("doctor")
    assert [call[1] for call in engine.calls if call[0] == "doctor"][-1] is None


BEFORE = Deployment(
    at="2026-01-01T00:00:00+00:00",
    outcome=Outcome.LIVE,
    cause="up",
    context="kind",
    namespace="default",
    release="app",
    revision=3,
    image="app:1",
    image_digest=None,
    content_digest="abc",
    files=("app.py",),
    took=4.06,
    url="http://x",
)
AFTER = replace(
    BEFORE, at="2026-01-02T00:00:00+00:00", outcome=Outcome.FAILED, url=None, message="The build failed."
)


def test_history_and_status_read_the_record(draft: Draft, app: Path):
    assert "Never deployed" in draft("history").stdout
    record = History(running.state())
    key = Key(app, "development")
    record.append(key, BEFORE)
    record.append(key, AFTER)
    assert draft("history").stdout.splitlines() == [
        "2026-01-02T00:00:00+00:00  failed revision 3  4.1 s  up  The build failed.",
        "2026-01-01T00:00:00+00:00  live revision 3  4.1 s  up  http://x",
    ]
    found = draft("history", "-o", "json").document
    assert [each["outcome"] for each in found["deployments"]] == ["failed", "live"]
    assert draft("status").stdout.splitlines() == [
        "--> app in default (development)",
        "--> 2026-01-02T00:00:00+00:00  failed revision 3  4.1 s  up  The build failed.",
        "--> Nobody works on it",
    ]


@pytest.mark.parametrize("program", Program)
def test_status_sees_who_is_at_work(draft: Draft, app: Path, program: Program):
    here = Presence(running.state(), program)
    here.take(Key(app, "development"))
    told = f"--> Process {os.getpid()} works on it: {program}"
    assert draft("status").stdout.splitlines()[-1] == told
    document = draft("status", "-o", "json").document
    assert (document["process"], document["program"]) == (os.getpid(), program)
    here.close()
    assert draft("status").stdout.splitlines()[-1] == "--> Nobody works on it"


def test_an_editor_is_not_stopped_from_a_terminal(draft: Draft, app: Path):
    here = Presence(running.state(), Program.EDITOR)
    here.take(Key(app, "development"))
    result = draft("stop")
    assert result.code == 1
    assert "“Draft: Stop” in that editor" in result.stderr
    here.close()


def test_stop_with_nothing_to_stop(draft: Draft, app: Path):
    assert draft("stop").stdout == "--> Nothing to stop\n"
    assert draft("stop").code == 0


def test_detect(draft: Draft, tmp_path: Path):
    (tmp_path / "requirements.txt").write_text("flask\n")
    (tmp_path / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    result = draft("detect", str(tmp_path))
    assert result.code == 0
    assert result.stdout.startswith("--> Python app detected in . (flask)")
    assert "flask (requirements.txt:1" in draft("detect", "--explain", str(tmp_path)).stdout
    [found] = draft("detect", str(tmp_path), "-o", "json").document
    assert (found["path"], found["pack"], found["framework"], found["port"]) == (".", "python", "flask", 5000)
    assert found["start"] == "gunicorn --bind 0.0.0.0:5000 app:app"
    assert found["version"] is None
    [because] = [each for each in found["evidence"] if each["fact"] == "framework"]
    assert (because["path"], because["line"], because["seen"]) == ("requirements.txt", 1, "flask")


def test_detect_where_there_is_nothing(draft: Draft, tmp_path: Path):
    result = draft("detect", str(tmp_path))
    assert result.code == 0
    assert "No app here" in result.stdout
    result = draft("detect", str(tmp_path), "-o", "json")
    assert (result.code, result.document) == (0, [])
