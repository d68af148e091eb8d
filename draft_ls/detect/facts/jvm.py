"""Facts about Java and Kotlin apps that Maven or Gradle builds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.documents import lookup
from draft_ls.detect.facts import Facts, javac, maven
from draft_ls.detect.facts.archive import place
from draft_ls.detect.facts.builds import wrapper_above
from draft_ls.detect.facts.jdk import image_version, java_version
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.detect.facts import Subject
    from draft_ls.detect.model import Evidence
    from draft_ls.detect.sources import Sources

SIGNS = Signs(
    files=("src/main/java/**/*.java", "src/main/kotlin/**/*.kt", "src/**/*.java", "src/**/*.kt", "*.java"),
    calls=frozenset(
        {
            "listen",
            "start",
            "embeddedServer",
            "forPort",
            "port",
            "InetSocketAddress",
            "ServerSocket",
            "setPort",
            "create",
            "Server",
            "asServer",
        }
    ),
    keys=frozenset(),
    skip=r"(?:^|/)(?:test|androidTest|integrationTest)/",
)

CONFIGURATION = tuple(
    f"{folder}{name}"
    for folder in ("src/main/resources/", "src/main/resources/config/", "config/", "")
    for name in (
        "application.properties", "application.yml", "application.yaml", "application.conf", "bootstrap.yml",
        "META-INF/microprofile-config.properties",
    )
)  # fmt: skip

_PORT_KEYS = (
    "server.port",
    "quarkus.http.port",
    "micronaut.server.port",
    "ktor.deployment.port",
    "server.http.port",
)

_WEB = (
    "maven:org.springframework.boot:spring-boot-starter-web*",
    "maven:org.springframework.boot:spring-boot-starter-jersey",
    "maven:org.springframework.boot:spring-boot-starter-data-rest",
    "maven:org.springframework.boot:spring-boot-starter-graphql",
    "maven:org.springframework.boot:spring-boot-starter-actuator",
    "maven:org.springframework.boot:spring-boot-starter-rsocket",
    "maven:org.springframework.cloud:spring-cloud-starter-gateway*",
    "maven:com.vaadin:*",
    "maven:org.springframework.cloud:spring-cloud-starter-netflix-eureka-server",
    "maven:org.springframework.cloud:spring-cloud-config-server",
)  # fmt: skip
"""Packages that make a Spring Boot app listen."""


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Java or Kotlin app."""
    sources = subject.sources
    facts = Facts(framework=subject.framework_fact, version=java_version(sources))
    facts.language = "kotlin" if _is_kotlin(sources) else "java"
    pom = sources.first("pom.xml")
    gradle = sources.first("build.gradle.kts", "build.gradle", "settings.gradle.kts", "settings.gradle")
    tool = "maven" if pom else "gradle"
    own = sources.first("mvnw" if pom else "gradlew")
    wrapper = sources.evidence(own) if own else wrapper_above(sources, tool)
    if pom or gradle:
        facts.package_manager = Fact(tool, (sources.evidence(pom or gradle or ""),))
    facts.details |= {
        "tool": tool,
        "wrapper": own is not None,
        "gradle_files": _gradle_files(sources),
        "modules": False,
        "jdk": image_version(sources, facts.version),
    }
    if pom:
        maven.complete(subject, facts, wrapper)
    elif gradle:
        _gradle(subject, facts, wrapper)
    else:
        javac.complete(sources, facts)
    _network(subject, facts)
    facts.variables = (*facts.variables, *_asked(sources))
    return facts


def _asked(sources: Sources) -> Iterator[Fact[str]]:
    """The variables that the app's settings name without a default: ``password: ${DB_PASSWORD}``."""
    settings = [path for path in CONFIGURATION if sources.has(path)]
    for path, match in sources.search(settings, r"^[^#\n]*?\$\{([A-Z][A-Z0-9_]+)\}"):
        if match[1] not in {"PORT", "HOST", "HOME"}:
            yield Fact(match[1], (sources.evidence(path, match),))


def _is_kotlin(sources: Sources) -> bool:
    kotlin = sources.matching("src/main/kotlin/**/*.kt") or sources.matching("src/**/*.kt")
    return bool(kotlin) and not sources.matching("src/main/java/**/*.java")


def _gradle_files(sources: Sources) -> tuple[str, ...]:
    names = (
        "settings.gradle",
        "settings.gradle.kts",
        "build.gradle",
        "build.gradle.kts",
        "gradle.properties",
    )
    return tuple(name for name in names if sources.has(name))


def _gradle(subject: Subject, facts: Facts, wrapper: Evidence | None) -> None:
    sources = subject.sources
    script = sources.first("build.gradle.kts", "build.gradle")
    program = "./gradlew" if wrapper else "gradle"
    if script is None:
        facts.confidence = 0.2
        return
    evidence = (sources.evidence(script), *([wrapper] if wrapper else ()))
    settings = sources.first("settings.gradle.kts", "settings.gradle") or ""
    name = sources.find(settings, r"""rootProject\.name\s*=\s*["']([\w.-]+)""")
    facts.details["artifact"] = name[1] if name else sources.name
    application = subject.depends(
        "gradle:application",
        "gradle:io.ktor.plugin",
        "gradle:io.micronaut.application",
        "gradle:io.micronaut.minimal.application",
    )
    spring = subject.depends("gradle:org.springframework.boot", "gradle:spring.boot", "gradle:springBoot")
    shadow = subject.depends(
        "gradle:com.gradleup.shadow", "gradle:com.github.johnrengelman.shadow", "gradle:io.ktor.plugin"
    )
    if subject.framework_name == "servlet":
        facts.build = Fact(f"{program} --no-daemon war", evidence)
        place(subject, facts, "build/libs", "app.war", script, True)
        return
    if not (application or spring or shadow or subject.framework):
        main = sources.find(script, r"Main-Class")
        facts.confidence = 0.7 if main else 0.2
    if spring:
        facts.build = Fact(f"{program} --no-daemon bootJar", evidence)
        place(subject, facts, "build/libs", "app.jar", script, True)
    elif subject.framework_name == "quarkus":
        facts.build = Fact(f"{program} --no-daemon build -x test", evidence)
        place(subject, facts, "build", "app.jar", script, True)
    elif application:
        facts.build = Fact(f"{program} --no-daemon installDist", evidence)
        facts.details["output"] = f"build/install/{facts.details['artifact']}"
        named = sources.find(script, r"""startScripts\s*\{\s*applicationName\s*=\s*["']([\w.-]+)""")
        program = named[1] if named else facts.details["artifact"]
        facts.start = Fact((f"bin/{program}",), (application,))
    else:
        facts.build = Fact(f"{program} --no-daemon {'shadowJar' if shadow else 'build -x test'}", evidence)
        place(subject, facts, "build/libs", "app.jar", script, bool(shadow) or facts.confidence == 0.7)


def _network(subject: Subject, facts: Facts) -> None:
    sources, framework = subject.sources, subject.framework_name
    network = scan(sources, SIGNS) if framework not in {"spring-boot", "quarkus", "micronaut"} else None
    facts.port, facts.reads_port = configured_port(sources)
    if network:
        facts.port = facts.port or network.port
        facts.health = network.health
        facts.reads_port = facts.reads_port or network.reads_port
        facts.variables = network.variables
    prefix = _setting(sources, "server.servlet.context-path") or _setting(sources, "quarkus.http.root-path")
    root = prefix.value.rstrip("/") if prefix else ""
    if framework == "spring-boot":
        actuator = subject.depends("maven:org.springframework.boot:spring-boot-starter-actuator")
        base = _setting(sources, "management.endpoints.web.base-path")
        apart = _setting(sources, "management.server.port")
        if actuator and not apart:
            facts.health = Fact(f"{root}{base.value if base else '/actuator'}/health", (actuator,))
        if not subject.depends(*_WEB) and not facts.port:
            facts.details["worker"] = True
        else:
            facts.port = facts.port or Fact(8080)
    elif framework == "quarkus":
        health = subject.depends("maven:io.quarkus:quarkus-smallrye-health")
        facts.health = Fact(f"{root}/q/health", (health,)) if health else None
    elif framework == "helidon":
        whole = subject.depends("maven:io.helidon.microprofile*")
        observed = whole or subject.depends("maven:io.helidon.webserver.observe:*")
        facts.health = (
            Fact("/health" if whole else "/observe/health", (observed,)) if observed else facts.health
        )
    elif framework == "micronaut":
        health = subject.depends("maven:io.micronaut:micronaut-management")
        facts.health = Fact("/health", (health,)) if health else None


def configured_port(sources: Sources) -> tuple[Fact[int] | None, bool]:
    """The port that the app's configuration names, and whether it comes from ``PORT``."""
    for key in _PORT_KEYS:
        found = _setting(sources, key)
        if found:
            number = re.search(r"(\d{2,5})", found.value)
            reads = "PORT" in found.value
            if number:
                return Fact(int(number[1]), found.evidence), reads
            if reads:
                return Fact(8080, found.evidence), True
    dropwizard = sources.find("config.yml", r"applicationConnectors:(?:\s*-)?[^-]*?\bport:\s*(\d+)")
    if dropwizard:
        return Fact(int(dropwizard[1]), (sources.evidence("config.yml", dropwizard),)), False
    hocon = sources.find("src/main/resources/application.conf", r"^\s*port\s*=\s*(\d+)")
    if hocon:
        evidence = sources.evidence("src/main/resources/application.conf", hocon)
        return Fact(int(hocon[1]), (evidence,)), bool(
            sources.find("src/main/resources/application.conf", r"\$\{\?PORT\}")
        )
    return None, False


def _setting(sources: Sources, key: str) -> Fact[str] | None:
    for path in CONFIGURATION:
        if not sources.has(path):
            continue
        if path.endswith(".properties"):
            match = sources.find(path, rf"^[ \t]*{re.escape(key)}[ \t]*[=:][ \t]*(\S+)")
            if match:
                return Fact(match[1], (sources.evidence(path, match),))
        elif path.endswith((".yml", ".yaml")):
            document = sources.yaml(path)
            value = lookup(document, *key.split("."))
            value = document.get(key) if value is None else value
            if isinstance(value, str | int):
                return Fact(str(value), (sources.quote(path, str(value), f"{key}: {value}"),))
    return None
