"""Python apps whose manifest names folders beside their own: ``-e ../lib``, ``{path = "../lib", develop = true}``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from draft_ls.detect.documents import is_table, items, lookup, strings, table
from draft_ls.detect.members import Member, below, beside, common, files_of, inner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from draft_ls.detect.model import Detection
    from draft_ls.detect.sources import Sources
    from draft_ls.files import Tree

_REQUIRED = re.compile(
    r"^\s*(?:(?:-e|--editable)[ =]\s*)?(?:[\w.-]+\s*@\s*)?(?:file:(?://)?)?(\.{1,2}(?:/[^\s\[#;]*)?)(?=[\s\[#;]|$)",
    re.MULTILINE,
)
_NAMED = re.compile(r"@\s*file:(?:///\$\{PROJECT_ROOT\}/)?(\.\.?/[^\s;\"']*)")
_MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg", "README.md", "README.rst")


def path_member(tree: Tree, found: Detection) -> Member | None:
    """What a project needs of the folders beside its own; none if its own folder is all that it needs."""
    needed = beside(
        found.path,
        lambda folder: (
            inner(folder, each)
            for each in _named(files_of(tree, folder), found if folder == found.path else None)
        ),
    )
    if not needed:
        return None
    root = common(needed)
    folders = tuple(below(root, each) for each in needed)
    poetry = found.package_manager is not None and found.package_manager.value == "poetry"
    return Member(
        root,
        folders,
        tuple(_manifests(tree, root, folders, poetry=poetry)),
        details={
            "siblings_first": not poetry,
            "python_path": tuple(sources_folder(tree, root, each) for each in reversed(folders)),
        },
    )


def sources_folder(tree: Tree, root: str, folder: str) -> str:
    """Where a member's packages lie: Python finds them there without installing them."""
    below_src = tree.listing(f"{root}/{folder}/src".lstrip("/")).folders
    return f"{folder}/src" if below_src else folder


def _manifests(tree: Tree, root: str, folders: tuple[str, ...], *, poetry: bool) -> Iterator[str]:
    """Poetry reads what the siblings need from their manifests; the others install the siblings themselves."""
    for folder in folders:
        names = (*_MANIFESTS[:1], "poetry.lock") if folder == folders[-1] else _MANIFESTS
        sources = files_of(tree, f"{root}/{folder}".lstrip("/"))
        yield from (f"{folder}/{name}" for name in names if poetry and sources.has(name))


def _named(sources: Sources, app: Detection | None) -> Iterator[str]:
    """The folders that the manifests name, relative to their own."""
    if app:
        listed = app.details.get("requirement_files")
        for path in listed if isinstance(listed, tuple) else ():
            yield from (match[1] for match in _REQUIRED.finditer(sources.text(path)) if match[1] != ".")
        yield from _paths(table(sources.toml("Pipfile").get("packages")).values())
    document = sources.toml("pyproject.toml")
    for keys in (("tool", "poetry", "dependencies"), ("tool", "uv", "sources")):
        yield from _paths(table(lookup(document, *keys)).values())
    for line in strings(lookup(document, "project", "dependencies")):
        yield from (match[1] for match in _NAMED.finditer(line))


def _paths(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        for each in (value, *items(value)):
            path = each.get("path") if is_table(each) else None
            if isinstance(path, str) and not path.endswith((".whl", ".tar.gz")):
                yield path
