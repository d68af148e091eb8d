"""What a terminal gets that a pipe does not: colour, animation and questions."""

import asyncio
import io
import os
import pty
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from draft_ls.cli.asking import Asker, chosen
from draft_ls.cli.output import Output
from draft_ls.engine.model import Question


class Terminal:
    """Both ends of a terminal."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        self.stream: TextIO = os.fdopen(slave, "w", encoding="utf-8")
        self.stdin: TextIO = os.fdopen(os.dup(slave), "r", encoding="utf-8")

    def shown(self) -> str:
        """Everything up to now: a mark follows it through the terminal."""
        self.stream.write("<end>")
        self.stream.flush()
        seen = b""
        while not seen.endswith(b"<end>"):
            seen += os.read(self._master, 65536)
        return seen.decode().removesuffix("<end>")

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def close(self) -> None:
        self.stream.close()
        self.stdin.close()
        os.close(self._master)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    both = Terminal()
    yield both
    both.close()


def test_a_terminal_gets_colour_and_a_live_line(terminal: Terminal):
    output = Output(stdout=terminal.stream, stderr=terminal.stream)
    output.say("--> Live [bold]", style="green")
    output.progress("Building …")
    output.progress("x" * 500)
    output.note("beside")
    output.progress(None)
    shown = terminal.shown()
    assert "\x1b[32m--> Live [bold]" in shown
    assert "\x1b[?25l" in shown  # the cursor is hidden while something moves
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # and shown again
    assert "x" * 55 in shown
    assert "x" * 60 not in shown  # one line, whatever a tool says
    assert "beside" in shown


def test_no_color_is_respected(terminal: Terminal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    Output(stdout=terminal.stream).say("--> Live", style="green")
    assert terminal.shown() == "--> Live\r\n"


def test_a_dumb_terminal_gets_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERM", "dumb")
    output = Output(stdout=terminal.stream)
    output.progress("Building …")
    output.say("--> Live", style="green")
    output.progress(None)
    assert terminal.shown() == "--> Live\r\n"


def test_a_pipe_gets_lines():
    stream = io.StringIO()
    output = Output(stdout=stream)
    output.progress("Building …")
    output.say("--> Live [bold]", style="green")
    assert stream.getvalue() == "--> Live [bold]\n"


def test_a_long_line_is_not_broken(terminal: Terminal):
    Output(stdout=terminal.stream).say("--> Pushing " + "y" * 200)
    assert "y" * 200 in terminal.shown().replace("\r\n", "\n")


@pytest.fixture
def asker(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Asker:
    monkeypatch.setattr(sys, "stdin", terminal.stdin)
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    return Asker(Output(stdout=io.StringIO(), stderr=terminal.stream))


QUESTION = Question("Deploy to production?", ("Deploy", "Cancel"))


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("1\n", "Deploy"), ("canc\n", "Cancel"), ("7\nnothing\n2\n", "Cancel"), ("\x04", None)],
)
async def test_a_question_is_asked_until_it_is_answered(
    asker: Asker, terminal: Terminal, typed: str, answer: str | None
):
    terminal.type(typed)
    assert await asyncio.wait_for(asker(QUESTION), 5) == answer
    shown = terminal.shown()
    assert "Deploy to production?" in shown
    assert "2) Cancel" in shown


@pytest.mark.parametrize(("typed", "answer"), [("y\n", True), ("Yes\n", True), ("\n", False), ("x\n", False)])
async def test_confirm_means_no_unless_yes(asker: Asker, terminal: Terminal, typed: str, answer: bool):
    terminal.type(typed)
    assert await asyncio.wait_for(asker.confirm("Delete it?"), 5) is answer


async def test_a_question_does_not_hold_up_an_interrupt(asker: Asker):
    asking = asyncio.ensure_future(asker(QUESTION))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize(
    ("typed", "choice"), [("2", "Cancel"), ("0", None), ("", None), ("d", "Deploy"), ("x", None)]
)
def test_choices(typed: str, choice: str | None):
    assert chosen(typed, QUESTION.choices) == choice


def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path):
    (tmp_path / "requirements.txt").write_text("flask\n")
    # Not a pipe: while another thread starts a process, that holds the reader's end open for a moment.
    reader, writer = socket.socketpair()
    reader.shutdown(socket.SHUT_RDWR)
    code = "from draft_ls.cli import main; main()"
    with reader, writer:
        done = subprocess.run(
            [sys.executable, "-c", code, "detect", tmp_path],
            stdout=writer.fileno(),
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (130, "")


def test_the_command_starts_light():
    heavy = (
        "docker",
        "kubernetes",
        "aiohttp",
        "jinja2",
        "rich",
        "pygls",
        "tree_sitter",
        "watchfiles",
        "yaml",
    )
    code = f"""
import sys
from draft_ls.cli.app import make_app
try:
    make_app()(["version"], standalone_mode=False)
finally:
    print(sorted(set({heavy!r}) & set(sys.modules)))
"""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert time.monotonic() - started < 5
