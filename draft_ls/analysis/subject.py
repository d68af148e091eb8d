"""What the analyses of an app look at: each file read and parsed at most once for one look."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from draft_ls.analysis.chart import read_chart
from draft_ls.analysis.context import read_context
from draft_ls.analysis.copies import copies
from draft_ls.config.build_context import levels_of, reach
from draft_ls.detect.detect import detect
from draft_ls.detect.facts.existing import COMPOSE_FILES, DOCKERFILES
from draft_ls.dockerfile.parse import parse
from draft_ls.dockerfile.settings import settings
from draft_ls.errors import Place
from draft_ls.files import Kind, Listing, inside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from draft_ls.analysis.chart import Chart
    from draft_ls.analysis.context import Context, Memory
    from draft_ls.analysis.copies import Taken
    from draft_ls.config.model import AppConfig, Environment
    from draft_ls.detect.model import Detection
    from draft_ls.dockerfile.model import Dockerfile, Stage
    from draft_ls.dockerfile.settings import Settings
    from draft_ls.errors import Span
    from draft_ls.files import Entry, Tree


@dataclass(frozen=True, slots=True)
class Image:
    """A Dockerfile that has at least one stage, and what its image is set to in the end.

    Attributes:
        path: relative to the app's folder.
        text: the whole file.
        final: the stage that the image is made from.
        settings: what holds at its end.
        given: the build arguments.
    """

    path: str
    file: Path
    text: str
    dockerfile: Dockerfile
    final: Stage
    settings: Settings
    given: Mapping[str, str]

    def place(self, span: Span) -> Place:
        """A place in the Dockerfile."""
        return Place(self.file, span)


class Subject:
    """One environment of an app.

    Args:
        tree: the app's folder.
        config: its draft.toml.
        environment: the environment.
        memory: what the last look at the app's build context found.

    Attributes:
        levels: how many folders above the app its build context lies; 0 also if it may not lie there.
    """

    def __init__(self, tree: Tree, config: AppConfig, environment: Environment, memory: Memory) -> None:
        self.tree = tree
        self.config = config
        self.environment = environment
        self._memory = memory
        levels = levels_of(environment.build_context)
        self.levels = levels if not levels or levels <= reach(tree) else 0

    def place(self, path: str, span: Span | None = None) -> Place:
        """A place in one of the app's files."""
        return Place(self.tree.root / path, span)

    @cached_property
    def sources(self) -> Tree:
        """The folder of the build context: the app's own, or one above it."""
        return self.tree.above(self.levels)

    def source_place(self, path: str, span: Span | None = None) -> Place:
        """A place in one of the build context's files."""
        return Place(self.sources.root / path, span)

    def in_context(self, path: str) -> str:
        """The path in the build context of one of the app's files."""
        return posixpath.normpath(
            posixpath.join(self.tree.root.relative_to(self.sources.root).as_posix(), path)
        )

    @cached_property
    def dockerfile(self) -> Dockerfile | None:
        """The parsed Dockerfile; none if there is none, or a ready-made context is deployed."""
        path = self.environment.dockerfile
        text = self.tree.read(path) if inside(path) and not self.environment.build_tar else None
        return None if text is None else parse(text, self.tree.root / path, self.environment.image_build_args)

    @cached_property
    def image(self) -> Image | None:
        """The Dockerfile and its outcome; none if it has no stage."""
        path, given = self.environment.dockerfile, self.environment.image_build_args
        if self.dockerfile is None or self.dockerfile.final is None:
            return None
        return Image(
            path,
            self.tree.root / path,
            self.tree.read(path) or "",
            self.dockerfile,
            self.dockerfile.final,
            settings(self.dockerfile, None, given),
            given,
        )

    @cached_property
    def context(self) -> Context:
        """The build context."""
        memory = self._memory.of(self.levels)
        return read_context(self.sources, self.in_context(self.environment.dockerfile), memory)

    @cached_property
    def copies(self) -> tuple[Taken, ...]:
        """Every COPY and ADD that takes files from the build context, in the order of the text."""
        return copies(self.image.dockerfile, self.image.given) if self.image else ()

    @cached_property
    def chart(self) -> Chart | None:
        """The chart; none if there is no such folder."""
        return None if self.environment.chart_tar else read_chart(self.tree, self.environment)

    @cached_property
    def detection(self) -> Detection | None:
        """What the app's own files say it is, with no word from its Dockerfile; none if they do not say."""
        found = detect(_Undeployed(self.tree))
        return next((each for each in found if not each.path), None)


class _Undeployed:
    """A tree without the files that deploy the app: what they say must not vouch for itself."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._hidden = frozenset((*DOCKERFILES, *COMPOSE_FILES))

    @property
    def root(self) -> Path:
        return self._tree.root

    def read(self, path: str, limit: int = 256 * 1024) -> str | None:
        return None if path in self._hidden else self._tree.read(path, limit)

    def kind(self, path: str) -> Kind | None:
        return None if path in self._hidden else self._tree.kind(path)

    def size(self, path: str) -> int:
        return self._tree.size(path)

    def children(self, path: str = "") -> tuple[Entry, ...]:
        return tuple(each for each in self._tree.children(path) if not self._hides(path, each.name))

    def listing(self, path: str = "") -> Listing:
        found = self._tree.listing(path)
        return Listing([name for name in found.files if not self._hides(path, name)], found.folders)

    def above(self, levels: int) -> Tree:
        return self._tree.above(levels) if levels else self

    def _hides(self, folder: str, name: str) -> bool:
        return (f"{folder}/{name}" if folder else name) in self._hidden
