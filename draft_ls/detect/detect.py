"""Detection itself: a tree in, the apps in it out, each with its evidence. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from draft_ls.detect.builtin import builtin_rules
from draft_ls.detect.candidates import Triggers
from draft_ls.detect.commands import shell_line
from draft_ls.detect.dependencies import Dependencies
from draft_ls.detect.facts import Subject, analyzer
from draft_ls.detect.facts.existing import complete
from draft_ls.detect.facts.tools import ends
from draft_ls.detect.model import Detection
from draft_ls.detect.sources import Sources
from draft_ls.detect.ties import FRONT_ENDS, chosen
from draft_ls.detect.walk import secondary, settings, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from draft_ls.detect.memory import Memory
    from draft_ls.detect.model import Evidence, Fact
    from draft_ls.detect.rules import PackRules
    from draft_ls.detect.walk import Folder
    from draft_ls.files import Tree

CERTAIN_ENOUGH = 0.3
"""Below this confidence a folder is no app."""

NO_SERVICE = 0.25
"""The confidence of a program that ends by itself: it is no app."""

CERTAIN_BELOW = 0.5
"""Below this confidence a sub-folder is no app of its own, and the root is none beside other apps."""


_SERVED = ("resources/", "public/", "priv/", "static/", "src/main/", "wp-content/", "themes/", "templates/")
"""Folders inside a server whose front end is the server's own."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a tree holds.

    Attributes:
        apps: the apps, best first.
        rejected: what looked like an app and is none, best first: libraries, workspace roots.
        folders: how many folders were looked at.
    """

    apps: tuple[Detection, ...]
    rejected: tuple[Detection, ...]
    folders: int

    @property
    def reason(self) -> str:
        """Why there is no app; empty if there is one."""
        if self.apps:
            return ""
        if self.rejected:
            first = self.rejected[0]
            where = first.path or "this folder"
            seen = ", ".join(dict.fromkeys(each.seen for each in first.evidence[:3]))
            return f"No app here: {where} has {seen}, but nothing that runs on and on: no server, no worker."
        return f"No app here: none of {self.folders} folders has a file that a pack knows."


def detect(tree: Tree, *, rules: Sequence[PackRules] | None = None) -> tuple[Detection, ...]:
    """Find the apps of a tree, best first; empty where there is none.

    Args:
        tree: the folder to look at.
        rules: the packs' detection rules; those of the built-in packs by default.
    """
    return survey(tree, rules=rules).apps


def survey(tree: Tree, *, rules: Sequence[PackRules] | None = None, memory: Memory | None = None) -> Survey:
    """Find the apps of a tree, and what only looks like one; see ``detect``.

    Args:
        tree: the folder to look at.
        rules: the packs' detection rules; those of the built-in packs by default.
        memory: what was found in the same tree by the same rules before; folders in which nothing has changed since
            are not looked at again.
    """
    packs = builtin_rules() if rules is None else tuple(rules)
    folders = walk(tree)
    triggers = Triggers(packs, CERTAIN_BELOW)
    roots = {path for path, folder in folders.items() if path and triggers.own(folder) and not settings(path)}
    found: list[Detection] = []
    for path, folder in folders.items():
        if not path or path in roots or (triggers.any(folder) and not _within(path, found)):
            candidate = detect_folder(tree, path, folders, packs, roots, memory)
            if candidate:
                found.append(candidate)
    for path in [path for each in found for path in _projects(each)]:
        candidate = detect_folder(tree, path, folders, packs, roots, memory) if path in folders else None
        if candidate and not any(each.path == path for each in found):
            found.append(candidate)
    for part in [each for each in found if each.details.get("above") is True]:
        above = part.path.rpartition("/")[0]
        whole = detect_folder(tree, above, folders, packs, roots - {part.path}, memory)
        if whole and whole.pack == part.pack and whole.start and whole.confidence >= CERTAIN_BELOW:
            roots.discard(part.path)
            rest = [each for each in found if each.path != above]
            found = [whole, *(each for each in rest if each.path in roots or not _within(each.path, [whole]))]
    return _ranked(found, len(folders))


def _projects(found: Detection) -> Iterator[str]:
    """The folders that the manifest of a workspace names as apps, though nothing in them says so."""
    named = found.details.get("projects")
    for each in named if isinstance(named, tuple) else ():
        yield f"{found.path}/{each}" if found.path else each


def detect_folder(
    tree: Tree,
    path: str,
    folders: Mapping[str, Folder],
    packs: Iterable[PackRules],
    roots: Collection[str] = frozenset(),
    memory: Memory | None = None,
) -> Detection | None:
    """What one folder is, with its runners-up; none if no pack fits.

    Args:
        tree: the tree that holds the folder.
        path: the folder.
        folders: what the walk found.
        packs: the packs' detection rules.
        roots: folders that are apps of their own, whose files do not count for those above.
        memory: see ``survey``.
    """
    sources = _sources(tree, path, folders, roots)
    if memory is None:
        return _best(sources, packs)
    return memory.detection(sources, tree, lambda seen: _best(sources.within(seen), packs))


def _best(sources: Sources, packs: Iterable[PackRules]) -> Detection | None:
    declared = Dependencies(sources)
    found = [each for pack in packs if (each := _fit(sources, declared, pack))]
    if not found:
        return None
    found.sort(key=lambda each: (-each[0].confidence, -each[1].priority, each[1].name))
    best, *others = chosen(sources, [each[0] for each in found])
    return replace(best, alternatives=tuple(others))


def explain(detection: Detection) -> str:
    """Why a detection says what it says, one line for each fact."""
    where = detection.path or "."
    lines = [f"{where}: {detection.pack} ({detection.confidence:.0%})"]
    lines += [f"  because of {_cite(evidence)}" for evidence in detection.evidence]
    facts: tuple[tuple[str, Fact[str] | Fact[int] | Fact[tuple[str, ...]] | None], ...] = (
        ("framework", detection.framework), ("version", detection.version),
        ("package manager", detection.package_manager), ("build", detection.build), ("start", detection.start),
        ("port", detection.port), ("health", detection.health),
    )  # fmt: skip
    for name, fact in facts:
        if fact is not None:
            value = shell_line(fact.value) if isinstance(fact.value, tuple) else fact.value
            why = ", ".join(_cite(evidence) for evidence in fact.evidence) or "the default"
            lines.append(f"  {name}: {value} ({why})")
    lines += [
        f"  needs {fact.value} ({_cite(fact.evidence[0])})" for fact in detection.variables if fact.evidence
    ]
    lines += [f"  or {other.pack} ({other.confidence:.0%})" for other in detection.alternatives]
    return "\n".join(lines)


def _cite(evidence: Evidence) -> str:
    line = f":{evidence.span.start.line + 1}" if evidence.span else ""
    return f"{evidence.path}{line}" + (f" «{evidence.seen}»" if evidence.span else "")


def _ranked(found: list[Detection], folders: int) -> Survey:
    order = sorted(found, key=lambda app: (-app.confidence, app.path.count("/"), app.path))
    certain = [app for app in order if app.confidence >= CERTAIN_BELOW]
    apps = [app for app in certain if not secondary(app.path)]
    if not apps and all(secondary(app.path) for app in order):
        apps = certain  # examples of nothing else: of a library they are no apps
    apps = apps or [app for app in order if not app.path and app.confidence >= CERTAIN_ENOUGH]
    apps = [_whole(app, apps) for app in apps if not any(_covered(app, other) for other in apps)]
    others = sorted(
        (app for app in order if app not in apps), key=lambda app: (secondary(app.path), app.path)
    )
    return Survey(tuple(apps), tuple(others), folders)


def _whole(app: Detection, apps: Sequence[Detection]) -> Detection:
    """An app that is deployed as a whole, with what only its parts say."""
    parts = [each for each in apps if _covered(each, app)]
    part = next((each for each in parts if each.framework), None) or next(
        (each for each in parts if each.port), None
    )
    if part is None or app.framework:
        return app
    return replace(
        app,
        framework=part.framework,
        port=app.port or part.port,
        health=app.health or part.health,
        reads_port=app.reads_port or part.reads_port,
    )


def _covered(app: Detection, other: Detection) -> bool:
    """Whether an app is only a part of another, which is deployed as a whole or builds it as its front end."""
    client = other.details.get("client")
    if client and app.path == (f"{other.path}/{client}" if other.path else client):
        return True
    referred = other.details.get("references")
    if (
        isinstance(referred, tuple)
        and app.path in referred
        and app.framework
        and app.framework.value == "blazor"
    ):
        return True
    inside = app.path.startswith(f"{other.path}/") if other.path else bool(app.path)
    if inside and other.language not in FRONT_ENDS and app.details.get("output"):
        below = app.path[len(other.path) :].lstrip("/")
        return below.startswith(_SERVED)
    return inside and other.pack == app.pack and other.details.get("whole") is True


def _within(path: str, apps: Iterable[Detection]) -> bool:
    """Whether a folder lies in one that is surely an app."""
    return any(
        app.confidence >= CERTAIN_BELOW and (not app.path or path.startswith(f"{app.path}/")) for app in apps
    )


def _sources(tree: Tree, path: str, folders: Mapping[str, Folder], roots: Collection[str]) -> Sources:
    prefix = f"{path}/" if path else ""
    files: list[str] = []
    pending = [""]
    while pending:
        below = pending.pop()
        full = (prefix + below).rstrip("/")
        folder = folders.get(full)
        if folder is None or (below and full in roots):
            continue
        files.extend(below + name for name in folder.files)
        pending.extend(f"{below}{name}/" for name in reversed(folder.folders))
    above: list[str] = []
    upper = path
    while upper:
        upper = upper.rpartition("/")[0]
        above += [f"{upper}/{name}" if upper else name for name in folders[upper].files]
    return Sources(tree, path, files, folders[path].names, above)


def _fit(sources: Sources, declared: Dependencies, pack: PackRules) -> tuple[Detection, PackRules] | None:
    evidence: list[Evidence] = []
    confidence = 0.0
    for rule in pack.rules:
        seen = rule.condition.holds(sources, declared)
        if seen:
            evidence.extend(each for each in seen if each not in evidence)
            confidence = max(confidence, rule.confidence)
    if not evidence:
        return None
    framework, framework_fact = None, None
    for each in pack.frameworks:
        framework_fact = each.present(sources, declared)
        if framework_fact:
            framework = each
            break
    subject = Subject(sources, pack, framework, framework_fact, declared)
    facts = analyzer(pack.analyzer)(subject)
    complete(subject, facts)
    ending = ends(subject, facts)
    if ending:
        facts.confidence, facts.evidence = min(facts.confidence, NO_SERVICE), (*facts.evidence, *ending)
    if framework:
        confidence = max(confidence, framework.confidence)
    detection = Detection(
        path=sources.path,
        pack=pack.name,
        language=facts.language or pack.language,
        confidence=round(min(confidence, facts.confidence), 2),
        evidence=(*evidence, *(each for each in facts.evidence if each not in evidence)),
        framework=facts.framework,
        version=facts.version,
        package_manager=facts.package_manager,
        build=facts.build,
        start=facts.start,
        port=facts.port,
        health=facts.health,
        reads_port=facts.reads_port,
        variables=facts.variables,
        details=facts.details,
    )
    return detection, pack
