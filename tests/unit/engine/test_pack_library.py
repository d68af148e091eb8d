"""Packs of one's own: started, checked, added from a folder and from git, updated, removed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from draft_ls.engine.pack_check import check_pack
from draft_ls.engine.pack_library import add_packs, new_pack, remove_packs, sources, update_packs
from draft_ls.engine.packs import added_packs_folder, available_packs, user_packs_folder
from draft_ls.errors import DraftError

if TYPE_CHECKING:
    from pathlib import Path

PACK = 'title = "Ours"\nsummary = "{}"\n[[detect]]\nfile = "ours.json"\n'


def repository(folder: Path, summary: str = "one") -> Path:
    (folder / "packs/ours").mkdir(parents=True, exist_ok=True)
    (folder / "packs/ours/pack.toml").write_text(PACK.format(summary))
    (folder / "packs/ours/Dockerfile.j2").write_text("FROM debian:bookworm-slim\nUSER 1\n")
    return folder


def git(folder: Path, *arguments: str) -> None:
    own = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", folder, *own, *arguments], check=True, capture_output=True)


def test_a_new_pack_is_found_at_once(home: Path) -> None:
    made = new_pack("acme-web")
    assert made == user_packs_folder() / "acme-web"
    assert made.is_relative_to(home)
    found = available_packs()
    assert found.problems == ()
    assert found.packs["acme-web"].title == "Acme web"
    with pytest.raises(DraftError, match="already"):
        new_pack("acme-web")
    with pytest.raises(DraftError, match="cannot name"):
        new_pack("../evil")


def test_the_workspace_comes_first_and_only_if_trusted(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    (workspace / ".draft/packs/python").mkdir(parents=True)
    (workspace / ".draft/packs/python/pack.toml").write_text(PACK.format("ours"))
    assert available_packs(workspace).packs["python"].title == "Ours"
    assert available_packs(workspace, trusted=False).packs["python"].title == "Python"
    assert available_packs().packs["python"].title == "Python"


@pytest.mark.timeout(120)
async def test_a_new_pack_passes_its_check(helm4: Path, tmp_path: Path) -> None:
    made = new_pack("acme")
    checks = await check_pack(made, helm4)
    assert [check.name for check in checks if not check.ok] == []
    assert len(checks) == 7
    (made / "Dockerfile.j2").write_text("FROM debian\nRUN cd {{ nowhere }}\n")
    [broken] = await check_pack(made, helm4)
    assert not broken.ok
    assert "nowhere" in broken.seen
    missing = await check_pack(new_pack("other"), tmp_path / "no-helm")
    assert "helm lint" in [check.name for check in missing if not check.ok]
    assert all(check.fix for check in missing if not check.ok)


@pytest.mark.timeout(120)
async def test_a_check_can_take_a_real_app(helm4: Path, tmp_path: Path) -> None:
    made = new_pack("acme")
    app = tmp_path / "app"
    app.mkdir()
    [refused] = await check_pack(made, helm4, app=app)
    assert (refused.ok, refused.seen) == (False, f"The pack 'acme' does not recognise {app}.")
    (app / "acme.json").write_text("{}")
    assert all(check.ok for check in await check_pack(made, helm4, app=app))
    assert [each.name for each in app.iterdir()] == ["acme.json"]
    missing = await check_pack(made, None)
    assert [check.name for check in missing if not check.ok] == ["helm"]


async def test_a_folder_is_added_updated_and_removed(tmp_path: Path) -> None:
    source = repository(tmp_path / "team")
    added = await add_packs(str(source))
    assert (added.name, added.packs) == ("team", ("ours",))
    assert available_packs().packs["ours"].summary == "one"
    with pytest.raises(DraftError, match="added already"):
        await add_packs(str(source))
    repository(source, "two")
    assert available_packs().packs["ours"].summary == "one"
    await update_packs()
    assert available_packs().packs["ours"].summary == "two"
    remove_packs("team")
    assert "ours" not in available_packs().packs
    assert sources() == {}
    with pytest.raises(DraftError, match="No repository"):
        remove_packs("team")


async def test_a_git_repository_is_added_and_updated(tmp_path: Path) -> None:
    source = repository(tmp_path / "team")
    git(source, "init", "--quiet")
    git(source, "add", ".")
    git(source, "commit", "--quiet", "-m", "one")
    added = await add_packs(source.as_uri(), "theirs")
    assert (added.name, added.packs) == ("theirs", ("ours",))
    assert not (added_packs_folder() / "theirs/.git").exists()
    repository(source, "two")
    git(source, "commit", "--quiet", "-am", "two")
    await update_packs("theirs")
    assert available_packs().packs["ours"].summary == "two"


async def test_a_bad_source_changes_nothing(tmp_path: Path) -> None:
    source = repository(tmp_path / "team")
    await add_packs(str(source))
    (source / "packs/ours/pack.toml").write_text("= broken")
    with pytest.raises(DraftError, match="not valid TOML"):
        await update_packs("team")
    assert available_packs().packs["ours"].summary == "one"
    with pytest.raises(DraftError, match="no folder"):
        await add_packs(str(tmp_path / "missing"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DraftError, match="holds no pack"):
        await add_packs(str(tmp_path / "empty"))
    with pytest.raises(DraftError, match="could not fetch"):
        await add_packs((tmp_path / "nowhere").as_uri())
    assert [path.name for path in added_packs_folder().iterdir() if path.is_dir()] == ["team"]


async def test_links_do_not_come_in(tmp_path: Path) -> None:
    source = repository(tmp_path / "team")
    (source / "packs/ours/stolen").symlink_to("/etc/passwd")
    with pytest.raises(DraftError, match="symbolic link"):
        await add_packs(str(source))
    assert "ours" not in available_packs().packs


async def test_a_single_pack_can_be_added(tmp_path: Path) -> None:
    source = repository(tmp_path / "team") / "packs/ours"
    added = await add_packs(str(source), "solo")
    assert added.packs == ("ours",)
    assert "ours" in available_packs().packs
