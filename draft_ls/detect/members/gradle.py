"""Sub-projects of Gradle builds: the scripts of all of them are read, the sources of those that are needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.facts.builds import SETTINGS, gradle_projects
from draft_ls.detect.facts.jdk import java_version
from draft_ls.detect.members import Member, below, files_of, folders_above, joined
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from draft_ls.detect.model import Detail, Detection
    from draft_ls.files import Tree

_SCRIPTS = ("build.gradle.kts", "build.gradle")
_ROOT = (*SETTINGS, *_SCRIPTS, "gradle.properties", "gradlew")
_BUILD = re.compile(r"^\s*includeBuild\s*\(?\s*[\"']([\w./-]+)[\"']", re.MULTILINE)
_PROJECT = re.compile(r"\bproject\s*\(\s*(?:path\s*[:=]\s*)?[\"']:([\w.:-]+)[\"']")
_ACCESSOR = re.compile(r"\bprojects\.([\w.]+)")


def member(tree: Tree, found: Detection) -> Member | None:
    """What a sub-project needs of its build."""
    for root in folders_above(found.path):
        sources = files_of(tree, root)
        settings = next((sources.text(each) for each in SETTINGS if sources.has(each)), None)
        if settings is None:
            continue
        projects = gradle_projects(settings)
        name = next((name for name, folder in projects.items() if folder == below(root, found.path)), None)
        return None if name is None else _of_build(tree, found, root, settings, projects, name)
    return None


def _of_build(
    tree: Tree, found: Detection, root: str, settings: str, projects: Mapping[str, str], name: str
) -> Member:
    app, sources = projects[name], files_of(tree, root)
    wrapper = sources.has("gradlew")
    line = found.build.value if found.build else "gradle --no-daemon build -x test"
    task = re.sub(r"^\S+ --no-daemon (\w+)", rf" --no-daemon :{name}:\1", line)
    program = "./gradlew" if wrapper else "gradle"
    folders = tuple(f"{each}/" for each in ("gradle", "buildSrc") if tree.kind(joined(root, each)))
    builds = tuple(f"{each}/" for each in _BUILD.findall(settings) if tree.kind(joined(root, each)))
    details: dict[str, Detail] = {
        "wrapper": wrapper,
        "gradle_project": name,
        "gradle_files": ("build.gradle",),
    }
    for key in ("jar_folder", "output"):
        value = found.details.get(key)
        if isinstance(value, str) and value:
            details[key] = f"{app}/{value}"
    return Member(
        root,
        _needed(tree, root, projects, name),
        tuple(_manifests(tree, root, projects)),
        (*(each for each in _ROOT if sources.has(each)), *folders, *builds),
        details=details,
        version=java_version(sources),
        build=Fact(f"{program}{task}", found.build.evidence if found.build else ()),
    )


def _needed(tree: Tree, root: str, projects: Mapping[str, str], name: str) -> tuple[str, ...]:
    accessors = {_accessor(each): each for each in projects}
    needed, pending = [name], [name]
    while pending:
        sources = files_of(tree, joined(root, projects[pending.pop()]))
        text = "".join(sources.text(each) for each in _SCRIPTS)
        named = [*_PROJECT.findall(text), *(accessors.get(each, "") for each in _ACCESSOR.findall(text))]
        for each in named:
            if each in projects and each not in needed:
                needed.append(each)
                pending.append(each)
    return (*(projects[each] for each in reversed(needed[1:])), projects[name])


def _accessor(name: str) -> str:
    """The type-safe accessor of a project: ``shared-model`` is ``projects.sharedModel``."""
    return re.sub(r"[-_](\w)", lambda match: match[1].upper(), name.replace(":", "."))


def _manifests(tree: Tree, root: str, projects: Mapping[str, str]) -> Iterator[str]:
    for folder in sorted(projects.values()):
        sources = files_of(tree, joined(root, folder))
        yield from (f"{folder}/{each}" for each in _SCRIPTS if sources.has(each))
