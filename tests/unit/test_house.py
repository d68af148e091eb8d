"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import draft_ls
from ground import ROOT

TRACKED = subprocess.run(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    check=True,
    capture_output=True,
    text=True,
).stdout.split("\0")
FILES = sorted(ROOT / name for name in TRACKED if name and (ROOT / name).is_file())
MODULES = [path for path in FILES if path.suffix == ".py" and path.is_relative_to(ROOT / "draft_ls")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

SCRIPTS = [path for path in FILES if path.parent == ROOT / "scripts" and not path.suffix]


def texts() -> list[tuple[str, str]]:
    """Every text file of the tree: its path and what it says."""
    found: list[tuple[str, str]] = []
    for path in FILES:
        data = path.read_bytes()
        if b"\0" not in data[:4096]:
            found.append((str(path.relative_to(ROOT)), data.decode(errors="replace")))
    return found


def test_modules_stay_small_enough_to_read_at_a_sitting() -> None:
    long = {str(path.relative_to(ROOT)): lines for path in MODULES if (lines := _lines(path)) > 450}
    assert not long


def test_functions_stay_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (length := _body_lines(node)) > 60
    ]
    assert not long


def test_no_module_is_named_after_nothing() -> None:
    vague = re.compile(r"(^|_)(utils?|helpers?|misc|common|managers?|stuff)$")
    assert [path.name for path in MODULES if vague.search(path.stem)] == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    left = [
        f"{name}:{number}"
        for name, text in texts()
        if not name.startswith(("tests/", "requirements"))
        for number, line in enumerate(text.splitlines(), 1)
        if marks.search(line)
    ]
    assert left == []


def test_the_tree_names_no_machine_and_no_registry_host() -> None:
    """The project works wherever it is checked out, through whatever mirrors the machine is set up for."""
    host = re.compile(r"\b(?:files|registry|deb|mirrors?|index)\.[a-z]+\.(?:org|com|net)\b")
    paths = (f"{ROOT}/", "/home/" + "runner")
    named = [
        f"{name}: {word}"
        for name, text in texts()
        for word in (*host.findall(text), *(path for path in paths if path in text))
    ]
    assert named == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_executable_and_tells_how_it_is_used(script) -> None:
    first, second = script.read_text().splitlines()[:2]
    assert first.startswith("#!/usr/bin/env "), first
    assert second.startswith(("# ", '"""')), second
    assert os.access(script, os.X_OK)


def test_the_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "scripts/demo" in readme
    assert "scripts/test" in readme


def test_links_in_the_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
    broken = [
        f"{path.relative_to(ROOT)} → {target}"
        for path in FILES
        if path.suffix == ".md" and not path.is_relative_to(ROOT / "tests")
        for target in link.findall(path.read_text())
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_versions_agree() -> None:
    assert PROJECT["version"] == draft_ls.__version__
    assert f"## [{draft_ls.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def _locked(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    pins = (re.match(r"([A-Za-z0-9._-]+)==(\S+)", line) for line in lines)
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


def test_the_locks_hold_what_the_project_asks_for() -> None:
    locked, development = _locked("requirements.lock"), _locked("requirements-dev.lock")
    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        assert locked[canonicalize_name(requirement.name)] in requirement.specifier, "run scripts/lock"
    for text in PROJECT["optional-dependencies"]["dev"]:
        requirement = Requirement(text)
        assert development[canonicalize_name(requirement.name)] in requirement.specifier, "run scripts/lock"
    assert locked.items() <= development.items()


HEAVY = (
    "docker", "kubernetes", "jinja2", "tree_sitter", "rich", "typer", "tomlkit", "aiohttp", "requests",
    "yaml",
)  # fmt: skip


def test_importing_the_server_loads_no_heavy_package() -> None:
    """The start-up budget: what is first needed by an *Up* is imported by it."""
    code = f"import sys, draft_ls.server; print([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _lines(path) -> int:
    return len(path.read_text().splitlines())


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (node.end_lineno or node.lineno) - body[0].lineno + 1
