"""The files that name the app's packages against the instructions that install them."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any, cast

from draft_ls.analysis.edits import line_before
from draft_ls.dockerfile.placement import UnclearError
from draft_ls.errors import Place, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.subject import Image, Subject
    from draft_ls.dockerfile.model import Instruction, Stage

_REQUIREMENTS = re.compile(r"\bpip3?\s+install\b[^&|;]*?(?:-r|--requirement)[ =]?(?P<file>[\w./-]+)")
_CLEAN_INSTALL = re.compile(r"\bnpm\s+(?:ci|clean-install)\b")
_NODE_INSTALL = re.compile(
    r"\b(?:npm\s+(?:ci|install|i|clean-install)|pnpm\s+(?:install|i)|yarn(?:\s+install|\s*$|\s*&&)|bun\s+install)\b"
)
_ANY_PYTHON_INSTALL = re.compile(r"\b(?:pip3?|uv|poetry|pipenv|pdm|conda|micromamba|mamba|hatch|setup\.py)\b")
_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")


def dependency_problems(subject: Subject) -> Iterator[Problem]:
    """Installers whose file is not there yet, and packages that nothing installs."""
    image = subject.image
    if image is None or not subject.context.whole:
        return
    for stage in image.dockerfile.stages:
        for instruction in stage.instructions:
            if instruction.keyword == "RUN" and not instruction.heredocs:
                yield from _installer(subject, image, stage, instruction)
    yield from _uninstalled(subject, image)


def _installer(subject: Subject, image: Image, stage: Stage, instruction: Instruction) -> Iterator[Problem]:
    line = (
        shlex.join(word.text for word in instruction.arguments) if instruction.is_exec else instruction.text
    )
    if any("type=bind" in (flag.value or "") for flag in instruction.flags if flag.name == "mount"):
        return
    wanted: list[tuple[str, tuple[str, ...]]] = [
        (match["file"], (match["file"],)) for match in _REQUIREMENTS.finditer(line)
    ]
    if _NODE_INSTALL.search(line) and not re.search(r"(?:-g\b|--global\b|\bcd\b|--prefix)", line):
        if not re.search(r"\b(?:npm|pnpm|yarn|bun)\s+(?:install|i)\s+[a-z@]", line):
            wanted.append(("package.json", ("package.json",)))
        if _CLEAN_INSTALL.search(line):
            wanted.append(("package-lock.json", _LOCKS))
    for name, choices in wanted:
        if name.startswith("/") or "cd " in line or "$" in name:
            continue
        local = [each for each in choices if each.removeprefix("./") in subject.context.files]
        there = any(_copied(subject, stage, instruction, each.removeprefix("./")) for each in local)
        if (
            there
            or _from_elsewhere(image, stage, instruction)
            or _from_below(subject, stage, instruction, name)
        ):
            continue
        if local:
            yield _too_late(subject, image, instruction, local[0])
        elif name == "package-lock.json" and subject.sources.kind(name) is None:
            yield _no_lock(image, instruction)
        elif subject.sources.kind(name) is None and name != "package.json":
            yield _absent(image, instruction, name)


def _copied(subject: Subject, stage: Stage, instruction: Instruction, path: str) -> bool:
    """Whether a file gets into a stage (or one it starts from) before an instruction."""
    known = {stage.index}
    base = stage.base_stage
    while base is not None and subject.image is not None:
        known.add(base)
        base = subject.image.dockerfile.stages[base].base_stage
    for taken in subject.copies:
        if taken.stage in known and taken.instruction.number < instruction.number and taken.source_of(path):
            try:
                return taken.lands(path) is not None
            except UnclearError:
                return True
    return False


def _from_below(subject: Subject, stage: Stage, instruction: Instruction, name: str) -> bool:
    """Whether the file comes from a folder of the build context: a member of a workspace installs in its own folder."""
    end = f"/{name.removeprefix('./')}"
    below = (path for path in subject.context.files if path.endswith(end))
    return any(_copied(subject, stage, instruction, path) for path in below)


def _from_elsewhere(image: Image, stage: Stage, instruction: Instruction) -> bool:
    """Whether another stage, a mount or a script may have brought the file."""
    for each in stage.instructions:
        if each.number >= instruction.number:
            return False
        if each.flag("from") is not None or each.keyword == "ADD" or each.heredocs:
            return True
        if each.keyword == "RUN" and re.search(
            r"\b(?:git|curl|wget|cp|mv|export|touch|echo|pip-compile)\b", each.text
        ):
            return True
    return stage.base_stage is not None and _from_elsewhere(
        image, image.dockerfile.stages[stage.base_stage], instruction
    )


def _too_late(subject: Subject, image: Image, instruction: Instruction, path: str) -> Problem:
    related: tuple[tuple[Place, str], ...] = ((subject.source_place(path), "the file is here"),)
    later = next(
        (
            each
            for each in subject.copies
            if each.source_of(path) and each.instruction.number > instruction.number
        ),
        None,
    )
    if later:
        related = (*related, (image.place(later.instruction.span), "it is copied only here"))
    line = f"COPY {path} ./"
    return Problem(
        "dependency-file-not-copied",
        f"This installs from {path}, which is not copied into the image before.",
        place=image.place(instruction.span),
        cause="The build fails at this instruction.",
        fix=f"Add {line} before it.",
        related=related,
        repairs=(line_before(f"Add {line}", image, instruction, line),),
    )


def _no_lock(image: Image, instruction: Instruction) -> Problem:
    return Problem(
        "lock-file-missing",
        "npm ci needs a package-lock.json, and there is none.",
        place=image.place(instruction.span),
        cause="The build fails at this instruction.",
        fix="Run npm install and keep its package-lock.json, or use npm install here.",
        repairs=_in_place(image, instruction, _CLEAN_INSTALL, "npm install"),
    )


def _in_place(image: Image, instruction: Instruction, pattern: re.Pattern[str], text: str):
    from draft_ls.analysis.edits import replacement
    from draft_ls.errors import Span

    for number in range(instruction.span.start.line, instruction.span.end.line + 1):
        match = pattern.search(image.text.split("\n")[number])
        if match:
            return (replacement(f"Use {text}", image.place(Span.of(number, *match.span())), text),)
    return ()


def _absent(image: Image, instruction: Instruction, name: str) -> Problem:
    return Problem(
        "dependency-file-missing",
        f"This installs from {name}, and there is no such file.",
        place=image.place(instruction.span),
        cause="The build fails at this instruction.",
        fix="Correct the name, or add the file.",
    )


def _uninstalled(subject: Subject, image: Image) -> Iterator[Problem]:
    """Packages are named, the sources are copied, and nothing installs the packages."""
    runs = "\n".join(
        each.text + "".join(heredoc.content for heredoc in each.heredocs)
        for stage in image.dockerfile.stages
        for each in stage.instructions
        if each.keyword == "RUN"
    )
    root = image.final
    while root.base_stage is not None:
        root = image.dockerfile.stages[root.base_stage]
    if len(image.dockerfile.stages) > 1 or not subject.copies:
        return
    base = root.base.removeprefix("docker.io/").removeprefix("library/")
    if base.startswith("python:") and not _ANY_PYTHON_INSTALL.search(runs) and _has_requirements(subject):
        line = "RUN pip install --no-cache-dir -r requirements.txt"
        yield _not_installed(subject, image, "requirements.txt", line)
    elif (
        base.startswith("node:")
        and not re.search(r"\b(?:npm|pnpm|yarn|bun)\b", runs)
        and _has_packages(subject)
    ):
        yield _not_installed(subject, image, "package.json", "RUN npm install --omit=dev")


def _not_installed(subject: Subject, image: Image, path: str, line: str) -> Problem:
    command = image.settings.command or image.settings.entrypoint
    own = command is not None and command.instruction.stage == image.final.index
    taken = next((each for each in subject.copies if each.source_of(path)), None)
    repairs = (
        (line_before(f"Add {line}", image, command.instruction, line),) if own and command and taken else ()
    )
    return Problem(
        "dependencies-not-installed",
        f"Nothing installs the packages that {path} names.",
        place=image.place(image.final.instructions[0].span),
        cause="The app does not find them when it starts.",
        fix=f"Add {line}.",
        severity=Severity.WARNING,
        related=((subject.source_place(path), "the packages are named here"),),
        repairs=repairs,
    )


def _has_requirements(subject: Subject) -> bool:
    text = subject.sources.read("requirements.txt") or ""
    return any(re.match(r"\s*[A-Za-z0-9]", line) for line in text.splitlines())


def _has_packages(subject: Subject) -> bool:
    if "node_modules" in subject.context.folders:
        return False
    try:
        document: Any = json.loads(subject.sources.read("package.json") or "{}")
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and bool(cast("dict[str, Any]", document).get("dependencies"))
