"""The packages that an app's manifests declare, by purl type: ``npm``, ``pypi``, …"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.sources import lookup, strings, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from draft_ls.detect.model import Evidence
    from draft_ls.detect.sources import Sources

REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
"""A line of a requirements file that names a package."""

REQUIREMENTS = ("requirements*.txt", "requirements*.in", "requirements/*.txt", "requirements/*.in")


def dependencies(sources: Sources) -> Mapping[str, Mapping[str, Evidence]]:
    """Every declared package: purl type → name as the ecosystem normalises it → where it is declared."""
    found: dict[str, dict[str, Evidence]] = {}
    for kind, read in (("npm", _npm), ("pypi", _pypi)):
        declared = found.setdefault(kind, {})
        for name, evidence in read(sources):
            declared.setdefault(name, evidence)
    return found


def normalise(name: str) -> str:
    """A Python package's name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _npm(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    package = sources.json("package.json")
    for key in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"):
        for name in table(package.get(key)):
            yield name, sources.quote("package.json", f'"{name}"', f"{name} in {key}")


def _pypi(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    for pattern in REQUIREMENTS:
        for path in sources.matching(pattern):
            if "dev" in path or "test" in path:
                continue
            for match in REQUIREMENT.finditer(sources.text(path)):
                yield normalise(match[1]), sources.evidence(path, match)
    yield from _pyproject(sources)
    for key in ("packages",):
        for name in table(sources.toml("Pipfile").get(key)):
            yield normalise(name), sources.quote("Pipfile", name)
    for path in ("environment.yml", "environment.yaml"):
        for _, match in sources.search((path,), r"^\s*-\s*([A-Za-z0-9][\w.-]*)"):
            yield normalise(match[1]), sources.evidence(path, match)
    for path in ("setup.cfg", "setup.py"):
        block = sources.find(path, r"install_requires\s*=\s*(?:\[([^\]]*)\]|((?:\n?[ \t]+[^\n]+)+))")
        if block:
            for match in re.finditer(
                r"""(?:^|["'])\s*([A-Za-z0-9][\w.-]*)""", block[0].partition("=")[2], re.MULTILINE
            ):
                yield normalise(match[1]), sources.evidence(path, block)


def _pyproject(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    path = "pyproject.toml"
    document = sources.toml(path)
    lines = strings(lookup(document, "project", "dependencies"))
    for each in lines:
        match = REQUIREMENT.match(each)
        if match:
            yield normalise(match[1]), sources.quote(path, each)
    names = [*table(lookup(document, "tool", "poetry", "dependencies"))]
    for name in names:
        if name != "python":
            yield normalise(name), sources.quote(path, name)
