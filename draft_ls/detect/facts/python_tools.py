"""Which tool installs a Python app's packages, and which Python it asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.detect.documents import lookup
from draft_ls.detect.facts.hosting import hosted_version
from draft_ls.detect.facts.images import deployed_version, developed_version
from draft_ls.detect.facts.python_native import system_needs
from draft_ls.detect.model import Evidence, Fact
from draft_ls.detect.versions import choose, line_of, pinned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from draft_ls.detect.model import Detail
    from draft_ls.detect.sources import Sources

PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
"""Release lines with an official image."""

PREFERRED = "3.13"
"""The line taken when a range allows it."""


@dataclass(frozen=True, slots=True)
class PackageManager:
    """The tool, and what the templates need to run it."""

    fact: Fact[str] | None
    details: Mapping[str, Detail]


def package_manager(sources: Sources) -> PackageManager:
    """The tool by its lock file, else by its table in ``pyproject.toml``, else pip."""
    for lock, name in (
        ("uv.lock", "uv"),
        ("poetry.lock", "poetry"),
        ("pdm.lock", "pdm"),
        ("Pipfile.lock", "pipenv"),
    ):
        if sources.has(lock):
            return PackageManager(Fact(name, (sources.evidence(lock),)), _details(sources, lockfile=lock))
    if sources.has("Pipfile"):
        return PackageManager(Fact("pipenv", (sources.evidence("Pipfile"),)), _details(sources))
    document = sources.toml("pyproject.toml")
    inputs = sources.matching("requirements*.in") + sources.matching("requirements/*.in")
    compiled = next((path for path in inputs if sources.has(path[:-2] + "txt")), None)
    if compiled:
        return PackageManager(Fact("pip-tools", (sources.evidence(compiled),)), _details(sources))
    if _requirements(sources):
        return PackageManager(Fact("pip", (sources.evidence(_requirements(sources)),)), _details(sources))
    for tool in ("poetry", "pdm", "uv"):
        match = sources.find("pyproject.toml", rf"^\[tool\.{tool}\b[^\]]*\]")
        if match:
            return PackageManager(Fact(tool, (sources.evidence("pyproject.toml", match),)), _details(sources))
    shared = next(
        (full for full in sorted(sources.above) if full.rpartition("/")[2] in {"uv.lock", "poetry.lock"}),
        None,
    )
    if shared and document:
        return PackageManager(
            Fact(shared.rpartition("/")[2][:-5], (Evidence(shared, shared),)), _details(sources)
        )
    conda = sources.first("environment.yml", "environment.yaml")
    if conda:
        return PackageManager(
            Fact("conda", (sources.evidence(conda),)), _details(sources) | {"environment": conda}
        )
    manifest = "pyproject.toml" if document else sources.first("setup.py", "setup.cfg")
    return PackageManager(Fact("pip", (sources.evidence(manifest),)) if manifest else None, _details(sources))


def _details(sources: Sources, lockfile: str = "") -> dict[str, Detail]:
    document = sources.toml("pyproject.toml")
    installable = bool(document.get("build-system")) or sources.has("setup.py")
    main = _requirements(sources)
    return {
        "lockfile": lockfile,
        "requirements": main,
        "requirement_files": _included(sources, main) if main else (),
        "installable": installable,
        "source_layout": bool(sources.matching("src/*/__init__.py")),
        **system_needs(sources),
    }


def _included(sources: Sources, path: str) -> tuple[str, ...]:
    """A requirements file and the files in the same folder that it includes."""
    found = [path]
    for each in found:
        for _, match in sources.search((each,), r"^\s*(?:-r|-c|--requirement|--constraint)[ =]\s*([\w.-]+)"):
            if match[1] not in found and sources.has(match[1]):
                found.append(match[1])
    return tuple(found)


def _requirements(sources: Sources) -> str:
    names = (
        "requirements.txt",
        "requirements/production.txt",
        "requirements/prod.txt",
        "requirements/base.txt",
        "requirements-prod.txt",
        "requirements/requirements.txt",
    )
    others = sources.matching("requirements*.txt") + sources.matching("*/requirements.txt")
    return sources.first(*names) or next(iter(others), "")


def python_version(sources: Sources) -> Fact[str] | None:
    """The release line that the app's files ask for: what deploys it first, then exact pins, then the ranges."""
    return (
        _line(deployed_version(sources, "python"))
        or _pinned(sources)
        or _line(hosted_version(sources, "python"))
        or _ranged(sources)
        or _line(developed_version(sources, "python"))
    )


def _line(said: Fact[str] | None) -> Fact[str] | None:
    found = line_of(said, 2)
    return found if found and "." in found.value else None


def _pinned(sources: Sources) -> Fact[str] | None:
    pins = (
        (".python-version", r"^\s*(?:cpython-|python-)?(\d+\.\d+)[\d.]*\s*$"),
        ("runtime.txt", r"^\s*python-(\d+\.\d+)"),
        ("Pipfile", r"""^\s*python_(?:full_)?version\s*=\s*["'](\d+\.\d+)"""),
    )
    return _line(pinned(sources, pins, "python")) or _line(_of_space(sources))


def _of_space(sources: Sources) -> Fact[str] | None:
    """The version that a Space of Hugging Face asks for, in the head of its README."""
    match = sources.find("README.md", r"""\A---\n(?:[^-].*\n)*?python_version:\s*["']?(\d+\.\d+)""")
    return Fact(match[1], (sources.evidence("README.md", match),)) if match else None


def _ranged(sources: Sources) -> Fact[str] | None:
    document = sources.toml("pyproject.toml")
    for keys in (("project", "requires-python"), ("tool", "poetry", "dependencies", "python")):
        constraint = lookup(document, *keys)
        chosen = choose(constraint, PYTHONS, PREFERRED) if isinstance(constraint, str) else None
        if chosen:
            pattern = rf"^\s*{re.escape(keys[-1])}\s*=\s*([\"'][^\n]*)"
            match = sources.find("pyproject.toml", pattern)
            return Fact(chosen, (sources.evidence("pyproject.toml", match),))
    shared = sources.nearest("pyproject.toml", r"""^\s*requires-python\s*=\s*["']([^"']+)""")
    chosen = choose(shared.value, PYTHONS, PREFERRED) if shared and document else None
    if shared and chosen:
        return Fact(chosen, shared.evidence)
    for path, pattern in (
        ("setup.py", r"""python_requires\s*=\s*["']([^"']+)"""),
        ("setup.cfg", r"^\s*python_requires\s*=\s*(.+)$"),
        ("environment.yml", r"^\s*-\s*python\s*([=<>~!][^\n#]*)"),
        ("environment.yaml", r"^\s*-\s*python\s*([=<>~!][^\n#]*)"),
    ):
        match = sources.find(path, pattern)
        constraint = re.sub(r"^=(?=\d)(.*)$", r"==\1.*", match[1].strip()) if match else ""
        chosen = choose(constraint, PYTHONS, PREFERRED) if match else None
        if match and chosen:
            return Fact(chosen, (sources.evidence(path, match),))
    return None
