"""The build context: what belongs to it, and a digest that follows content and nothing else."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from pathlib import Path

import pytest

from draft_ls.build.context import ArchiveReader, ContextReader, ignore_file
from draft_ls.build.model import FileType
from draft_ls.errors import DraftError, Severity, Stage

AGES_AGO = 1_000_000_000


@pytest.fixture
def app(tmp_path: Path) -> Path:
    write(tmp_path, "Dockerfile", "FROM scratch\nCOPY . /\n")
    write(tmp_path, "app.py", "print('hello')\n")
    write(tmp_path, "templates/index.html", "<p>")
    return tmp_path


def write(root: Path, path: str, text: str) -> Path:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


def settle(root: Path) -> None:
    """Let the clock move on until no file of ``root`` could still change unseen."""
    newest = max(path.lstat().st_ctime_ns for path in root.rglob("*"))
    while time.time_ns() <= newest + 30_000_000:
        time.sleep(0.005)


def test_members_with_types_modes_and_digests(app: Path) -> None:
    (app / "run.sh").write_text("#!/bin/sh\n")
    (app / "run.sh").chmod(0o755)
    (app / "link").symlink_to("app.py")
    (app / "empty").mkdir(mode=0o700)
    files = ContextReader(app).read().files
    assert list(files) == [
        "Dockerfile",
        "app.py",
        "empty",
        "link",
        "run.sh",
        "templates",
        "templates/index.html",
    ]
    assert files["run.sh"].mode == 0o755
    assert files["link"].type is FileType.LINK
    assert files["empty"].type is FileType.FOLDER
    assert files["empty"].mode == 0o700
    assert files["app.py"].digest == hashlib.sha256(b"print('hello')\n").hexdigest()
    assert files["app.py"].size == 15


def test_unchanged_is_the_same_object_and_reads_no_file(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = ContextReader(app)
    reader.read()
    settle(app)
    first = reader.read()
    opened: list[str] = []
    real = os.open

    def watched(path: str, flags: int, *rest: int, **more: int) -> int:
        if not flags & os.O_DIRECTORY:
            opened.append(str(path))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", watched)
    assert reader.read() is first
    assert not opened


def test_times_do_not_count(app: Path) -> None:
    reader = ContextReader(app)
    first = reader.read()
    os.utime(app / "app.py", (1, 1))
    assert reader.read() is first
    assert ContextReader(app).read().digest == first.digest


@pytest.mark.parametrize(
    "change", ["bytes", "mode", "new", "gone", "renamed", "link", "folder mode", "Dockerfile"]
)
def test_every_change_of_content_counts(app: Path, change: str) -> None:
    (app / "link").symlink_to("app.py")
    reader = ContextReader(app)
    before = reader.read()
    match change:
        case "bytes":
            write(app, "app.py", "print('HELLO')\n")
        case "mode":
            (app / "app.py").chmod(0o755)
        case "new":
            write(app, "new.py", "")
        case "gone":
            (app / "app.py").unlink()
        case "renamed":
            (app / "app.py").rename(app / "main.py")
        case "link":
            (app / "link").unlink()
            (app / "link").symlink_to("other.py")
        case "folder mode":
            (app / "templates").chmod(0o700)
        case _:
            write(app, "Dockerfile", "FROM scratch\nCOPY . /app\n")
    after = reader.read()
    assert after.digest != before.digest
    assert ContextReader(app).read().digest == after.digest


def test_the_dockerfile_counts_even_when_it_is_ignored(app: Path) -> None:
    write(app, ".dockerignore", "Dockerfile\n.dockerignore\n")
    reader = ContextReader(app)
    before = reader.read()
    assert "Dockerfile" not in before.files
    write(app, "Dockerfile", "FROM scratch\n")
    assert reader.read().digest != before.digest


def test_a_second_write_within_one_tick_is_seen(app: Path) -> None:
    """Equal size, equal times, equal inode: only the time of reading tells that it may have changed."""
    reader = ContextReader(app)
    target = app / "app.py"
    for number in range(200):
        target.write_text(f"{number:06}")
        first = reader.read().digest
        target.write_text(f"{-number - 1:06}")
        assert reader.read().digest != first


def test_a_file_that_keeps_size_and_mtime_is_read_again(app: Path) -> None:
    reader = ContextReader(app)
    os.utime(app / "app.py", ns=(AGES_AGO, AGES_AGO))
    settle(app)
    before = reader.read()
    write(app, "app.py", "print('HELLO')\n")
    os.utime(app / "app.py", ns=(AGES_AGO, AGES_AGO))
    assert reader.read().digest != before.digest


def test_ignored_files_do_not_count(app: Path) -> None:
    write(app, ".dockerignore", "*.log\nnode_modules\n")
    reader = ContextReader(app)
    before = reader.read()
    write(app, "a.log", "x")
    write(app, "node_modules/x/index.js", "x")
    assert reader.read() is before


def test_changed_rules_apply_to_known_files(app: Path) -> None:
    reader = ContextReader(app)
    assert "app.py" in reader.read().files
    write(app, ".dockerignore", "*.py\n")
    assert "app.py" not in reader.read().files
    write(app, ".dockerignore", "")
    assert "app.py" in reader.read().files


def test_pruned_folders_are_not_entered(app: Path) -> None:
    write(app, ".dockerignore", "secret\n!app.py\n")
    write(app, "secret/file", "x")
    (app / "secret").chmod(0)
    try:
        assert not [path for path in ContextReader(app).read().files if path.startswith("secret")]
    finally:
        (app / "secret").chmod(0o700)


def test_a_folder_comes_with_what_an_exception_brings_back(app: Path) -> None:
    write(app, ".dockerignore", "*\n!src/keep.py\n")
    write(app, "src/keep.py", "x")
    write(app, "src/other.py", "x")
    write(app, "lib/other.py", "x")
    assert list(ContextReader(app).read().files) == ["src", "src/keep.py"]


def test_the_dockerfiles_own_ignore_file_wins(app: Path) -> None:
    write(app, "docker/Dockerfile", "FROM scratch\n")
    write(app, ".dockerignore", "app.py\n")
    assert "app.py" not in ContextReader(app, "docker/Dockerfile").read().files
    write(app, "docker/Dockerfile.dockerignore", "templates\n")
    files = ContextReader(app, "docker/Dockerfile").read().files
    assert "app.py" in files
    assert "templates" not in files
    assert ignore_file(app, "docker/Dockerfile") == app / "docker/Dockerfile.dockerignore"


def test_extra_lines_and_a_dockerfile_outside(app: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = write(tmp_path_factory.mktemp("else"), "Dockerfile", "FROM scratch\n")
    context = ContextReader(app, os.path.relpath(outside, app), extra=("Dockerfile", "templates/*")).read()
    assert list(context.files) == ["app.py", "templates"]
    assert context.ignore == ("Dockerfile", "templates/*")


def test_a_socket_stays_out_with_a_warning(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(app)  # a socket's path is short by law
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.sock")
        os.mkfifo("pipe")
        context = ContextReader(app).read()
    assert not {"s.sock", "pipe"} & set(context.files)
    assert {problem.code for problem in context.problems} == {"context-special-file"}
    assert all(problem.severity is Severity.WARNING for problem in context.problems)


@pytest.mark.parametrize(
    ("path", "text", "code", "line"),
    [
        ("Dockerfile", " \n", "dockerfile-empty", 0),
        (".dockerignore", "ok\n[bad\n", "ignore-pattern", 1),
    ],
)
def test_bad_input_is_a_problem_at_its_line(app: Path, path: str, text: str, code: str, line: int) -> None:
    write(app, path, text)
    with pytest.raises(DraftError) as caught:
        ContextReader(app).read()
    problem = caught.value.problem
    assert (problem.code, problem.stage) == (code, Stage.BUILD)
    assert problem.place is not None
    assert problem.place.path == app / path
    assert problem.place.span is not None
    assert problem.place.span.start.line == line


def test_no_dockerfile(app: Path) -> None:
    (app / "Dockerfile").unlink()
    with pytest.raises(DraftError, match="no Dockerfile") as caught:
        ContextReader(app).read()
    assert caught.value.problem.code == "dockerfile-missing"
    assert caught.value.problem.fix


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(app: Path) -> None:
    (app / "app.py").chmod(0)
    with pytest.raises(DraftError) as caught:
        ContextReader(app).read()
    assert caught.value.problem.code == "context-unreadable"


def test_a_name_that_is_no_unicode(app: Path) -> None:
    Path(os.fsdecode(os.fsencode(app) + b"/caf\xe9")).write_text("x")
    context = ContextReader(app).read()
    assert os.fsdecode(b"caf\xe9") in context.files


def test_two_thousand_unchanged_files_cost_little_more_than_looking_at_them(tmp_path: Path) -> None:
    """A ratio, since the machine may be busy; the budget in milliseconds is held by the benchmark."""
    for number in range(2_000):
        if number % 100 == 0:
            (tmp_path / f"folder{number // 100}").mkdir()
        (tmp_path / f"folder{number // 100}" / f"{number}.txt").write_bytes(b"x")
    write(tmp_path, "Dockerfile", "FROM scratch\n")
    write(tmp_path, ".dockerignore", "**/node_modules\n*.log\n!important.log\n")
    reader = ContextReader(tmp_path)
    reader.read()
    settle(tmp_path)
    first = reader.read()
    ratios: list[float] = []
    for _ in range(9):
        start = time.thread_time()
        look_at_all(str(tmp_path))
        middle = time.thread_time()
        assert reader.read() is first
        ratios.append((time.thread_time() - middle) / (middle - start))
    assert min(ratios) < 2.5, ratios


def look_at_all(folder: str) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                look_at_all(entry.path)
            else:
                entry.stat(follow_symlinks=False)


def test_files_survive_replace_by_a_link_and_back(app: Path) -> None:
    reader = ContextReader(app)
    reader.read()
    (app / "app.py").unlink()
    (app / "app.py").symlink_to("templates/index.html")
    context = reader.read()
    assert context.files["app.py"].type is FileType.LINK
    (app / "app.py").unlink()
    (app / "app.py").mkdir()
    assert reader.read().files["app.py"].type is FileType.FOLDER


def test_a_folder_that_an_exception_brought_in_and_then_became_a_file(app: Path) -> None:
    write(app, ".dockerignore", "src\n!src/keep.py\n")
    write(app, "src/keep.py", "x")
    reader = ContextReader(app)
    assert "src" in reader.read().files
    (app / "src/keep.py").unlink()
    (app / "src").rmdir()
    write(app, "src", "now a file, and ignored")
    assert "src" not in reader.read().files


def test_still(app: Path) -> None:
    reader = ContextReader(app)
    context = reader.read()
    assert reader.still(context)
    write(app, "app.py", "other")
    assert not reader.still(context)


def test_a_ready_made_archive(tmp_path: Path) -> None:
    archive = tmp_path / "context.tar"
    archive.write_bytes(b"one")
    reader = ArchiveReader(tmp_path, archive)
    first = reader.read()
    assert first.digest == hashlib.sha256(b"one").hexdigest()
    assert not first.files
    os.utime(archive, (1, 1))
    assert reader.read() is first
    archive.write_bytes(b"two")
    assert reader.read().digest != first.digest
    archive.unlink()
    with pytest.raises(DraftError) as caught:
        reader.read()
    assert caught.value.problem.code == "archive-unreadable"


def test_a_root_that_is_a_link(app: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    link = tmp_path_factory.mktemp("links") / "app"
    link.symlink_to(app)
    assert ContextReader(link).read().digest == ContextReader(app).read().digest


def test_a_folder_that_goes_away_or_turns_into_a_link(app: Path) -> None:
    reader = ContextReader(app)
    reader.read()
    (app / "templates/index.html").unlink()
    (app / "templates").rmdir()
    (app / "templates").symlink_to(".")
    context = reader.read()
    assert context.files["templates"].type is FileType.LINK
    assert "templates/app.py" not in context.files
