"""Facts about Java and Kotlin apps that Maven builds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.facts.archive import place
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Facts, Subject
    from draft_ls.detect.model import Evidence
    from draft_ls.detect.sources import Sources

_WHOLE = re.compile(
    r"spring-boot|shade|maven-assembly|quarkus|micronaut|vertx-maven|onejar|one-jar|capsule|native-maven"
    r"|<packaging>\s*war"
)
"""What makes one archive that holds its packages, or a server that needs none."""

_MAIN = r"\bstatic\s+(?:final\s+)?void\s+main\s*\(|^fun\s+main\s*\("


def complete(subject: Subject, facts: Facts, wrapper: Evidence | None) -> None:
    """Fill in how Maven builds the app, and how it starts.

    Args:
        subject: the app.
        facts: what to fill in.
        wrapper: Maven's wrapper, if the app's build has it.
    """
    sources = subject.sources
    program = "./mvnw" if wrapper else "mvn"
    evidence = (sources.evidence("pom.xml"), *([wrapper] if wrapper else ()))
    facts.build = Fact(f"{program} -B -DskipTests package", evidence)
    text = re.sub(
        r"<(parent|dependencies|build|profiles|dependencyManagement)>.*?</\1>",
        "",
        sources.text("pom.xml"),
        flags=re.DOTALL,
    )
    packaging = re.search(r"<packaging>\s*([\w-]+)", text)
    artifact = re.search(r"<artifactId>\s*([\w.-]+)", text)
    facts.details["artifact"] = artifact[1] if artifact else "app"
    if packaging and packaging[1] == "pom":
        facts.confidence = 0.2
        return
    jar = "app.war" if packaging and packaging[1] == "war" else "app.jar"
    runnable = subject.framework or re.search(
        r"<mainClass>|spring-boot-maven-plugin|maven-shade-plugin|maven-assembly-plugin",
        sources.text("pom.xml"),
    )
    main = None if _WHOLE.search(sources.text("pom.xml")) else _main_class(sources)
    place(subject, facts, "target", jar, "pom.xml", bool(runnable or main))
    beside = sources.find("pom.xml", r"<classpathPrefix>\s*([\w-]+)/?\s*<")
    if beside or subject.framework_name == "helidon":
        facts.details["beside"] = beside[1] if beside else "libs"
    elif main:
        _with_packages(sources, facts, main)


def _with_packages(sources: Sources, facts: Facts, main: Fact[str]) -> None:
    """Start an archive that does not hold its packages: they are copied beside it."""
    pom = sources.text("pom.xml")
    scopes = re.findall(r"<dependency>(.*?)</dependency>", pom, re.DOTALL)
    if any(not re.search(r"<scope>\s*(?:test|provided|import)", each) for each in scopes):
        facts.details["beside"] = "dependency"
        if facts.build and "copy-dependencies" not in pom:
            goal = "dependency:copy-dependencies -DincludeScope=runtime"
            facts.build = Fact(f"{facts.build.value} {goal}", facts.build.evidence)
        facts.start = Fact(("java", "-cp", "app.jar:dependency/*", main.value), main.evidence)
    elif "<mainClass>" not in pom:
        facts.start = Fact(("java", "-cp", "app.jar", main.value), main.evidence)


def _main_class(sources: Sources) -> Fact[str] | None:
    """The class to start: the one that the build names, else the one that has a ``main``."""
    named = sources.find("pom.xml", r"<(?:mainClass|exec\.mainClass|main\.class)>\s*([\w.$]+)\s*<")
    if named:
        return Fact(named[1], (sources.evidence("pom.xml", named),))
    paths = [*sources.matching("src/main/java/**/*.java"), *sources.matching("src/main/kotlin/**/*.kt")]
    for path, match in sources.search(sorted(paths, key=lambda each: (each.count("/"), each))[:100], _MAIN):
        package = sources.find(path, r"^package\s+([\w.]+)")
        name = path.rpartition("/")[2].removesuffix(".java").replace(".kt", "Kt")
        return Fact(f"{package[1]}.{name}" if package else name, (sources.evidence(path, match.span(0)),))
    return None
