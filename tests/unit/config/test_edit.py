"""Edits of draft.toml keep everything that they are not about."""

from collections.abc import Callable
from pathlib import Path

import pytest

from draft_ls.config.edit import TomlValue, add_environment, new_config, set_value
from draft_ls.config.read import parse
from draft_ls.errors import DraftError

FILE = Path("/home/me/app/draft.toml")

COMMENTED = """\
# who may deploy: ask Ada
[environments]
  [environments.development]
    name = "app"   # the release
    watch-delay = 5

    # build
    [environments.development.image_build_args]
      A = "1"

  # the real one
  [environments.production]
    name = "app"
    watch = false
"""


def test_a_new_file_has_the_shape_that_draft_has_always_written():
    assert new_config(name="example-python") == (
        "[environments]\n"
        "  [environments.development]\n"
        '    name = "example-python"\n'
        '    namespace = "default"\n'
        "    watch = true\n"
        "    watch_delay = 2\n"
    )


def test_a_new_file_with_everything_given_is_read_back():
    text = new_config(
        "über uns", name="a", namespace="b", watch=False, watch_delay=0.5, registry='x.io/"y'.replace('"', "")
    )
    environment = parse(text, FILE).environments["über uns"]
    assert (environment.name, environment.namespace, environment.registry) == ("a", "b", "x.io/y")
    assert (environment.watch, environment.watch_delay) == (False, 0.5)


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    old, new = before.split("\n"), after.split("\n")
    return [line for line in old if line not in new], [line for line in new if line not in old]


@pytest.mark.parametrize(
    ("key", "value", "gone", "come"),
    [
        ("name", "other", ['    name = "app"   # the release'], ['    name = "other"   # the release']),
        ("watch_delay", 0, ["    watch-delay = 5"], ["    watch-delay = 0"]),
        ("registry", "127.0.0.1:5000", [], ['    registry = "127.0.0.1:5000"']),
        ("override_ports", ["8080:80"], [], ['    override_ports = ["8080:80"]']),
        ("watch_delay", None, ["    watch-delay = 5"], []),
        ("registry", None, [], []),
    ],
)
def test_one_value_is_set_and_every_other_line_stays(
    key: str, value: TomlValue | None, gone: list[str], come: list[str]
):
    after = set_value(COMMENTED, "development", key, value)
    assert changed_lines(COMMENTED, after) == (gone, come)
    assert parse(after, FILE).problems == ()


def test_a_new_key_goes_to_its_own_environment():
    after = set_value(COMMENTED, "development", "registry", "x.io")
    environments = parse(after, FILE).environments
    assert environments["development"].registry == "x.io"
    assert environments["production"].registry is None


def test_an_environment_is_added_like_another():
    after = add_environment(COMMENTED, "staging", like="development")
    assert after.startswith(COMMENTED.rstrip())
    config = parse(after, FILE)
    assert config.problems == ()
    assert list(config.environments) == ["development", "production", "staging"]
    assert dict(config.environments["staging"].image_build_args) == {"A": "1"}
    assert config.environments["staging"].watch_delay == 5


@pytest.mark.parametrize("text", [COMMENTED, "", "# only a comment\n", 'environments.a.name = "app"\n'])
def test_an_environment_is_added_with_the_defaults(text: str):
    after = add_environment(text, "staging")
    config = parse(after, FILE)
    assert config.problems == ()
    assert config.environments["staging"].name == "app"
    assert after.startswith(text.rstrip())


WAYS = [
    'environments = { a = { name = "x" } }\n',
    '[environments]\na = { name = "x" }\nb = {}\n',
    '[environments]\na.name = "x"\n',
    '[environments.a]\nname = "x"\n[other]\ny = 1\n[environments.b]\nname = "b"\n',
    '[environments."a"]\r\nname = "x"\r\n',
    '\t[environments.a]\n\tname = "x"',
    '[environments.a]\nname = "x"\n[environments.a.image_build_args]\nA = "1"\n',
    "[environments.a]\n# nothing yet\n\n[environments.b]\n",
    'environments.a.name = "x"\n',
]


@pytest.mark.parametrize("text", WAYS)
def test_every_way_to_write_an_environment_is_edited_or_refused_never_broken(text: str):
    before = parse(text, FILE).environments
    edited = set_value(text, "a", "registry", "ghcr.io/me")
    after = parse(edited, FILE).environments
    assert after.keys() == before.keys()
    assert after["a"].registry == "ghcr.io/me"
    assert after["a"].name == before["a"].name
    assert ("\r\n" in text) == ("\r\n" in edited)
    assert "\n" not in edited.replace("\r\n", "") or "\r\n" not in text
    try:
        more = parse(add_environment(text, "new", like="a"), FILE).environments
    except DraftError as refusal:
        assert "{" in text
        assert "braces" in refusal.problem.message
    else:
        assert list(more) == [*before, "new"]
        assert more["new"].image_build_args == before["a"].image_build_args


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda: set_value("a = ", "development", "name", "x"), "not valid TOML"),
        (lambda: set_value("", "development", "name", "x"), "no environment 'development'"),
        (lambda: set_value("environments = 3", "development", "name", "x"), "no environment"),
        (lambda: add_environment(COMMENTED, "production"), "already an environment"),
        (lambda: add_environment(COMMENTED, "x", like="y"), "no environment 'y'"),
    ],
)
def test_what_cannot_be_edited_is_refused(edit: Callable[[], str], said: str):
    with pytest.raises(DraftError, match=said) as caught:
        edit()
    assert caught.value.problem.code == "config-edit"
    assert caught.value.problem.fix
