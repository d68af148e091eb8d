"""What files that deploy the app already say: Dockerfile, compose file, manifests, devcontainer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.commands import exec_form, is_worker, port_in, reads_port, with_port
from draft_ls.detect.documents import is_table, items, strings, table
from draft_ls.detect.facts.hosting import hosted_health, hosted_port
from draft_ls.detect.facts.hosting_start import declared_start, script_port, with_scripts
from draft_ls.detect.facts.images import DOCKERFILES
from draft_ls.detect.facts.settings import configured_port, environment_port
from draft_ls.detect.facts.variables import example_variables, unique
from draft_ls.detect.model import Evidence, Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.detect.facts import Facts, Subject
    from draft_ls.detect.sources import Sources

COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
MANIFESTS = (
    "k8s/*.y*ml",
    "kubernetes/*.y*ml",
    "manifests/*.y*ml",
    "deploy/*.y*ml",
    "deployment.y*ml",
    "k8s.y*ml",
)


def complete(subject: Subject, facts: Facts) -> None:
    """Fill in what the analyzer left open, and let files that deploy the app already have the last word."""
    sources, framework = subject.sources, subject.framework
    listens = not _from_platform(subject, facts)
    _from_dockerfile(sources, facts)
    if facts.port is None or not facts.port.evidence:
        _published(sources, facts)
    if (facts.port is None or not facts.port.evidence) and not _is_served(facts):
        _take(facts, configured_port(sources) or _from_environment(sources, facts))
    if framework:
        facts.framework = facts.framework or subject.framework_fact
        facts.port = facts.port or (Fact(framework.port) if framework.port and listens else None)
        facts.health = facts.health or (Fact(framework.health) if framework.health else None)
        facts.build = facts.build or (Fact(framework.build) if framework.build else None)
        facts.start = facts.start or (Fact(framework.start) if framework.start else None)
        facts.reads_port = facts.reads_port or (framework.reads_port and not facts.details.get("output"))
    if facts.port is None and facts.reads_port and listens and subject.rules.port:
        facts.port = Fact(subject.rules.port)
    told = facts.details.get("port_variable")
    facts.variables = unique(
        each for each in (*example_variables(sources), *facts.variables) if each.value != told
    )


def _published(sources: Sources, facts: Facts) -> None:
    """Take the port that a compose file or a manifest names, over a default."""
    _take(
        facts, compose_port(sources) or manifest_port(sources) or hosted_port(sources) or script_port(sources)
    )


def _from_environment(sources: Sources, facts: Facts) -> Fact[int] | None:
    """The port of an ``.env`` file. Of an own variable (``APP_PORT``) the image has to be told as well."""
    found = environment_port(sources)
    if found is None or not (facts.reads_port or found[0] != "PORT"):
        return None
    if found[0] != "PORT":
        facts.details["port_variable"] = found[0]
    return found[1]


def _is_served(facts: Facts) -> bool:
    """Whether a web server of the image listens, which no settings of the app concern."""
    return facts.start is not None and facts.start.value[0] in {"nginx", "apache2-foreground"}


def _take(facts: Facts, port: Fact[int] | None) -> None:
    """Take a port over a default, in the start command too."""
    if port and facts.start and facts.port and facts.port.value != port.value:
        old = re.compile(rf"(?<!\d){facts.port.value}$")
        facts.start = Fact(
            tuple(old.sub(str(port.value), each) for each in facts.start.value), facts.start.evidence
        )
    facts.port = port or facts.port


def _from_platform(subject: Subject, facts: Facts) -> bool:
    """Take what a Procfile or the like says; whether it is a worker, which does not listen."""
    facts.health = hosted_health(subject.sources, subject.rules.analyzer) or facts.health
    declared = declared_start(subject.sources, subject.rules.analyzer)
    if declared is None or (facts.start and declared.evidence[0] in facts.start.evidence):
        return False
    image = facts.start.value if facts.start else ()
    if image[:1] == ("nginx",) or re.match(r"(?:vendor/bin/)?heroku-php-", declared.value):
        return False
    facts.reads_port = facts.reads_port or reads_port(with_scripts(subject.sources, declared.value))
    named = port_in(declared.value)
    facts.port = Fact(named, declared.evidence) if named else facts.port
    usual = subject.framework.port if subject.framework else None
    worker = is_worker(declared) and not named and (facts.port is None or not facts.port.evidence)
    if worker:
        facts.port, usual = None, None
    port = facts.port.value if facts.port else usual or subject.rules.port
    line = with_port(declared.value, port) if port else declared.value
    facts.start = Fact(exec_form(_placed(line, image)), declared.evidence)
    return worker


def _placed(line: str, image: tuple[str, ...]) -> str:
    """A Procfile's command with the build's outputs where the image has them, as the command for the image says.

    Platforms run it in the build's own folder, ``java -jar target/app-1.0.jar`` or ``bin/app``; an image has less.
    """
    archive = next((word for word in image if word.endswith((".jar", ".war"))), "")
    if archive:
        line = re.sub(r"(?:\S*/)?(?:target|build/libs)/\S+\.[jw]ar\b", archive, line)
    if image[:2] == ("java", "-cp"):
        line = line.replace("target/classes", "app.jar").replace("target/dependency", "dependency")
    if image[:1] == ("dotnet",):
        line = re.sub(r"^cd \S+ && ", "", line)
    first, _, rest = line.partition(" ")
    own = image[0] if image else ""
    if "/" in own and first.rpartition("/")[2] == own.rpartition("/")[2]:
        line = f"{own} {rest}".strip()
    return line


def _from_dockerfile(sources: Sources, facts: Facts) -> None:
    path = sources.first(*DOCKERFILES)
    if path is None:
        return
    from draft_ls.dockerfile.parse import parse
    from draft_ls.dockerfile.settings import settings

    dockerfile = parse(sources.text(path))
    if dockerfile.final is None:
        return
    stage = settings(dockerfile)
    evidence = sources.evidence(path)
    port = _exposed(stage.ports)
    if port:
        line = next((each for each in dockerfile.final.instructions if each.keyword == "EXPOSE"), None)
        facts.port = Fact(port, (Evidence(evidence.path, f"EXPOSE {port}", line.span if line else None),))
    entry = stage.entrypoint.arguments if stage.entrypoint else ()
    command = (*entry, *(stage.command.arguments if stage.command else ()))
    last = stage.command or stage.entrypoint
    if command and last:
        plain = ("sh", *command[1:]) if command[:2] == ("/bin/sh", "-c") else command
        said = Evidence(evidence.path, last.instruction.text[:80], last.instruction.span)
        facts.start = Fact(plain, (said,))
        named = port_in(" ".join(plain))
        if named and not port:
            facts.port = Fact(named, (said,))
    facts.details["dockerfile"] = path


def _exposed(ports: tuple[str, ...]) -> int | None:
    numbers = [int(each.partition("/")[0]) for each in ports if re.fullmatch(r"\d{1,5}(?:/tcp)?", each)]
    return numbers[0] if numbers and 0 < numbers[0] < 65536 else None


def compose_port(sources: Sources) -> Fact[int] | None:
    """The container port of the compose service that is built from the app's folder."""
    path = sources.first(*COMPOSE_FILES)
    if path is None:
        return None
    services = table(sources.yaml(path).get("services"))
    for service in (table(each) for each in services.values()):
        if "build" not in service or not _builds_here(service["build"]):
            continue
        for each in [*items(service.get("ports")), *items(service.get("expose"))]:
            port = _container_port(each)
            if port:
                needle = str(port) if is_table(each) else str(each)
                return Fact(port, (sources.quote(path, needle, f"port {port}"),))
    return None


def _builds_here(build: object) -> bool:
    context = str(build.get("context", ".")) if is_table(build) else str(build)
    return context.rstrip("/") in {".", "", "./."}


def _container_port(value: object) -> int | None:
    text = str(value.get("target", "")) if is_table(value) else str(value)
    match = re.search(r"(\d+)(?:/tcp)?$", text)
    number = int(match[1]) if match else 0
    return number if 0 < number < 65536 else None


def manifest_port(sources: Sources) -> Fact[int] | None:
    """The ``containerPort`` of Kubernetes manifests, if they name one."""
    paths = [path for pattern in MANIFESTS for path in sources.matching(pattern)]
    found = list(sources.search(paths[:20], r"^\s*(?:-\s*)?containerPort:\s*(\d+)\s*$"))
    ports = {int(match[1]) for _, match in found}
    if len(ports) != 1:
        return None
    path, match = found[0]
    return Fact(ports.pop(), (sources.evidence(path, match),))


def compose_services(sources: Sources) -> Iterator[str]:
    """The names of services that compose runs beside the app: databases, queues."""
    path = sources.first(*COMPOSE_FILES)
    for name, service in table(sources.yaml(path).get("services")).items() if path else ():
        if "build" not in table(service) and strings(table(service).get("image")):
            yield name
