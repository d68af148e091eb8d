"""Detection itself: a tree in, the apps in it out, each with its evidence. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.detect.builtin import builtin_rules
from draft_ls.detect.dependencies import dependencies
from draft_ls.detect.facts import Subject, analyzer
from draft_ls.detect.model import Detection, Fact
from draft_ls.detect.sources import Sources
from draft_ls.detect.walk import secondary, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from draft_ls.detect.model import Evidence
    from draft_ls.detect.rules import PackRules
    from draft_ls.detect.walk import Folder
    from draft_ls.files import Tree

CERTAIN_ENOUGH = 0.3
"""Below this confidence a folder is no app."""

CERTAIN_BELOW = 0.5
"""Below this confidence a sub-folder is no app of its own."""


def detect(tree: Tree, *, rules: Sequence[PackRules] | None = None) -> tuple[Detection, ...]:
    """Find the apps of a tree, best first; empty where there is none.

    Args:
        tree: the folder to look at.
        rules: the packs' detection rules; those of the built-in packs by default.
    """
    packs = builtin_rules() if rules is None else tuple(rules)
    folders = walk(tree)
    apps: list[Detection] = []
    for path in folders:
        candidate = detect_folder(tree, path, folders, packs)
        floor = CERTAIN_BELOW if path else CERTAIN_ENOUGH
        if candidate and candidate.confidence >= floor:
            apps.append(candidate)
    primary = [app for app in apps if not secondary(app.path)]
    return tuple(sorted(primary or apps, key=lambda app: (-app.confidence, app.path.count("/"), app.path)))


def detect_folder(
    tree: Tree, path: str, folders: Mapping[str, Folder], packs: Iterable[PackRules]
) -> Detection | None:
    """What one folder is, with its runners-up; none if no pack fits."""
    sources = _sources(tree, path, folders)
    declared = dependencies(sources)
    found = [each for pack in packs if (each := _fit(sources, declared, pack))]
    if not found:
        return None
    found.sort(key=lambda each: (-each[0].confidence, -each[1].priority, each[1].name))
    best, *others = (each[0] for each in found)
    return replace(best, alternatives=tuple(others))


def explain(detection: Detection) -> str:
    """Why a detection says what it says, one line for each fact."""
    where = detection.path or "."
    lines = [f"{where}: {detection.pack} ({detection.confidence:.0%})"]
    lines += [f"  because of {_cite(evidence)}" for evidence in detection.evidence]
    for name in ("framework", "version", "package_manager", "build", "start", "port", "health"):
        fact: Fact[object] | None = getattr(detection, name)
        if fact is not None:
            value = " ".join(fact.value) if isinstance(fact.value, tuple) else fact.value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            why = ", ".join(_cite(evidence) for evidence in fact.evidence) or "the default"
            lines.append(f"  {name.replace('_', ' ')}: {value} ({why})")
    lines += [f"  or {other.pack} ({other.confidence:.0%})" for other in detection.alternatives]
    return "\n".join(lines)


def _cite(evidence: Evidence) -> str:
    line = f":{evidence.span.start.line + 1}" if evidence.span else ""
    return f"{evidence.path}{line}" + (f" «{evidence.seen}»" if evidence.span else "")


def _sources(tree: Tree, path: str, folders: Mapping[str, Folder]) -> Sources:
    prefix = f"{path}/" if path else ""
    files: list[str] = []
    pending = [""]
    while pending:
        below = pending.pop()
        folder = folders.get((prefix + below).rstrip("/"))
        if folder is None:
            continue
        files.extend(below + name for name in folder.files)
        pending.extend(f"{below}{name}/" for name in reversed(folder.folders))
    return Sources(tree, path, files, folders[path].names)


def _fit(
    sources: Sources, declared: Mapping[str, Mapping[str, Evidence]], pack: PackRules
) -> tuple[Detection, PackRules] | None:
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
    facts = analyzer(pack.analyzer)(Subject(sources, pack, framework, framework_fact, declared))
    if framework:
        confidence = max(confidence, framework.confidence)
    return (
        Detection(
            path=sources.path,
            pack=pack.name,
            language=facts.language or pack.language,
            confidence=round(min(confidence, facts.confidence), 2),
            evidence=(*evidence, *facts.evidence),
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
        ),
        pack,
    )
