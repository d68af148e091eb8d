from __future__ import annotations

import pytest

from draft_ls.dockerfile.parse import parse
from draft_ls.dockerfile.settings import lineage, settings, walk


def test_a_stage_inherits_from_the_stage_it_starts_from() -> None:
    dockerfile = parse(
        "ARG PORT=8080\n"
        "FROM python AS base\n"
        "ARG PORT\n"
        "ENV HOME=/home/app PORT=${PORT:-1}\n"
        "WORKDIR $HOME\n"
        "WORKDIR src/../app\n"
        "EXPOSE $PORT 53/udp\n"
        "USER 1000:1000\n"
        'CMD ["python"]\n'
        "FROM base\n"
        "EXPOSE 9000\n"
        "STOPSIGNAL SIGINT\n"
    )
    result = settings(dockerfile)
    assert result.workdir == "/home/app/app"
    assert result.user == "1000:1000"
    assert result.ports == ("8080", "53/udp", "9000")
    assert result.environment == {"HOME": "/home/app", "PORT": "8080"}
    assert result.arguments == {}
    assert result.stop_signal == "SIGINT"
    assert result.command is not None
    assert result.command.arguments == ("python",)
    assert [stage.index for stage in lineage(dockerfile, dockerfile.stages[1])] == [0, 1]


@pytest.mark.parametrize(
    ("text", "command", "entrypoint"),
    [
        ("FROM a\nCMD x y", ("/bin/sh", "-c", "x y"), None),
        ('FROM a\nSHELL ["bash", "-ec"]\nCMD x', ("bash", "-ec", "x"), None),
        ('FROM a AS b\nCMD ["x"]\nFROM b\nENTRYPOINT ["y"]', None, ("y",)),
        ('FROM a\nCMD ["x"]\nENTRYPOINT ["y"]', ("x",), ("y",)),
        ('FROM a\nCMD ["x"]\nCMD ["z"]', ("z",), None),
        ('FROM a\nCMD ["x"]\nCMD []', None, None),
    ],
)
def test_command(text: str, command: tuple[str, ...] | None, entrypoint: tuple[str, ...] | None) -> None:
    result = settings(parse(text))
    assert (result.command.arguments if result.command else None) == command
    assert (result.entrypoint.arguments if result.entrypoint else None) == entrypoint


def test_build_arguments_win_over_defaults() -> None:
    text = "ARG V=1\nFROM python:$V\nARG V\nARG W=2\nENV VW=$V-$W\n"
    dockerfile = parse(text, build_arguments={"V": "3", "W": "4"})
    assert dockerfile.stages[0].base == "python:3"
    assert settings(dockerfile, build_arguments={"V": "3", "W": "4"}).environment["VW"] == "3-4"
    assert settings(parse(text)).environment["VW"] == "1-2"


def test_one_env_sees_what_held_before_it() -> None:
    assert settings(parse("FROM a\nENV A=1\nENV A=2 B=$A")).environment == {"A": "2", "B": "1"}


def test_walk_shows_what_holds_before_each_instruction() -> None:
    dockerfile = parse("FROM a\nWORKDIR /x\nCOPY . .\nWORKDIR y\n")
    seen = [(each.keyword, before.workdir) for each, before, _ in walk(dockerfile, dockerfile.stages[0])]
    assert seen == [("FROM", None), ("WORKDIR", None), ("COPY", "/x"), ("WORKDIR", "/x")]


@pytest.mark.parametrize(
    ("workdir", "path", "expected"),
    [
        ("/app", ".", "/app"),
        ("/app", "./a/", "/app/a"),
        ("/app", "/b//c", "/b/c"),
        (None, "a", "/a"),
        (None, "/", "/"),
    ],
)
def test_absolute(workdir: str | None, path: str, expected: str) -> None:
    text = f"FROM a\nWORKDIR {workdir}" if workdir else "FROM a"
    assert settings(parse(text)).absolute(path) == expected


def test_no_from() -> None:
    assert settings(parse("RUN x")).command is None
