"""``draft up`` and ``draft rollback``: what the person sees of a run, and how the command ends."""

import io
from pathlib import Path

import pytest

from draft_ls.cli.output import Output
from draft_ls.cli.view import View
from draft_ls.deploy.model import Route
from draft_ls.engine.events import Key, Log, Outcome, RunEnded, StageEnded, StageStarted, StageTook, State
from draft_ls.engine.model import Question
from draft_ls.errors import Place, Problem, Span, Stage
from tests.unit.cli.conftest import NODE_PORT, TUNNEL, Draft, StandInEngine, status

REFERENCE = "127.0.0.1:5000/example-python:5a3c633ae76c"
DEPLOY = [
    status(State.SAVED, cause="up"),
    lambda key: StageStarted(key, 1, Stage.BUILD, "Building Dockerfile"),
    lambda key: Log(key, Stage.BUILD, "stdout", "Step 1/9 : FROM python"),
    lambda key: StageEnded(key, 1, Stage.BUILD, 1.0),
    lambda key: StageStarted(key, 1, Stage.PUSH, f"Pushing {REFERENCE}"),
    lambda key: StageEnded(key, 1, Stage.PUSH, 0.5),
    lambda key: StageStarted(key, 1, Stage.RELEASE, "Deploying to Kubernetes"),
    lambda key: Log(key, Stage.RELEASE, "stdout", 'Release "x" does not exist. Installing it now.'),
    lambda key: StageEnded(key, 1, Stage.RELEASE, 1.0, "Status: DEPLOYED\nNotes: none"),
]  # fmt: skip


def live(route: Route = NODE_PORT) -> object:
    return status(State.LIVE, route=route, stages=(StageTook(Stage.BUILD, 1.0),), took=4.06)


def test_a_deploy_reads_as_draft_always_has(draft: Draft, engine: StandInEngine, app: Path):
    engine.events = [*DEPLOY, live()]  # pyright: ignore[reportAttributeAccessIssue]
    result = draft("up")
    assert result.stdout.splitlines() == [
        "--> Building Dockerfile",
        f"--> Pushing {REFERENCE}",
        "--> Deploying to Kubernetes",
        '    Release "x" does not exist. Installing it now.',
        "--> Status: DEPLOYED",
        "--> Notes: none",
        "--> Live at http://10.0.0.1:30001 (4.1 s)",
    ]
    assert result.stderr == ""
    assert result.code == 0
    assert engine.calls == [("up", (None, False)), ("close", None)]


def test_verbose_shows_the_tools_output(draft: Draft, engine: StandInEngine, app: Path):
    engine.events = [*DEPLOY, live()]  # pyright: ignore[reportAttributeAccessIssue]
    assert "    Step 1/9 : FROM python" in draft("up", "--verbose").stdout.splitlines()
    assert "Step 1/9" not in draft("up").stdout


def test_json_is_one_object_a_line(draft: Draft, engine: StandInEngine, app: Path):
    engine.events = [*DEPLOY, live(TUNNEL)]  # pyright: ignore[reportAttributeAccessIssue]
    result = draft("up", "-o", "json", "--no-watch", "--force")
    assert [line["event"] for line in result.lines] == [
        "status", "stage-started", "log", "stage-ended", "stage-started", "stage-ended",
        "stage-started", "log", "stage-ended", "status", "run-ended",
    ]  # fmt: skip
    assert result.lines[1] == {
        "event": "stage-started",
        "app": str(app),
        "environment": "development",
        "run": 1,
        "stage": "build",
        "message": "Building Dockerfile",
    }
    last = result.lines[-2]
    assert last["state"] == "live"
    assert last["route"] == {"url": TUNNEL.url, "kind": "tunnel", "ports": [[49591, 8080]]}
    assert "revision" not in last
    assert result.lines[-1]["outcome"] == "live"
    assert engine.calls[0] == ("up", (False, True))


def test_a_tunnel_that_ends_with_the_command_is_mentioned(draft: Draft, engine: StandInEngine, app: Path):
    engine.events, engine.route = [live(TUNNEL)], TUNNEL  # pyright: ignore[reportAttributeAccessIssue]
    assert draft("up", "--no-watch").stdout.splitlines()[-1] == (
        "The tunnel closes now; draft connect opens it again."
    )


@pytest.mark.parametrize(
    ("outcome", "message", "said", "code"),
    [
        (Outcome.NOTHING, "Nothing to do: it is live", "--> Nothing to do: it is live", 0),
        (Outcome.SUPERSEDED, "", "--> Superseded by a newer change", 1),
        (Outcome.CANCELLED, "Cancelled", "--> Cancelled", 130),
        (Outcome.HELD, "", "--> Held", 1),
        (Outcome.FAILED, "", "--> Failed", 1),
    ],
)  # fmt: skip
def test_every_outcome_has_its_line_and_exit_code(
    draft: Draft, engine: StandInEngine, app: Path, outcome: Outcome, message: str, said: str, code: int
):
    state = {Outcome.HELD: State.HELD, Outcome.FAILED: State.FAILED}.get(outcome, State.LIVE)
    engine.events, engine.outcome = [status(state, message=message)], outcome
    for verb in ("up", "rollback"):
        result = draft(verb)
        assert said in result.stdout.splitlines()
        assert result.code == code


def failure(app: Path) -> Problem:
    return Problem(
        "build-step-failed",
        "The build failed in step 5.",
        Stage.BUILD,
        Place(app / "Dockerfile", Span.of(4, 0, 10)),
        cause="exit code 1\nno such package",
        fix="Correct requirements.txt.",
        details=("Collecting flsk", "ERROR: no matching distribution"),
        related=((Place(app / "requirements.txt", Span.of(0, 0, 4)), "the package stands here"),),
    )


def test_a_failure_says_what_where_why_and_what_to_do(draft: Draft, engine: StandInEngine, app: Path):
    engine.outcome = Outcome.FAILED
    engine.events = [DEPLOY[1], status(State.FAILED, problems=(failure(app),))]
    result = draft("up", "--no-watch")
    assert result.code == 1
    assert result.stdout.splitlines()[-1] == "--> Failed in build"
    assert result.stderr.splitlines() == [
        "Error: The build failed in step 5.",
        "  at    Dockerfile:5:1",
        "  and   requirements.txt:1:1: the package stands here",
        "  cause exit code 1",
        "        no such package",
        "  | Collecting flsk",
        "  | ERROR: no matching distribution",
        "  fix   Correct requirements.txt.",
    ]


def test_a_failure_in_json(draft: Draft, engine: StandInEngine, app: Path):
    engine.outcome, engine.events = Outcome.FAILED, [status(State.FAILED, problems=(failure(app),))]
    result = draft("up", "-o", "json")
    assert result.code == 1
    assert result.stderr == ""
    assert result.lines[0]["problems"] == [
        {
            "code": "build-step-failed",
            "message": "The build failed in step 5.",
            "severity": "error",
            "stage": "build",
            "path": str(app / "Dockerfile"),
            "line": 5,
            "column": 1,
            "endLine": 5,
            "endColumn": 11,
            "cause": "exit code 1\nno such package",
            "fix": "Correct requirements.txt.",
            "details": ["Collecting flsk", "ERROR: no matching distribution"],
            "related": [{"place": f"{app}/requirements.txt:1:1", "message": "the package stands here"}],
        }
    ]


def test_trouble_after_live_is_told_once(app: Path):
    stdout, stderr = io.StringIO(), io.StringIO()
    view, key = View(Output(stdout=stdout, stderr=stderr)), Key(app, "development")
    view.listen(status(State.LIVE, route=NODE_PORT)(key))
    view.listen(RunEnded(key, 1, Outcome.LIVE, 1.0))
    view.listen(status(State.FAILED, problems=(failure(app),))(key))
    view.listen(status(State.FAILED, problems=(failure(app),))(key))
    view.listen(status(State.LIVE, route=NODE_PORT, message="It answers again")(key))
    assert stdout.getvalue().splitlines() == [
        "--> Live at http://10.0.0.1:30001 (1.0 s)",
        "--> Failed in build",
        "--> It answers again",
    ]
    assert stderr.getvalue().count("The build failed") == 1


def test_a_redeploy_says_what_started_it(app: Path):
    stdout = io.StringIO()
    view, key = View(Output(stdout=stdout)), Key(app, "development")
    view.listen(status(State.SAVED, cause="up")(key))
    view.listen(StageStarted(key, 1, Stage.BUILD, "Building Dockerfile"))
    view.listen(status(State.SAVED, cause="app.py changed on disk", run=2)(key))
    view.listen(StageStarted(key, 2, Stage.BUILD, "Building Dockerfile"))
    view.listen(StageStarted(key, 2, Stage.PUSH, "Pushing"))
    assert stdout.getvalue().splitlines() == [
        "--> Building Dockerfile",
        "",
        "--> app.py changed on disk",
        "--> Building Dockerfile",
        "--> Pushing",
    ]


def test_a_broken_draft_toml_ends_the_command_with_its_place(draft: Draft, engine: StandInEngine, app: Path):
    (app / "draft.toml").write_text("[environments.development]\nname = app\n")
    result = draft("up")
    assert result.code == 1
    assert "Error: The text app has no quotes." in result.stderr
    assert "  at    draft.toml:2:8" in result.stderr
    assert ("close", None) in engine.calls
    in_json = draft("up", "-o", "json")
    assert (in_json.lines[0]["event"], in_json.lines[0]["problems"][0]["line"]) == ("problems", 2)


def test_no_draft_toml(draft: Draft, engine: StandInEngine, tmp_path: Path):
    result = draft("up", str(tmp_path))
    assert result.code == 1
    assert "draft create" in result.stderr
    assert engine.calls == [("close", None)]


def test_an_unknown_environment_names_those_that_are_there(draft: Draft, engine: StandInEngine, app: Path):
    result = draft("up", "-e", "prod")
    assert result.code == 1
    assert "development" in result.stderr


def test_the_environment_comes_from_the_option_then_the_variable(
    draft: Draft, engine: StandInEngine, app: Path, monkeypatch: pytest.MonkeyPatch
):
    (app / "draft.toml").write_text("[environments.a]\nwatch = true\n[environments.b]\nwatch = true\n")
    engine.events = [status(State.LIVE)]
    monkeypatch.setenv("DRAFT_ENV", "a")
    assert draft("up", "-o", "json").lines[0]["environment"] == "a"
    assert draft("up", "-o", "json", "-e", "b").lines[0]["environment"] == "b"


def test_a_path_in_the_app_means_the_app(draft: Draft, engine: StandInEngine, app: Path):
    (app / "src").mkdir()
    (app / "src/app.py").write_text("")
    engine.events = [status(State.LIVE)]
    for path in (".", "src", "src/app.py"):
        assert draft("up", path, "-o", "json").lines[0]["app"] == str(app)


def test_a_question_with_nobody_there_is_not_answered(draft: Draft, engine: StandInEngine, app: Path):
    engine.question = Question("Deploy to prod?", ("Deploy", "Cancel"))
    draft("up")
    draft("up", "--yes")
    assert engine.answers == [None, "Deploy"]


def test_an_error_of_our_own_is_a_problem_too(
    draft: Draft, engine: StandInEngine, app: Path, monkeypatch: pytest.MonkeyPatch
):
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(engine, "up", broken)
    result = draft("up")
    assert result.code == 1
    assert "ZeroDivisionError: oops" in result.stderr
    assert "Traceback" not in result.stderr
    assert "DRAFT_LOG" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("up", "--nope"), ("fly",), ("up", "/not/there"), ("up", "-o", "xml"), ("rollback", "--revision", "0")],
)
def test_wrong_usage_is_2(draft: Draft, arguments: tuple[str, ...]):
    result = draft(*arguments)
    assert result.code == 2
    assert "Usage:" in result.stderr
