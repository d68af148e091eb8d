"""The files that a start command names: whether they are in the image, and what is meant if they are not."""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import TYPE_CHECKING

from draft_ls.analysis.edits import line_end, replacement
from draft_ls.analysis.layout import Layout
from draft_ls.detect.walk import GENERATED
from draft_ls.errors import Edit, Place, Problem, Repair, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.command import Argument, StartCommand
    from draft_ls.analysis.subject import Image, Subject


class Start:
    """A start command and the image that it is to run in."""

    def __init__(self, subject: Subject, image: Image, command: StartCommand) -> None:
        self.subject = subject
        self.image = image
        self.command = command

    @cached_property
    def layout(self) -> Layout:
        """Where the files of the build context are in the image."""
        return Layout(self.subject, self.image)

    def place(self, word: Argument) -> Place:
        """Where a word of the command is written."""
        return self.image.place(word.span or self.command.instruction.span)

    def there(self, path: str) -> bool:
        """Whether the image has a file, relative to its working directory."""
        return self.layout.source(self.image.settings.absolute(path)) is not None

    def node_finds(self, path: str, *more: str) -> bool:
        """Whether Node finds what a command calls ``path``; ``more`` are further endings."""
        endings = ("", ".js", ".mjs", ".cjs", "/index.js", *more)
        return path == "." or any(self.there(f"{path.rstrip('/')}{each}") for each in endings)

    def file(self, word: Argument, path: str) -> Iterator[Problem]:
        """The problem of a file that the command names and the image does not have."""
        target = self.image.settings.absolute(path)
        yield from self.absent(target, path, self.place(word), word)

    def absent(self, target: str, path: str, place: Place, word: Argument | None) -> Iterator[Problem]:
        """The problem of a path that the image does not have, unless something may put a file there unseen."""
        if self.layout.source(target) is not None:
            return
        near = self.layout.nearest(target)
        uncopied = self._not_copied(path)
        generated = any(part in GENERATED for part in path.split("/")[:-1])
        if not self.layout.sure and (generated or (near is None and uncopied is None)):
            return
        if not self.layout.sure and uncopied is not None:
            return
        if uncopied is not None:
            yield self._uncopied(path, uncopied, place)
            return
        better = self._spelt_like(near, path) if near else ""
        exact = word is not None and word.span is not None and word.text == word.written
        yield Problem(
            "start-file-missing",
            f"The image has no {target}, which the start command runs.",
            place=place,
            cause="No file of the build context is copied there.",
            fix=f"Did you mean {better}?" if better else "Correct the command, or copy the file.",
            related=self._seen(near),
            repairs=(replacement(f"Run {better}", place, better),) if better and exact else (),
        )

    def _seen(self, container_path: str | None) -> tuple[tuple[Place, str], ...]:
        source = self.layout.source(container_path) if container_path else None
        return ((self.subject.source_place(source), "this is copied"),) if source else ()

    def _not_copied(self, path: str) -> str | None:
        """The file that is meant, if it is in the app's folder but does not get into the image."""
        relative = path.removeprefix("./")
        workdir = self.image.settings.workdir or "/"
        relative = relative.removeprefix(workdir).lstrip("/")
        there = self.subject.sources.kind(relative) is not None
        return relative if there and not self.layout.where(relative) else None

    def _uncopied(self, path: str, source: str, place: Place) -> Problem:
        hidden = source not in self.subject.context.files
        reason = f"{self.subject.context.ignore_path} leaves it out" if hidden else "no COPY takes it"
        repairs: tuple[Repair, ...] = ()
        last = next(
            (each for each in reversed(self.subject.copies) if each.stage == self.image.final.index), None
        )
        if not hidden and last is not None:
            end = last.instruction.span.end
            target = self.image.settings.absolute(source)
            line = f"COPY {source} {target}"
            edit = Edit(self.image.place(Span(end, end)), f"{line_end(self.image.text)}{line}")
            repairs = (Repair(f"Add {line}", (edit,)),)
        return Problem(
            "start-file-not-copied",
            f"The start command runs {path}, but {reason}.",
            place=place,
            fix=f"Copy {source} in the Dockerfile." if not hidden else "Let it into the build context.",
            related=((self.subject.source_place(source), "the file is here"),),
            repairs=repairs,
        )

    def _spelt_like(self, container_path: str, written: str) -> str:
        """A container path in the way in which the command spells it."""
        if written.startswith("/"):
            return container_path
        relative = posixpath.relpath(container_path, self.image.settings.workdir or "/")
        return f"./{relative}" if written.startswith("./") else relative
