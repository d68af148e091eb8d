"""Facts about Python apps."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.detect.dependencies import normalise
from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.django import collect_static
from draft_ls.detect.facts.python_objects import app_objects
from draft_ls.detect.facts.python_routes import health
from draft_ls.detect.facts.python_source import modules
from draft_ls.detect.facts.python_start import bound, start
from draft_ls.detect.facts.python_tools import package_manager, python_version
from draft_ls.detect.facts.system import system_packages
from draft_ls.detect.facts.variables import example_variables, unique
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.facts.python_objects import AppObject
    from draft_ls.detect.facts.python_source import Module
    from draft_ls.detect.sources import Sources

SERVERS = ("gunicorn", "uvicorn", "hypercorn", "daphne", "waitress", "granian")

PACKAGES = {
    "gunicorn": "gunicorn>=23,<27",
    "uvicorn": "uvicorn[standard]>=0.30,<1",
    "hypercorn": "hypercorn>=0.17,<1",
    "daphne": "daphne>=4,<5",
    "waitress": "waitress>=3,<4",
    "granian": "granian>=2,<3",
}
"""Server → what to install where the app does not bring it."""

WITH_EVENTLET = "gunicorn>=23,<24"
"""The last gunicorn that has a worker for eventlet."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "gunicorn": ('GUNICORN_CMD_ARGS="--threads=4 --worker-tmp-dir=/dev/shm --access-logfile=-"',),
}
"""Server → its environment in the image. More gunicorn workers: WEB_CONCURRENCY."""

DEVELOPMENT_SERVERS: dict[str, tuple[str, ...]] = {
    "gradio": ("GRADIO_SERVER_NAME=0.0.0.0",),
    "dash": ("HOST=0.0.0.0",),
}
"""Framework → environment that makes its own server listen on every address."""


OWN_LIMIT = 60
"""How many modules are asked for the folder that they are imported from."""


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Python app."""
    facts = Facts(framework=subject.framework_fact)
    manager = package_manager(subject.sources)
    facts.package_manager = manager.fact
    facts.details.update(manager.details)
    facts.version = python_version(subject.sources)
    found = modules(subject.sources)
    app = _app_object(subject, found)
    app = app and _reexported(app, found)
    if app and app.framework and not facts.framework:
        facts.framework = Fact(app.framework, (app.evidence,))
        known = next((each for each in subject.rules.frameworks if each.name == app.framework), None)
        subject = replace(subject, framework=known)
    _network(subject, facts, found)
    facts.start = start(subject, facts, found, app)
    if app and not facts.port and facts.framework and subject.framework is None:
        facts.port = Fact(8000)
    _servers(subject, facts)
    facts.variables = unique(
        [
            *example_variables(subject.sources),
            *(each for module in found for each in module.required_variables()),
        ]
    )
    if facts.framework and facts.framework.value == "django":
        facts.details["collect_static"] = collect_static(subject)
    asked = system_packages(
        subject.sources, hosted=subject.framework_name in {"streamlit", "gradio", "chainlit", "panel"}
    )
    libraries = facts.details["libraries"]
    facts.details["libraries"] = tuple(sorted({*(libraries if isinstance(libraries, tuple) else ()), *asked}))
    facts.details["above"] = _names_own_folder(subject.sources)
    if facts.start is None:
        some = subject.sources.matching("**/*.py") and not facts.details.get("installable")
        facts.confidence = 0.35 if some else 0.2
    elif facts.port is None and facts.framework is None:
        facts.confidence = 0.7
    return facts


def _app_object(subject: Subject, found: tuple[Module, ...]) -> AppObject | None:
    objects = [each for module in found for each in app_objects(module)]
    wanted = subject.framework_name
    fitting = [each for each in objects if not wanted or each.framework in {wanted, ""}]
    return next((each for each in fitting if not each.factory and each.framework), None) or next(
        (each for each in fitting if not each.factory), next(iter(fitting), None)
    )


def _reexported(app: AppObject, found: tuple[Module, ...]) -> AppObject:
    """The app object as the module offers it that is there to be served: ``wsgi.py``, or one that completes it."""
    stem = app.path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2]
    for module in found:
        folder, _, name = module.path.rpartition("/")
        served = name in {"wsgi.py", "asgi.py"} or (
            name in {"main.py", "app.py", "run.py"} and module.completes(app.name)
        )
        if module.path == app.path or not served or app.factory or folder not in f"{app.path}/":
            continue
        alias = module.imported(stem, app.name)
        if alias:
            return replace(app, path=module.path, name=alias[0], evidence=alias[1])
    return app


def _network(subject: Subject, facts: Facts, found: tuple[Module, ...]) -> None:
    facts.health = health(found)
    for module in found:
        facts.reads_port = facts.reads_port or module.reads_port()
        for port, reads in module.ports():
            facts.reads_port = facts.reads_port or reads
            facts.port = facts.port or port
    if facts.port is None:
        _declared(facts, found)
    if facts.port is None and subject.framework_name == "cherrypy":
        said = subject.sources.search(
            subject.sources.matching("**/*.py")[:OWN_LIMIT],
            r"[\"']server\.socket_port[\"']\s*[:,]\s*(\d{2,5})",
        )
        facts.port = next(
            (Fact(int(match[1]), (subject.sources.evidence(path, match),)) for path, match in said), None
        )
    address, reads = bound(subject.sources)
    facts.port, facts.reads_port = address or facts.port, facts.reads_port or reads
    framework = subject.framework
    if framework:
        facts.health = facts.health or (Fact(framework.health) if framework.health else None)
        facts.port = (
            facts.port or _configured_port(subject) or (Fact(framework.port) if framework.port else None)
        )


def _declared(facts: Facts, found: tuple[Module, ...]) -> None:
    """Find the port that a server asks another module, its settings or its options for."""
    asked = {name for module in found for name in module.asked_ports()}
    declared = [each for module in found for each in module.declared_ports()] if asked else []
    for name, port, reads in declared:
        if name in asked:
            facts.port, facts.reads_port = port, facts.reads_port or reads
            return


def _configured_port(subject: Subject) -> Fact[int] | None:
    sources = subject.sources
    for path, pattern in (
        (".streamlit/config.toml", r"^\s*port\s*=\s*(\d+)"),
        (".flaskenv", r"^\s*FLASK_RUN_PORT\s*=\s*[\"']?(\d+)"),
    ):
        match = sources.find(path, pattern)
        if match:
            return Fact(int(match[1]), (sources.evidence(path, match),))
    return None


def _servers(subject: Subject, facts: Facts) -> None:
    """Note the server that the start command needs and the app does not bring."""
    command = facts.start.value if facts.start else ()
    words = re.findall(r"[\w.-]+", " ".join(command[:3] if command[:1] != ("sh",) else command[2:3]))
    server = next((each for each in SERVERS if each in words), "")
    missing = bool(server) and not subject.depends(f"pypi:{normalise(server)}")
    # The newest gunicorn, which an open requirement brings, has no worker for eventlet.
    eventlet = server == "gunicorn" and "eventlet" in re.findall(r"\w+", " ".join(command))
    if eventlet and subject.sources.find(
        "requirements.txt", r"^gunicorn(?:\[\w+\])?[ \t]*(?:>=?[^,\n]*)?(?:#.*)?$"
    ):
        missing = True
    if server == "uvicorn" and subject.depends("pypi:fastapi[standard]"):
        missing = False
    facts.details |= {
        "server": server,
        "install_server": missing,
        "server_package": WITH_EVENTLET if eventlet else PACKAGES.get(server, ""),
        "settings": SETTINGS.get(
            server, DEVELOPMENT_SERVERS.get(facts.framework.value if facts.framework else "", ())
        ),
    }


def _names_own_folder(sources: Sources) -> bool:
    """Whether the code imports itself by its folder's name (``from backend.db import …``): it starts from above."""
    name = sources.path.rpartition("/")[2]
    inside = f"{name}.py", f"{name}/__init__.py", "Dockerfile", "Procfile"
    if not name.isidentifier() or sources.first(*inside) or sources.matching(f"{name}/**/*.py"):
        return False
    pattern = rf"^(?:from|import) {name}(?:\.| import )"
    return any(sources.search(sources.matching("**/*.py")[:OWN_LIMIT], pattern))
