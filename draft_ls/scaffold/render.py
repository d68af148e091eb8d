"""Rendering a pack's templates, in a sandbox: a template can compute text and nothing else."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from draft_ls.errors import DraftError, Place, Problem, Span, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

OUTPUT_LIMIT = 1024 * 1024
"""The longest text that a template may make, in characters."""


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    environment.filters["to_json"] = _to_json  # pyright: ignore[reportUnknownMemberType]
    return environment


@lru_cache(maxsize=256)
def _compiled(template: str) -> Template:
    return _environment().from_string(template)


def render(template: str, values: Mapping[str, object], path: Path) -> str:
    """The text that a template makes of these values.

    Args:
        template: Jinja2, without access to files, modules or attributes that begin with an underscore.
        values: what the template may name; naming anything else is an error.
        path: where the template lies, for problems.

    Raises:
        DraftError: the template is broken, names an unknown value, or makes too much text.
    """
    from jinja2 import TemplateError

    try:
        text = "".join(_bounded(_compiled(template).generate(dict(values))))
    except (
        TemplateError,
        ArithmeticError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        RecursionError,
        MemoryError,
    ) as error:
        cause = str(error).rstrip(".") or "it needs too much memory"
        line = getattr(error, "lineno", None) or _line_of(error)
        span = Span.line(line - 1) if line else None
        raise DraftError(
            Problem(
                code="bad-template",
                message=f"The template {path.name} cannot be rendered: {cause}.",
                stage=Stage.SCAFFOLD,
                place=Place(path, span),
                fix="Correct the template; docs/packs.md lists the values that it may use.",
            )
        ) from error
    return text if not text or text.endswith("\n") else text + "\n"


def _bounded(chunks: Iterable[str]) -> Iterator[str]:
    length = 0
    for chunk in chunks:
        length += len(chunk)
        if length > OUTPUT_LIMIT:
            raise ValueError(f"it makes more than {OUTPUT_LIMIT} characters")
        yield chunk


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line_of(error: BaseException) -> int | None:
    """The template's line in the traceback of an error that happened while rendering."""
    found = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
