"""How a JavaScript app is started: what its files say, else its framework's command, else its entry file."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from draft_ls.detect.commands import arguments, exec_form, port_in, reachable, reads_port, with_port
from draft_ls.detect.documents import lookup, table
from draft_ls.detect.facts.hosting_start import declared_start, with_scripts
from draft_ls.detect.facts.javascript_source import SOURCE
from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Facts, Subject
    from draft_ls.detect.facts.javascript_tools import PackageManager
    from draft_ls.detect.sources import Sources

ENTRIES = (
    "server",
    "index",
    "app",
    "main",
    "src/server",
    "src/index",
    "src/app",
    "src/main",
    "bin/www",
    "bot",
    "worker",
)
"""Names of files that start an app, without extension, best first."""

_WATCHERS = re.compile(
    r"^(?:npx\s+)?(?:nodemon|node-dev|supervisor|forever(?: start)?"
    r"|pm2(?:-runtime)? start(?=\s+(?:\S+/)?(?!\S*\.config\.)\S+\.[cm]?js\b))\s+(?:--?[\w-]+(?:[= ](?=\S+\s)\S+)?\s+)*"
    r"|^node\s+--watch(?:-path=\S+)?\s+"
)
_SCRIPT_CALL = re.compile(r"(?:npm|pnpm|yarn|bun)(?: run(?:-script)?)? ([\w:.-]+)")
_ENVIRONMENT = re.compile(
    r"^(?:(?:npx\s+)?(?:cross-env|env)\s+)?(?:(?:NODE_ENV|PORT|HOST|DEBUG|BABEL_ENV)=\S*\s+)+"
)
_ENVIRONMENT_FILE = re.compile(r"\s--env-file(?:-if-exists)?[= ]\S+")


def start(
    subject: Subject, facts: Facts, declared: dict[str, str], manager: PackageManager
) -> Fact[tuple[str, ...]] | None:
    """How the app is started; notes a port that its start command names.

    Args:
        subject: the app.
        facts: what is known so far: the port, whether ``PORT`` is read.
        declared: the scripts of ``package.json``.
        manager: the tool that runs them.
    """
    sources = subject.sources
    written = declared_start(sources, subject.rules.analyzer)
    called = _SCRIPT_CALL.fullmatch(written.value) if written else None
    script = called[1] if called and called[1] in declared else ""
    if written and not script:
        facts.reads_port = facts.reads_port or reads_port(with_scripts(sources, written.value))
        port = facts.port.value if facts.port else 3000
        line = reachable(with_port(written.value, port), port)
        return Fact(_script_command(line, "", declared) or exec_form(line), written.evidence)
    said = written.evidence if written else ()
    rendered = next((name for name in declared if name.startswith("serve:ssr")), "start:prod")
    for name in (script,) if script else ("start:prod", "start:production", rendered, "start", "serve"):
        line = declared.get(name)
        if line is None or (name == "serve" and subject.framework):
            continue
        facts.reads_port = facts.reads_port or reads_port(line)
        line = with_port(line, facts.port.value if facts.port else subject.rules.port or 3000)
        port = port_in(line)
        evidence = sources.quote("package.json", f'"{name}"', line)
        if port and not any(
            each.path.endswith(("js", "ts")) for each in (facts.port.evidence if facts.port else ())
        ):
            facts.port = Fact(port, (evidence,))
        if subject.framework and subject.framework.start and _is_replaced(sources, name, line):
            break
        return Fact(
            _script_command(line, name, declared) or (manager.fact.value, "run", name), (*said, evidence)
        )
    if subject.framework and subject.framework.start:
        return Fact(
            subject.framework.start, subject.framework_fact.evidence if subject.framework_fact else ()
        )
    return _entry(subject, manager) or _compiled(sources, declared) or _developed(sources, declared)


def _is_replaced(sources: Sources, name: str, line: str) -> bool:
    """Whether the framework's own start command is better: for a development server, and for what is built first."""
    script = re.match(r"node ([\w./-]+)\.js\b", line)
    built = script is not None and not sources.has(f"{script[1]}.js") and sources.has(f"{script[1]}.ts")
    return (name == "start" and _is_development(line)) or built


def _compiled(sources: Sources, declared: dict[str, str]) -> Fact[tuple[str, ...]] | None:
    """What the build makes of the entry file, as the options of the compiler say."""
    line = declared.get("build", "")
    entry = sources.first(*(f"{name}.{extension}" for name in ENTRIES for extension in ("ts", "mts", "js")))
    if not line or entry is None:
        return None
    stem = entry.rpartition(".")[0]
    file = re.search(r"--outfile[= ](\S+\.[cm]?js)\b", line)
    bundled = re.search(r"\bncc build \S+(?: (?:-o|--out) (\S+))?", line)
    folder = re.search(
        r"\b(?:babel|swc) \S+ .*?(?:-d|--out-dir|--outDir)[= ](\S+)|\besbuild\b.*--outdir[= ](\S+)", line
    )
    made = ""
    if file:
        made = file[1]
    elif bundled:
        made = f"{bundled[1] or 'dist'}/index.js"
    elif re.search(r"\btsup\b", line):
        made = f"dist/{stem.rpartition('/')[2]}.js"
    elif folder:
        made = f"{(folder[1] or folder[2]).rstrip('/')}/{stem.removeprefix('src/')}.js"
    elif re.search(r"\btsc\b(?!.*--noEmit)", line):
        made = _emitted(sources, stem)
    evidence = (sources.quote("package.json", '"build"', line), sources.evidence(entry))
    return Fact(("node", posixpath.normpath(made)), evidence) if made else None


def _emitted(sources: Sources, stem: str) -> str:
    """Where the TypeScript compiler writes a module; empty if ``tsconfig.json`` does not say."""
    options = table(lookup(sources.json("tsconfig.json"), "compilerOptions"))
    folder, root = options.get("outDir"), str(options.get("rootDir") or "").removeprefix("./").strip("/.")
    if not isinstance(folder, str):
        return ""
    others = [
        path
        for path in sources.matching("**/*.ts")
        if not path.startswith("src/") and not path.endswith(".d.ts")
    ]
    inferred = "src" if "rootDir" not in options and stem.startswith("src/") and not others else root
    return f"{folder}/{stem.removeprefix(f'{inferred}/') if inferred else stem}.js"


def _developed(sources: Sources, declared: dict[str, str]) -> Fact[tuple[str, ...]] | None:
    """What the script for development runs, without its watching."""
    for name in ("dev", "develop", "start:dev"):
        command = _script_command(declared.get(name, ""), name, declared)
        if command and command[0] in {"node", "bun", "tsx", "ts-node"}:
            watching = re.compile(r"--(?:watch|hot|inspect)(?:[-=].*)?|watch")
            plain = tuple(word for word in command if not watching.fullmatch(word))
            return Fact(plain, (sources.quote("package.json", f'"{name}"', declared[name]),))
    return None


def starts_with_tool(start: Fact[tuple[str, ...]] | None, package: dict[str, Any]) -> bool:
    """Whether the start command runs a development dependency (``tsx``, ``ts-node``), which then has to stay."""
    words = start.value[:4] if start else ()
    declared = table(package.get("devDependencies"))
    return any(word in declared or word.removesuffix("/register") in declared for word in words)


def _is_development(line: str) -> bool:
    return bool(
        re.search(
            r"\b(?:dev|nodemon|ts-node-dev|tsx watch|--watch|nest start(?!.*prod)|vite(?! preview)|nuxi dev)\b",
            line,
        )
    )


def _script_command(line: str, name: str, declared: dict[str, str]) -> tuple[str, ...] | None:
    """A package script as an argument list that runs without its package manager; none if that cannot be known."""
    if f"pre{name}" in declared or f"post{name}" in declared:
        return None
    # An image holds no environment file: what it says is the cluster's business.
    line = _ENVIRONMENT_FILE.sub("", _ENVIRONMENT.sub("", line.strip()))
    line = re.sub(r"^pm2 start\b", "pm2-runtime start", line)
    watcher = _WATCHERS.match(line)
    if watcher:
        line = "node " + line[watcher.end() :]
    inner = re.fullmatch(
        r"(?:npm(?: run(?:-script)?)?|yarn(?: run)?|pnpm(?: run)?|bun run)\s+([\w:.-]+)", line
    )
    if inner and inner[1] in declared and inner[1] != name:
        return _script_command(declared[inner[1]], inner[1], declared)
    command = arguments(reachable(line, 0))
    if not command or command[0] in {"npm", "yarn", "pnpm", "bunx"}:
        return None
    return (
        command[1:]
        if command[0] == "npx" and len(command) > 1 and not command[1].startswith("-")
        else command
    )


def _entry(subject: Subject, manager: PackageManager) -> Fact[tuple[str, ...]] | None:
    sources = subject.sources
    package = sources.json("package.json")
    if manager.fact.value == "bun":
        named = [value for value in (package.get("module"), package.get("main")) if isinstance(value, str)]
        scripts = [f"{name}.{extension}" for name in ENTRIES for extension in ("ts", "js", "tsx")]
        entry = sources.first(*(each.removeprefix("./") for each in named), *scripts)
        return Fact(("bun", "run", entry), (sources.evidence(entry),)) if entry else None
    main = package.get("main")
    if isinstance(main, str):
        built = re.fullmatch(r"(?:\./)?((?:dist|build|out|lib)/[\w./-]+\.[cm]?js)", main)
        if built and "build" in table(package.get("scripts")):
            return Fact(("node", built[1]), (sources.quote("package.json", '"main"'),))
        for path in (
            main.removeprefix("./"),
            f"{main.removeprefix('./')}.js",
            f"{main.removeprefix('./').rstrip('/')}/index.js",
        ):
            if sources.has(path) and SOURCE.search(path):
                return Fact(("node", path), (sources.quote("package.json", '"main"'),))
    for name in ENTRIES:
        for extension in (".js", ".mjs", ".cjs", ""):
            if sources.has(name + extension) and (extension or name == "bin/www"):
                return Fact(("node", name + extension), (sources.evidence(name + extension),))
    return None
