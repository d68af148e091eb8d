"""Sources on their way to the builder: the client's side against the very script that the pod runs."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import psutil
import pytest

from builder_script import BUILDAH, SHELLS, Ground, LocalStream
from draft_ls.build.context import ContextReader
from draft_ls.build.incluster import sources
from draft_ls.build.incluster.conversation import EndedError
from draft_ls.build.incluster.sources import State, batches, state_of
from draft_ls.build.incluster.troubles import LostError
from draft_ls.build.incluster.upload import Uploader, app_key

if TYPE_CHECKING:
    from draft_ls.build.incluster.conversation import Conversation
    from draft_ls.build.model import BuildContext


@pytest.fixture(params=SHELLS)
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    return Ground(tmp_path / "builder", request.param)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return folder


def said(folder: Path) -> dict[str, tuple[str, int, str]]:
    """What a folder says: path → type, mode, content."""
    found: dict[str, tuple[str, int, str]] = {}
    for path in sorted(folder.rglob("*")):
        name, mode = path.relative_to(folder).as_posix(), stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = ("link", 0, str(path.readlink()))
        else:
            found[name] = ("folder", mode, "") if path.is_dir() else ("file", mode, path.read_text())
    return found


async def bring(ground: Ground, uploader: Uploader, context: BuildContext) -> int:
    async with ground.talk("x") as talk:
        await uploader.bring(talk, "x", context)
        return talk.sent


async def test_everything_a_folder_may_hold_arrives_and_changes(ground: Ground, app: Path) -> None:
    reader, uploader = ContextReader(app), Uploader()
    (app / "deep/er").mkdir(parents=True)
    (app / "deep").chmod(0o711)
    (app / "deep/er/run.sh").write_text("#!/bin/sh\n")
    (app / "deep/er/run.sh").chmod(0o750)
    (app / "a name with 'quotes', \\ and ü").write_text("odd\n")
    (app / "link").symlink_to("deep/er/run.sh")
    (app / "becomes-a-folder").write_text("file\n")
    (app / "becomes-a-file").mkdir()
    (app / "becomes-a-file/inner").write_text("inner\n")
    (app / "empty").mkdir()
    await bring(ground, uploader, reader.read())
    assert said(ground.tree("x")) == said(app)

    (app / "becomes-a-folder").unlink()
    (app / "becomes-a-folder").mkdir()
    (app / "becomes-a-folder/inner").write_text("new\n")
    shutil.rmtree(app / "becomes-a-file")
    (app / "becomes-a-file").write_text("file now\n")
    (app / "deep/er/run.sh").chmod(0o755)
    (app / "link").unlink()
    (app / "link").symlink_to("elsewhere")
    await bring(ground, uploader, reader.read())
    assert said(ground.tree("x")) == said(app)


async def test_a_save_sends_what_changed_and_a_rename_sends_no_content(ground: Ground, app: Path) -> None:
    reader, uploader = ContextReader(app), Uploader()
    noise = random.Random(1)
    (app / "big").write_bytes(noise.randbytes(300_000))
    first = await bring(ground, uploader, reader.read())
    assert first > 300_000
    assert await bring(ground, uploader, reader.read()) < 100
    (app / "small").write_text("x")
    assert await bring(ground, uploader, reader.read()) < 1_500
    (app / "big").rename(app / "moved")
    assert await bring(ground, Uploader(), reader.read()) < 1_500  # another process, too
    assert (ground.tree("x") / "moved").read_bytes() == (app / "moved").read_bytes()
    assert not (ground.tree("x") / "big").exists()


async def test_a_cut_in_the_middle_keeps_what_arrived_whole(
    ground: Ground, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BATCH", 1_000)
    for number in range(10):
        (app / f"{number}").write_text(f"{number}" * 1_000)
    context = ContextReader(app).read()
    wanted = list(batches({}, context.files))
    uploader = Uploader()
    async with ground.talk("x") as talk:
        assert (await talk.answer())[0] == "hello"
        data = sources.packed(app, wanted[0], context.files, compress=True)
        await talk.send(f"batch {len(data)}", data)
        assert await talk.answer() == ["taken"]
        data = sources.packed(app, wanted[1], context.files, compress=True)
        await talk.send(f"batch {len(data)}", data[: len(data) // 2])
    async with ground.talk("x") as talk:
        words = await talk.answer()
        assert words[2] == state_of(wanted[0].entries).name
    sent = await bring(ground, uploader, context)
    assert sent < sum(len(sources.packed(app, each, context.files, compress=True)) for each in wanted)
    assert said(ground.tree("x")) == said(app)


async def test_a_batch_that_was_interrupted_while_it_was_applied_is_applied_again(
    ground: Ground, app: Path
) -> None:
    reader, uploader = ContextReader(app), Uploader()
    (app / "old").write_text("old\n")
    await bring(ground, uploader, reader.read())
    before = reader.read()
    (app / "old").unlink()
    (app / "new").write_text("new\n")
    (batch,) = batches(before.files, reader.read().files)
    home = ground.tree("x").parent
    ready = home / "ready"  # as it lies there when the script is killed between checking and applying
    (ready / "tree").mkdir(parents=True)
    (ready / "tree/new").write_text("new\n")
    (ready / "removed").write_text("old\n")
    (ready / "journal").write_bytes(batch.entries)
    async with ground.talk("x") as talk:
        assert (await talk.answer())[2] == uploader._known["x"].after(batch.entries).name
    assert said(ground.tree("x")) == said(app)


async def test_what_does_not_match_its_checksum_is_refused(ground: Ground, app: Path) -> None:
    (app / "file").write_text("right\n")
    context = ContextReader(app).read()
    (batch,) = batches({}, context.files)
    data = sources.packed(app, batch, context.files, compress=False).replace(b"right\n", b"wrong\n")
    import gzip

    data = gzip.compress(data)
    async with ground.talk("x") as talk:
        await talk.answer()
        await talk.send(f"batch {len(data)}", data)
        with pytest.raises(EndedError) as caught:
            await talk.answer()
    assert any("file: FAILED" in line for line in caught.value.said)
    assert said(ground.tree("x")) == {}


async def test_a_build_gets_its_own_copy_and_leaves_nothing(ground: Ground, app: Path) -> None:
    (app / "wanted").write_text("as it was\n")
    output: list[str] = []
    answers: list[list[str]] = []
    async with ground.talk("x") as talk:
        await Uploader().bring(talk, "x", ContextReader(app).read())
        await talk.send("file Dockerfile 13", b"FROM scratch\n")
        talk.on_output = output.append
        await talk.send("build 6", b"--tag=")
        code, _ = await talk.outcome(answers.append)
    assert code == 0
    assert answers == [["building"], ["built", "sha256:abc"]]
    assert "as it was\n" in "".join(output)
    assert list((ground.folder / "data/jobs").iterdir()) == []
    assert list((ground.folder / "data/line").iterdir()) == []
    assert list((ground.folder / "run").iterdir()) == []


async def test_builds_stand_in_line_and_one_that_is_left_ends_with_all_it_started(
    ground: Ground, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAFT_PARALLEL", "1")
    (app / "slow").write_text("")
    context, begun = ContextReader(app).read(), asyncio.Event()
    async with ground.talk("slow") as slow:
        await Uploader().bring(slow, "slow", context)
        slow.on_output = lambda text: begun.set() if "under way" in text else None
        await slow.send("build 6", b"--tag=")
        outcome = asyncio.create_task(slow.outcome(lambda _: None))
        await begun.wait()
        (app / "slow").unlink()
        async with ground.talk("quick", "bob") as quick:
            await Uploader().bring(quick, "quick", ContextReader(app).read())
            await quick.send("build 6", b"--tag=")
            assert await quick.answer() == ["waiting", "1"]
            await slow.close()
            assert await quick.answer() == ["building"]
            assert (await quick.outcome(lambda _: None))[0] == 0
        assert (await outcome)[0] == 130
    async with asyncio.timeout(20):
        while _runs("sleep\0600", str(ground.folder)):
            await asyncio.sleep(0.05)


async def test_who_has_many_builds_keeps_nobody_waiting_for_more_than_one_of_them(
    ground: Ground, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAFT_PARALLEL", "1")
    (app / "until").write_text("")
    order: list[str] = []
    told: dict[str, list[list[str]]] = {}
    context = ContextReader(app).read()

    async def build(person: str, name: str) -> None:
        answers = told.setdefault(name, [])
        async with ground.talk(name, person) as talk:
            await Uploader().bring(talk, name, context)
            await talk.send("build 6", b"--tag=")
            while (answer := await talk.answer())[0] != "building":
                answers.append(answer)
            order.append(name)
            assert (await talk.outcome(lambda _: None))[0] == 0

    builds: list[asyncio.Task[None]] = []
    for person, name in (("ann", "a1"), ("ann", "a2"), ("ann", "a3"), ("bob", "b1"), ("cat", "c1")):
        builds.append(asyncio.create_task(build(person, name)))
        async with asyncio.timeout(20):
            while not (told.get(name) or name in order):
                await asyncio.sleep(0.02)
    (ground.folder / "go").write_text("")
    await asyncio.gather(*builds)
    assert order == ["a1", "a2", "b1", "c1", "a3"]
    assert told["a1"] == []
    assert told["a2"][0] == ["waiting", "1"]
    assert told["a3"][0] == ["waiting", "1", "own"]
    assert told["b1"][0] == ["waiting", "2"]
    assert told["c1"][0] == ["waiting", "3"]
    for line in (ground.folder / "data/line", ground.folder / "data/persons"):
        assert [each for each in line.rglob("*") if each.is_symlink()] == []


async def test_garbage_is_collected_once_there_is_too_much_of_it(ground: Ground) -> None:
    calls = ground.folder / "calls"
    ground.program("buildah", f'#!/bin/sh\nshift 6\necho "$@" >>"{calls}"\n[ "$2" != du ] || echo 9 total\n')
    data = ground.folder / "data"
    (data / "collected").write_text("")
    os.utime(data / "collected", (1, 1))
    (data / "built").write_text("")
    fresh, stale = data / "sources/ann/fresh", data / "sources/ann/stale"
    for folder in (fresh, stale):
        folder.mkdir(parents=True)
        (folder / "used").write_text("")
    os.utime(stale / "used", (1, 1))
    process = await ground.start("serve", DRAFT_COLLECT_ABOVE="-1")
    assert process.stdout is not None
    while not (await process.stdout.readline()).startswith(b"collecting all"):
        pass
    async with asyncio.timeout(20):
        while "unshare sh" not in calls.read_text():
            await asyncio.sleep(0.05)
    process.terminate()
    await process.wait()
    made = [line for line in calls.read_text().splitlines() if line.startswith("rmi")]
    assert made == ["rmi --prune", "rmi --all --force"]
    assert fresh.exists()
    assert not stale.exists()


async def test_garbage_waits_until_what_was_built_is_pushed(ground: Ground, app: Path) -> None:
    calls = ground.folder / "calls"
    log = f'echo "$@" >>"{calls}"\n[ "$8" != du ] || {{ echo 9 total; exit; }}\n'
    ground.program("buildah", BUILDAH.replace("#!/bin/sh\n", f"#!/bin/sh\n{log}"))
    serving = await ground.start("serve", DRAFT_COLLECT_ABOVE="8Ki")

    def looks() -> int:
        return calls.read_text().count("unshare du") if calls.exists() else 0

    async def another_minute() -> str:
        before = looks()
        os.utime(ground.folder / "data/collected", (1, 1))  # BusyBox compares whole seconds
        async with asyncio.timeout(20):
            while looks() == before:
                for child in psutil.Process(serving.pid).children():
                    if time.time() - child.create_time() > 1:  # nothing else than its sleep lasts
                        child.terminate()
                await asyncio.sleep(0.1)
        await asyncio.sleep(0.2)
        return calls.read_text()

    try:
        async with asyncio.timeout(20):
            while not (ground.folder / "run/ready").exists():
                await asyncio.sleep(0.02)
        async with ground.talk("x") as talk:
            await Uploader().bring(talk, "x", ContextReader(app).read())
            await talk.send("build 6", b"--tag=")
            assert (await talk.outcome(lambda _: None))[0] == 0
        assert "rmi" not in await another_minute()
        async with ground.run("push") as talk:
            await talk.send("push 18", b"sha256:abc r/app:x")
            assert (await talk.outcome(lambda _: None))[0] == 0
        assert "rmi --prune" in await another_minute()
    finally:
        serving.terminate()
        await serving.wait()


def _runs(words: str, folder: str) -> bool:
    """Whether a process of the ground's own runs that."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode()
            if words in command and folder in (process / "environ").read_bytes().decode(errors="replace"):
                return True
        except OSError:
            continue
    return False


async def test_the_end_of_the_container_is_a_lost_builder(ground: Ground) -> None:
    async with ground.talk("x") as talk:
        await talk.answer()
        cast("LocalStream", talk._stream)._process.kill()
        with pytest.raises(LostError):
            cast("LocalStream", talk._stream).exit_code = None
            await _until_killed(talk)


async def _until_killed(talk: Conversation) -> None:
    stream = cast("LocalStream", talk._stream)
    await stream._end
    stream.exit_code = 137  # what an API server says of a container that was killed
    await talk.answer()


def test_a_journal_tells_the_state() -> None:
    assert State().name == "none"
    assert state_of(b"").files == {}
    state = state_of(b'["a", "file", 420, 1, "d"]\n["b", "link", 511, 0, "e"]\n["a"]\n')
    assert set(state.files) == {"b"}
    assert state.after(b"") == state


def test_an_app_is_named_without_its_path(app: Path) -> None:
    context = ContextReader(app).read()
    assert app_key(context) == app_key(ContextReader(app).read())
    assert app.name not in app_key(context)
