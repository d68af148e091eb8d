"""``.draft-tasks.toml``."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.config.tasks import parse_tasks

FILE = Path("/home/me/app/.draft-tasks.toml")


def test_tasks_by_moment_in_the_order_of_the_file():
    text = """
[pre-up]
second = "make 'two words'"
first = "echo $HOME | cat"

[post_deploy]
migrate = "python manage.py migrate"

[cleanup]
"""
    tasks = parse_tasks(text, FILE)
    assert tasks.problems == ()
    assert tasks.ok
    assert [(task.name, task.arguments) for task in tasks.pre_up] == [
        ("second", ("make", "two words")),
        ("first", ("echo", "$HOME", "|", "cat")),  # no shell: a pipe is an argument like any other
    ]
    assert tasks.post_deploy[0].arguments == ("python", "manage.py", "migrate")
    assert tasks.cleanup == ()
    line = text.split("\n")[2]
    span = tasks.pre_up[0].span
    assert line[span.start.character : span.end.character] == "\"make 'two words'\""


@pytest.mark.parametrize(
    ("text", "code", "place", "fix"),
    [
        ('[preup]\na = "b"', "unknown-key", "1:2", "[pre-up]"),
        ('[zzz]\na = "b"', "unknown-key", "1:2", "[cleanup]"),
        ("pre-up = 3", "wrong-type", "1:10", "[pre-up]"),
        ('[pre-up]\na = ["b"]', "wrong-type", "2:5", "command argument"),
        ('[pre-up]\na = "b \'c"', "bad-value", "2:5", "Close every quote"),
        ('[pre-up]\na = " "', "bad-value", "2:5", "Write a command"),
        ("[pre-up]\na = \"''\"", "bad-value", "2:5", "Write a command"),
        ("[pre-up]\na = make", "toml-syntax", "2:5", '"make"'),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text: str, code: str, place: str, fix: str):
    tasks = parse_tasks(text, FILE)
    (problem,) = tasks.problems
    assert problem.code == f"tasks-{code}"
    assert str(problem.place) == f"{FILE}:{place}"
    assert fix in problem.fix
    assert not tasks.ok
    assert tasks.pre_up == ()


@given(st.text())
def test_no_text_raises(text: str):
    assert parse_tasks(text, FILE).path == FILE
