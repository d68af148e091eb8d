"""Adding, updating, removing and starting packs: what ``draft pack`` does on disk."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from draft_ls.config.names import is_dns_label
from draft_ls.engine.packs import added_packs_folder, packs_in, user_packs_folder
from draft_ls.errors import DraftError, Place, Problem, Stage
from draft_ls.files import DiskTree
from draft_ls.processes import run
from draft_ls.scaffold.packs import load_packs

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

FETCH_TIMEOUT = 120.0
"""Seconds that git may take."""

SOURCES = "sources.json"
"""Where the added repositories are noted: name → the address or folder they came from."""

_ADDRESS = re.compile(r"(?:https?|ssh|git|file)://|[\w.-]+@[\w.-]+:")
_GUARDS = ("-c", "protocol.ext.allow=never", "-c", "core.symlinks=false", "-c", "core.hooksPath=/dev/null")

NEW_PACK = """\
# What this pack is, and how its apps are recognised. docs/packs.md describes every key.
name = "{name}"
title = "{title}"
summary = "Apps of the kind {title}"
language = "{name}"
version = "1"

[[detect]]
file = "{name}.json"
confidence = 0.9

[defaults]
port = 8080
start = ["./start"]
ignore = []

[variables]
base = {{ type = "string", default = "debian:bookworm-slim", summary = "the base image", prompt = "Which base image?" }}
"""

NEW_DOCKERFILE = """\
FROM {{ base }}

RUN useradd --create-home --uid {{ user }} app \\
    && install --directory --owner=app --group=app /app
WORKDIR /app
COPY --chown={{ user }}:{{ user }} . .

USER {{ user }}
{%- if port %}
ENV PORT={{ port }}
EXPOSE {{ port }}
{%- endif %}
CMD {{ start | to_json }}
"""


@dataclass(frozen=True, slots=True)
class Added:
    """A repository of packs that was added.

    Attributes:
        name: what it is called here.
        source: the address or the folder it came from.
        packs: the names of the packs in it.
    """

    name: str
    source: str
    packs: tuple[str, ...]


def new_pack(name: str, folder: Path | None = None) -> Path:
    """Start a pack of one's own: a folder with a pack.toml and a Dockerfile to change.

    Args:
        name: the pack's name, a DNS label.
        folder: the folder of packs; the person's own by default.

    Raises:
        DraftError: the name is no DNS label, or the pack is there already.
    """
    if not is_dns_label(name):
        raise DraftError(
            _problem(
                "bad-pack-name", f"{name!r} cannot name a pack.", "Use lower-case letters, digits and '-'."
            )
        )
    target = (folder or user_packs_folder()) / name
    if target.exists():
        raise DraftError(
            _problem("pack-exists", f"There is a pack in {target} already.", "Choose another name.", target)
        )
    target.mkdir(parents=True)
    title = name.replace("-", " ").capitalize()
    (target / "pack.toml").write_text(NEW_PACK.format(name=name, title=title))
    (target / "Dockerfile.j2").write_text(NEW_DOCKERFILE)
    return target


async def add_packs(source: str, name: str | None = None) -> Added:
    """Add the packs of a git repository or of a folder.

    Nothing of a repository is run; packs that are not well-formed, or hold symbolic links, are refused.

    Args:
        source: an address that git understands, or a folder.
        name: what to call it; the last part of the source by default.

    Raises:
        DraftError: it cannot be fetched, holds no pack, holds a broken one, or the name is taken.
    """
    chosen = name or re.sub(r"\.git$", "", source.rstrip("/")).rpartition("/")[2].rpartition(":")[2]
    if not re.fullmatch(r"[\w][\w.-]*", chosen):
        raise DraftError(
            _problem(
                "bad-pack-name",
                f"{chosen!r} cannot name a repository of packs.",
                "Give it a name with --name.",
            )
        )
    target = added_packs_folder() / chosen
    if target.exists():
        raise DraftError(
            _problem(
                "packs-exist",
                f"{chosen} is added already.",
                f"Run draft pack update {chosen}, or give another --name.",
            )
        )
    found = await _fetch(source, target)
    _note(chosen, _lasting(source))
    return Added(chosen, source, found)


async def update_packs(name: str | None = None) -> tuple[Added, ...]:
    """Fetch added repositories again, one or all; what is there stays if that fails.

    Raises:
        DraftError: there is no such repository, or it cannot be fetched.
    """
    known = sources()
    if name is not None and name not in known:
        raise DraftError(_unknown(name, known))
    wanted = [name] if name is not None else sorted(known)
    return tuple(
        [Added(each, known[each], await _fetch(known[each], added_packs_folder() / each)) for each in wanted]
    )


def remove_packs(name: str) -> None:
    """Forget an added repository.

    Raises:
        DraftError: there is no such repository.
    """
    known = sources()
    if name not in known:
        raise DraftError(_unknown(name, known))
    shutil.rmtree(added_packs_folder() / name, ignore_errors=True)
    _note(name, None)


def sources() -> dict[str, str]:
    """The added repositories: name → the address or folder they came from."""
    try:
        found: object = json.loads((added_packs_folder() / SOURCES).read_text())
    except (OSError, ValueError):
        return {}
    return (
        {str(key): str(value) for key, value in cast("dict[object, object]", found).items()}
        if isinstance(found, dict)
        else {}
    )


async def _fetch(source: str, target: Path) -> tuple[str, ...]:
    """Bring a repository's packs to ``target``, in one step and only if all of them are good; their names."""
    with _staging(target) as fresh:
        if _ADDRESS.match(source):
            await _clone(source, fresh)
        else:
            await asyncio.to_thread(_copy, Path(source), fresh)
        return await asyncio.to_thread(_placed, source, fresh, target)


@contextmanager
def _staging(target: Path) -> Generator[Path]:
    """A place beside the target for what is being fetched; gone when the block ends."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as staging:
        yield Path(staging) / "packs"


def _placed(source: str, fresh: Path, target: Path) -> tuple[str, ...]:
    """Put what was fetched in the target's place, if all of its packs are good; their names."""
    names = _checked(source, fresh)
    if target.exists():
        target.rename(fresh.with_name("old"))
    fresh.rename(target)
    return names


def _lasting(source: str) -> str:
    """A source as it can be fetched again from anywhere."""
    return source if _ADDRESS.match(source) else str(Path(source).expanduser().resolve())


async def _clone(address: str, target: Path) -> None:
    arguments = (
        "git",
        *_GUARDS,
        "clone",
        "--quiet",
        "--depth=1",
        "--no-recurse-submodules",
        "--",
        address,
        str(target),
    )
    try:
        done = await run(arguments, environment={"GIT_TERMINAL_PROMPT": "0"}, timeout=FETCH_TIMEOUT)
    except FileNotFoundError as error:
        raise DraftError(_problem("no-git", "git was not found.", "Install git, or add a folder.")) from error
    except TimeoutError as error:
        raise DraftError(
            _problem("packs-unreachable", f"{address} did not answer in time.", "Try again later.")
        ) from error
    if not done.ok:
        problem = Problem(
            "packs-unreachable", f"git could not fetch {address}.", Stage.SCAFFOLD, cause=" ".join(done.tail(3)),
            fix="Check the address and that you may read it.",
        )  # fmt: skip
        raise DraftError(problem)
    shutil.rmtree(target / ".git", ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    source = source.expanduser().resolve()
    if not source.is_dir():
        raise DraftError(
            _problem(
                "no-such-folder",
                f"There is no folder {source}.",
                "Give a folder, or an address that git understands.",
                source,
            )
        )
    ignored = shutil.ignore_patterns(".git")
    inner = target / source.name if (source / "pack.toml").is_file() else target
    shutil.copytree(source, inner, symlinks=True, ignore=ignored)


def _checked(source: str, folder: Path) -> tuple[str, ...]:
    if (folder / "pack.toml").is_file():
        inner = folder.with_name("one") / re.sub(r"\.git$", "", source.rstrip("/")).rpartition("/")[2]
        inner.parent.mkdir()
        folder.rename(inner)
        inner.parent.rename(folder)
    where = packs_in(folder)
    own = [each.name for each in DiskTree(where).children() if (where / each.name / "pack.toml").is_file()]
    loaded = load_packs([DiskTree(path) for path in (where, *_bases())])
    mine = tuple(
        pack.name for pack in loaded.packs.values() if pack.place and where in pack.place.path.parents
    )
    broken = [each for each in loaded.problems if each.place and where in each.place.path.parents]
    if broken:
        raise DraftError(*broken)
    if not own:
        raise DraftError(
            _problem(
                "no-packs",
                f"{source} holds no pack.",
                "A pack is a folder with a pack.toml, at the top or in packs/.",
            )
        )
    return mine


def _bases() -> Iterable[Path]:
    from draft_ls.detect.builtin import builtin_packs_folder

    return (builtin_packs_folder(),)


def _note(name: str, source: str | None) -> None:
    known = sources()
    known.pop(name, None)
    if source is not None:
        known[name] = source
    path = added_packs_folder() / SOURCES
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(known, indent=2) + "\n")
    fresh.replace(path)


def _unknown(name: str, known: Sequence[str] | dict[str, str]) -> Problem:
    listed = (
        f"Added are: {', '.join(sorted(known))}." if known else "None was added; draft pack add adds one."
    )
    return _problem("unknown-packs", f"No repository of packs is called {name!r}.", listed)


def _problem(code: str, message: str, fix: str, path: Path | None = None) -> Problem:
    return Problem(code, message, Stage.SCAFFOLD, Place(path) if path else None, fix=fix)
