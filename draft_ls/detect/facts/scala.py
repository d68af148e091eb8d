"""Facts about Scala apps that sbt builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.jdk import java_version
from draft_ls.detect.model import Fact
from draft_ls.detect.network import scan
from draft_ls.detect.tokens import Signs

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject

SIGNS = Signs(
    files=("src/main/scala/**/*.scala", "app/**/*.scala", "**/*.scala"),
    calls=frozenset(
        {
            "newServerAt",
            "bindAndHandle",
            "withPort",
            "bindHttp",
            "port",
            "serve",
            "defaultWithPort",
            "InetSocketAddress",
        }
    ),
    skip=r"(?:^|/)(?:test|it)/",
)


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Scala app."""
    sources = subject.sources
    facts = Facts(framework=subject.framework_fact, version=java_version(sources))
    facts.package_manager = Fact("sbt", (sources.evidence("build.sbt"),))
    name = sources.find("build.sbt", r'\bname\s*:=\s*"{1,3}([^"]+)"')
    program = (name[1] if name else sources.name).lower().replace(" ", "-")
    version = sources.find("build.sbt", r'scalaVersion\s*:=\s*"([\d.]+)"')
    packager = subject.depends(
        "maven:com.github.sbt:sbt-native-packager",
        "maven:com.typesafe.sbt:sbt-native-packager",
        "maven:org.playframework:sbt-plugin",
        "maven:com.typesafe.play:sbt-plugin",
    )
    assembly = subject.depends("maven:com.eed3si9n:sbt-assembly")
    facts.details |= {
        "program": program,
        "stage": bool(packager),
        "assembly": bool(assembly) and not packager,
        "project": bool(sources.matching("project/*")),
        "scala": version[1] if version else "",
    }
    if packager:
        facts.build = Fact("sbt stage", (packager,))
        facts.start = Fact((f"bin/{program}",), (packager,))
    elif assembly:
        facts.build = Fact("sbt assembly", (assembly,))
        facts.start = Fact(("java", "-jar", "app.jar"), (assembly,))
    else:
        facts.build = Fact("sbt stage", (sources.evidence("build.sbt"),))
        mains = [
            path
            for path in sources.matching("**/*.scala")
            if sources.find(path, r"extends (?:IOApp|App|ZIOAppDefault|cask\.MainRoutes)|def main\(|@main")
        ]
        facts.confidence = 0.7 if mains else 0.25
        facts.start = Fact((f"bin/{program}",), (sources.evidence(mains[0]),)) if mains else None
    network = scan(sources, SIGNS)
    configured = sources.find(
        "conf/application.conf", r"^\s*(?:play\.server\.)?http\.port\s*=\s*(\d+)"
    ) or sources.find("src/main/resources/application.conf", r"^\s*port\s*=\s*(\d+)")
    facts.port = network.port
    if configured:
        path = (
            "conf/application.conf"
            if sources.has("conf/application.conf")
            else "src/main/resources/application.conf"
        )
        facts.port = Fact(int(configured[1]), (sources.evidence(path, configured),))
    facts.reads_port, facts.health, facts.variables = network.reads_port, network.health, network.variables
    return facts
