"""The packages that an app's manifests declare, by purl type.

Test and development dependencies do not count, where the ecosystem tells them apart and does not build with them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.documents import lookup, strings, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from draft_ls.detect.model import Evidence
    from draft_ls.detect.sources import Sources

Declared = "Iterator[tuple[str, Evidence]]"

REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
"""A line of a requirements file that names a package."""

REQUIREMENTS = (
    "requirements*.txt", "requirements*.in", "requirements/*.txt", "requirements/*.in", "*/requirements.txt",
)  # fmt: skip


class Dependencies:
    """An app's declared packages, each ecosystem read when first asked for."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[str, Mapping[str, Evidence]] = {}

    def of(self, kind: str) -> Mapping[str, Evidence]:
        """The packages of one purl type: name as the ecosystem normalises it → where it is declared."""
        if kind not in self._known:
            declared: dict[str, Evidence] = {}
            for name, evidence in READERS[kind](self._sources) if kind in READERS else ():
                declared.setdefault(name, evidence)
            self._known[kind] = declared
        return self._known[kind]

    def find(self, package: str) -> Evidence | None:
        """What declares a package, as ``<purl type>:<name>``; a ``*`` at the end stands for anything."""
        kind, _, name = package.partition(":")
        declared = self.of(kind)
        if name.endswith("*"):
            return next((declared[each] for each in declared if each.startswith(name[:-1])), None)
        return declared.get(name)


def normalise(name: str) -> str:
    """A Python package's name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _npm(sources: Sources, *keys: str) -> Iterator[tuple[str, Evidence]]:
    package = sources.json("package.json")
    for key in ("dependencies", "optionalDependencies", *keys):
        for name in table(package.get(key)):
            yield name, sources.quote("package.json", f'"{name}"', f"{name} in {key}")


def _pypi(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    for pattern in REQUIREMENTS:
        for path in sources.matching(pattern):
            if not re.search(r"dev|test|lint|docs", path):
                for match in REQUIREMENT.finditer(sources.text(path)):
                    yield normalise(match[1]), sources.evidence(path, match)
    yield from _pyproject(sources)
    for name in table(sources.toml("Pipfile").get("packages")):
        yield normalise(name), sources.quote("Pipfile", name)
    for path in ("environment.yml", "environment.yaml"):
        for _, match in sources.search((path,), r"^\s*-\s*([A-Za-z0-9][\w.-]*)"):
            yield normalise(match[1]), sources.evidence(path, match)
    for path in ("setup.cfg", "setup.py"):
        named = sources.find(path, r"install_requires\s*=\s*([a-zA-Z_]+)\s*[,)]")
        listed = sources.find(path, rf"^{named[1]}\s*=\s*\[[^\]]*\]") if named else None
        block = listed or sources.find(
            path, r"install_requires\s*=\s*(?:\[([^\]]*)\]|((?:\n?[ \t]+[^\n]+)+))"
        )
        names = (
            re.finditer(r"""(?:^|["'])\s*([A-Za-z0-9][\w.-]*)""", block[0].partition("=")[2], re.MULTILINE)
            if block
            else ()
        )
        for match in names:
            yield normalise(match[1]), sources.quote(path, match[1])


def _pyproject(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    path = "pyproject.toml"
    document = sources.toml(path)
    for each in strings(lookup(document, "project", "dependencies")):
        match = REQUIREMENT.match(each)
        if match:
            yield normalise(match[1]), sources.quote(path, each)
            extras = re.match(r"\s*[\w.-]+\[([^\]]+)\]", each)
            for extra in extras[1].split(",") if extras else ():
                yield f"{normalise(match[1])}[{extra.strip()}]", sources.quote(path, each)
    for name, value in table(lookup(document, "tool", "poetry", "dependencies")).items():
        if name != "python":
            yield normalise(name), sources.quote(path, name)
            for extra in strings(table(value).get("extras")):
                yield f"{normalise(name)}[{extra}]", sources.quote(path, name)


def _matches(*searches: tuple[str, str]) -> Callable[[Sources], Iterator[tuple[str, Evidence]]]:
    """A reader for manifests in which a pattern finds each package: (glob, pattern with the name as first group)."""

    def read(sources: Sources) -> Iterator[tuple[str, Evidence]]:
        for files, pattern in searches:
            for path, match in sources.search(sources.matching(files), pattern):
                yield (
                    ":".join(group for group in match.groups() if group),
                    sources.evidence(path, match.span(0)),
                )

    return read


def _composer(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    for name in table(sources.json("composer.json").get("require")):
        yield name, sources.quote("composer.json", f'"{name}"', f"{name} in require")


def _cargo(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    document = sources.toml("Cargo.toml")
    tables = [
        document,
        *(table(each) for each in table(document.get("target")).values()),
        table(document.get("workspace")),
    ]
    for each in tables:
        for name in table(each.get("dependencies")):
            yield name, sources.quote("Cargo.toml", name)
    if "package" not in document:
        yield from _matches(
            ("*/Cargo.toml", r"^([\w-]+)\s*=\s*[\"{]"), ("*/*/Cargo.toml", r"^([\w-]+)\s*=\s*[\"{]")
        )(sources)


def _maven(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    block = r"<(?:dependency|parent|plugin)>\s*<groupId>\s*([\w.-]+)\s*</groupId>\s*<artifactId>\s*([\w.-]+)"
    plugin = r"<plugin>\s*<artifactId>\s*([\w.-]+)"
    coordinates = r"""["']([\w.-]+:[\w.-]+)(?::[^"']*)?["']"""
    yield from _matches(("pom.xml", block), ("pom.xml", plugin))(sources)
    for files in ("build.gradle", "build.gradle.kts", "gradle/libs.versions.toml"):
        yield from _matches((files, coordinates))(sources)
    named = r"""group\s*[:=]\s*["']([\w.-]+)["']\s*,\s*name\s*[:=]\s*["']([\w.-]+)["']"""
    yield from _matches(("build.gradle*", named), ("gradle/libs.versions.toml", named))(sources)
    sbt = r'"([\w.-]+)"\s*%{1,3}\s*"([\w.-]+)"'
    yield from _matches(("build.sbt", sbt), ("project/*.sbt", sbt), ("project/*.scala", sbt))(sources)


def _gradle_plugins(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    for files in ("build.gradle", "build.gradle.kts"):
        patterns = (
            r"""\bid\s*\(?\s*["']([\w.-]+)["']""",
            r"""apply\s+plugin:\s*["']([\w.-]+)["']""",
            r"^\s*`?(application|java|war|java-library)`?\s*$",
        )
        for pattern in patterns:
            yield from _matches((files, pattern))(sources)
        for path, match in sources.search(sources.matching(files), r"""\bkotlin\s*\(\s*["']([\w.-]+)["']"""):
            yield f"org.jetbrains.kotlin.{match[1]}", sources.evidence(path, match)
        for path, match in sources.search(sources.matching(files), r"alias\s*\(?\s*libs\.plugins\.([\w.]+)"):
            yield match[1], sources.evidence(path, match)
            entry = re.escape(match[1]).replace(r"\.", "[-._]")
            known = sources.find(
                "gradle/libs.versions.toml", rf"""^{entry}\s*=\s*\{{?\s*(?:id\s*=\s*)?["']([\w.-]+)"""
            )
            if known:
                yield known[1].partition(":")[0], sources.evidence(path, match)


def _nuget(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    for kind in ("csproj", "fsproj", "vbproj"):
        yield from _matches(
            (f"*.{kind}", r'<(?:Package|Framework)Reference\s+Include="([\w.-]+)"'),
            (f"*.{kind}", r'<Project\s+Sdk="([\w.-]+)'),
        )(sources)


def _pub(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    for name in table(sources.yaml("pubspec.yaml").get("dependencies")):
        yield name, sources.quote("pubspec.yaml", f"{name}:")


def _shards(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    for name in table(sources.yaml("shard.yml").get("dependencies")):
        yield name, sources.quote("shard.yml", f"{name}:")


def _deno(sources: Sources) -> Iterator[tuple[str, Evidence]]:
    for path in ("deno.json", "deno.jsonc", "import_map.json"):
        for name, target in table(sources.json(path).get("imports")).items():
            yield name.rstrip("/"), sources.quote(path, f'"{name}"')
            package = re.match(r"(?:jsr|npm):/?(@?[^@]+)", str(target))
            if package:
                yield package[1].rstrip("/"), sources.quote(path, f'"{name}"')
    for path, match in sources.search(
        ("main.ts", "mod.ts", "server.ts", "app.ts", "deps.ts", "dev.ts"),
        r"""from\s+["']((?:https://deno\.land/x/|jsr:|npm:)@?[\w./-]+)""",
    ):
        yield (
            re.sub(r"^(?:https://deno\.land/x/|jsr:|npm:)", "", match[1]).partition("/mod.ts")[0],
            sources.evidence(path, match),
        )


READERS: Mapping[str, Callable[[Sources], Iterator[tuple[str, Evidence]]]] = {
    "npm": _npm,
    "npm-dev": lambda sources: _npm(sources, "devDependencies"),
    "pypi": _pypi,
    "gem": _matches(
        ("Gemfile", r"""^\s*gem\s*\(?\s*["']([\w.-]+)["']"""),
        ("gems.rb", r"""^\s*gem\s*\(?\s*["']([\w.-]+)["']"""),
    ),
    "composer": _composer,
    "golang": _matches(("go.mod", r"^\s*(?:require\s+)?([\w.-]+\.[a-z]+/[\w./~-]+)\s+v\d")),
    "cargo": _cargo,
    "maven": _maven,
    "gradle": _gradle_plugins,
    "nuget": _nuget,
    "cpan": _matches(
        ("cpanfile", r"""^\s*requires\s*\(?\s*["']([\w:]+)["']"""),
        ("Makefile.PL", r"""^\s*requires\s*\(?\s*["']([\w:]+)["']"""),
        ("Makefile.PL", r"""^\s*["']([A-Z][\w:]+)["']\s*=>\s*["'\d]"""),
        ("Build.PL", r"""^\s*["']([A-Z][\w:]+)["']\s*=>\s*["'\d]"""),
    ),
    "hex": _matches(
        ("gleam.toml", r"^\s*(\w+)\s*=\s*[\"{]"),
        ("mix.exs", r"\{\s*:(\w+)\s*,"),
        ("rebar.config", r"\{\s*(\w+)\s*,\s*[\"{]"),
        ("rebar.config", r"^\s*(\w+),?\s*$"),
    ),
    "pub": _pub,
    "swift": _matches(
        (
            "Package.swift",
            r"""\.package\(\s*(?:name:\s*"[^"]*"\s*,\s*)?url:\s*"[^"]*/([\w.-]+?)(?:\.git)?\"""",
        )
    ),
    "hackage": _matches(
        ("package.yaml", r"^\s*-\s*([A-Za-z][\w-]*)\b"),
        ("*.cabal", r"(?:build-depends:|^[ \t]*,|,)\s*([A-Za-z][\w-]*)"),
    ),
    "shards": _shards,
    "clojars": _matches(
        ("project.clj", r"\[([\w.-]+(?:/[\w.-]+)?)\s+\""),
        ("deps.edn", r"([\w.-]+/[\w.-]+)\s*\{:(?:mvn|git|local)"),
    ),
    "deno": _deno,
}
"""Purl type (or the like, where there is none) → the reader of its manifests.

``npm`` is what an app runs with, ``npm-dev`` also what it is built with.
"""
