"""Command lines: from what a Procfile or a package script says to an argument list for an exec-form CMD."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.sources import Sources

_SHELL = re.compile(r"[|&;<>()$`\n*?~]|(?<!\w)#")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_PORT = re.compile(r"\$\{?PORT\b(?::?-\d+)?\}?")


def arguments(line: str) -> tuple[str, ...] | None:
    """A command line as an argument list; none if it needs a shell or is broken."""
    if _SHELL.search(line):
        return None
    try:
        found = tuple(shlex.split(line))
    except ValueError:
        return None
    return found if found and not _ASSIGNMENT.match(found[0]) else None


def exec_form(line: str) -> tuple[str, ...]:
    """A command line as an argument list, through a shell (that the command replaces) only if it needs one."""
    line = line.strip()
    simple = arguments(line)
    if simple:
        return simple
    *before, last = line.rpartition(" && ")
    if before[0] and arguments(last) and last.split()[0] not in {"exec", "cd"}:
        return ("sh", "-c", f"{before[0]} && exec {last}")
    first = re.match(r"[\w./-]+", line)
    alone = not re.search(r"[|&;\n]", line) and first is not None and not _ASSIGNMENT.match(line)
    return ("sh", "-c", f"exec {line}" if alone and not line.startswith("exec ") else line)


def shell_line(command: tuple[str, ...]) -> str:
    """An argument list as a person would type it."""
    if len(command) == 3 and command[:2] == ("sh", "-c"):
        return command[2].removeprefix("exec ").replace(" && exec ", " && ")
    return shlex.join(command)


def with_port(line: str, port: int) -> str:
    """A command line with ``$PORT`` replaced by a port."""
    return _PORT.sub(str(port), line)


def procfile(sources: Sources) -> Fact[str] | None:
    """The ``web`` process of a Procfile, else its only process, as written."""
    found = {
        match[1]: match for _, match in sources.search(("Procfile",), r"^([A-Za-z0-9_-]+):[ \t]*(\S.*?)\s*$")
    }
    processes = {name: match for name, match in found.items() if name != "release"}
    match = processes.get("web") or (next(iter(processes.values())) if len(processes) == 1 else None)
    return Fact(match[2], (sources.evidence("Procfile", match.span(0)),)) if match else None


def is_worker(declared: Fact[str]) -> bool:
    """Whether a Procfile's process gets no requests: platforms route them to ``web`` only."""
    return not any(
        re.match(r"(?:web|www|http|server|api|app|backend)\b", each.seen) for each in declared.evidence
    )


def reads_port(line: str) -> bool:
    """Whether a command line uses ``$PORT``."""
    return bool(_PORT.search(line))


def port_in(line: str) -> int | None:
    """The port that a command line's own options name: ``--port 8000``, ``-b :8000``, ``runserver 0.0.0.0:80``."""
    patterns = (
        r"(?:--port|--server[.-]port|--http-port|--listen-port|-Dserver\.port|-p|-P)[=\s]+(\d{2,5})\b",
        r"(?:--bind|-b|--listen|--address|--addr|--host|-H|--urls|runserver|-S)[=\s]+['\"]?(?:https?://)?[\w.*+\[\]:]*?:(\d{2,5})\b",
        r"\bPORT=(\d{2,5})\b",
        r"http\.server\s+(\d{2,5})\b",
    )
    for pattern in patterns:
        match = re.search(pattern, line)
        if match and 0 < int(match[1]) < 65536:
            return int(match[1])
    return None


_LOCAL = (
    (r"uvicorn\s", r"--host\b|--uds\b|--fd\b", "--host 0.0.0.0"),
    (r"(?:python3? -m )?flask (?:\S+ )*?run\b", r"--host\b|\s-h\b", "--host=0.0.0.0"),
    (r"fastapi dev\b", r"--host\b", "--host 0.0.0.0"),
    (
        r"(?:python3? \S*manage\.py|django-admin) runserver",
        r"\brunserver(?: --?[\w-]+)* \S*\d",
        "0.0.0.0:{port}",
    ),
    (r"daphne\s", r"\s-(?:b|e|u)\b|--bind|--endpoint", "-b 0.0.0.0"),
    (r"hypercorn\s", r"\s-b\b|--bind", "--bind 0.0.0.0:{port}"),
    (r"json-server\s", r"--host\b|\s-H\b", "--host 0.0.0.0"),
    (r"(?:vite|astro) (?:preview|dev)\b|vite$", r"--host\b", "--host 0.0.0.0"),
    (r"(?:ng|webpack|hexo) serve\b|sirv\s", r"--host\b", "--host 0.0.0.0"),
    (r"wrangler dev\b", r"--ip\b", "--ip 0.0.0.0"),
)
"""What a server's command starts with, the option that names its address, and what to add without it: these listen on
127.0.0.1 otherwise, where nothing outside the container reaches them."""

_LOOPBACK = re.compile(
    r"(--host[= ]|--bind[= ]|-b[= ]|-h[= ]|--address[= ]|runserver )[\"']?(?:127\.0\.0\.1|localhost)\b"
)


def reachable(line: str, port: int) -> str:
    """A command line whose server listens on every address."""
    *before, last = line.split(" && ")
    command = _TOOL.sub("", _LOOPBACK.sub(r"\g<1>0.0.0.0", last))
    for server, option, added in _LOCAL:
        if re.match(server, command) and not re.search(option, command) and not re.search(r"[|;&]", command):
            last = f"{last} {added.format(port=port)}"
    return " && ".join([*before, _LOOPBACK.sub(r"\g<1>0.0.0.0", last)])


_TOOL = re.compile(r"^(?:exec |npx |(?:[A-Z_]+=\S*\s+)+|python3? -m (?=uvicorn|daphne|hypercorn))+")
