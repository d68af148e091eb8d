"""The syncer and its shell scripts, against real shells on this machine."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draft_ls.build.context import ContextReader
from draft_ls.dockerfile.parse import parse
from draft_ls.errors import DraftError
from draft_ls.sync import channel
from draft_ls.sync.channel import Channel
from draft_ls.sync.mapping import Image, changes_between, plan_sync
from draft_ls.sync.model import Delete, Kind, Replica, SyncPlan, Write
from draft_ls.sync.syncer import Syncer, replicas
from sync_local import LocalCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLICA = Replica("default", "pod", "app", "uid")
SHELLS = [["/bin/sh"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]]


def write(source: Path, target: Path, kind: Kind = Kind.FILE) -> Write:
    content = str(source.readlink()).encode() if kind is Kind.LINK else source.read_bytes()
    mode = 0o777 if kind is Kind.LINK else source.stat().st_mode & 0o777
    return Write(source.name, str(target), kind, mode, len(content), hashlib.sha256(content).hexdigest())


def plan(*operations: Write | Delete) -> SyncPlan:
    return SyncPlan(operations, restart=False, reason="")


@pytest.fixture(params=[shell for shell in SHELLS if shutil.which(shell[0])], ids=" ".join)
def local(request: pytest.FixtureRequest) -> LocalCluster:
    return LocalCluster(request.param)


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    saved, container = tmp_path / "saved", tmp_path / "container"
    saved.mkdir()
    container.mkdir()
    yield saved, container


async def opened(cluster: Any, root: Path) -> Syncer:
    syncer = Syncer(cluster, root)
    assert (await syncer.follow([REPLICA])).problem is None
    return syncer


async def test_a_connection_that_has_died_is_replaced(
    local: LocalCluster, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes everything and says nothing, as after a sleep."""
    saved, container = folders
    (saved / "a").write_text("new")
    syncer = await opened(local, saved)

    async def swallow(data: bytes) -> None:
        del data

    renewed: list[bool] = []

    def renew() -> None:
        renewed.append(True)
        monkeypatch.setattr(channel, "BEGIN_TIMEOUT", 30.0)

    monkeypatch.setattr(local, "renew", renew)
    monkeypatch.setattr(local.streams[0], "write", swallow)
    monkeypatch.setattr(channel, "BEGIN_TIMEOUT", 0.05)
    result = await syncer.apply(plan(write(saved / "a", container / "a")))
    assert result.problem is None
    assert (container / "a").read_text() == "new"
    assert (len(renewed), len(local.streams)) == (1, 2)
    await syncer.close()


async def test_a_round_trip(local: LocalCluster, folders: tuple[Path, Path]) -> None:
    saved, container = folders
    (saved / "a").write_bytes(os.urandom(70_001))
    (saved / "a").chmod(0o751)
    (saved / "l").symlink_to("a")
    (container / "old").write_text("old")
    syncer = await opened(local, saved)
    result = await syncer.apply(
        plan(
            write(saved / "a", container / "x/y/a"),
            write(saved / "l", container / "l", Kind.LINK),
            Delete("old", str(container / "old"), Kind.FILE),
        )
    )
    assert result.problem is None
    assert (result.files, result.bytes) == (3, 70_002)
    assert (container / "x/y/a").read_bytes() == (saved / "a").read_bytes()
    assert (container / "x/y/a").stat().st_mode & 0o777 == 0o751
    assert (container / "l").readlink() == Path("a")
    assert not (container / "old").exists()
    assert len(local.streams) == 1
    await syncer.close()
    assert local.streams[0].process.returncode is not None


async def test_a_lost_exec_is_replaced_and_the_container_stays_right(folders: tuple[Path, Path]) -> None:
    saved, container = folders
    local = LocalCluster()
    syncer = await opened(local, saved)
    for number in range(3):
        (saved / "a").write_text(f"{number}")
        local.streams[-1].process.kill()
        result = await syncer.apply(plan(write(saved / "a", container / "a")))
        assert result.problem is None
        assert (container / "a").read_text() == f"{number}"
    assert len(local.streams) >= 4
    await syncer.close()


async def test_a_wrong_digest_is_found(folders: tuple[Path, Path]) -> None:
    saved, container = folders
    (saved / "a").write_text("a")
    (container / "tools").mkdir()
    for tool in ("dd", "tar", "mv", "rm", "mkdir", "readlink", "id", "cat", "sh"):
        (container / "tools" / tool).symlink_to(shutil.which(tool) or "/nowhere")
    liar = container / "tools/sha256sum"
    liar.write_text(f'#!/bin/sh\necho "{"0" * 64}  $2"\n')
    liar.chmod(0o755)
    syncer = await opened(LocalCluster(path=str(container / "tools")), saved)
    problem = (await syncer.apply(plan(write(saved / "a", container / "a")))).problem
    assert problem is not None
    assert problem.code == "sync-unverified"
    await syncer.close()


@pytest.mark.parametrize("missing", ["dd", "mv", "sha256sum"])
async def test_missing_tools(folders: tuple[Path, Path], missing: str) -> None:
    saved, container = folders
    for tool in {"dd", "tar", "mv", "rm", "mkdir", "sha256sum", "id", "cat"} - {missing}:
        (container / tool).symlink_to(shutil.which(tool) or "/nowhere")
    syncer = Syncer(LocalCluster(path=str(container)), saved)  # type: ignore[arg-type]
    problem = (await syncer.follow([REPLICA])).problem
    assert problem is not None
    assert problem.code == "sync-no-tools"
    assert missing in problem.message
    await syncer.close()


async def test_without_tar(folders: tuple[Path, Path]) -> None:
    saved, container = folders
    tools = container / "tools"
    tools.mkdir()
    for tool in ("dd", "mv", "rm", "mkdir", "sha256sum", "readlink", "id", "cat", "chmod", "ln"):
        (tools / tool).symlink_to(shutil.which(tool) or "/nowhere")
    operations: list[Write] = []
    for size in (0, 1, 10240, 32768, 32769, 100_000):
        (saved / f"f{size}").write_bytes(os.urandom(size))
        (saved / f"f{size}").chmod(0o640)
        operations.append(write(saved / f"f{size}", container / f"d{size}/f"))
    (saved / "l").symlink_to("it's")
    operations.append(write(saved / "l", container / "l", Kind.LINK))
    syncer = await opened(LocalCluster(path=str(tools)), saved)
    assert (await syncer.apply(plan(*operations))).problem is None
    for each in operations[:-1]:
        assert Path(each.target).read_bytes() == (saved / each.source).read_bytes()
        assert Path(each.target).stat().st_mode & 0o777 == 0o640
    assert (container / "l").readlink() == Path("it's")
    await syncer.close()


async def test_an_app_without_supervisor_is_not_restarted(folders: tuple[Path, Path]) -> None:
    saved, container = folders
    (saved / "a").write_text("a")
    syncer = await opened(LocalCluster(), saved)
    result = await syncer.apply(SyncPlan((write(saved / "a", container / "a"),), restart=True, reason=""))
    assert result.problem is not None
    assert result.problem.code == "sync-not-supervised"
    assert not (container / "a").exists()
    await syncer.close()


async def test_a_mounted_volume_is_refused(folders: tuple[Path, Path]) -> None:
    saved, container = folders
    (saved / "a").write_text("a")
    syncer = Syncer(LocalCluster(), saved)  # type: ignore[arg-type]
    await syncer.follow([Replica("default", "pod", "app", "uid", (str(container),))])
    problem = (await syncer.apply(plan(write(saved / "a", container / "a")))).problem
    assert problem is not None
    assert problem.code == "sync-mounted"
    await syncer.close()


async def test_a_changed_file_is_not_sent(folders: tuple[Path, Path]) -> None:
    saved, container = folders
    (saved / "a").write_text("a")
    operation = write(saved / "a", container / "a")
    (saved / "a").write_text("b")
    syncer = await opened(LocalCluster(), saved)
    with pytest.raises(DraftError, match="has changed again"):
        await syncer.apply(plan(operation))
    (saved / "a").unlink()
    with pytest.raises(DraftError, match="has changed again"):
        await syncer.apply(plan(operation))
    await syncer.close()


async def test_a_cancelled_sync_is_made_good_by_the_next(folders: tuple[Path, Path]) -> None:
    saved, container = folders
    (saved / "big").write_bytes(os.urandom(30_000_000))
    (saved / "a").write_text("a")
    syncer = await opened(LocalCluster(), saved)
    begun = asyncio.Event()
    running = asyncio.create_task(syncer.apply(plan(write(saved / "big", container / "big")), begun.set))
    await begun.wait()
    running.cancel()
    await asyncio.wait([running])
    assert (await syncer.apply(plan(write(saved / "a", container / "a")))).problem is None
    assert (container / "big").read_bytes() == (saved / "big").read_bytes()
    await syncer.close()


def test_replicas_of_a_pod() -> None:
    pod: dict[str, Any] = {
        "metadata": {"namespace": "n", "name": "p", "uid": "u"},
        "spec": {
            "containers": [
                {"name": "a", "image": "x:1", "volumeMounts": [{"mountPath": "/data/"}]},
                {"name": "b", "image": "x:2"},
            ]
        },
    }
    assert replicas(pod, "x:1") == (Replica("n", "p", "a", "u", ("/data",)),)
    pod["metadata"]["deletionTimestamp"] = "now"
    assert replicas(pod, "x:1") == ()


@pytest.mark.parametrize(
    ("target", "mount"),
    [("/data/x", "/data"), ("/data", "/data"), ("/database", None), ("/data/in/x", "/data/in")],
)
def test_mount_over(target: str, mount: str | None) -> None:
    assert Replica("n", "p", "c", "u", ("/data", "/data/in")).mount_over(target) == mount


NAME = st.sampled_from(["a", "b", "c d", "-e", "é", "f'g", 'h"$x', "i.py", "*"])
PATH = st.lists(NAME, min_size=1, max_size=3).map("/".join)
CONTENT = st.one_of(st.none(), st.just("link"), st.just("folder"), st.binary(max_size=40))
EDIT = st.tuples(PATH, CONTENT, st.sampled_from([0o644, 0o755, 0o600]))


def edit(root: Path, path: str, content: bytes | str | None, mode: int) -> None:
    """Make a path a file, link or folder, or nothing; whatever is in the way goes."""
    target = root
    for part in path.split("/")[:-1]:
        target /= part
        if target.is_symlink() or target.is_file():
            target.unlink()
        target.mkdir(exist_ok=True)
    target /= path.rpartition("/")[2]
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    if content == "link":
        target.symlink_to(f"to {path}")
    elif content == "folder":
        target.mkdir()
    elif isinstance(content, bytes):
        target.write_bytes(content)
        target.chmod(mode)


def seen(root: Path) -> dict[str, tuple[object, ...]]:
    """Every file and link below a folder; folders do not count: an empty one may stay."""
    found: dict[str, tuple[object, ...]] = {}
    for each in root.rglob("*"):
        if each.is_symlink():
            found[str(each.relative_to(root))] = ("link", str(each.readlink()))
        elif each.is_file():
            found[str(each.relative_to(root))] = (each.read_bytes(), each.stat().st_mode & 0o777)
    return found


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(EDIT, min_size=1, max_size=6), min_size=1, max_size=5))
def test_whatever_is_edited_the_container_is_equal(rounds: list[list[tuple[str, Any, int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_edit_and_compare(Path(folder), rounds))


async def _edit_and_compare(folder: Path, rounds: list[list[tuple[str, Any, int]]]) -> None:
    saved, container = folder / "saved", folder / "container"
    saved.mkdir()
    container.mkdir()
    (saved / "Dockerfile").write_text(f"FROM python\nCOPY . {container}/\n")
    image = parse((saved / "Dockerfile").read_text())
    live = {
        path: member for path, member in ContextReader(saved).read().files.items() if path == "Dockerfile"
    }
    shutil.copy(saved / "Dockerfile", container)
    syncer = await opened(LocalCluster(), saved)
    for edits in rounds:
        for path, content, mode in edits:
            edit(saved, path, content, mode)
        now = ContextReader(saved).read().files
        found = plan_sync(Image(image, live.keys() | now.keys()), changes_between(live, now))
        assert isinstance(found, SyncPlan), found
        result = await syncer.apply(SyncPlan(found.operations, restart=False, reason=""))
        assert result.problem is None, result.problem
        assert seen(container) == seen(saved)
        live = dict(now)
    await syncer.close()


async def test_the_container_says_when_the_app_listens(local: LocalCluster) -> None:
    channel = await Channel.open(local, REPLICA)  # type: ignore[arg-type] - it runs commands, here
    with socket.socket() as app:
        app.bind(("127.0.0.1", 0))
        port = app.getsockname()[1]
        assert await channel.run("echo restarted", port=port) == (0, "restarted\n")
        listening = asyncio.create_task(channel.listens())
        assert await channel.run("echo asked meanwhile") == (0, "asked meanwhile\n")
        assert not listening.done()
        app.listen()
        assert await listening
        assert await channel.run("echo still there") == (0, "still there\n")
        assert await channel.listens()
    assert (await channel.run("echo restarted", port=port))[0] == 0
    listening = asyncio.create_task(channel.listens())
    await channel.close()
    assert not await listening
