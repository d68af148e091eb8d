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
    first = re.match(r"[\w./-]+", line)
    alone = not re.search(r"[|&;\n]", line) and first is not None and not _ASSIGNMENT.match(line)
    return ("sh", "-c", f"exec {line}" if alone and not line.startswith("exec ") else line)


def shell_line(command: tuple[str, ...]) -> str:
    """An argument list as a person would type it."""
    if len(command) == 3 and command[:2] == ("sh", "-c"):
        return command[2].removeprefix("exec ")
    return shlex.join(command)


def with_port(line: str, port: int) -> str:
    """A command line with ``$PORT`` replaced by a port."""
    return _PORT.sub(str(port), line)


def procfile(sources: Sources) -> Fact[str] | None:
    """The ``web`` process of a Procfile, else its only process, as written."""
    found = {
        match[1]: match
        for _, match in sources.search(("Procfile",), r"^([A-Za-z0-9_-]+):[ \t]*(\S.*?)[ \t]*$")
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
