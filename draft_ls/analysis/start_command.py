"""Whether the image can start: what its command names exists, is copied, and can be imported."""

from __future__ import annotations

import json
import posixpath
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from draft_ls.analysis.chart import span_at
from draft_ls.analysis.command import Argument, start_command
from draft_ls.analysis.edits import line_at_end, line_end, replacement
from draft_ls.analysis.layout import Layout
from draft_ls.analysis.servers import SERVERS
from draft_ls.detect.commands import arguments
from draft_ls.detect.sources import table
from draft_ls.detect.walk import GENERATED
from draft_ls.errors import Edit, Place, Problem, Repair, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.command import StartCommand
    from draft_ls.analysis.subject import Image, Subject

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
_PACKAGE_RUNNERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_INTERACTIVE = re.compile(
    r"^(?:docker\.io/)?(?:library/)?(?:python|node|debian|ubuntu|alpine|golang|rust|openjdk|eclipse-temurin|ruby|busybox|"
    r"buildpack-deps|fedora|rockylinux|almalinux|amazonlinux|perl|elixir|erlang|swift|scratch|denoland/deno|oven/bun|"
    r"gcr\.io/distroless/\S+)(?::|@|$)"
)
"""Base images whose own command starts a shell, or nothing: a pod of them ends at once."""

_APP = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)(?P<call>\(.*\))?$")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")


def start_problems(subject: Subject) -> Iterator[Problem]:
    """What keeps the image of an environment from starting."""
    image = subject.image
    if image is None:
        return
    settings = image.settings
    if settings.command is None and settings.entrypoint is None:
        yield from _no_command(subject, image)
        return
    command = start_command(image)
    if command is not None:
        yield from _Start(subject, image, command).problems()


def _no_command(subject: Subject, image: Image) -> Iterator[Problem]:
    root = image.final
    while root.base_stage is not None:
        root = image.dockerfile.stages[root.base_stage]
    chart = subject.chart
    if not _INTERACTIVE.match(root.base) or root.base.endswith("onbuild"):
        return
    if chart and any(
        re.search(r"^\s*-?\s*(?:command|args):", each.text, re.MULTILINE) for each in chart.templates
    ):
        return
    start = subject.detection.start if subject.detection else None
    line = f"CMD {json.dumps(list(start.value))}" if start else ""
    yield Problem(
        "start-command-none",
        f"The image starts nothing: there is no CMD or ENTRYPOINT, and {root.base} brings none that runs an app.",
        place=image.place(image.final.instructions[0].span),
        cause="Its pods end as soon as they start.",
        fix=f"Add {line}." if line else "Add a CMD that starts the app.",
        repairs=(line_at_end(f"Add {line}", image, line),) if line else (),
    )


class _Start:
    """The checks of one start command."""

    def __init__(self, subject: Subject, image: Image, command: StartCommand) -> None:
        self.subject = subject
        self.image = image
        self.command = command
        self.layout = Layout(subject, image)

    def problems(self) -> Iterator[Problem]:
        words = self.command.words
        program = self.command.program
        if self.image.settings.workdir is None and not words[0].text.startswith(("/", "./")):
            return
        server = SERVERS.get(program)
        if _PYTHON.fullmatch(program):
            yield from self._python()
        elif server is not None and server.app:
            yield from self._server_app(words[1:], server.roots, server.flags)
        elif program in ("node", "tsx", "ts-node", "deno", "bun"):
            yield from self._script(self._after_options(skip=frozenset({"run", "serve"})), program)
        elif program in _PACKAGE_RUNNERS and program != "bun":
            yield from self._package_script()
        elif words[0].text.startswith(("./", "/")) and posixpath.splitext(program)[1] in (
            ".sh",
            ".py",
            ".js",
            ".rb",
        ):
            yield from self._file(words[0], words[0].text)

    def _after_options(self, skip: frozenset[str]) -> Argument | None:
        for word in self.command.words[1:]:
            if word.text in ("-r", "--require", "--import", "--loader", "-e", "--eval", "-p", "--env-file"):
                return None
            if not word.text.startswith("-") and word.text not in skip:
                return word
        return None

    # Files

    def _python(self) -> Iterator[Problem]:
        rest = list(self.command.words[1:])
        while rest and rest[0].text in ("-u", "-O", "-OO", "-B", "-I", "-s", "-E"):
            rest = rest[1:]
        if len(rest) >= 2 and rest[0].text == "-m":
            server = SERVERS.get(rest[1].text)
            if server is not None and server.app:
                yield from self._server_app(rest[2:], server.roots, server.flags)
            elif server is None:
                yield from self._module(rest[1], rest[1].text, (), run=True)
        elif rest and rest[0].text.endswith(".py"):
            yield from self._file(rest[0], rest[0].text)

    def _script(self, word: Argument | None, program: str) -> Iterator[Problem]:
        if word is None or "://" in word.text or word.text.startswith(("npm:", "jsr:")):
            return
        path = word.text
        choices = (path, f"{path}.js", f"{path}.mjs", f"{path}.cjs", posixpath.join(path, "index.js"))
        if program != "node":
            choices = (*choices, f"{path}.ts")
        if not posixpath.splitext(path)[1] and program != "node":
            return
        if path == "." or any(self._there(each) for each in choices):
            return
        yield from self._file(word, path)

    def _there(self, path: str) -> bool:
        return self.layout.source(self.image.settings.absolute(path)) is not None

    def _file(self, word: Argument, path: str) -> Iterator[Problem]:
        """The problem of a file that the command names and the image does not have."""
        target = self.image.settings.absolute(path)
        place = self.image.place(word.span or self.command.instruction.span)
        yield from self._absent(target, path, place, word)

    def _absent(self, target: str, path: str, place: Place, word: Argument | None) -> Iterator[Problem]:
        if self.layout.source(target) is not None:
            return
        near = self.layout.nearest(target)
        uncopied = self._not_copied(path)
        generated = any(part in GENERATED for part in path.split("/")[:-1])
        if not self.layout.sure and (generated or (near is None and uncopied is None)):
            return
        if not self.layout.sure and uncopied is not None:
            return
        if uncopied is not None:
            yield self._uncopied(path, uncopied, place)
            return
        better = self._spelt_like(near, path) if near else ""
        exact = word is not None and word.span is not None and word.text == word.written
        yield Problem(
            "start-file-missing",
            f"The image has no {target}, which the start command runs.",
            place=place,
            cause="No file of the build context is copied there.",
            fix=f"Did you mean {better}?" if better else "Correct the command, or copy the file.",
            related=self._seen(near),
            repairs=(replacement(f"Run {better}", place, better),) if better and exact else (),
        )

    def _seen(self, container_path: str | None) -> tuple[tuple[Place, str], ...]:
        source = self.layout.source(container_path) if container_path else None
        return ((self.subject.place(source), "this is copied"),) if source else ()

    def _not_copied(self, path: str) -> str | None:
        """The file that is meant, if it is in the app's folder but does not get into the image."""
        relative = path.removeprefix("./")
        workdir = self.image.settings.workdir or "/"
        relative = relative.removeprefix(workdir).lstrip("/")
        there = self.subject.tree.kind(relative) is not None
        return relative if there and not self.layout.where(relative) else None

    def _uncopied(self, path: str, source: str, place: Place) -> Problem:
        hidden = source not in self.subject.context.files
        reason = f"{self.subject.context.ignore_path} leaves it out" if hidden else "no COPY takes it"
        repairs: tuple[Repair, ...] = ()
        last = next(
            (each for each in reversed(self.subject.copies) if each.stage == self.image.final.index), None
        )
        if not hidden and last is not None:
            end = last.instruction.span.end
            target = self.image.settings.absolute(source)
            line = f"COPY {source} {target}"
            edit = Edit(self.image.place(Span(end, end)), f"{line_end(self.image.text)}{line}")
            repairs = (Repair(f"Add {line}", (edit,)),)
        return Problem(
            "start-file-not-copied",
            f"The start command runs {path}, but {reason}.",
            place=place,
            fix=f"Copy {source} in the Dockerfile." if not hidden else "Let it into the build context.",
            related=((self.subject.place(source), "the file is here"),),
            repairs=repairs,
        )

    def _spelt_like(self, container_path: str, written: str) -> str:
        """A container path in the way in which the command spells it."""
        if written.startswith("/"):
            return container_path
        relative = posixpath.relpath(container_path, self.image.settings.workdir or "/")
        return f"./{relative}" if written.startswith("./") else relative

    # Modules

    def _server_app(
        self, words: tuple[Argument, ...] | list[Argument], roots: tuple[str, ...], flags: frozenset[str]
    ) -> Iterator[Problem]:
        folder = self.command.option(*roots) if roots else None
        skip = False
        for word in words:
            if skip:
                skip = False
            elif word.text.startswith("-"):
                skip = "=" not in word.text and word.text not in flags and not re.match(r"-\w.", word.text)
            else:
                found = _APP.match(word.text)
                if found is not None:
                    yield from self._module(
                        word, found["module"], (folder.text,) if folder else (), name=found["name"]
                    )
                elif _MODULE.match(word.text) or word.text.isidentifier():
                    yield from self._module(word, word.text, (folder.text,) if folder else ())
                return

    def _module(
        self, word: Argument, module: str, folders: tuple[str, ...], *, name: str = "", run: bool = False
    ) -> Iterator[Problem]:
        roots = [self.image.settings.absolute(each) for each in folders] or [
            self.image.settings.workdir or "/"
        ]
        roots += [each for each in self.image.settings.environment.get("PYTHONPATH", "").split(":") if each]
        source = self._module_source(roots, module, run=run)
        place = self.image.place(word.span or self.command.instruction.span)
        if source is None:
            yield from self._module_missing(word, module, roots, place, run=run)
        elif name:
            yield from self._name(word, module, name, source, place)

    def _module_source(self, roots: list[str], module: str, *, run: bool) -> str | None:
        path = module.replace(".", "/")
        last = "__main__.py" if run else "__init__.py"
        for root in roots:
            for each in (f"{path}.py", f"{path}/{last}"):
                if source := self.layout.source(posixpath.normpath(posixpath.join(root, each))):
                    return source
        return None

    def _module_missing(
        self, word: Argument, module: str, roots: list[str], place: Place, *, run: bool
    ) -> Iterator[Problem]:
        known = self._modules(roots)
        near = get_close_matches(module, sorted(known), n=1, cutoff=0.7)
        top = module.partition(".")[0]
        own = any(each == top or each.startswith(f"{top}.") for each in known)
        if run and not own and not near:
            return  # A module that was installed: python -m http.server
        if not own and not near and (not self.layout.sure or self._installed(top)):
            return
        if not near and not self.layout.sure:
            return
        if near and near[0] in known and not own and self._installed(top):
            return
        better = word.text.replace(module, near[0], 1) if near else ""
        exact = word.span is not None and word.text == word.written
        yield Problem(
            "start-module-missing",
            f"The start command imports {module}, which the image does not have.",
            place=place,
            cause=f"There is no {module.replace('.', '/')}.py in {roots[0]}.",
            fix=f"Did you mean {near[0]}?" if near else "Correct the module's name, or copy its file.",
            related=((self.subject.place(known[near[0]]), "this is there"),) if near else (),
            repairs=(replacement(f"Use {better}", place, better),) if near and exact else (),
        )

    def _installed(self, top: str) -> bool:
        """Whether a top module may come from a package, or from a folder that is installed as one."""
        if any(path.endswith((f"/{top}.py", f"/{top}/__init__.py")) for path in self.subject.context.files):
            return True
        text = "".join(
            self.subject.tree.read(path) or ""
            for path in ("requirements.txt", "pyproject.toml", "Pipfile", "environment.yml", "setup.py")
        )
        return re.search(rf"(?i)\b{re.escape(top).replace('_', '[-_]')}\b", text) is not None

    def _modules(self, roots: list[str]) -> dict[str, str]:
        """The modules that can be imported, by name, with their files; those of the first few folders."""
        found: dict[str, str] = {}
        for path in self.subject.context.files:
            if not path.endswith(".py") or path.count("/") > 4:
                continue
            for place in self.layout.where(path):
                for root in roots:
                    if place.startswith(root.rstrip("/") + "/"):
                        name = (
                            place[len(root.rstrip("/")) + 1 :].removesuffix(".py").removesuffix("/__init__")
                        )
                        found.setdefault(name.replace("/", "."), path)
        return found

    def _name(self, word: Argument, module: str, name: str, source: str, place: Place) -> Iterator[Problem]:
        text = self.subject.tree.read(source) or ""
        defined = _defined(text)
        if name in defined or "*" in defined or "__getattr__" in defined or not text.strip():
            return
        apps = [
            each
            for each in defined
            if re.search(rf"^{re.escape(each)}\s*(?::[^=\n]+)?=\s*\w*[A-Z]\w*\(", text, re.MULTILINE)
        ]
        near = get_close_matches(name, sorted(defined), n=1, cutoff=0.75) or (apps if len(apps) == 1 else [])
        better = word.text.replace(f":{name}", f":{near[0]}", 1) if near else ""
        exact = word.span is not None and word.text == word.written
        related: tuple[tuple[Place, str], ...] = ()
        if near and (
            match := re.search(rf"^(?:async def |def |class )?{re.escape(near[0])}\b", text, re.MULTILINE)
        ):
            span = span_at(text, *match.span())
            related = ((self.subject.place(source, span), f"{near[0]} is defined here"),)
        yield Problem(
            "start-name-missing",
            f"{source} defines no {name}, which the start command serves.",
            place=place,
            fix=f"Did you mean {module}:{near[0]}?"
            if near
            else f"Define {name} in {source}, or correct the command.",
            related=related,
            repairs=(replacement(f"Use {better}", place, better),) if near and exact else (),
        )

    # package.json

    def _package_script(self) -> Iterator[Problem]:
        words = [word for word in self.command.words[1:] if not word.text.startswith("-")]
        if not words:
            return
        explicit = words[0].text in ("run", "run-script")
        word = words[1] if explicit and len(words) > 1 else words[0]
        if not explicit and not (
            word.text == "start" or (self.command.program != "npm" and "start" in word.text)
        ):
            return
        source = self.layout.source(self.image.settings.absolute("package.json"))
        text = self.subject.tree.read(source) if source else None
        scripts = _scripts(text or "")
        if text is None or scripts is None or source is None:
            return
        if word.text not in scripts:
            if word.text == "start" and self._there("server.js"):
                return
            yield self._script_missing(word, scripts, source)
            return
        yield from self._script_target(source, text, word.text, scripts[word.text])

    def _script_missing(self, word: Argument, scripts: dict[str, str], source: str) -> Problem:
        near = get_close_matches(word.text, sorted(scripts), n=1, cutoff=0.6)
        place = self.image.place(word.span or self.command.instruction.span)
        exact = word.span is not None and word.text == word.written and bool(near)
        return Problem(
            "start-script-missing",
            f"package.json has no script {word.text!r}, which the start command runs.",
            place=place,
            fix=f"Did you mean {near[0]}?" if near else f"Add the script {word.text!r} to package.json.",
            related=((self.subject.place(source), "the scripts are here"),),
            repairs=(replacement(f"Run {near[0]}", place, near[0]),) if exact else (),
        )

    def _script_target(self, source: str, text: str, name: str, line: str) -> Iterator[Problem]:
        """A script that runs a file which is not there: the place is in package.json."""
        command = arguments(line)
        if not command or command[0] != "node" or len(command) < 2 or command[1].startswith("-"):
            return
        path = command[1]
        choices = (path, f"{path}.js", f"{path}.mjs", f"{path}.cjs", posixpath.join(path, "index.js"))
        if path == "." or any(self._there(each) for each in choices):
            return
        match = re.search(rf'"{re.escape(name)}"\s*:\s*"[^"]*?(?P<path>{re.escape(path)})', text)
        place = self.subject.place(source, span_at(text, *match.span("path")) if match else None)
        word = Argument(path, path, place.span) if match else None
        yield from self._absent(self.image.settings.absolute(path), path, place, word)


def _scripts(text: str) -> dict[str, str] | None:
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    scripts = table(document).get("scripts", {})
    return {key: str(value) for key, value in table(scripts).items()}


def _defined(text: str) -> set[str]:
    """The names that a Python module defines at its top level; ``*`` if it takes in what another defines."""
    found = set(re.findall(r"^(?:    )?(?:async\s+def|def|class)\s+(\w+)", text, re.MULTILINE))
    found |= set(re.findall(r"^\s*(\w+)\s*(?::[^=\n]+)?=(?!=)", text, re.MULTILINE))
    for imported in re.findall(r"^\s*(?:from\s+\S+\s+)?import\s+(\([^)]*\)|[^\n#]+)", text, re.MULTILINE):
        for each in imported.strip("()\n ").split(","):
            words = each.split()
            if words:
                found.add(words[-1])
    for targets in re.findall(r"^([\w, ]+)=(?!=)", text, re.MULTILINE):
        found |= {each.strip() for each in targets.split(",")}
    return found
