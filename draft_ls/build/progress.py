"""Build output as it is printed, made into readable lines and steps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.build.model import Step

if TYPE_CHECKING:
    from draft_ls.dockerfile.model import Dockerfile

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_VERTEX = re.compile(r"^#(?P<vertex>\d+) (?P<text>\[[^\]]*?(?P<index>\d+)/(?P<total>\d+)\] .*)$")
_OUTCOME = re.compile(r"^#(?P<vertex>\d+) (?P<outcome>CACHED|DONE|ERROR)\b:?\s*(?P<text>.*)$")
_HEADLINE = re.compile(r"^#(?P<vertex>\d+) (?P<text>(?:\[|FROM |resolve ).*)$")
_OUTPUT = re.compile(r"^#(?P<vertex>\d+) \d+\.\d+ (?P<text>.*)$")
_DIGEST = re.compile(r"^#\d+ sha256:[0-9a-f]{64}$")
_CLASSIC = re.compile(r"^Step (?P<index>\d+)/(?P<total>\d+) : .*$")
_CLASSIC_CACHED = " ---> Using cache"
_CLASSIC_OWN = ("Removing intermediate container ", " ---> ")
_BUILDAH = re.compile(r"^(?:\[\d+/\d+\] )?STEP (?P<index>\d+)/(?P<total>\d+): .*$")
_BUILDAH_CACHED = "--> Using cache "
_BUILDAH_OWN = (
    "--> ", "Error: ", "subprocess exited with status ", "time=\"", "Successfully tagged ",
)  # fmt: skip


def plain(text: str) -> str:
    """A line without colours and what a carriage return has overwritten."""
    return _COLOUR.sub("", text).rstrip("\r\n").rpartition("\r")[2]


class ProgressReader:
    """Follows the output of one build, of BuildKit (``--progress=plain``), the classic builder, or Buildah.

    Attributes:
        failed: the builder's label of the step that failed, once it has.
        reason: what the builder said about the failure.
    """

    def __init__(self, dockerfile: Dockerfile) -> None:
        self._dockerfile = dockerfile
        self._steps: dict[str, Step] = {}
        self._labels: dict[str, str] = {}
        self._output: dict[str, list[str]] = {}
        self._latest = ""
        self.failed = ""
        self.reason = ""

    def read(self, line: str) -> Step | None:
        """Take in one line without colours; the step that it starts or ends, if it does."""
        if match := _CLASSIC.match(line):
            return self._start("classic", match, line)
        if match := _BUILDAH.match(line):
            return self._start("buildah", match, line)
        if "buildah" in self._steps:
            return self._read_buildah(line)
        if match := _VERTEX.match(line):
            return self._start(match["vertex"], match, match["text"])
        if match := _OUTCOME.match(line):
            return self._end(match["vertex"], match["outcome"], match["text"])
        if match := _OUTPUT.match(line):
            self._output.setdefault(match["vertex"], []).append(match["text"])
        elif "classic" in self._steps:
            if line == _CLASSIC_CACHED:
                return self._end("classic", "CACHED", "")
            if not line.startswith(_CLASSIC_OWN):
                self._output["classic"].append(line)
        elif match := _HEADLINE.match(line):
            self._labels.setdefault(match["vertex"], match["text"])
        return None

    def _read_buildah(self, line: str) -> Step | None:
        if line.startswith(_BUILDAH_CACHED):
            return self._end("buildah", "CACHED", "")
        if line.startswith("Error: "):
            self.failed, self.reason = self._labels["buildah"], line
        elif not line.startswith(_BUILDAH_OWN):
            self._output["buildah"].append(line)
        return None

    def output(self) -> tuple[str, ...]:
        """What the failed step printed; of builders that take one step at a time, what the last one printed."""
        return tuple(self._output.get(self._latest, ()))

    def label(self) -> str:
        """The failed step as the builder names it; of the classic builder, the last step."""
        classic = self._steps.get("classic")
        return self.failed or (classic.text if classic else "")

    def _start(self, vertex: str, match: re.Match[str], text: str) -> Step | None:
        if vertex in self._steps and self._steps[vertex].text == text:
            return None  # BuildKit repeats the headline whenever it turns to another vertex and back
        line = self._line_of(text)
        self._labels[vertex] = text
        step = Step(int(match["index"]), int(match["total"]), text, line)
        self._steps[vertex] = step
        self._latest = vertex
        self._output[vertex] = []
        return step

    def _end(self, vertex: str, outcome: str, text: str) -> Step | None:
        step = self._steps.get(vertex)
        if outcome == "ERROR":
            self.failed, self.reason, self._latest = self._labels.get(vertex, ""), text, vertex
            return None
        if step is None:
            return None
        return Step(step.index, step.total, step.text, step.line, outcome == "CACHED")

    def _line_of(self, text: str) -> int | None:
        from draft_ls.dockerfile.steps import find_step

        instruction = find_step(self._dockerfile, text)
        return instruction.line if instruction else None


def is_noise(line: str) -> bool:
    """Whether a line says nothing to a person: blank, or the digest of a vertex as old BuildKit prints it."""
    return not line.strip() or _DIGEST.match(line) is not None
