"""Python frameworks that bring a program of their own, which starts the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.facts.python_plain import plain_start, signed_script
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Facts, Subject

SCRIPT_RUNNERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "streamlit": (
        "import streamlit",
        (
            "streamlit",
            "run",
            "{script}",
            "--server.port={port}",
            "--server.address=0.0.0.0",
            "--server.headless=true",
        ),
    ),
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

PROGRAMS = frozenset({*SCRIPT_RUNNERS, "pyramid", "bentoml"})
"""The frameworks that ``by_program`` knows."""


def by_program(subject: Subject, facts: Facts, port: str) -> Fact[tuple[str, ...]] | None:
    """How the framework's program starts the app; notes a port that its settings name.

    Args:
        subject: the app.
        facts: what is known so far, the framework among it.
        port: where the app is to listen.
    """
    name = facts.framework.value if facts.framework else ""
    if name == "pyramid":
        return _paste(subject, facts) or plain_start(subject, ())
    if name == "bentoml":
        return _bento(subject)
    sign, command = SCRIPT_RUNNERS[name]
    script = signed_script(subject, sign)
    words = (word.format(script=script.value if script else "", port=port) for word in command)
    return script and Fact(tuple(words), script.evidence)


def _paste(subject: Subject, facts: Facts) -> Fact[tuple[str, ...]] | None:
    """How Pyramid is started from its settings, and the port that they name."""
    sources = subject.sources
    paths = [*sources.matching("production*.ini"), *sources.matching("*.ini")]
    for path in paths:
        server = sources.find(path, r"^\[server:main\]$")
        if server:
            port = sources.find(path, r"^(?:listen\s*=.*:|(?:http_)?port\s*=\s*)(\d{2,5})\s*$")
            facts.port = Fact(int(port[1]), (sources.evidence(path, port),)) if port else facts.port
            return Fact(("pserve", path), (sources.evidence(path, server),))
    return None


def _bento(subject: Subject) -> Fact[tuple[str, ...]] | None:
    """What BentoML serves: what its file names, else the folder."""
    sources = subject.sources
    named = sources.find("bentofile.yaml", r"^service:\s*[\"']?([\w.:]+)")
    if named:
        return Fact(("bentoml", "serve", named[1]), (sources.evidence("bentofile.yaml", named),))
    path = sources.first("service.py", "bentofile.yaml")
    return Fact(("bentoml", "serve", "."), (sources.evidence(path),)) if path else None
