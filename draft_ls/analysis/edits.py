"""The edits that repairs are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.errors import Edit, Place, Position, Repair, Span

if TYPE_CHECKING:
    from draft_ls.analysis.context import Context
    from draft_ls.analysis.subject import Image, Subject
    from draft_ls.dockerfile.model import Instruction


def replacement(title: str, place: Place, text: str) -> Repair:
    """Put a text where another one is."""
    return Repair(title, (Edit(place, text),))


def end_of(text: str) -> Span:
    """The empty span at the end of a text."""
    lines = text.split("\n")
    return Span.of(len(lines) - 1, len(lines[-1]), len(lines[-1]))


def line_end(text: str) -> str:
    """How a text ends its lines."""
    return "\r\n" if "\r\n" in text else "\n"


def ignoring(subject: Subject, context: Context, pattern: str) -> Repair:
    """Add a line to the ignore file, which is made if there is none."""
    text = context.ignore_text
    title = f"Add {pattern} to {context.ignore_path}"
    if text is None:
        return Repair(title, (Edit(subject.source_place(context.ignore_path), f"{pattern}\n"),))
    end = line_end(text)
    lead = "" if not text or text.endswith("\n") else end
    return Repair(
        title, (Edit(subject.source_place(context.ignore_path, end_of(text)), f"{lead}{pattern}{end}"),)
    )


def without_line(title: str, place: Place, line: int) -> Repair:
    """Take a whole line out."""
    return Repair(title, (Edit(Place(place.path, Span(Position(line, 0), Position(line + 1, 0))), ""),))


def line_before(title: str, image: Image, instruction: Instruction, line: str) -> Repair:
    """Put a line before an instruction of the Dockerfile."""
    at = instruction.span.start
    return Repair(title, (Edit(image.place(Span(at, at)), f"{line}{line_end(image.text)}"),))


def line_at_end(title: str, image: Image, line: str) -> Repair:
    """Put a line at the end of the Dockerfile."""
    end = line_end(image.text)
    lead = "" if image.text.endswith("\n") else end
    return Repair(title, (Edit(image.place(end_of(image.text)), f"{lead}{line}{end}"),))
