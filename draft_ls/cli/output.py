"""Where the command writes: what was asked for to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from draft_ls.cli.encoding import encode, encode_problem
from draft_ls.cli.problems import problem_lines

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from rich.console import Console
    from rich.status import Status as Spinner
    from rich.text import Text

    from draft_ls.errors import Problem


class Output:
    """The two streams of one command.

    Args:
        as_json: JSON on standard output, and no text there.
        stream: in JSON, one object a line as things happen, instead of one document.
        verbose: show the lines of the tools too.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        stream: bool = False,
        verbose: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.as_json = as_json
        self.verbose = verbose
        self.abandoned = False
        self._stream = stream
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self._console = None if as_json else _console(self._stdout)
        self._spinner: Spinner | None = None

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked: the questions go to standard error."""
        return not self.as_json and sys.stdin.isatty() and self._stderr.isatty()

    @property
    def on_terminal(self) -> bool:
        """Whether a person reads along."""
        return not self.as_json and self._stdout.isatty()

    def say(self, text: str = "", style: str = "") -> None:
        """A line for the person, part of what was asked for; nothing in JSON mode."""
        if self.as_json:
            return
        if self._console is None:
            self._write(self._stdout, text)
        else:
            self._console.print(text, style=style or None, markup=False, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """A line beside what was asked for, on standard error in both modes."""
        with self._spinner_hidden():
            self._write(self._stderr, text)

    def problem(self, problem: Problem) -> None:
        """A problem, for the person, on standard error; in JSON mode the document carries it."""
        if not self.as_json:
            for line in problem_lines(problem, Path.cwd()):
                self.note(line)

    def problems(self, problems: Iterable[Problem]) -> None:
        """The problems that ended a command: as text, or as its JSON document."""
        found = tuple(problems)
        if self.as_json:
            told = {"problems": [encode_problem(each) for each in found]}
            if self._stream:
                self.line({"event": "problems", **told})
            else:
                self.document(told)
        for each in found:
            self.problem(each)

    def document(self, value: object) -> None:
        """The command's JSON document; nothing in text mode."""
        if self.as_json:
            self._write(self._stdout, json.dumps(encode(value), indent=2, ensure_ascii=False))

    def line(self, value: dict[str, Any]) -> None:
        """One JSON object on a line of its own, at once; nothing in text mode."""
        if self.as_json:
            self._write(self._stdout, json.dumps(value, ensure_ascii=False))

    def progress(self, text: str | None) -> None:
        """What is under way, live on a terminal; none ends it."""
        if self._console is None:
            return
        if text is None:
            if self._spinner is not None:
                self._spinner.stop()
                self._spinner = None
        elif self._spinner is None:
            self._spinner = self._console.status(_one_line(text, self._console.width), spinner="dots")
            self._spinner.start()
        else:
            self._spinner.update(_one_line(text, self._console.width))

    @contextmanager
    def _spinner_hidden(self) -> Generator[None]:
        """Keep the animation out of a line that goes to the other stream."""
        if self._spinner is not None:
            self._spinner.stop()
        try:
            yield
        finally:
            if self._spinner is not None:
                self._spinner.start()

    def _write(self, stream: TextIO, text: str) -> None:
        if self.abandoned:
            return
        try:
            stream.write(f"{text}\n")
            stream.flush()
        except BrokenPipeError:  # ``draft logs -f | head``: nobody reads on, so end as on Ctrl-C
            self.abandoned = True
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
            signal.raise_signal(signal.SIGINT)


def _console(stdout: TextIO) -> Console | None:
    """A console where there is a terminal that can do more than lines; rich is loaded only for it."""
    if not stdout.isatty() or os.environ.get("TERM") in {"dumb", "unknown"}:
        return None
    from rich.console import Console

    return Console(file=stdout)


def _one_line(text: str, width: int) -> Text:
    """Text that rich takes as it is, short enough to stand beside the spinner on one line."""
    from rich.text import Text

    line = Text(text.replace("\t", " "))
    line.truncate(max(width - 4, 1), overflow="ellipsis")
    return line
