"""Questions to the person at the terminal."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from draft_ls.cli.output import Output
    from draft_ls.engine.model import Question


class Asker:
    """Puts the engine's questions to the person.

    Args:
        output: where the question goes.
        yes: take the first choice of every question instead of asking.
    """

    def __init__(self, output: Output, *, yes: bool = False) -> None:
        self._output = output
        self._yes = yes

    async def __call__(self, question: Question) -> str | None:
        """The choice; none if nobody is there to make it, or none was made."""
        if self._yes:
            return question.choices[0]
        if not self._output.interactive:
            return None
        self._output.progress(None)
        self._output.note(question.message)
        for number, choice in enumerate(question.choices, 1):
            self._output.note(f"  {number}) {choice}")
        while True:
            answer = await self._line(f"Choose 1-{len(question.choices)}: ")
            if not answer:
                return None
            if choice := chosen(answer.strip(), question.choices):
                return choice

    async def confirm(self, message: str) -> bool:
        """Whether the person says yes; no if nobody is there."""
        if self._yes:
            return True
        if not self._output.interactive:
            return False
        return (await self._line(f"{message} [y/N] ")).strip().lower() in {"y", "yes"}

    async def _line(self, prompt: str) -> str:
        """A line that the person types; empty at the end of input. Ctrl-C is not held up by it."""
        sys.stderr.write(prompt)
        sys.stderr.flush()
        loop = asyncio.get_running_loop()
        typed: asyncio.Future[str] = loop.create_future()

        def read() -> None:
            if not typed.done():
                typed.set_result(sys.stdin.readline())

        loop.add_reader(sys.stdin, read)
        try:
            return await typed
        finally:
            loop.remove_reader(sys.stdin)


def chosen(answer: str, choices: tuple[str, ...]) -> str | None:
    """The choice that an answer names: by its number, or by how it starts."""
    if answer.isdecimal():
        return choices[int(answer) - 1] if 0 < int(answer) <= len(choices) else None
    found = [choice for choice in choices if answer and choice.lower().startswith(answer.lower())]
    return found[0] if len(found) == 1 else None
