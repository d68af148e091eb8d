"""How a Python app is started: what its files say, else its framework's server, else its script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.commands import exec_form, port_in, reachable, reads_port, with_port
from draft_ls.detect.facts.hosting_start import declared_start, with_scripts
from draft_ls.detect.facts.python_plain import bot_start, module_name, plain_start
from draft_ls.detect.facts.python_programs import PROGRAMS, by_program
from draft_ls.detect.facts.python_source import Module
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Facts, Subject
    from draft_ls.detect.facts.python_objects import AppObject
    from draft_ls.detect.sources import Sources

WSGI = frozenset({"flask", "django", "bottle", "falcon", "dash"})
"""Frameworks whose apps gunicorn serves as they are."""

ASGI = frozenset({"fastapi", "starlette", "quart", "litestar", "fasthtml"})
"""Frameworks whose apps uvicorn serves as they are."""


def start(
    subject: Subject, facts: Facts, found: tuple[Module, ...], app: AppObject | None
) -> Fact[tuple[str, ...]] | None:
    """How the app is started; notes a port that its start command names.

    Args:
        subject: the app.
        facts: what is known so far: the framework, the port.
        found: its modules that show signs of a server.
        app: what a server can serve, if there is such an object.
    """
    declared = _declared_start(subject, facts)
    if declared:
        return declared
    name = facts.framework.value if facts.framework else ""
    port = str(facts.port.value if facts.port else 8000)
    bot = bot_start(subject, app) if app else None
    if bot:
        return bot
    if name == "django":
        return _django(subject, port)
    if name in PROGRAMS:
        return by_program(subject, facts, port)
    return (_served(subject, found, app, port, name) if app else None) or plain_start(subject, found)


def _served(
    subject: Subject, found: tuple[Module, ...], app: AppObject, port: str, name: str
) -> Fact[tuple[str, ...]] | None:
    """How a production server serves the app object, if one can."""
    evidence = (app.evidence,)
    if name == "dash":
        served = _dash_server(found, app)
        return Fact(("gunicorn", "--bind", f"0.0.0.0:{port}", served), evidence) if served else None
    if name in WSGI:
        target = _target(subject, app.path, app.name + ("()" if app.factory else ""), "--chdir")
        return Fact(("gunicorn", *_socket_workers(subject), "--bind", f"0.0.0.0:{port}", *target), evidence)
    if name in ASGI:
        target = _target(subject, app.path, app.name, "--app-dir")
        return Fact(_asgi(subject, target, port, factory=app.factory), evidence)
    if name == "sanic" and not app.factory:
        target = _target(subject, app.path, app.name, "")
        return Fact(("sanic", *target, "--host=0.0.0.0", f"--port={port}"), evidence)
    return None


def _declared_start(subject: Subject, facts: Facts) -> Fact[tuple[str, ...]] | None:
    """What a Procfile or the like says, and the port that it names."""
    declared = declared_start(subject.sources, subject.rules.analyzer)
    if declared is None:
        return None
    line = declared.value
    port = port_in(line)
    if port:
        facts.port = Fact(port, declared.evidence)
    facts.reads_port = facts.reads_port or reads_port(with_scripts(subject.sources, line))
    # Without an address gunicorn itself listens where PORT says, else on 8000.
    bare = re.search(r"(?:^|&&\s*)(?:exec )?gunicorn\s", line) and not re.search(r"\s(?:-b|--bind)\b", line)
    if bare and not bound(subject.sources)[0]:
        facts.reads_port = True
        facts.port = facts.port if facts.port and facts.port.evidence else Fact(8000)
    if reads_port(line):
        facts.port = facts.port or Fact(8000)
    where = facts.port.value if facts.port else 8000
    return Fact(exec_form(reachable(with_port(line, where), where)), declared.evidence)


def bound(sources: Sources) -> tuple[Fact[int] | None, bool]:
    """Where gunicorn's own configuration listens, and whether ``PORT`` says so."""
    path = sources.first("gunicorn.conf.py", "gunicorn_config.py", "gunicorn_conf.py", "gunicorn.py")
    if path is None or "bind" not in sources.text(path):
        return None, False
    module = Module(sources, path)
    value = module.assignments.get("bind")
    port, reads = module.resolve(value) if value is not None else (None, False)
    return (Fact(port, (module.evidence(value),)) if port and value is not None else None), reads


def _django(subject: Subject, port: str) -> Fact[tuple[str, ...]] | None:
    sources = subject.sources
    asgi = _speaks_asgi(subject)
    pattern, kind = ("**/asgi.py", "asgi") if asgi else ("**/wsgi.py", "wsgi")
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
            if subject.depends("pypi:daphne") and not extra:
                return Fact(("daphne", "-b", "0.0.0.0", "-p", port, target), (sources.evidence(path),))
            return Fact(_asgi(subject, (*extra, target), port), (sources.evidence(path),))
        return Fact(("gunicorn", "--bind", f"0.0.0.0:{port}", *extra, target), (sources.evidence(path),))
    if sources.has("manage.py"):
        return Fact(("python", "manage.py", "runserver", f"0.0.0.0:{port}"), (sources.evidence("manage.py"),))
    return None


def _speaks_asgi(subject: Subject) -> bool:
    """Whether a Django app is to be served by ASGI: it has WebSockets, or brings no WSGI server but an ASGI one."""
    paths = subject.sources.matching("**/asgi.py")
    sockets = subject.depends("pypi:channels") and any(
        subject.sources.search(paths, r"\bProtocolTypeRouter\b")
    )
    server = subject.depends("pypi:uvicorn", "pypi:daphne", "pypi:channels") and not subject.depends(
        "pypi:gunicorn"
    )
    return bool(paths and (sockets or server))


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
            return f"{module_name(app.path)}:{name}"
    return None


def _target(subject: Subject, path: str, name: str, folder_option: str) -> tuple[str, ...]:
    """The ``module:name`` of an app object, with the option that names its folder if that is not on the path."""
    sources = subject.sources
    folder = path.rpartition("/")[0]
    if path.startswith("src/") and not sources.has("src/__init__.py") and folder_option:
        installed = (
            "/" in path[4:]
            and sources.has("pyproject.toml")
            and bool(sources.toml("pyproject.toml").get("build-system"))
        )
        imported = any(sources.search(list(sources.matching("**/*.py"))[:60], r"^\s*(?:from|import) src\b"))
        if not imported and not _runs_inside(sources, path):
            target = f"{module_name(path[4:])}:{name}"
            return (target,) if installed else (folder_option, "src", target)
    if folder and folder_option and _runs_inside(sources, path):
        return (folder_option, folder, f"{module_name(path[len(folder) + 1 :])}:{name}")
    return (f"{module_name(path)}:{name}",)


def _runs_inside(sources: Sources, path: str) -> bool:
    """Whether a module only works from its own folder: it imports the modules beside it by their bare names."""
    folder, _, file = path.rpartition("/")
    stem = file.removesuffix(".py")
    if not folder or stem == "__init__":
        return False
    for _, match in sources.search((path,), r"^\s*(?:from|import) (\w+)"):
        name = match[1]
        beside = sources.has(f"{folder}/{name}.py") or sources.matching(f"{folder}/{name}/*.py")
        if beside and not (sources.has(f"{name}.py") or sources.matching(f"{name}/*.py")):
            return True
    return bool(sources.find(path, rf"[\"']{stem}:\w+[\"']"))


def _socket_workers(subject: Subject) -> tuple[str, ...]:
    """How gunicorn serves Socket.IO: by one worker, which knows all clients."""
    if not subject.depends("pypi:flask-socketio"):
        return ()
    if subject.depends("pypi:eventlet"):
        return ("--worker-class", "eventlet", "--workers", "1")
    if subject.depends("pypi:gevent-websocket"):
        return ("--worker-class", "geventwebsocket.gunicorn.workers.GeventWebSocketWorker", "--workers", "1")
    if subject.depends("pypi:gevent"):
        return ("--worker-class", "gevent", "--workers", "1")
    return ("--workers", "1", "--threads", "100")
