"""The Python module, and the name in it, that a start command serves."""

from __future__ import annotations

import posixpath
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from draft_ls.analysis.chart import span_at
from draft_ls.analysis.edits import replacement
from draft_ls.errors import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from draft_ls.analysis.command import Argument
    from draft_ls.analysis.servers import Server
    from draft_ls.analysis.start_files import Start

_APP = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)(?P<call>\(.*\))?$")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$")


def served(start: Start, words: Sequence[Argument], server: Server) -> Iterator[Problem]:
    """The problems of the ``module:name`` among the words after a server's program."""
    folder = start.command.option(*server.roots) if server.roots else None
    folders = (folder.text,) if folder else ()
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.text.startswith("-"):
            skip = "=" not in word.text and word.text not in server.flags and not re.match(r"-\w.", word.text)
        else:
            if found := _APP.match(word.text):
                yield from imported(start, word, found["module"], folders, name=found["name"])
            elif _MODULE.match(word.text):
                yield from imported(start, word, word.text, folders)
            return


def imported(
    start: Start, word: Argument, module: str, folders: tuple[str, ...], *, name: str = "", run: bool = False
) -> Iterator[Problem]:
    """The problems of a module that the command imports; with ``run``, that it runs."""
    roots = [start.image.settings.absolute(each) for each in folders] or [start.image.settings.workdir or "/"]
    roots += [each for each in start.image.settings.environment.get("PYTHONPATH", "").split(":") if each]
    source = _module_source(start, roots, module, run=run)
    place = start.place(word)
    if source is None:
        yield from _module_missing(start, word, module, roots, place, run=run)
    elif name:
        yield from _name(start, word, module, name, source, place)


def _module_source(start: Start, roots: list[str], module: str, *, run: bool) -> str | None:
    path = module.replace(".", "/")
    last = "__main__.py" if run else "__init__.py"
    for root in roots:
        for each in (f"{path}.py", f"{path}/{last}"):
            if source := start.layout.source(posixpath.normpath(posixpath.join(root, each))):
                return source
    return None


def _module_missing(
    start: Start, word: Argument, module: str, roots: list[str], place: Place, *, run: bool
) -> Iterator[Problem]:
    known = _modules(start, roots)
    near = get_close_matches(module, sorted(known), n=1, cutoff=0.7)
    top = module.partition(".")[0]
    own = any(each == top or each.startswith(f"{top}.") for each in known)
    if run and not own and not near:
        return  # A module that was installed: python -m http.server
    if not own and not near and (not start.layout.sure or _installed(start, top)):
        return
    if not near and not start.layout.sure:
        return
    if near and near[0] in known and not own and _installed(start, top):
        return
    better = word.text.replace(module, near[0], 1) if near else ""
    exact = word.span is not None and word.text == word.written
    yield Problem(
        "start-module-missing",
        f"The start command imports {module}, which the image does not have.",
        place=place,
        cause=f"There is no {module.replace('.', '/')}.py in {roots[0]}.",
        fix=f"Did you mean {near[0]}?" if near else "Correct the module's name, or copy its file.",
        related=((start.subject.source_place(known[near[0]]), "this is there"),) if near else (),
        repairs=(replacement(f"Use {better}", place, better),) if near and exact else (),
    )


def _installed(start: Start, top: str) -> bool:
    """Whether a top module may come from a package, or from a folder that is installed as one."""
    if any(path.endswith((f"/{top}.py", f"/{top}/__init__.py")) for path in start.subject.context.files):
        return True
    text = "".join(
        start.subject.sources.read(path) or ""
        for path in ("requirements.txt", "pyproject.toml", "Pipfile", "environment.yml", "setup.py")
    )
    return re.search(rf"(?i)\b{re.escape(top).replace('_', '[-_]')}\b", text) is not None


def _modules(start: Start, roots: list[str]) -> dict[str, str]:
    """The modules that can be imported, by name, with their files; those of the first few folders."""
    found: dict[str, str] = {}
    for path in start.subject.context.files:
        if not path.endswith(".py") or path.count("/") > 4:
            continue
        for place in start.layout.where(path):
            for root in roots:
                if place.startswith(root.rstrip("/") + "/"):
                    name = place[len(root.rstrip("/")) + 1 :].removesuffix(".py").removesuffix("/__init__")
                    found.setdefault(name.replace("/", "."), path)
    return found


def _name(
    start: Start, word: Argument, module: str, name: str, source: str, place: Place
) -> Iterator[Problem]:
    text = start.subject.sources.read(source) or ""
    defined = _defined(text)
    if name in defined or "*" in defined or "__getattr__" in defined or not text.strip():
        return
    apps = [
        each
        for each in defined
        if re.search(rf"^{re.escape(each)}\s*(?::[^=\n]+)?=\s*\w*[A-Z]\w*\(", text, re.MULTILINE)
    ]
    near = get_close_matches(name, sorted(defined), n=1, cutoff=0.75) or (apps if len(apps) == 1 else [])
    better = word.text.replace(f":{name}", f":{near[0]}", 1) if near else ""
    exact = word.span is not None and word.text == word.written
    related: tuple[tuple[Place, str], ...] = ()
    if near and (
        match := re.search(rf"^(?:async def |def |class )?{re.escape(near[0])}\b", text, re.MULTILINE)
    ):
        span = span_at(text, *match.span())
        related = ((start.subject.source_place(source, span), f"{near[0]} is defined here"),)
    yield Problem(
        "start-name-missing",
        f"{source} defines no {name}, which the start command serves.",
        place=place,
        fix=f"Did you mean {module}:{near[0]}?"
        if near
        else f"Define {name} in {source}, or correct the command.",
        related=related,
        repairs=(replacement(f"Use {better}", place, better),) if near and exact else (),
    )


def _defined(text: str) -> set[str]:
    """The names that a Python module defines at its top level; ``*`` if it takes in what another defines."""
    found = set(re.findall(r"^(?:    )?(?:async\s+def|def|class)\s+(\w+)", text, re.MULTILINE))
    found |= set(re.findall(r"^\s*(\w+)\s*(?::[^=\n]+)?=(?!=)", text, re.MULTILINE))
    for imported in re.findall(r"^\s*(?:from\s+\S+\s+)?import\s+(\([^)]*\)|[^\n#]+)", text, re.MULTILINE):
        for each in imported.strip("()\n ").split(","):
            words = each.split()
            if words:
                found.add(words[-1])
    for targets in re.findall(r"^([\w, ]+)=(?!=)", text, re.MULTILINE):
        found |= {each.strip() for each in targets.split(",")}
    return found
