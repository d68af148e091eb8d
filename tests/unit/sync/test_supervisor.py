from __future__ import annotations

import subprocess

import pytest

from draft_ls.dockerfile.parse import parse
from draft_ls.dockerfile.settings import settings
from draft_ls.errors import Problem, Severity
from draft_ls.sync.supervisor import SCRIPT, ImageConfig, supervise


def runs(text: str | Problem) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What comes after the supervisor in ENTRYPOINT, and CMD."""
    assert isinstance(text, str), text
    dockerfile = parse(text)
    assert dockerfile.problems == ()
    sets = settings(dockerfile)
    assert sets.entrypoint is not None
    shell, option, script, name, *entrypoint = sets.entrypoint.arguments
    assert (shell, option, script, name) == ("/bin/sh", "-c", SCRIPT, "draft-supervisor")
    assert sets.environment["PYTHONDONTWRITEBYTECODE"] == "1"
    return tuple(entrypoint), sets.command.arguments if sets.command else ()


BASE = ImageConfig(("/entry",), ("base",))


@pytest.mark.parametrize(
    ("text", "inherited", "entrypoint", "command"),
    [
        ('FROM python\nCMD ["a", "b"]', ImageConfig(), (), ("a", "b")),
        ('FROM python\nCMD ["a", "b"]', BASE, ("/entry",), ("a", "b")),
        ("FROM python", BASE, ("/entry",), ("base",)),
        ("FROM python\nCMD a $B", ImageConfig(), (), ("/bin/sh", "-c", "a $B")),
        ('FROM python\nENTRYPOINT ["e"]', None, ("e",), ()),
        ('FROM python\nENTRYPOINT ["e"]\nCMD ["c"]', None, ("e",), ("c",)),
        ('FROM python\nENTRYPOINT ["e"]', BASE, ("e",), ()),
        ('FROM python\nENTRYPOINT []\nCMD ["c"]', BASE, (), ("c",)),
        ('FROM a AS b\nRUN x\nENTRYPOINT ["e"]\nCMD ["c"]\nFROM b', None, ("e",), ("c",)),
        ('FROM a AS b\nRUN x\nCMD ["c"]\nFROM b\nENTRYPOINT ["e"]', None, ("e",), ()),
        ('FROM debian\nSHELL ["/bin/bash", "-c"]\nENTRYPOINT x', None, ("/bin/bash", "-c", "x"), ()),
        ('FROM a\nRUN <<EOF\nx\nEOF\nENTRYPOINT ["e"]  \\\n', None, ("e",), ()),
        ("# escape=`\nFROM a\nRUN x\nENTRYPOINT e", None, ("/bin/sh", "-c", "e"), ()),
        ("FROM registry:5000/team/app@sha256:abc\nRUN x", BASE, ("/entry",), ("base",)),
    ],
)
def test_what_ran_runs_under_the_supervisor(
    text: str, inherited: ImageConfig | None, entrypoint: tuple[str, ...], command: tuple[str, ...]
) -> None:
    assert runs(supervise(text, inherited)) == (entrypoint, command)


@pytest.mark.parametrize(
    ("text", "inherited", "code"),
    [
        ("RUN x", None, "sync-no-from"),
        ("FROM scratch\nCOPY a /\nENTRYPOINT [\"/a\"]", None, "sync-no-shell"),
        ("FROM gcr.io/distroless/python3\nCMD [\"a.py\"]", BASE, "sync-no-shell"),
        ("FROM go AS b\nRUN make\nFROM team/base\nENTRYPOINT [\"/a\"]", None, "sync-no-shell"),
        ('FROM team/base\nRUN ["/a"]\nENTRYPOINT ["/a"]', None, "sync-no-shell"),
        ("FROM python\nCMD [\"a\"]", None, "sync-unknown-entrypoint"),
        ("FROM python", ImageConfig(), "sync-no-command"),
    ],
)  # fmt: skip
def test_what_cannot_be_supervised_has_a_reason(text: str, inherited: ImageConfig | None, code: str) -> None:
    found = supervise(text, inherited)
    assert isinstance(found, Problem)
    assert (found.code, found.severity) == (code, Severity.WARNING)


def test_distroless_debug_has_a_shell() -> None:
    text = 'FROM gcr.io/distroless/python3:debug\nRUN true\nENTRYPOINT ["a"]'
    assert runs(supervise(text)) == (("a",), ())


def test_the_cached_layers_stay() -> None:
    text = 'FROM python:3.11\nCOPY . .\nENTRYPOINT ["a"]'
    found = supervise(text)
    assert isinstance(found, str)
    assert found.startswith(text)
    added = parse(found).instructions[3:]
    assert [each.keyword for each in added] == ["ENV", "ENTRYPOINT", "CMD"]


@pytest.mark.parametrize("script", [SCRIPT])
def test_the_supervisor_is_shell(script: str) -> None:
    subprocess.run(["/bin/sh", "-n", "-c", script], check=True)
