"""Builds of several parts, sub-projects of Gradle and modules of Maven: how their files name each other. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from draft_ls.detect.members import below, inner, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from draft_ls.detect.model import Evidence
    from draft_ls.detect.sources import Sources

SETTINGS = ("settings.gradle.kts", "settings.gradle")
"""The files that name a Gradle build's sub-projects."""

MOST = 500
"""How many modules of one build are looked at."""

_INCLUDE = re.compile(r"^\s*include\b\s*\(?([^)\n]*(?:,\s*\n[^)\n]*)*)", re.MULTILINE)
_NAME = re.compile(r"[\"']:?([\w.:-]+)[\"']")
_MOVED = re.compile(
    r"project\(\s*[\"']:([\w.:-]+)[\"']\s*\)\.projectDir\s*=\s*(?:new\s+)?[fF]ile\([^\"']*[\"']([^\"']+)"
)
_MODULES = re.compile(r"<modules>(.*?)</modules>", re.DOTALL)
_MODULE = re.compile(r"<module>\s*([^<\s]+)\s*</module>")
_PARENT = re.compile(r"<parent>(.*?)</parent>", re.DOTALL)
_RELATIVE = re.compile(r"<relativePath>\s*([^<\s]+)\s*</relativePath>")
_ARTIFACT = re.compile(r"<artifactId>\s*([\w.-]+)\s*</artifactId>")
_NESTED = re.compile(r"<(parent|dependencies|build|profiles|dependencyManagement)>.*?</\1>", re.DOTALL)


@lru_cache(maxsize=16)
def gradle_projects(settings: str) -> Mapping[str, str]:
    """The sub-projects of a build: path, as ``apps:api`` → folder, relative to the root."""
    names = [name for listed in _INCLUDE.findall(settings) for name in _NAME.findall(listed)]
    found = {name: name.replace(":", "/") for name in names}
    for name, folder in _MOVED.findall(settings):
        path = inner("", folder)
        if name in found and path:
            found[name] = path
    return found


def maven_modules(root: str, pom: Callable[[str], str]) -> Mapping[str, str]:
    """The modules of a build and of its modules: folder, relative to the root → the text of its pom.

    Args:
        root: the folder of the build, relative to the tree's root.
        pom: the text of a folder's pom; empty if it has none.
    """
    found: dict[str, str] = {}
    pending = [""]
    while pending and len(found) < MOST:
        folder = pending.pop()
        text = pom(joined(root, folder))
        if not text or folder in found:
            continue
        found[folder] = text
        pending += _listed(folder, text)
    return dict(sorted(found.items()))


@lru_cache(maxsize=64)
def _listed(folder: str, pom: str) -> tuple[str, ...]:
    """The modules that a folder's pom lists; all of these ask for it in turn."""
    names = (name for listed in _MODULES.findall(pom) for name in _MODULE.findall(listed))
    return tuple(path for name in names if (path := inner(folder, name.removesuffix("/pom.xml"))))


def maven_parents(app: str, pom: Callable[[str], str]) -> tuple[str, ...]:
    """The folders above an app that hold its pom's parents, the nearest first.

    Args:
        app: the app's folder, relative to the tree's root.
        pom: the text of a folder's pom; empty if it has none.
    """
    parents: list[str] = []
    folder = app
    while True:
        parent = _PARENT.search(pom(folder))
        path = _RELATIVE.search(parent[1]) if parent else None
        if parent is None or "<relativePath/>" in parent[1]:
            break
        above = inner(folder, path[1] if path else "..")
        above = above.removesuffix("pom.xml").rstrip("/") if above is not None else None
        artifact, there = _ARTIFACT.search(parent[1]), own_artifact(pom(above or ""))
        if above is None or above in parents or not artifact or not there or artifact[1] != there:
            break
        if not f"{app}/".startswith(f"{above}/" if above else ""):
            break
        parents.append(above)
        folder = above
    return tuple(parents)


def own_artifact(pom: str) -> str | None:
    """The name of a pom's own artifact."""
    match = _ARTIFACT.search(_NESTED.sub("", pom))
    return match[1] if match else None


def wrapper_above(sources: Sources, tool: str) -> Evidence | None:
    """The wrapper of the build that an app is a part of: it lies at the root of that, not in the app's folder.

    Args:
        sources: the app's files.
        tool: ``gradle`` or ``maven``.
    """
    root = _gradle_root(sources) if tool == "gradle" else _maven_root(sources)
    name = "gradlew" if tool == "gradle" else "mvnw"
    return root.evidence(name) if root and root.has(name) else None


def _gradle_root(sources: Sources) -> Sources | None:
    for folder in sources.above_folders:
        settings = folder.first(*SETTINGS)
        if settings:
            projects = gradle_projects(folder.text(settings))
            return folder if below(folder.path, sources.path) in projects.values() else None
    return None


def _maven_root(sources: Sources) -> Sources | None:
    folders = {folder.path: folder for folder in (sources, *sources.above_folders)}

    def pom(folder: str) -> str:
        return folders[folder].text("pom.xml") if folder in folders else ""

    roots = [
        folder.path
        for folder in sources.above_folders
        if below(folder.path, sources.path) in maven_modules(folder.path, pom)
    ]
    roots = roots or list(maven_parents(sources.path, pom))
    return folders[roots[-1]] if roots else None
