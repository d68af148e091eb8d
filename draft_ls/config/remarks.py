"""What is said about the values of draft.toml, and the plain types that every kind of value is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from draft_ls.config.schema import nearest
from draft_ls.errors import Severity, Span

if TYPE_CHECKING:
    from draft_ls.config.document import Value
    from draft_ls.config.schema import Key


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about a value."""

    code: str
    message: str
    fix: str
    span: Span
    severity: Severity = Severity.ERROR


@dataclass(slots=True)
class Remarks:
    """Collects what is said about one key's value."""

    key: Key
    found: list[Remark] = field(default_factory=list[Remark])

    def bad(self, message: str, fix: str, span: Span) -> None:
        """The type is right, the value is not."""
        self.found.append(Remark("bad-value", message, fix, span))

    def wrong_type(self, value: Value, wanted: str, fix: str = "") -> None:
        """The value's type is wrong."""
        message = f"{self.key.name} must be {wanted}, not {describe(value)}."
        example = f"Write {self.key.name} = {self.key.example}."
        self.found.append(Remark("wrong-type", message, fix or example, value.span))


def describe(value: Value) -> str:
    """The type of a value, as people say it."""
    if value.table:
        return "a table"
    if value.items is not None:
        return "a list"
    for types, said in ((bool, "true or false"), (str, "a text"), ((int, float), "a number")):
        if isinstance(value.data, types):
            return said
    return "a date or time"


def read_text(value: Value, remarks: Remarks) -> str:
    """A text; a remark if it is none or empty."""
    if not isinstance(value.data, str):
        remarks.wrong_type(value, "a text")
        return ""
    if not value.data.strip():
        remarks.bad(f"{remarks.key.name} is empty.", "Write a value, or remove the key.", value.span)
    return value.data


def read_texts(value: Value, remarks: Remarks) -> tuple[tuple[str, Span], ...]:
    """The texts of a list, each with its place; a text that is wrong is left out."""
    if value.items is None:
        fix = f'Write {remarks.key.name} = ["{value.data}"].' if isinstance(value.data, str) else ""
        remarks.wrong_type(value, "a list of texts", fix)
        return ()
    texts: list[tuple[str, Span]] = []
    for item in value.items:
        if not isinstance(item.data, str):
            remarks.wrong_type(item, "a list of texts only", "Put the value in quotes.")
        elif not item.data.strip():
            remarks.bad(f"{remarks.key.name} holds an empty text.", "Write a value, or remove it.", item.span)
        else:
            texts.append((item.data, item.span))
    return tuple(texts)


def read_choice(value: Value, remarks: Remarks, choices: tuple[str, ...]) -> str:
    """One of ``choices``; the first if the value is none of them."""
    if not isinstance(value.data, str):
        remarks.wrong_type(value, f"one of {', '.join(choices)}", f'Write "{choices[0]}".')
    elif value.data in choices:
        return value.data
    else:
        good = nearest(value.data, choices)
        fix = f'Write "{good}".' if good else f"Write one of {', '.join(choices)}."
        remarks.bad(f"{value.data!r} is not one of {', '.join(choices)}.", fix, value.span)
    return choices[0]


def forbid_repeats(texts: tuple[tuple[str, Span], ...], remarks: Remarks) -> None:
    """A remark for each text that stands in the list before."""
    seen: set[str] = set()
    for text, span in texts:
        if text in seen:
            remarks.bad(f"{text!r} stands twice in {remarks.key.name}.", "Remove one of the two.", span)
        seen.add(text)
