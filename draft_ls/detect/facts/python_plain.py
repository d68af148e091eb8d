"""How a Python app without a server of its own is started: as a script, a module, a worker, a bot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.detect.documents import lookup, table
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Subject
    from draft_ls.detect.facts.python_objects import AppObject
    from draft_ls.detect.facts.python_source import Module
    from draft_ls.detect.sources import Sources

BOTS = tuple(
    f"pypi:{name}"
    for name in (
        "aiogram", "discord", "discord-py", "disnake", "nextcord", "py-cord", "pyrogram", "pytelegrambotapi",
        "python-telegram-bot", "telethon", "twitchio",
    )
)  # fmt: skip
"""Packages of bots, some of which answer web requests only to be kept alive."""

_BOT_RUNS = (
    r"^\s*(?:await )?\w+(?:\.\w+)*\.(?:run|(?:start|infinity|run)_polling|polling|run_until_disconnected)\("
)

_GUARD = r"^if __name__ == ['\"]__main__['\"]"

MODULES = ("*/main.py", "src/*/main.py")
"""Where the module lies that starts a package."""

WORKER_LIMIT = 100
"""How many modules are asked for a Celery app."""

SCRIPTS = (
    "main.py", "app.py", "server.py", "run.py", "start.py", "bot.py", "wsgi.py", "index.py", "worker.py", "__main__.py",
    "hello.py", "src/main.py", "src/app.py", "app/main.py", "app/__main__.py", "src/__main__.py", "src/server.py",
)  # fmt: skip
"""Names of scripts that start an app, best first."""


def plain_start(subject: Subject, found: tuple[Module, ...]) -> Fact[tuple[str, ...]] | None:
    """The script, the module or the worker that is the app.

    Args:
        subject: the app.
        found: its modules that show signs of a server.
    """
    sources = subject.sources
    for path in SCRIPTS:
        if sources.has(path):
            return Fact(_run(sources, path), (sources.evidence(path),))
    for module in found:
        if any(True for _ in module.ports()):
            return Fact(_run(sources, module.path), (sources.evidence(module.path),))
    document = sources.toml("pyproject.toml")
    scripts = table(lookup(document, "project", "scripts")) or table(
        lookup(document, "tool", "poetry", "scripts")
    )
    names = list(scripts)
    if len(names) == 1:
        return Fact((names[0],), (sources.quote("pyproject.toml", names[0]),))
    mains = sources.matching("*/__main__.py") + sources.matching("src/*/__main__.py")
    if len(mains) == 1:
        package = mains[0].split("/")[-2]
        return Fact(("python", "-m", package), (sources.evidence(mains[0]),))
    modules = [
        path for pattern in MODULES for path in sources.matching(pattern) if sources.find(path, _GUARD)
    ]
    if len(modules) == 1:
        return Fact(_run(sources, modules[0]), (sources.evidence(modules[0]),))
    guarded = [path for path in sources.matching("*.py") if sources.find(path, _GUARD)]
    if len(guarded) == 1:
        return Fact(("python", guarded[0]), (sources.evidence(guarded[0]),))
    return _celery_worker(subject) or _lone_script(sources)


def bot_start(subject: Subject, app: AppObject) -> Fact[tuple[str, ...]] | None:
    """The script of a bot whose web server only runs beside it."""
    sources = subject.sources
    if subject.depends(*BOTS) is None:
        return None
    served = module_name(app.path).rpartition(".")[2]
    for path in sources.matching("*.py"):
        runs = sources.find(path, _BOT_RUNS)
        beside = sources.find(path, rf"^(?:from|import) {served}\b|\bThread\(|create_task\(")
        if (
            runs
            and beside
            and sources.find(
                path,
                r"^(?:from|import) (?:discord|telegram|aiogram|telebot|disnake|nextcord|pyrogram|telethon|twitchio)\b",
            )
        ):
            return Fact(("python", path), (sources.evidence(path, runs),))
    return None


def module_name(path: str) -> str:
    """The dotted name of a module, from the app's folder."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _run(sources: Sources, path: str) -> tuple[str, ...]:
    """How a file is run: as a module, if it imports its package by name."""
    folder, _, name = path.rpartition("/")
    if not folder or (folder == "src" and name != "__main__.py"):
        return ("python", path)
    top = folder.partition("/")[0]
    if name == "__main__.py":
        return ("python", "-m", folder.replace("/", "."))
    imported = sources.find(path, rf"^\s*(?:from|import) {re.escape(top)}\b|^\s*from \.")
    return ("python", "-m", module_name(path)) if imported else ("python", path)


def _celery_worker(subject: Subject) -> Fact[tuple[str, ...]] | None:
    """The worker of an app that is nothing else than one."""
    if subject.depends("pypi:celery"):
        paths = subject.sources.matching("**/*.py")[:WORKER_LIMIT]
        for path, match in subject.sources.search(paths, r"^\w+\s*=\s*Celery\("):
            return Fact(
                ("celery", "--app", module_name(path), "worker"), (subject.sources.evidence(path, match),)
            )
    return None


def _lone_script(sources: Sources) -> Fact[tuple[str, ...]] | None:
    """The only script of the app's folder, if it does something."""
    paths = [
        path
        for path in sources.matching("*.py")
        if not re.match(r"setup|conf|test_|settings|__init__|tasks|fabfile", path)
    ]
    does = r"^(?:while|for|with) .*:$|^(?:asyncio\.)?[\w.]+\(.*\)$"
    if len(paths) == 1 and sources.find(paths[0], does):
        return Fact(("python", paths[0]), (sources.evidence(paths[0]),))
    return None


def signed_script(subject: Subject, sign: str) -> Fact[str] | None:
    """The script that holds a sign of its framework and that no other one imports."""
    sources = subject.sources
    order = {"streamlit_app.py": 0, "app.py": 1, "main.py": 2, "Home.py": 3, "home.py": 4, "src/app.py": 5}
    signed = [
        path
        for path in sources.matching("**/*.py")
        if sign in sources.text(path) and "/pages/" not in f"/{path}"
    ]
    used = {path for path in signed if _is_imported(path, signed, sources)}
    signed.sort(
        key=lambda path: (
            path in used,
            path.count("/"),
            order.get(path, order.get(path.rpartition("/")[2], 9)),
            path,
        )
    )
    return Fact(signed[0], (sources.quote(signed[0], sign),)) if signed else None


def _is_imported(path: str, others: list[str], sources: Sources) -> bool:
    """Whether one of the other modules imports this one: it is not what is started."""
    stem = re.escape(path.removesuffix(".py").rpartition("/")[2])
    pattern = rf"^\s*(?:from|import) (?:[\w.]*\.)?{stem}\b|^\s*from [\w.]+ import [^\n]*\b{stem}\b"
    return any(sources.search([each for each in others if each != path], pattern))
