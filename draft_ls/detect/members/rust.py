"""Members of Cargo workspaces, and crates with path dependencies beside them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from draft_ls.detect.documents import lookup, strings, table
from draft_ls.detect.facts.rust import rust_version
from draft_ls.detect.members import Member, below, common, files_of, folders_above, inner, joined
from draft_ls.detect.members.globs import member_folders
from draft_ls.detect.model import Fact
from draft_ls.detect.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree

_TABLES = ("dependencies", "dev-dependencies", "build-dependencies")
_ROOT = ("Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "rust-toolchain", "build.rs")
_FOLDERS = (".cargo/", "src/")


def member(tree: Tree, found: Detection) -> Member | None:
    """What an app needs of its workspace: Cargo reads the manifest of every member; else its path dependencies."""
    if "workspace" in _manifest(tree, found.path):
        return None
    for root in folders_above(found.path):
        if "workspace" in _manifest(tree, root):
            return _of_workspace(tree, found, root)
    return _alone(tree, found)


def _of_workspace(tree: Tree, found: Detection, root: str) -> Member | None:
    document = table(_manifest(tree, root).get("workspace"))
    app = below(root, found.path)
    declared = {*member_folders(tree, root, strings(document.get("members")), "Cargo.toml")}
    declared -= {*member_folders(tree, root, strings(document.get("exclude")), "Cargo.toml")}
    if app not in declared and not strings(document.get("members")):
        declared.add(app)  # the members are the path dependencies of the root's own package
    if app not in declared:
        return _alone(tree, found)
    folders = {*declared, *(each for folder in declared for each in _needed(tree, root, folder))} - {"", app}
    sources = files_of(tree, root)
    return Member(
        root,
        (*sorted(folders), app),
        root_manifests=tuple(each for each in _ROOT if sources.has(each)) + tuple(_folders(tree, root)),
        details={"lockfile": sources.has("Cargo.lock"), "simple": False, "workspace": True},
        version=rust_version(sources),
        build=_build(found, f"--package {_name(tree, found.path)}", locked=sources.has("Cargo.lock")),
    )


def _alone(tree: Tree, found: Detection) -> Member | None:
    needed = [each for each in _needed(tree, "", found.path) if not each.startswith(f"{found.path}/")]
    if not needed:
        return None
    root = common([*needed, found.path])
    app = below(root, found.path)
    where = f"--manifest-path {app}/Cargo.toml --target-dir target"
    return Member(
        root,
        (*sorted(below(root, each) for each in needed), app),
        details={"simple": False},
        build=_build(found, where, locked=files_of(tree, found.path).has("Cargo.lock")),
    )


def _build(found: Detection, where: str, *, locked: bool) -> Fact[str] | None:
    """The build from the workspace's root; with the program's name where the app's own build has one."""
    program = re.search(r" --bin \S+", found.build.value) if found.build else None
    line = f"cargo build --release{' --locked' if locked else ''} {where}{program[0] if program else ''}"
    return Fact(line, found.build.evidence) if found.build else None


def _needed(tree: Tree, root: str, app: str) -> Iterator[str]:
    """The folders of the path dependencies of a crate, and of theirs, relative to the root."""
    seen, pending = {app}, [app]
    while pending:
        folder = pending.pop()
        for path in _paths(tree, root, _manifest(tree, joined(root, folder)), folder):
            if path not in seen:
                seen.add(path)
                pending.append(path)
                yield path


def _paths(tree: Tree, root: str, document: dict[str, Any], folder: str) -> Iterator[str]:
    shared = table(lookup(_manifest(tree, root), "workspace", "dependencies"))
    targets = [table(each) for each in table(document.get("target")).values()]
    for holder in (document, *targets):
        for kind in _TABLES:
            for name, wanted in table(holder.get(kind)).items():
                inherited = table(wanted).get("workspace") is True
                path = table(shared.get(name) if inherited else wanted).get("path")
                found = inner("" if inherited else folder, path) if isinstance(path, str) else None
                if found:
                    yield found


def _folders(tree: Tree, root: str) -> Iterator[str]:
    """Folders at the root: Cargo's configuration, and the sources of the root's own package."""
    own = "package" in _manifest(tree, root)
    for each in _FOLDERS:
        if tree.kind(joined(root, each.rstrip("/"))) and (own or each != "src/"):
            yield each


def _name(tree: Tree, folder: str) -> str:
    return str(table(_manifest(tree, folder).get("package")).get("name", folder.rpartition("/")[2]))


def _manifest(tree: Tree, folder: str) -> dict[str, Any]:
    return Sources(tree, folder, ("Cargo.toml",)).toml("Cargo.toml")
