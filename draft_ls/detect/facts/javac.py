"""Facts about Java programs that no build tool builds: some sources and a ``main``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.model import Fact
from draft_ls.detect.network import FILE_LIMIT

if TYPE_CHECKING:
    from draft_ls.detect.facts import Facts
    from draft_ls.detect.sources import Sources

_MAIN = r"\bpublic\s+static\s+(?:final\s+)?void\s+main\s*\("
_DESKTOP = r"\bextends\s+(?:JFrame|JPanel|JApplet)\b|^import\s+javafx\."
_SERVERS = re.compile(r"(?i)server|main|app|api")


def complete(sources: Sources, facts: Facts) -> None:
    """Fill in how the compiler alone builds the program, and how it starts."""
    main = _main_class(sources)
    desktop = next(sources.search(sources.matching("**/*.java")[:FILE_LIMIT], _DESKTOP), None)
    built = {"pom.xml", "build.gradle", "build.gradle.kts"}
    inside = any(path.rpartition("/")[2] in built for path in sources.above)
    if main is None or desktop or inside:
        facts.confidence = 0.25
        return
    libraries = next((name for name in ("lib", "libs") if sources.matching(f"{name}/*.jar")), "")
    source = "src" if main.evidence[0].path.removeprefix(f"{sources.path}/").startswith("src/") else ""
    path = f"out:{libraries}/*" if libraries else "out"
    every = sources.matching("**/*.java")[:FILE_LIMIT]
    files = every[0] if len(every) == 1 else f'$(find {source or "."} -name "*.java")'
    option = f' -cp "{libraries}/*"' if libraries else ""
    facts.build = Fact(f"javac -d out{option} {files}", main.evidence)
    facts.start = Fact(("java", "-cp", path, main.value), main.evidence)
    facts.details |= {"tool": "javac", "libraries": libraries, "source": source}


def _main_class(sources: Sources) -> Fact[str] | None:
    """The class to start: of several that have a ``main`` the one that sounds like a server, then the least deep."""
    found = [
        (path, match)
        for path, match in sources.search(sources.matching("**/*.java")[:FILE_LIMIT], _MAIN)
        if not re.search(r"(?:^|/)(?:test|tests|examples?)/|Test\.java$", path)
    ]
    if not found:
        return None
    path, match = min(
        found, key=lambda each: (not _SERVERS.search(each[0].rpartition("/")[2]), each[0].count("/"), each[0])
    )
    package = sources.find(path, r"^package\s+([\w.]+)\s*;")
    name = path.rpartition("/")[2].removesuffix(".java")
    return Fact(f"{package[1]}.{name}" if package else name, (sources.evidence(path, match.span(0)),))
