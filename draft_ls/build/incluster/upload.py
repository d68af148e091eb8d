"""Bringing a build context to the builder, as little of it as possible."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from draft_ls.build.incluster.sources import NONE, State, batches, needs_new_tree, packed, state_of

if TYPE_CHECKING:
    from draft_ls.build.incluster.conversation import Conversation
    from draft_ls.build.incluster.sources import Batch
    from draft_ls.build.model import BuildContext


class Uploader:
    """Remembers what the builder has of each app, so that nothing is asked twice."""

    def __init__(self) -> None:
        self._known: dict[str, State] = {}

    async def bring(self, talk: Conversation, app: str, context: BuildContext) -> None:
        """Make the builder's files equal to those of the context. What arrives whole is kept even if it fails.

        Args:
            talk: with a script that has just said what it has.
            app: which app's files.
            context: the files.

        Raises:
            DraftError: the stream was cut (``builder-lost``), or a file changed while it was read.
            EndedError: the builder could not take them.
        """
        name, compress = await _greeting(talk)
        state = await self._state(talk, app, name, compress=compress)
        for batch in batches(state.files, context.files):
            if needs_new_tree(state, batch):
                await talk.send("reset")
                self._known[app] = State()
                for fresh in batches({}, context.files):
                    await self._send(talk, app, fresh, context, compress=compress)
                return
            state = await self._send(talk, app, batch, context, compress=compress)

    async def _state(self, talk: Conversation, app: str, name: str, *, compress: bool) -> State:
        """What the builder has: as remembered, or as its journal tells."""
        known = self._known.get(app)
        if known is not None and known.name == name:
            return known
        journal = b""
        if name != NONE:
            await talk.send("journal")
            size = int((await talk.answer())[1])
            journal = await talk.take(size)
        self._known[app] = await asyncio.to_thread(_read, journal, compress=compress)
        return self._known[app]

    async def _send(
        self, talk: Conversation, app: str, batch: Batch, context: BuildContext, *, compress: bool
    ) -> State:
        data = await asyncio.to_thread(packed, context.root, batch, context.files, compress=compress)
        await talk.send(f"batch {len(data)}", data)
        await talk.answer()
        self._known[app] = await asyncio.to_thread(self._known[app].after, batch.entries)
        return self._known[app]


def app_key(context: BuildContext) -> str:
    """What the builder calls an app: it must not learn where the app lies on the person's disk."""
    return hashlib.sha256(
        f"{context.root}\0{context.dockerfile}".encode("utf-8", "surrogateescape")
    ).hexdigest()[:24]


async def _greeting(talk: Conversation) -> tuple[str, bool]:
    """The name of what the builder has, and whether it can unpack compressed archives."""
    while (words := await talk.answer())[0] != "hello":
        pass  # an upload for the same app is under way
    return words[2], words[3] != "plain"


def _read(journal: bytes, *, compress: bool) -> State:
    import gzip

    return state_of(gzip.decompress(journal) if compress and journal else journal)
