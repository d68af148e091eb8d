"""Facts about Python apps."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from draft_ls.detect.commands import exec_form, port_in, procfile, reads_port, with_port
from draft_ls.detect.dependencies import normalise
from draft_ls.detect.facts import Facts
from draft_ls.detect.facts.python_source import Module, modules
from draft_ls.detect.facts.python_tools import package_manager, python_version
from draft_ls.detect.facts.variables import example_variables, unique
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.facts.python_source import AppObject
    from draft_ls.detect.sources import Sources

WSGI = frozenset({"flask", "django", "bottle", "falcon", "dash"})
"""Frameworks whose apps gunicorn serves as they are."""

ASGI = frozenset({"fastapi", "starlette", "quart", "litestar", "fasthtml"})
"""Frameworks whose apps uvicorn serves as they are."""

TOOLS: dict[str, tuple[str, tuple[str, ...]]] = {
    "chainlit": ("import chainlit", ("chainlit", "run", "{script}", "--host", "0.0.0.0", "--port", "{port}")),
    "panel": (
        "import panel",
        (
            "panel",
            "serve",
            "{script}",
            "--address",
            "0.0.0.0",
            "--port",
            "{port}",
            "--allow-websocket-origin=*",
        ),
    ),
    "shiny": ("from shiny", ("shiny", "run", "--host", "0.0.0.0", "--port", "{port}", "{script}")),
    "solara": ("import solara", ("solara", "run", "{script}", "--host", "0.0.0.0", "--port", "{port}")),
}
"""Framework with a program of its own that runs a script → what tells the script, and the command."""

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

SETTINGS: dict[str, tuple[str, ...]] = {
    "gunicorn": ('GUNICORN_CMD_ARGS="--threads=4 --worker-tmp-dir=/dev/shm --access-logfile=-"',),
}
"""Server → its environment in the image. More gunicorn workers: WEB_CONCURRENCY."""

DEVELOPMENT_SERVERS: dict[str, tuple[str, ...]] = {
    "gradio": ("GRADIO_SERVER_NAME=0.0.0.0",),
    "dash": ("HOST=0.0.0.0",),
}
"""Framework → environment that makes its own server listen on every address."""

SCRIPTS = (
    "main.py", "app.py", "server.py", "run.py", "start.py", "bot.py", "wsgi.py", "index.py", "worker.py", "__main__.py",
    "hello.py", "src/main.py", "src/app.py", "app/main.py", "app/__main__.py", "src/__main__.py", "src/server.py",
)  # fmt: skip
"""Names of scripts that start an app, best first."""


def analyze(subject: Subject) -> Facts:
    """Find the facts of a Python app."""
    facts = Facts(framework=subject.framework_fact)
    manager = package_manager(subject.sources)
    facts.package_manager = manager.fact
    facts.details.update(manager.details)
    facts.version = python_version(subject.sources)
    found = modules(subject.sources)
    app = _app_object(subject, found)
    if app and app.framework and not facts.framework:
        facts.framework = Fact(app.framework, (app.evidence,))
        known = next((each for each in subject.rules.frameworks if each.name == app.framework), None)
        subject = replace(subject, framework=known)
    _network(subject, facts, found)
    facts.start = _start(subject, facts, found, app)
    if app and not facts.port and facts.framework and subject.framework is None:
        facts.port = Fact(8000)
    _servers(subject, facts)
    facts.variables = unique(
        [
            *example_variables(subject.sources),
            *(each for module in found for each in module.required_variables()),
        ]
    )
    if facts.start is None:
        some = subject.sources.matching("**/*.py") and not facts.details.get("installable")
        facts.confidence = 0.35 if some else 0.2
    elif facts.port is None and facts.framework is None:
        facts.confidence = 0.7
    return facts


def _app_object(subject: Subject, found: tuple[Module, ...]) -> AppObject | None:
    objects = [each for module in found for each in module.app_objects()]
    wanted = subject.framework_name
    fitting = [each for each in objects if not wanted or each.framework in {wanted, ""}]
    return next((each for each in fitting if not each.factory and each.framework), None) or next(
        (each for each in fitting if not each.factory), next(iter(fitting), None)
    )


def _network(subject: Subject, facts: Facts, found: tuple[Module, ...]) -> None:
    for module in found:
        facts.health = facts.health or module.health()
        facts.reads_port = facts.reads_port or module.reads_port()
        for port, reads in module.ports():
            facts.reads_port = facts.reads_port or reads
            facts.port = facts.port or port
    if facts.port is None:
        _declared(facts, found)
    bound, reads = _bound(subject.sources)
    facts.port, facts.reads_port = bound or facts.port, facts.reads_port or reads
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


def _bound(sources: Sources) -> tuple[Fact[int] | None, bool]:
    """Where gunicorn's own configuration listens, and whether ``PORT`` says so."""
    path = sources.first("gunicorn.conf.py", "gunicorn_config.py", "gunicorn_conf.py", "gunicorn.py")
    if path is None or "bind" not in sources.text(path):
        return None, False
    module = Module(sources, path)
    value = module.assignments.get("bind")
    port, reads = module.resolve(value) if value is not None else (None, False)
    return (Fact(port, (module.evidence(value),)) if port and value is not None else None), reads


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


def _start(
    subject: Subject, facts: Facts, found: tuple[Module, ...], app: AppObject | None
) -> Fact[tuple[str, ...]] | None:
    declared = _declared_start(subject, facts)
    if declared:
        return declared
    name = facts.framework.value if facts.framework else ""
    port = str(facts.port.value if facts.port else 8000)
    if name == "django":
        return _django(subject, port)
    if name == "streamlit":
        script = _script(subject, "import streamlit")
        return script and Fact(
            (
                "streamlit",
                "run",
                script.value,
                f"--server.port={port}",
                "--server.address=0.0.0.0",
                "--server.headless=true",
            ),
            script.evidence,
        )
    if name in TOOLS:
        sign, command = TOOLS[name]
        script = _script(subject, sign)
        words = (word.format(script=script.value if script else "", port=port) for word in command)
        return script and Fact(tuple(words), script.evidence)
    if name == "dash" and app:
        served = _dash_server(found, app)
        if served:
            return Fact(("gunicorn", "--bind", f"0.0.0.0:{port}", served), (app.evidence,))
    elif app and name in WSGI:
        call = "()" if app.factory else ""
        return Fact(
            (
                "gunicorn",
                "--bind",
                f"0.0.0.0:{port}",
                *_target(subject, app.path, app.name + call, "--chdir"),
            ),
            (app.evidence,),
        )
    elif app and name in ASGI:
        return Fact(
            _asgi(subject, _target(subject, app.path, app.name, "--app-dir"), port, factory=app.factory),
            (app.evidence,),
        )
    elif app and name == "sanic" and not app.factory:
        return Fact(
            ("sanic", *_target(subject, app.path, app.name, ""), "--host=0.0.0.0", f"--port={port}"),
            (app.evidence,),
        )
    return _plain(subject, found)


def _declared_start(subject: Subject, facts: Facts) -> Fact[tuple[str, ...]] | None:
    """What the Procfile says, and the port that it names."""
    declared = procfile(subject.sources)
    if declared is None:
        return None
    line = declared.value
    port = port_in(line)
    if port:
        facts.port = Fact(port, declared.evidence)
    facts.reads_port = facts.reads_port or reads_port(line)
    # Without an address gunicorn itself listens where PORT says, else on 8000.
    bare = line.startswith("gunicorn ") and not re.search(r"\s(?:-b|--bind)\b", line)
    if bare and not _bound(subject.sources)[0]:
        facts.reads_port = True
        facts.port = facts.port if facts.port and facts.port.evidence else Fact(8000)
    if reads_port(line):
        facts.port = facts.port or Fact(8000)
    return Fact(exec_form(with_port(line, facts.port.value if facts.port else 8000)), declared.evidence)


def _django(subject: Subject, port: str) -> Fact[tuple[str, ...]] | None:
    sources = subject.sources
    asgi = subject.depends("pypi:uvicorn", "pypi:daphne", "pypi:channels") and not subject.depends(
        "pypi:gunicorn"
    )
    pattern, kind = (
        ("**/asgi.py", "asgi") if asgi and sources.matching("**/asgi.py") else ("**/wsgi.py", "wsgi")
    )
    for path in sources.matching(pattern):
        folder = path.rpartition("/")[0]
        if sources.has("manage.py") and "/" not in folder:
            extra: tuple[str, ...] = ()
            module = folder
        else:
            top, _, module = folder.rpartition("/")
            extra = ("--chdir" if kind == "wsgi" else "--app-dir", top) if top else ()
        target = f"{module}.{kind}:application" if module else f"{kind}:application"
        if kind == "asgi":
            return Fact(_asgi(subject, (*extra, target), port), (sources.evidence(path),))
        return Fact(("gunicorn", "--bind", f"0.0.0.0:{port}", *extra, target), (sources.evidence(path),))
    if sources.has("manage.py"):
        return Fact(("python", "manage.py", "runserver", f"0.0.0.0:{port}"), (sources.evidence("manage.py"),))
    return None


def _asgi(subject: Subject, target: tuple[str, ...], port: str, *, factory: bool = False) -> tuple[str, ...]:
    """How the ASGI server that the app brings serves it; uvicorn if it brings none."""
    folder = target[:-1]
    if not subject.depends("pypi:uvicorn", "pypi:fastapi[standard]") and not folder and not factory:
        if subject.depends("pypi:hypercorn"):
            return ("hypercorn", *target, "--bind", f"0.0.0.0:{port}")
        if subject.depends("pypi:daphne"):
            return ("daphne", "-b", "0.0.0.0", "-p", port, *target)
        if subject.depends("pypi:granian"):
            return ("granian", "--interface", "asgi", "--host", "0.0.0.0", "--port", port, *target)
    options = ("--factory",) if factory else ()
    return ("uvicorn", *target, *options, "--host", "0.0.0.0", "--port", port)


def _dash_server(found: tuple[Module, ...], app: AppObject) -> str | None:
    module = next(module for module in found if module.path == app.path)
    for name, value in module.assignments.items():
        if value.text == f"{app.name}.server".encode():
            return f"{_module(app.path)}:{name}"
    return None


def _target(subject: Subject, path: str, name: str, folder_option: str) -> tuple[str, ...]:
    """The ``module:name`` of an app object, with the option that names its folder if that is not on the path."""
    sources = subject.sources
    if path.startswith("src/") and not sources.has("src/__init__.py") and folder_option:
        installed = (
            "/" in path[4:]
            and sources.has("pyproject.toml")
            and bool(sources.toml("pyproject.toml").get("build-system"))
        )
        imported = any(sources.search(list(sources.matching("**/*.py"))[:60], r"^\s*(?:from|import) src\b"))
        if not imported:
            target = f"{_module(path[4:])}:{name}"
            return (target,) if installed else (folder_option, "src", target)
    return (f"{_module(path)}:{name}",)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _plain(subject: Subject, found: tuple[Module, ...]) -> Fact[tuple[str, ...]] | None:
    sources = subject.sources
    for path in SCRIPTS:
        if sources.has(path):
            return Fact(("python", path), (sources.evidence(path),))
    for module in found:
        if any(True for _ in module.ports()):
            return Fact(("python", module.path), (sources.evidence(module.path),))
    scripts = sources.toml("pyproject.toml").get("project", {})
    names = list(scripts.get("scripts", {})) if isinstance(scripts, dict) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportUnknownMemberType]
    if len(names) == 1 and isinstance(names[0], str):  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        return Fact((names[0],), (sources.quote("pyproject.toml", names[0]),))
    mains = sources.matching("*/__main__.py") + sources.matching("src/*/__main__.py")
    if len(mains) == 1:
        package = mains[0].split("/")[-2]
        return Fact(("python", "-m", package), (sources.evidence(mains[0]),))
    guarded = [
        path for path in sources.matching("*.py") if sources.find(path, r"^if __name__ == ['\"]__main__['\"]")
    ]
    if len(guarded) == 1:
        return Fact(("python", guarded[0]), (sources.evidence(guarded[0]),))
    return None


def _script(subject: Subject, sign: str) -> Fact[str] | None:
    sources = subject.sources
    order = {"streamlit_app.py": 0, "app.py": 1, "main.py": 2, "Home.py": 3, "home.py": 4, "src/app.py": 5}
    signed = [
        path
        for path in sources.matching("**/*.py")
        if sign in sources.text(path) and "/pages/" not in f"/{path}"
    ]
    signed.sort(key=lambda path: (path.count("/"), order.get(path, 9), path))
    return Fact(signed[0], (sources.quote(signed[0], sign),)) if signed else None


def _servers(subject: Subject, facts: Facts) -> None:
    """Note the server that the start command needs and the app does not bring."""
    command = facts.start.value if facts.start else ()
    words = re.findall(r"[\w.-]+", " ".join(command[:3] if command[:1] != ("sh",) else command[2:3]))
    server = next((each for each in SERVERS if each in words), "")
    missing = bool(server) and not subject.depends(f"pypi:{normalise(server)}")
    if server == "uvicorn" and subject.depends("pypi:fastapi[standard]"):
        missing = False
    facts.details |= {
        "server": server,
        "install_server": missing,
        "server_package": PACKAGES.get(server, ""),
        "settings": SETTINGS.get(
            server, DEVELOPMENT_SERVERS.get(facts.framework.value if facts.framework else "", ())
        ),
    }
