"""Modules of Maven builds: the poms of all of them are read, the sources of those that are needed."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from draft_ls.detect.facts.builds import maven_modules, maven_parents, own_artifact
from draft_ls.detect.facts.jdk import java_version
from draft_ls.detect.members import Member, below, files_of, folders_above
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.detect.model import Detection
    from draft_ls.files import Tree

_DEPENDENCY = re.compile(r"<dependency>.*?<artifactId>\s*([\w.-]+)\s*</artifactId>", re.DOTALL)


def member(tree: Tree, found: Detection) -> Member | None:
    """What a module needs of its build: its parents, and the modules that it depends on."""
    root = None
    for folder in folders_above(found.path):
        if below(folder, found.path) in maven_modules(folder, partial(_pom, tree)):
            root = folder
    if root is None:
        return _with_parents(tree, found)
    modules = maven_modules(root, partial(_pom, tree))
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
    parents = maven_parents(found.path, partial(_pom, tree))
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


def _needed(modules: Mapping[str, str], app: str) -> tuple[str, ...]:
    artifacts = {name: folder for folder, text in modules.items() if (name := own_artifact(text))}
    needed, pending = [app], [app]
    while pending:
        for name in _DEPENDENCY.findall(modules[pending.pop()]):
            folder = artifacts.get(name)
            if folder and folder not in needed:
                needed.append(folder)
                pending.append(folder)
    return (*reversed(needed[1:]), app)


def _pom(tree: Tree, folder: str) -> str:
    return files_of(tree, folder).text("pom.xml")
