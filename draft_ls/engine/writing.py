"""Writing a scaffold to disk: all of it or nothing, and never over a file that was not meant."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from draft_ls.config.model import CONFIG_FILE
from draft_ls.errors import DraftError, Place, Problem, Stage
from draft_ls.files import inside
from draft_ls.scaffold.model import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from draft_ls.scaffold.model import FileEdit


def write(folder: Path, edits: Iterable[FileEdit]) -> tuple[Path, ...]:
    """Make the edits of a scaffold: ``CREATE`` and ``REPLACE``; ``KEEP`` touches nothing.

    Every file is written whole beside its place first and then put there in one step. If a step fails or is
    interrupted, what was put in place before is taken back. draft.toml comes last: it is what makes the
    folder an app, so not even a killed process leaves a folder that looks complete and is not.

    Returns:
        The files that were written, absolute.

    Raises:
        DraftError: a file to create is there already, a path leaves the folder, or the disk refused.
    """
    wanted = [edit for edit in edits if edit.action is not Action.KEEP]
    wanted.sort(key=lambda edit: edit.path == CONFIG_FILE)
    if not wanted:
        return ()
    for edit in wanted:
        _check_place(folder, edit.path)
    try:
        with _Placement(folder) as placement:
            placement.stage(wanted)
            placement.put(wanted)
    except OSError as error:
        raise DraftError(_problem(folder, error)) from error
    return tuple(folder / edit.path for edit in wanted)


class _Placement:
    """Files on their way to their places. Leaving the block with an error takes everything back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._created: list[Path] = []
        self._replaced: list[tuple[Path, Path]] = []
        self._folders: list[Path] = []

    def __enter__(self) -> _Placement:
        self._staging = Path(tempfile.mkdtemp(prefix=".draft-create-", dir=self._folder))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._take_back()
        shutil.rmtree(self._staging, ignore_errors=True)

    def stage(self, edits: Sequence[FileEdit]) -> None:
        """Write every file, whole, to the staging folder."""
        for number, edit in enumerate(edits):
            mode = 0o777 if edit.executable else 0o666  # what the person's umask leaves of it
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(self._staging / str(number), flags, mode), "wb") as file:
                file.write(edit.text.encode())
                file.flush()
                os.fsync(file.fileno())

    def put(self, edits: Sequence[FileEdit]) -> None:
        """Move each staged file to its place."""
        for number, edit in enumerate(edits):
            target, staged = self._folder / edit.path, self._staging / str(number)
            self._make_folders(target.parent)
            if edit.action is Action.REPLACE and target.exists():
                backup = self._staging / f"{number}.before"
                shutil.copy2(target, backup)
                self._replaced.append((target, backup))
                staged.replace(target)
            else:
                self._place_new(staged, target)

    def _place_new(self, staged: Path, target: Path) -> None:
        """Put a file where there must be none, without a moment in which another's could be lost."""
        try:
            target.hardlink_to(staged)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            with target.open("xb") as file:
                self._created.append(target)
                file.write(staged.read_bytes())
            target.chmod(staged.stat().st_mode & 0o777)
            return
        self._created.append(target)

    def _make_folders(self, folder: Path) -> None:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir()
            self._folders.append(each)

    def _take_back(self) -> None:
        for path in self._created:
            path.unlink(missing_ok=True)
        for path, backup in self._replaced:
            backup.replace(path)
        for path in reversed(self._folders):
            with contextlib.suppress(OSError):  # somebody else has put something there: it stays
                path.rmdir()


def _check_place(folder: Path, path: str) -> None:
    """Refuse a path that leaves the folder by its name or through a symbolic link."""
    target = folder / path
    if not inside(path) or not target.parent.resolve().is_relative_to(folder.resolve()):
        message = f"{path} leaves the folder {folder}."
        fix = "Correct the pack, or remove the symbolic link."
        raise DraftError(Problem("scaffold-path", message, Stage.SCAFFOLD, Place(target), fix=fix))


_FIXES = {
    errno.EEXIST: ("scaffold-file-exists", "Look at the file, then run draft create again."),
    errno.EACCES: ("scaffold-not-writable", "Give yourself permission to write in this folder."),
    errno.EPERM: ("scaffold-not-writable", "Give yourself permission to write in this folder."),
    errno.EROFS: ("scaffold-not-writable", "Copy the folder to a file system that can be written."),
    errno.ENOSPC: ("disk-full", "Free some space, then run draft create again."),
    errno.EDQUOT: ("disk-full", "Free some space, then run draft create again."),
    errno.ENOTDIR: ("scaffold-not-a-folder", "Rename the file that stands where a folder is needed."),
}


def _problem(folder: Path, error: OSError) -> Problem:
    code, fix = _FIXES.get(
        error.errno or 0, ("scaffold-not-written", "Correct this, then run draft create again.")
    )
    named = error.filename2 or error.filename
    path = Path(os.fsdecode(named)) if isinstance(named, str | bytes) else folder
    message = f"{path} is there already." if error.errno == errno.EEXIST else f"{folder} was left as it was."
    return Problem(code, message, Stage.SCAFFOLD, Place(path), cause=error.strerror or str(error), fix=fix)
