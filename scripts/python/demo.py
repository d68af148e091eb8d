"""The whole story on a copy of an example: create → up → URL → edit → save → the new version answers.

Run by ``scripts/demo``, which sets the machine up first.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from draft_ls.config.edit import set_value
from editor import Editor, FailedError, editing
from greeting import find_greeting
from place import ROOT, Place, choose

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = 300.0
"""Seconds for one deployment: the first one may have to fetch packages."""


def say(text: str) -> None:
    print(text, flush=True)


def stages(status: Any) -> str:
    """The stages of a run with their seconds, as they happened."""
    return " · ".join(f"{each.stage} {each.seconds:.2f} s" for each in status.stages or ())


async def answer(url: str) -> str:
    """What the app says at its URL."""

    def get() -> str:
        with urllib.request.urlopen(url, timeout=10) as response:
            return str(response.read().decode(errors="replace"))

    return await asyncio.to_thread(get)


async def create(editor: Editor, place: Place, namespace: str) -> None:
    """Scaffold, then say in draft.toml where the app goes."""
    started = time.perf_counter()
    await editor.command("draft.create", confirm=False)
    config = editor.folder / "draft.toml"
    if not config.exists():
        raise FailedError("draft.create wrote no draft.toml")
    took = time.perf_counter() - started
    made = sorted({path.relative_to(editor.folder).parts[0] for path in written_since(editor.folder)})
    say(f"--> Created {', '.join(made)} ({took:.2f} s)")
    text = set_value(config.read_text(), "development", "namespace", namespace)
    text = set_value(text, "development", "context", place.context)
    if place.registry:
        text = set_value(text, "development", "registry", place.registry)
    config.write_text(text)


def written_since(folder: Path) -> list[Path]:
    """The files that the scaffold wrote: those that the example does not have."""
    example = ROOT / "examples" / folder.name
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not (example / path.relative_to(folder)).exists()
    ]


async def story(place: Place, app: Path, namespace: str) -> str:
    """Tell it. Returns the last line."""
    source, greeting = find_greeting(app)
    async with editing(app, place.variables(state=app.parent / "state")) as editor:
        await create(editor, place, namespace)

        started = time.perf_counter()
        await editor.command("draft.up")
        first = await editor.live(after=0, timeout=LIMIT)
        said = await answer(first.url)
        live = time.perf_counter() - started
        if greeting not in said:
            raise FailedError(f"{first.url} says {said[:200]!r}, not {greeting!r}")
        say(f"--> Live at {first.url} ({live:.1f} s: {stages(first)})")
        say(f"    It says: {line_with(said, greeting)}")

        new = f"Hello again, {time.strftime('%H:%M:%S')}"
        say(f"--> Saving {source.name}: {greeting!r} becomes {new!r}")
        started = time.perf_counter()
        editor.save(source, source.read_text().replace(greeting, new))
        second = await editor.live(after=first.run, timeout=LIMIT)
        said = await answer(second.url)
        redeployed = time.perf_counter() - started
        if new not in said:
            raise FailedError(f"{second.url} still says {said[:200]!r} after {new!r} was reported live")
        say(f"--> Redeployed ({redeployed:.1f} s: {stages(second)})")
        say(f"    It says: {line_with(said, new)}")
        return f"demo: live in {live:.1f} s, redeployed in {redeployed:.1f} s, at {second.url}"


def line_with(text: str, wanted: str) -> str:
    """The line of ``text`` that holds ``wanted``."""
    return next((line.strip() for line in text.splitlines() if wanted in line), text.strip())[:100]


async def run(place: Place, example: str, keep: bool) -> str:
    """The story in a folder and a namespace of its own, both gone afterwards."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="draft-demo-") as folder:
        app = Path(folder) / example
        shutil.copytree(ROOT / "examples" / example, app)
        with place.namespace("draft-demo", keep=keep) as namespace:
            say(f"--> A copy of examples/{example} in {app}, for the namespace {namespace}")
            return await story(place, app, namespace)


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("demo")
    parser.add_argument("--context")
    parser.add_argument("--local", action="store_true")
    parser.add_argument("--registry")
    parser.add_argument("--example", default="python")
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Exit code 0 only if both versions answered."""
    options = arguments(argv)
    place = choose(context=options.context, local=options.local, registry=options.registry)
    try:
        last = asyncio.run(run(place, options.example, options.keep))
    except (FailedError, TimeoutError, urllib.error.URLError, asyncio.CancelledError) as error:
        say(f"demo: failed: {error or type(error).__name__}")
        return 1
    if place.built:
        say("--> The cluster keeps running; to take it down: scripts/cluster down --delete")
    say(last)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
