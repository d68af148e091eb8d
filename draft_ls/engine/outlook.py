"""How one file of an app stands: whether what it says is what runs, and what its next save would do.

Content decides: the bytes that a save would write, against those in the containers and in the release.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from draft_ls.analysis.syntax import syntax_problem
from draft_ls.build.context import edited as edited_context
from draft_ls.build.model import FileType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.build.model import ContextFile
    from draft_ls.engine.model import Plan
    from draft_ls.engine.target import ReleaseInputs, Target


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a file stands, as it is written in the editor.

    Attributes:
        live: what answers was made with this very content of the file.
        plan: what its next save would do; none if the disk says the same as the editor.
    """

    live: bool
    plan: Plan | None = None


def is_part(target: Target, path: str) -> bool:
    """Whether a file is of the image or of the release; ``path`` is relative to the app."""
    inner = in_context(target, path)
    file = target.context.files.get(inner)
    in_image = inner == target.context.dockerfile or (file is not None and file.type is FileType.FILE)
    return in_image or any(name == path for name, _ in target.release.files)


def in_context(target: Target, path: str) -> str:
    """A path that is relative to the app, relative to the build context."""
    app, root = target.config.path.parent, target.context.root
    return path if app == root else f"{app.relative_to(root).as_posix()}/{path}"


def says(
    files: Mapping[str, ContextFile],
    dockerfile: str,
    release: ReleaseInputs,
    path: str,
    inner: str,
    data: bytes,
) -> bool:
    """Whether a file has these bytes in the image and in the release, wherever it is part of them.

    Args:
        files: those of the image.
        dockerfile: the text of the Dockerfile, which is what counts of a file that is no member of the context.
        release: what Helm is given.
        path: which file, relative to the app.
        inner: the same, relative to the build context.
        data: the bytes.
    """
    digest = hashlib.sha256(data).hexdigest()
    places = [value for name, value in release.files if name == path]
    if inner in files:
        places.append(files[inner].digest)
    if not places:
        return dockerfile == _text(data)
    return all(each == digest for each in places)


def edited(target: Target, path: str, data: bytes) -> Target:
    """What will be saved once a file has other bytes; its identity is left to be found. Reads the Dockerfile."""
    text = _text(data)
    file = target.config.path.parent / path
    held = tuple(each for each in target.held if each.place is None or each.place.path != file)
    found = syntax_problem(file, text)
    return replace(
        target,
        context=edited_context(target.context, in_context(target, path), data),
        dockerfile=text if in_context(target, path) == target.context.dockerfile else target.dockerfile,
        release=target.release.edited(path, hashlib.sha256(data).hexdigest()),
        held=(*held, found) if found else held,
    )


def _text(data: bytes) -> str:
    """As ``reading.read_dockerfile`` reads it."""
    return data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
