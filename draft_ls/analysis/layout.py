"""Which file of the build context ends up where in the image, and how sure that is."""

from __future__ import annotations

import posixpath
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from draft_ls.dockerfile.placement import UnclearError, destination, read_copy
from draft_ls.dockerfile.settings import walk

if TYPE_CHECKING:
    from draft_ls.analysis.subject import Image, Subject
    from draft_ls.dockerfile.model import Instruction, Stage
    from draft_ls.dockerfile.settings import Settings

_HARMLESS = re.compile(
    r"(?:apt-get|apt|apk|yum|dnf|microdnf|useradd|adduser|addgroup|groupadd|usermod|chown|chmod|mkdir|rm|set|true|"
    r"install\s+(?:-d|--directory)|corepack|micromamba|conda|"
    r"(?:\S*python3?\s+-m\s+)?(?:/\S+/)?pip3?\s+(?:install|wheel)|python3?\s+-m\s+venv|poetry\s+install|pipenv\s+(?:install|sync)|"
    r"uv\s+(?:sync|pip|venv)|pdm\s+(?:sync|install)|npm\s+(?:ci|install|i|cache|prune|config)\b|"
    r"(?:yarn|pnpm|bun)(?:\s+(?:install|cache|prune|--\S+).*)?$|bundle\s+install)\b"
)
"""Commands that put nothing of the app's own into its folders."""

_SEPARATOR = re.compile(r"&&|\|\||;|\|")


class Layout:
    """Follows files of the build context into an image.

    Attributes:
        sure: whether everything that puts files into the image is understood: what was not found is not there.
    """

    def __init__(self, subject: Subject, image: Image) -> None:
        self._subject = subject
        self._image = image
        self._taken = {id(each.instruction): each for each in subject.copies}
        self.sure = subject.context.whole
        self._found: dict[tuple[str, int], frozenset[str]] = {}
        self._judge(image.final, set())

    def where(self, path: str) -> frozenset[str]:
        """The places of a file of the context in the image; none if it does not get there."""
        return self._in_stage(path, self._image.final) if path in self._subject.context.files else frozenset()

    def source(self, container_path: str) -> str | None:
        """The file of the context that is at a place in the image."""
        name = posixpath.basename(container_path)
        for path in self._subject.context.files:
            if (path == name or path.endswith(f"/{name}") or not name) and container_path in self.where(path):
                return path
        copied_as = posixpath.basename(container_path)
        for taken in self._subject.copies:  # COPY settings.prod.py settings.py: the name changes
            if taken.copy and posixpath.basename(taken.copy.destination) == copied_as:
                for path in taken.files(self._subject.context.files):
                    if container_path in self.where(path):
                        return path
        return None

    def nearest(self, container_path: str) -> str | None:
        """A file in the same folder of the image whose name is much like the one that is not there."""
        folder, name = posixpath.split(container_path)
        ending = posixpath.splitext(name)[1]
        names: dict[str, str] = {}
        for path in self._subject.context.files:
            if posixpath.splitext(path)[1] == ending:
                for place in self.where(path):
                    if posixpath.dirname(place) == folder:
                        names[posixpath.basename(place)] = path
        found = get_close_matches(name, sorted(names), n=1, cutoff=0.7)
        return posixpath.join(folder, found[0]) if found else None

    def _in_stage(self, path: str, stage: Stage) -> frozenset[str]:
        key = (path, stage.index)
        if key not in self._found:
            self._found[key] = frozenset()
            self._found[key] = frozenset(self._follow(path, stage))
        return self._found[key]

    def _follow(self, path: str, stage: Stage) -> set[str]:
        places: set[str] = set()
        if stage.base_stage is not None:
            places |= self._in_stage(path, self._image.dockerfile.stages[stage.base_stage])
        for instruction in stage.instructions:
            if taken := self._taken.get(id(instruction)):
                try:
                    place = taken.lands(path) if taken.source_of(path) else None
                except UnclearError:
                    self.sure, place = False, None
                places |= {place} if place else set()
            elif instruction.keyword == "COPY" and instruction.flag("from"):
                places |= self._carried(path, stage, instruction)
        return places

    def _carried(self, path: str, stage: Stage, instruction: Instruction) -> set[str]:
        source = self._image.dockerfile.stage_named(instruction.flag("from") or "", stage.index)
        before = self._settings(stage, instruction)
        if source is None or before is None:
            return set()
        try:
            copy = read_copy(instruction, before, self._image.dockerfile.escape)
            if copy is None:
                return set()
            return {place for each in self._in_stage(path, source) if (place := destination(copy, each, ()))}
        except UnclearError:
            self.sure = False
            return set()

    def _settings(self, stage: Stage, instruction: Instruction) -> Settings | None:
        for each, before, _ in walk(self._image.dockerfile, stage, self._image.given):
            if each is instruction:
                return before
        return None

    def _judge(self, stage: Stage, seen: set[int]) -> None:
        """Find out whether something in a stage, or in those it takes from, puts files where we cannot see it."""
        if stage.index in seen:
            return
        seen.add(stage.index)
        stages = self._image.dockerfile.stages
        if stage.base_stage is not None:
            self._judge(stages[stage.base_stage], seen)
        for instruction in stage.instructions:
            if (instruction.keyword == "RUN" and not _harmless(instruction)) or (
                instruction.keyword in ("ADD", "COPY")
                and (instruction.heredocs or instruction.keyword == "ADD")
            ):
                self.sure = False
            elif origin := instruction.flag("from"):
                source = self._image.dockerfile.stage_named(origin, stage.index)
                if source is None:
                    self.sure = False
                else:
                    self._judge(source, seen)


def _harmless(instruction: Instruction) -> bool:
    """Whether a RUN only installs packages and prepares folders and users."""
    if instruction.heredocs:
        return False
    line = " ".join(word.text for word in instruction.arguments) if instruction.is_exec else instruction.text
    parts = (part.strip() for part in _SEPARATOR.split(re.sub(r"\s+", " ", line)))
    return all(_HARMLESS.match(part) for part in parts if part)
