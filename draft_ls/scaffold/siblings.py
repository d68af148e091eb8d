"""What an app needs of folders beside its own, which its build context does not hold. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.detect.documents import strings, table
from draft_ls.detect.sources import span_of
from draft_ls.errors import Place, Problem, Severity, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.files import Tree

READ_LIMIT = 256 * 1024
"""How much of one manifest is read, in bytes."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What says that an app needs a sibling.

    Attributes:
        file: the manifest: the whole name, or its end after a ``*``.
        pattern: what it holds (multi-line); the first group names the sibling.
    """

    file: str
    pattern: re.Pattern[str]


def _sign(file: str, pattern: str) -> Sign:
    return Sign(file, re.compile(pattern, re.MULTILINE))


SIGNS = (
    _sign("package.json", r'"([@\w./-]+)"\s*:\s*"(?:workspace:|(?:file|link|portal):\.\./)'),
    _sign("Cargo.toml", r'\bpath\s*=\s*"(\.\./[^"]+)"'),
    _sign("Cargo.toml", r"^\s*([\w-]+)(?:\.workspace\s*=|\s*=\s*\{[^}\n]*\bworkspace\s*=)\s*true"),
    _sign("go.mod", r"=>\s*(\.\./\S+)"),
    _sign("build.gradle", r"""\bproject\s*\(\s*(?:path\s*:\s*)?["']:([\w:.-]+)"""),
    _sign("build.gradle.kts", r"""\bproject\s*\(\s*(?:path\s*=\s*)?["']:([\w:.-]+)"""),
    _sign("pyproject.toml", r'\bpath\s*=\s*"(\.\./[^"]+)"'),
    _sign("pyproject.toml", r"^\s*([\w.-]+)\s*=\s*\{[^}\n]*\bworkspace\s*=\s*true"),
    _sign("requirements.txt", r"^\s*(?:(?:-e|--editable)[ =]\s*)?(\.\./\S+)"),
    _sign("*.csproj", r'<ProjectReference\s+Include="(\.\.[\\/][^"]+)"'),
    _sign("*.fsproj", r'<ProjectReference\s+Include="(\.\.[\\/][^"]+)"'),
    _sign("mix.exs", r"\{\s*:(\w+)\s*,\s*(?:path:\s*\"\.\./|in_umbrella:\s*true)"),
    _sign("pubspec.yaml", r"^\s*path:\s*[\"']?(\.\./[^\s\"']+)"),
    _sign("Gemfile", r"""\bpath:\s*["'](\.\./[^"']+)["']"""),
    _sign("composer.json", r'"url"\s*:\s*"(\.\./[^"]+)"'),
)


def outside_problems(tree: Tree, app: str) -> Iterator[Problem]:
    """A warning for each manifest that names a sibling, at the first place where it does.

    Args:
        tree: the tree that holds the app.
        app: the app's folder, relative to the tree's root.
    """
    manifests = [entry.name for entry in tree.children(app)]
    for name in sorted(manifests):
        path = f"{app}/{name}" if app else name
        text = tree.read(path, READ_LIMIT) if any(_fits(sign, name) for sign in SIGNS) else None
        found = sorted(_matches(name, text), key=lambda match: match.start()) if text else []
        if text and found:
            names = tuple(dict.fromkeys(match[1] for match in found))
            yield _problem(tree, app, path, names, text, found[0])
    yield from _parent(tree, app)
    yield from _project(tree, app)
    yield from _members(tree, app)


def _fits(sign: Sign, name: str) -> bool:
    return name.endswith(sign.file[1:]) if sign.file.startswith("*") else name == sign.file


def _matches(name: str, text: str) -> Iterator[re.Match[str]]:
    for sign in SIGNS:
        if _fits(sign, name):
            yield from sign.pattern.finditer(text)


def _parent(tree: Tree, app: str) -> Iterator[Problem]:
    """A Maven module without its parent cannot be built."""
    path = f"{app}/pom.xml" if app else "pom.xml"
    text = tree.read(path, READ_LIMIT) if app else None
    parent = re.search(r"<parent>.*?</parent>", text or "", re.DOTALL)
    if not text or not parent or "<relativePath/>" in parent[0]:
        return
    artifact = re.search(r"<artifactId>\s*([\w.-]+)", parent[0])
    above = tree.read(f"{app.rpartition('/')[0]}/pom.xml".lstrip("/"), READ_LIMIT) or ""
    if artifact and re.search(rf"<artifactId>\s*{re.escape(artifact[1])}\s*<", above):
        yield _problem(tree, app, path, (f"the parent {artifact[1]}",), text, parent)


def _project(tree: Tree, app: str) -> Iterator[Problem]:
    """A project of Nx has its packages at the workspace's root."""
    path = f"{app}/project.json" if app else "project.json"
    text = tree.read(path, READ_LIMIT)
    schema = re.search(r'"(?:projectType|targets)"', text or "")
    if text and schema and tree.read(f"{app}/package.json".lstrip("/"), READ_LIMIT) is None:
        yield _problem(tree, app, path, ("the workspace's package.json",), text, schema)


def _members(tree: Tree, app: str) -> Iterator[Problem]:
    """Packages of an npm, Yarn or Bun workspace are named like any other, ``*`` or a range for their version."""
    path = f"{app}/package.json" if app else ""
    text = tree.read(path, READ_LIMIT) if app else None
    if not text or any(sign.pattern.search(text) for sign in SIGNS[:1]):
        return
    wanted = table(_json(text).get("dependencies"))
    folder = app
    while folder and wanted:
        folder = folder.rpartition("/")[0]
        root = _json(tree.read(f"{folder}/package.json".lstrip("/"), READ_LIMIT) or "")
        declared = root.get("workspaces")
        patterns = strings(table(declared).get("packages")) or strings(declared)
        here = {name: each for each, name in _names(tree, folder, patterns) if each != app}
        named = tuple(name for name in wanted if name in here)
        if named:
            match = re.search(rf'"{re.escape(named[0])}"', text)
            yield _problem(tree, app, path, named, text, match)
        if patterns:
            return


def _names(tree: Tree, root: str, patterns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The folders of a workspace's members and the names of their packages."""
    for pattern in patterns:
        base = pattern.removeprefix("./").rstrip("/")
        starred = base.endswith(("/*", "/**"))
        folder = (
            f"{root}/{base.rstrip('*').rstrip('/')}".strip("/") if starred else f"{root}/{base}".strip("/")
        )
        folders = [f"{folder}/{entry.name}" for entry in tree.children(folder)] if starred else [folder]
        for each in folders:
            name = _json(tree.read(f"{each}/package.json", READ_LIMIT) or "").get("name")
            if isinstance(name, str):
                yield each, name


def _json(text: str) -> dict[str, object]:
    try:
        return table(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def _problem(
    tree: Tree, app: str, path: str, names: tuple[str, ...], text: str, match: re.Match[str] | None
) -> Problem:
    listed = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    span = span_of(text, *match.span()) if match else None
    above = "/".join([".."] * (app.count("/") + 1))
    advice = (
        f'Set build_context = "{above}" in draft.toml. What the Dockerfile copies is then relative to that folder '
        f"(the app is {app} in it): let it copy what the app needs from there."
        if app
        else "Make the folder that holds both a repository (git init), and run draft create again."
    )
    return Problem(
        code="outside-context",
        message=f"The image build will not find {listed}: it lies outside of the app's folder.",
        stage=Stage.SCAFFOLD,
        place=Place(tree.root / path, span),
        cause="The build context is the folder that holds draft.toml, unless build_context says otherwise.",
        fix=advice,
        severity=Severity.WARNING,
    )
