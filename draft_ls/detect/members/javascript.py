"""Members of npm, pnpm, Yarn and Bun workspaces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from draft_ls.detect.documents import strings, table
from draft_ls.detect.facts.javascript_projects import RUNNERS, project_of
from draft_ls.detect.facts.javascript_tools import node_version, package_manager
from draft_ls.detect.members import Member, below, files_of, folders_above, inner, joined
from draft_ls.detect.members.globs import member_folders
from draft_ls.detect.model import Fact
from draft_ls.detect.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from draft_ls.detect.facts.javascript_projects import Project
    from draft_ls.detect.facts.javascript_tools import PackageManager
    from draft_ls.detect.model import Detail, Detection
    from draft_ls.files import Tree

_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_LOCAL = re.compile(r"(?:file|link|portal):(\.{1,2}/.+)")
_LIFECYCLE = ("preinstall", "postinstall", "prepare")
_MANIFESTS = (
    "package.json",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    "pnpm-workspace.yaml",
    ".pnpmfile.cjs",
    "bunfig.toml",
)
_FOLDERS = (".yarn/releases", ".yarn/plugins", ".yarn/patches", "patches")
_SOURCES = re.compile(
    r"tsconfig[\w.-]*\.json|(?:turbo|nx|babel\.config)\.json|\.babelrc.*|[\w.-]+\.config\.[cm]?[jt]s"
)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace's root and its members.

    Attributes:
        root: its folder, relative to the tree's root.
        sources: the files that lie directly in it.
        folders: name of a package → its folder, relative to the root.
        packages: folder → its package.json.
    """

    root: str
    sources: Sources
    folders: Mapping[str, str]
    packages: Mapping[str, dict[str, Any]]


def member(tree: Tree, found: Detection) -> Member | None:
    """What an app needs of its workspace: the packages beside it, or the lock file that only the root has."""
    above = folders_above(found.path)
    project = project_of(files_of(tree, found.path), (files_of(tree, each) for each in above))
    if project and project.root:
        return _of_project(tree, project)
    workspace = next(
        (each for folder in folders_above(found.path) if (each := _workspace(tree, folder))), None
    )
    app = below(workspace.root, found.path) if workspace else ""
    if workspace is None or app not in workspace.packages:
        return None
    needed = tuple(_needed(workspace, app))
    manager = package_manager(workspace.sources)
    own = package_manager(files_of(tree, found.path))
    if len(needed) == 1 and (not manager.lockfile or own.lockfile):
        return None
    if "" in needed:
        return None
    name = str(workspace.packages[app].get("name", app))
    installed = _installed(workspace, needed, manager)
    return Member(
        workspace.root,
        needed,
        tuple(f"{folder}/package.json" for folder in installed),
        tuple(_manifests(tree, workspace, manager)),
        tuple(each for each in sorted(workspace.sources.files) if _SOURCES.fullmatch(each)),
        {
            **_details(workspace, manager),
            "member_name": name,
            "unscripted": tuple(_unscripted(workspace, installed)),
        },
        package_manager=manager.fact,
        build=_build(found, manager, workspace, needed),
    )


def _of_project(tree: Tree, project: Project) -> Member:
    """Which of the workspace's libraries a project imports, its tool alone finds out: it reads all of them."""
    root = project.workspace
    workspace = _workspace(tree, root.path) or Workspace(root.path, root, {}, {})
    manager = package_manager(root)
    return Member(
        root.path,
        (),
        tuple(f"{folder}/package.json" for folder in workspace.packages),
        tuple(_manifests(tree, workspace, manager)),
        details={
            **_details(workspace, manager),
            "unscripted": tuple(_unscripted(workspace, tuple(workspace.packages))),
            "prisma": "",
        },
        package_manager=manager.fact,
        version=node_version(root),
    )


def _details(workspace: Workspace, manager: PackageManager) -> dict[str, Detail]:
    return {
        "lockfile": manager.lockfile,
        "manager_version": manager.version,
        "berry": manager.berry,
        "yarn_folder": bool(workspace.sources.find(".yarnrc.yml", r"^yarnPath:")),
        "root_name": str(workspace.sources.json("package.json").get("name", "")),
        "held_hooks": (),
        "later_hooks": (),
    }


def _workspace(tree: Tree, root: str) -> Workspace | None:
    sources = files_of(tree, root)
    declared = sources.json("package.json").get("workspaces")
    patterns = strings(table(declared).get("packages")) or strings(declared)
    if sources.has("pnpm-workspace.yaml"):
        patterns = strings(sources.yaml("pnpm-workspace.yaml").get("packages")) or patterns
    if not patterns:
        return None
    packages: dict[str, dict[str, Any]] = {}
    folders: dict[str, str] = {}
    for folder in member_folders(tree, root, patterns, "package.json"):
        package = Sources(tree, joined(root, folder), ("package.json",)).json("package.json")
        packages[folder] = package
        folders.setdefault(str(package.get("name", folder)), folder)
    return Workspace(root, sources, folders, packages)


def _needed(workspace: Workspace, app: str) -> Iterator[str]:
    """The folders of the packages that an app needs, each after those that it needs itself; the app is the last."""
    seen: set[str] = set()

    def visit(folder: str, package: dict[str, Any]) -> Iterator[str]:
        for each in _named(workspace, folder, package):
            if each not in seen:
                seen.add(each)
                yield from visit(each, workspace.packages.get(each, {}))
                yield each

    seen.add(app)
    yield from visit("", workspace.sources.json("package.json"))
    yield from visit(app, workspace.packages[app])
    yield app


def _named(workspace: Workspace, folder: str, package: dict[str, Any]) -> Iterator[str]:
    """The folders of the packages that a package.json names."""
    for kind in _DEPENDENCIES:
        for name, version in table(package.get(kind)).items():
            local = _LOCAL.fullmatch(str(version))
            if local:
                path = inner(folder, local[1])
                if path is not None:
                    yield path
            elif name in workspace.folders:
                yield workspace.folders[name]


def _installed(workspace: Workspace, needed: tuple[str, ...], manager: PackageManager) -> tuple[str, ...]:
    """The members whose package.json installing reads: all, where the tool holds the lock file to be outdated else."""
    strict = manager.fact.value == "bun" or (
        manager.berry and int((manager.version or "4").partition(".")[0]) < 4
    )
    return tuple(workspace.packages) if strict and manager.lockfile else needed


def _manifests(tree: Tree, workspace: Workspace, manager: PackageManager) -> Iterator[str]:
    yield from (each for each in (*_MANIFESTS, manager.lockfile) if each and workspace.sources.has(each))
    yield from (f"{each}/" for each in _FOLDERS if tree.listing(joined(workspace.root, each)).files)


def _unscripted(workspace: Workspace, installed: tuple[str, ...]) -> Iterator[str]:
    """The commands that keep installing from running scripts whose files are not there yet."""
    if "prepare" in _scripts(workspace.sources.json("package.json")):
        yield "npm pkg delete scripts.prepare"
    for folder in installed:
        found = [f"scripts.{each}" for each in _LIFECYCLE if each in _scripts(workspace.packages[folder])]
        if found:
            yield f"npm pkg delete --prefix={folder} {' '.join(found)}"


def _scripts(package: dict[str, Any]) -> dict[str, str]:
    return {name: str(line) for name, line in table(package.get("scripts")).items()}


def _build(
    found: Detection, manager: PackageManager, workspace: Workspace, needed: tuple[str, ...]
) -> Fact[str] | None:
    """The commands that make the packages that an app needs, and then the app, from the workspace's root."""
    commands: list[str] = []
    for folder in needed:
        package = workspace.packages.get(folder, {})
        scripts, name = _scripts(package), str(package.get("name", folder))
        wanted = [each for each in ("preinstall", "postinstall") if each in scripts]
        if folder != needed[-1]:
            wanted += [
                each for each in ("build", "prepare") if each in scripts and "husky" not in scripts[each]
            ][:1]
        commands += [_command(manager, name, f"npm run {each}") for each in wanted]
    name = str(workspace.packages[needed[-1]].get("name", needed[-1]))
    commands += [_command(manager, name, found.build.value)] if found.build else []
    evidence = found.build.evidence if found.build else ()
    return Fact(" && ".join(commands), evidence) if commands else None


def _command(manager: PackageManager, package: str, command: str) -> str:
    """A command of a member, as its tool runs it from the workspace's root."""
    script = re.fullmatch(r"(?:npm|pnpm|yarn|bun) run ([\w:.-]+)", command)
    command = command if script else command.removeprefix(f"{RUNNERS[manager.fact.value]} ")
    match manager.fact.value:
        case "pnpm":
            tool = f"pnpm --filter={package}"
        case "yarn":
            tool = f"yarn workspace {package}"
        case "bun":
            return f"bun run --filter={package} {script[1] if script else command}"
        case _:
            words = f"run {script[1]} --workspace={package}" if script else ""
            return f"npm {words or f'exec --workspace={package} -- {command}'}"
    return f"{tool} run {script[1]}" if script else f"{tool} exec {command}"
