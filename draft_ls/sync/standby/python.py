"""What an app's own Python runs before anything else in development, as its ``sitecustomize``. It takes Python 3.8.

In the app it does one thing: it notes that it runs there. In a standby it loads the packages that the app's sources
import, and stops until the process is woken to become the app. Nothing of the app itself is loaded before that: only
packages are on the path meanwhile.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SKIPPED = ("node_modules", "site-packages", "test", "tests", "venv")
FOLDERS, FILES, BYTES = 1000, 500, 4_000_000
"""How much of the sources is looked at."""
LARGE = 512 * 1024 * 1024
"""An app that takes more bytes of memory gets no standby."""
STANDARD = [
    "asyncio",
    "concurrent.futures",
    "decimal",
    "email.parser",
    "html",
    "http.server",
    "inspect",
    "json",
    "logging.config",
    "ssl",
]
LATER = {
    "django": "core.management core.handlers.wsgi db.models template urls",
    "fastapi_cli": "cli",
    "gunicorn": "app.wsgiapp workers.sync workers.gthread",
    "hypercorn": "run asyncio.run",
    "uvicorn": "main loops.auto protocols.http.auto protocols.websockets.auto lifespan.on",
    "waitress": "runner",
}
"""What is imported only when the app starts, by package."""
IMPORT = r"^(?:import +(?P<modules>[\w., ]+)|from +(?P<package>\w[\w.]*) +import *\(?(?P<names>[\w,\s]*))"
FIRST = r"\b(?:ddtrace|elasticapm|eventlet|gevent|newrelic|opentelemetry|scout_apm)\b"
"""Packages that change those imported after them."""
SETS = r"^.*(?:environ(?:\[[^]]+\]\s*=(?!=)|\.(?:setdefault|update)\()|\bputenv\(|load_dotenv).*$"
"""An environment that is set before packages are imported, which may look at it."""


def main() -> None:
    """Take ourselves off the path, so that the app and its children find everything as ever."""
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if each != folder]
    rest = [each for each in os.environ.pop("PYTHONPATH", "").split(os.pathsep) if each != folder]
    if rest:
        os.environ["PYTHONPATH"] = os.pathsep.join(rest)
    if os.environ.pop("DRAFT_STANDBY", None):
        stand_by()
    try:
        with open(os.path.join(folder, "seen"), "w") as seen:
            seen.write(f"{os.getpid()}\n")
    except OSError:  # another user's folder: then there is no standby
        pass


def stand_by() -> None:
    """Load what can be loaded, and stop until somebody wakes this process."""
    import contextlib
    import signal

    if not has_room():
        os._exit(0)
    finders, path = sys.meta_path[:], sys.path[:]
    own = os.path.dirname(os.__file__)
    sys.path[:] = [each for each in path if each.startswith(own) or each.endswith(("-packages", ".zip"))]
    sys.meta_path[:] = [
        each for each in finders if getattr(each, "__module__", "").startswith("_frozen_importlib")
    ]
    with contextlib.suppress(Exception):  # what cannot be loaded now, the app loads itself
        load()
    sys.meta_path[:], sys.path[:] = finders, path
    os.kill(os.getpid(), signal.SIGSTOP)
    os.close(9)  # by which the supervisor and the sync know a standby


def has_room() -> bool:
    """Whether the container may well hold the app twice, and has more than a part of a processor."""
    pages = sum(int(resident(each)) for each in os.listdir("/proc") if each.isdigit())
    used = pages * os.sysconf("SC_PAGE_SIZE")
    limit = number("memory.max") or number("memory/memory.limit_in_bytes") or LARGE * 4
    share = number("cpu.max") or number("cpu/cpu.cfs_quota_us") or 100_000
    return used < LARGE and used * 2.5 < limit and share >= 50_000


def resident(process: str) -> str:
    """How many pages of memory a process takes."""
    try:
        with open(f"/proc/{process}/statm") as file:
            return file.read().split()[1]
    except (OSError, IndexError):
        return "0"


def number(name: str) -> int:
    """A limit of this container's control group; 0 for none."""
    try:
        with open(f"/sys/fs/cgroup/{name}") as file:
            return max(int(file.read().split()[0]), 0)
    except (OSError, ValueError, IndexError):
        return 0


def load() -> None:
    """Import the packages that the app will import first thing."""
    import re

    text = "\n".join(sources())
    command = getattr(sys, "orig_argv", [])[1:]
    if re.search(FIRST, "\n".join([text, *command])):
        return
    attempt(STANDARD)
    if any("DJANGO_SETTINGS_MODULE" not in each for each in re.findall(SETS, text, re.MULTILINE)):
        return
    named = [os.path.basename(each).partition(".")[0].replace("-", "_") for each in command]
    for package, modules in LATER.items():
        if package.partition("_")[0] in named:
            attempt(f"{package}.{each}" for each in modules.split())
    for found in re.finditer(IMPORT, text, re.MULTILINE):
        if found["package"]:
            attempt([found["package"]])
            names = (each.split() for each in found["names"].split(","))
            attempt(f"{found['package']}.{each[0]}" for each in names if each)
        else:
            attempt(each.split()[0] for each in found["modules"].split(",") if each.strip())
    for package, modules in LATER.items():
        if package in sys.modules:
            attempt(f"{package}.{each}" for each in modules.split())


def attempt(modules: Iterable[str]) -> None:
    """Import those of some modules that are packages', and forget why others cannot be."""
    import contextlib
    import importlib

    for each in modules:
        top, _, _ = each.partition(".")
        parent, _, name = each.rpartition(".")
        if os.path.exists(top) or os.path.exists(f"{top}.py") or hasattr(sys.modules.get(parent), name):
            continue
        with contextlib.suppress(BaseException):
            importlib.import_module(each)


def sources() -> Iterator[str]:
    """The app's sources, as far as they are read."""
    if os.getcwd() == "/":
        return
    files = size = 0
    for count, (folder, folders, names) in enumerate(os.walk(".")):
        if count == FOLDERS:
            return
        folders[:] = sorted(each for each in folders if each not in SKIPPED and each[0] != ".")
        for name in sorted(names):
            if name.endswith(".py") and files < FILES and size < BYTES:
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                    text = file.read()
                files, size = files + 1, size + len(text)
                yield text


def chain() -> None:
    """Run the ``sitecustomize`` that the image itself has, if it has one."""
    ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401 # pyright: ignore[reportMissingImports, reportUnusedImport]
    except ImportError:
        sys.modules["sitecustomize"] = ours


if __name__ == "sitecustomize":
    main()
    chain()
