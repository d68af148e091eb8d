"""The configurations in ``editors/``: they parse, and name only commands and options that exist."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from typer.main import get_command

from draft_ls.cli.app import make_app
from draft_ls.server.commands import COMMANDS
from draft_ls.server.protocol import LOG, STATUS

EDITORS = Path(__file__).parents[2] / "editors"


def without_comments(text: str) -> str:
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)


def named_commands(text: str) -> set[str]:
    return set(re.findall(r"\bdraft\.(\w+)\"", text))


def test_helix_runs_the_server_for_each_language() -> None:
    config = tomllib.loads((EDITORS / "helix/languages.toml").read_text())
    assert config["language-server"]["draft"]["command"] == "draft-ls"
    for language in config["language"]:
        assert language["language-servers"][0] == "draft", language["name"]


def test_sublime_names_real_commands() -> None:
    settings = json.loads(without_comments((EDITORS / "sublime/LSP-draft.sublime-settings").read_text()))
    assert settings["clients"]["draft"]["command"] == ["draft-ls"]
    text = (EDITORS / "sublime/Draft.sublime-commands").read_text()
    entries = json.loads(text)
    assert len(entries) == len(named_commands(text))
    assert named_commands(text) <= set(COMMANDS)


def test_zed_names_real_verbs_and_options() -> None:
    verbs = getattr(get_command(make_app()), "commands")  # noqa: B009 - a group's own
    for task in json.loads((EDITORS / "zed/tasks.json").read_text()):
        program, verb, *rest = task["command"].split()
        assert program == "draft"
        options = {option for parameter in verbs[verb].params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options, task["label"]


def test_emacs_names_real_commands_and_notifications() -> None:
    text = (EDITORS / "emacs/draft.el").read_text()
    assert set(re.findall(r'^\(draft--define [\w-]+ "(\w+)"', text, re.MULTILINE)) <= set(COMMANDS)
    for method in (STATUS, LOG):
        assert f"(eql {method})" in text
    assert text.count("(") == text.count(")")


def test_neovim_names_real_commands_and_notifications() -> None:
    text = (EDITORS / "neovim/draft.lua").read_text()
    named = set(re.findall(r'^  Draft\w+ = \{ "(\w+)"', text, re.MULTILINE))
    assert named == set(COMMANDS)
    for method in (STATUS, LOG):
        assert f'["{method}"]' in text
