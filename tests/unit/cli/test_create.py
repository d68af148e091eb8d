"""``draft create``: nothing is lost, nothing is half-written."""

from pathlib import Path

import pytest

from draft_ls.cli.asking import Asker
from draft_ls.config.read import parse
from draft_ls.engine.model import Question
from tests.unit.cli.conftest import Draft


@pytest.fixture
def flask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "My Flask"
    folder.mkdir()
    (folder / "requirements.txt").write_text("flask\n")
    (folder / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    monkeypatch.chdir(folder)
    return folder


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_folder_becomes_an_app(draft: Draft, flask: Path):
    result = draft("create")
    assert result.stdout.splitlines() == ["--> Python app detected", "--> Ready to sail"]
    assert result.code == 0
    written = files(flask)
    assert {"Dockerfile", ".dockerignore", "draft.toml", "chart/Chart.yaml", "chart/values.yaml"} <= set(
        written
    )
    config = parse(written["draft.toml"], flask / "draft.toml")
    assert config.problems == ()
    assert config.environments["development"].name == "my-flask"
    assert [path for path in written if path.startswith(".draft")] == [".draft/origin.json"]


def test_what_is_chosen_is_written(draft: Draft, flask: Path):
    arguments = ("--app", "shop", "--namespace", "team", "--registry", "127.0.0.1:5000", "--set", "port=9999")
    assert draft("create", *arguments).code == 0
    environment = parse((flask / "draft.toml").read_text(), flask / "draft.toml").environments["development"]
    assert (environment.name, environment.namespace, environment.registry) == (
        "shop",
        "team",
        "127.0.0.1:5000",
    )
    assert "9999" in (flask / "Dockerfile").read_text()


def test_a_dry_run_shows_everything_and_writes_nothing(draft: Draft, flask: Path):
    before = files(flask)
    (flask / "Dockerfile").write_text("FROM scratch\n")
    result = draft("create", "--dry-run")
    assert result.code == 0
    assert "    keep    Dockerfile: there already, and kept" in result.stdout
    assert "      | -FROM scratch" in result.stdout
    assert "    create  draft.toml" in result.stdout
    assert result.stdout.endswith("--> Nothing was written (dry run)\n")
    assert files(flask) == before | {"Dockerfile": "FROM scratch\n"}


def test_a_file_that_is_there_is_kept(draft: Draft, flask: Path):
    (flask / "Dockerfile").write_text("FROM scratch\n")
    result = draft("create")
    assert "    keep    Dockerfile: there already, and kept" in result.stdout
    assert (flask / "Dockerfile").read_text() == "FROM scratch\n"
    assert (flask / "draft.toml").exists()


def test_a_file_is_replaced_only_when_the_person_says_so(
    draft: Draft, flask: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    async def answer(self: Asker, message: str) -> bool:
        asked.append(message)
        return "Dockerfile" in message

    monkeypatch.setattr("draft_ls.cli.output.Output.interactive", True)
    monkeypatch.setattr(Asker, "confirm", answer)
    (flask / "Dockerfile").write_text("FROM scratch\n")
    (flask / ".dockerignore").write_text("*.tmp\n")
    (flask / "draft.toml").write_text('[environments.mine]\nname = "mine"\n')
    result = draft("create")
    assert sorted(asked) == ["Replace .dockerignore?", "Replace Dockerfile?"]
    assert "-FROM scratch" in result.stderr
    assert "    replace Dockerfile" in result.stdout
    assert (flask / "Dockerfile").read_text().startswith("FROM python")
    assert (flask / ".dockerignore").read_text() == "*.tmp\n"
    assert "mine" in (flask / "draft.toml").read_text()


def test_a_folder_that_is_two_things_asks_which_if_somebody_is_there(
    draft: Draft, flask: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[Question] = []

    async def answer(self: Asker, question: Question) -> str | None:
        asked.append(question)
        return question.choices[1]

    monkeypatch.setattr(Asker, "__call__", answer)
    (flask / "go.mod").write_text("module shop\n\ngo 1.24\n")
    (flask / "main.go").write_text("package main\n\nfunc main() {}\n")
    assert draft("create", "--yes", "--dry-run", "-o", "json").document["pack"] == "go"
    assert not asked
    assert draft("create", "-o", "json").document["pack"] == "python"
    assert asked[0].choices == ("go", "python")
    assert draft("create", "--dry-run", "-o", "json").document["pack"] == "python", "the answer is remembered"
    assert len(asked) == 1


def test_replace_replaces_all_but_draft_toml(draft: Draft, flask: Path):
    (flask / "Dockerfile").write_text("FROM scratch\n")
    (flask / "draft.toml").write_text('[environments.mine]\nname = "mine"\n')
    assert draft("create", "--replace").code == 0
    assert (flask / "Dockerfile").read_text().startswith("FROM python")
    assert "mine" in (flask / "draft.toml").read_text()


def test_json(draft: Draft, flask: Path):
    document = draft("create", "-o", "json").document
    assert (document["app"], document["name"], document["pack"]) == (str(flask), "my-flask", "python")
    assert document["written"] == len(document["files"])
    assert document["files"][0]["action"] == "create"
    again = draft("create", "-o", "json").document
    assert again["written"] == 0


def test_no_app_is_exit_1(draft: Draft, tmp_path: Path):
    result = draft("create", str(tmp_path))
    assert result.code == 1
    assert "No app was detected" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_apps_below_are_pointed_at(draft: Draft, flask: Path):
    result = draft("create", str(flask.parent))
    assert result.code == 1
    assert "My Flask" in result.stderr


def test_a_pack_by_name_for_a_folder_that_nothing_is_known_of(draft: Draft, tmp_path: Path):
    result = draft("create", str(tmp_path), "--pack", "python", "--app", "x")
    assert result.stdout.splitlines()[0] == "--> Pack python used"
    assert (tmp_path / "draft.toml").exists()


def test_an_unknown_pack_names_the_nearest(draft: Draft, flask: Path):
    result = draft("create", "--pack", "pyton")
    assert result.code == 1
    assert "Use python." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--app", "My App"), "my-app"),
        (("--set", "port"), "KEY=VALUE"),
    ],
)
def test_wrong_usage(draft: Draft, flask: Path, arguments: tuple[str, ...], said: str):
    result = draft("create", *arguments)
    assert result.code == 2
    assert said in result.stderr
    assert not (flask / "draft.toml").exists()


@pytest.mark.parametrize("answer", ["port=many", "nothing=1"])
def test_a_bad_answer(draft: Draft, flask: Path, answer: str):
    result = draft("create", "--set", answer)
    assert result.code == 1
    assert "fix" in result.stderr
    assert not (flask / "draft.toml").exists()
