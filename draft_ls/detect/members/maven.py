"""Modules of Maven builds: the poms of all of them are read, the sources of those that are needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.facts.jvm import java_version
from draft_ls.detect.members import Member, below, files_of, folders_above, inner, joined
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree

_MODULES = re.compile(r"<modules>(.*?)</modules>", re.DOTALL)
_MODULE = re.compile(r"<module>\s*([^<\s]+)\s*</module>")
_PARENT = re.compile(r"<parent>(.*?)</parent>", re.DOTALL)
_RELATIVE = re.compile(r"<relativePath>\s*([^<\s]+)\s*</relativePath>")
_ARTIFACT = re.compile(r"<artifactId>\s*([\w.-]+)\s*</artifactId>")
_DEPENDENCY = re.compile(r"<dependency>.*?<artifactId>\s*([\w.-]+)\s*</artifactId>", re.DOTALL)
_NESTED = re.compile(r"<(parent|dependencies|build|profiles|dependencyManagement)>.*?</\1>", re.DOTALL)
MOST = 500
"""How many modules of one build are looked at."""


def member(tree: Tree, found: Detection) -> Member | None:
    """What a module needs of its build: its parents, and the modules that it depends on."""
    root = None
    for folder in folders_above(found.path):
        if below(folder, found.path) in _modules(tree, folder):
            root = folder
    if root is None:
        return _with_parents(tree, found)
    modules = _modules(tree, root)
    app = below(root, found.path)
    needed = _needed(modules, app)
    sources = files_of(tree, root)
    wrapper = sources.has("mvnw")
    return Member(
        root,
        needed,
        tuple(f"{each}/pom.xml" for each in modules if each),
        ("pom.xml", *(("mvnw", ".mvn/") if wrapper else ())),
        details={"wrapper": wrapper, "jar_folder": f"{app}/{found.details.get('jar_folder', 'target')}"},
        version=java_version(sources),
        build=_build(found, f"-pl {app} -am", wrapper=wrapper),
    )


def _build(found: Detection, where: str, *, wrapper: bool) -> Fact[str]:
    """The app's own build, from the root of the whole one."""
    line = found.build.value if found.build else "mvn -B -DskipTests package"
    program = f"{'./mvnw' if wrapper else 'mvn'} -B {where}"
    return Fact(re.sub(r"^\S+ -B", program, line), found.build.evidence if found.build else ())


def _with_parents(tree: Tree, found: Detection) -> Member | None:
    """An app whose parents lie above it, though none of them lists it as a module."""
    parents: list[str] = []
    folder = found.path
    while True:
        parent = _PARENT.search(_pom(tree, folder))
        path = _RELATIVE.search(parent[1]) if parent else None
        if parent is None or "<relativePath/>" in parent[1]:
            break
        above = inner(folder, path[1] if path else "..")
        above = above.removesuffix("pom.xml").rstrip("/") if above is not None else None
        artifact, there = (
            _ARTIFACT.search(parent[1]),
            _ARTIFACT.search(_NESTED.sub("", _pom(tree, above or ""))),
        )
        if above is None or above in parents or not artifact or not there or artifact[1] != there[1]:
            break
        if not f"{found.path}/".startswith(f"{above}/" if above else ""):
            break
        parents.append(above)
        folder = above
    if not parents:
        return None
    root, app = parents[-1], below(parents[-1], found.path)
    sources = files_of(tree, root)
    wrapper = sources.has("mvnw")
    return Member(
        root,
        (app,),
        (*(f"{below(root, each)}/pom.xml" for each in parents[:-1]), f"{app}/pom.xml"),
        ("pom.xml", *(("mvnw", ".mvn/") if wrapper else ())),
        details={"wrapper": wrapper, "jar_folder": f"{app}/{found.details.get('jar_folder', 'target')}"},
        version=java_version(sources),
        build=_build(found, f"-f {app}/pom.xml", wrapper=wrapper),
    )


def _modules(tree: Tree, root: str) -> Mapping[str, str]:
    """The modules of a build and of its modules: folder, relative to the root → the text of its pom."""
    found: dict[str, str] = {}
    pending = [""]
    while pending and len(found) < MOST:
        folder = pending.pop()
        text = _pom(tree, joined(root, folder))
        if not text or folder in found:
            continue
        found[folder] = text
        for listed in _MODULES.findall(text):
            paths = (inner(folder, each.removesuffix("/pom.xml")) for each in _MODULE.findall(listed))
            pending += [each for each in paths if each]
    return dict(sorted(found.items()))


def _needed(modules: Mapping[str, str], app: str) -> tuple[str, ...]:
    artifacts = {match[1]: folder for folder, text in modules.items() if (match := _own(text))}
    needed, pending = [app], [app]
    while pending:
        for name in _DEPENDENCY.findall(modules[pending.pop()]):
            folder = artifacts.get(name)
            if folder and folder not in needed:
                needed.append(folder)
                pending.append(folder)
    return (*reversed(needed[1:]), app)


def _own(text: str) -> re.Match[str] | None:
    """The name of a pom's own artifact."""
    return _ARTIFACT.search(_NESTED.sub("", text))


def _pom(tree: Tree, folder: str) -> str:
    return files_of(tree, folder).text("pom.xml")
