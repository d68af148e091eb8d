"""Why an image build failed: from a builder's last words to the line of the Dockerfile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.build.failed_step import Case, Failure, instruction_of, place_of
from draft_ls.build.troubles import disk_full
from draft_ls.dockerfile.ignore import BadPatternError, parse_ignore
from draft_ls.errors import Place, Problem, Span, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from draft_ls.dockerfile.model import Dockerfile

_PREFIX = re.compile(
    r"^(?:[Ee]rror: |ERROR: )?(?:failed to build: )?(?:failed to solve(?: with frontend [\w.]+)?: )?"
    r"(?:failed to create LLB definition: )?(?:failed to compute cache key: |failed to load cache key: )?"
)
_SYNTAX = re.compile(r"dockerfile parse error (?:on )?line (?P<line>\d+): (?P<text>.*)", re.IGNORECASE)
_EXIT = re.compile(
    r"(?:exit code: |non-zero code: |^building at STEP .*exit status )(?P<code>\d+)", re.DOTALL
)
_UNKNOWN_INSTRUCTION = re.compile(r"Unknown instruction: \"\w+\"")
_NOT_FOUND = re.compile(
    r'"(?P<path>[^"]+)"(?: not found)?: not found|/merged/(?P<merged>\S+): no such file or directory|'
    r'copier: stat: "(?P<stat>[^"]+)": no such file or directory'
)
_COPY = re.compile(
    r"(?:COPY|ADD) failed: (?:file not found in build context[^:]*: stat |stat )?(?P<path>[^\s:]+)[^:]*: "
    r"(?:file does not exist|no such file or directory)|no source files were specified"
)
_DENIED = re.compile(
    r"pull access denied|insufficient_scope|unauthorized|denied: |403 Forbidden|401 Unauthorized",
    re.IGNORECASE,
)
_NO_IMAGE = re.compile(
    r"manifest unknown|manifest for \S+ not found|repository does not exist|[\w./-]+:[\w.-]+: not found$|"
    r"no match for platform|invalid reference format|repository name not known|no stage or image found",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"dial tcp|i/o timeout|no such host|TLS handshake|network is unreachable|connection (?:refused|reset)|"
    r"Temporary failure (?:in name resolution|resolving)|Could not resolve|EAI_AGAIN|ENOTFOUND|"
    r"Name or service not known|request canceled while waiting|NewConnectionError",
    re.IGNORECASE,
)
_UNREACHABLE = re.compile(
    r"Cannot connect to the Docker daemon|unable to resolve docker endpoint|error during connect|"
    r"permission denied while trying to connect",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"server did not provide an image ID|error reading from server|transport is closing|unexpected EOF$|"
    r"closing transport due to",
    re.IGNORECASE,
)
_NO_BUILDKIT = re.compile(r"unable to upgrade to h2c|buildkit not supported by daemon", re.IGNORECASE)
_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded|ENOSPC", re.IGNORECASE)
_UNKNOWN_COMMAND = re.compile(
    r"(?:^|: )(?P<name>[\w./+-]+): (?:command )?not found$|exec: \"(?P<quoted>[^\"]+)\""
)


def build_problem(
    failure: Failure, dockerfile: Dockerfile, path: Path, root: Path, ignore: Path | None = None
) -> Problem:
    """The problem behind a failed build.

    Args:
        failure: what the builder left behind.
        dockerfile: the Dockerfile, parsed.
        path: where it is.
        root: the context's folder.
        ignore: the ignore file in force.
    """
    reason = _PREFIX.sub("", failure.reason.strip()).strip() or "the builder gave no reason"
    case = Case(failure, dockerfile, path, root, ignore, reason)
    return next(found for explain in _EXPLANATIONS if (found := explain(case)) is not None)


def _unreachable(case: Case) -> Problem | None:
    if not _UNREACHABLE.search(case.failure.reason):
        return None
    return Problem(
        "docker-unreachable",
        "Docker cannot be reached.",
        Stage.BUILD,
        cause=case.reason,
        fix="Start Docker, or correct DOCKER_HOST or the Docker context.",
    )


def _lost(case: Case) -> Problem | None:
    if not _LOST.search(case.failure.reason):
        return None
    return Problem(
        "docker-lost",
        "The connection to Docker was lost in the middle of the build.",
        Stage.BUILD,
        cause=case.reason,
        fix="See that Docker runs; the next save builds again.",
    )


def _no_buildkit(case: Case) -> Problem | None:
    if not _NO_BUILDKIT.search(case.failure.reason):
        return None
    return Problem(
        "buildkit-refused",
        "The Docker Engine does not build with BuildKit.",
        Stage.BUILD,
        cause=case.reason,
        fix='Set `builder = "docker"` or `"auto"` in draft.toml.',
    )


def _no_space(case: Case) -> Problem | None:
    if not (match := _NO_SPACE.search(case.text)):
        return None
    line = next((each for each in case.text.splitlines() if match[0] in each), case.reason)
    return disk_full(line, Stage.BUILD)


def _syntax(case: Case) -> Problem | None:
    if match := _SYNTAX.search(case.failure.reason):
        return Problem(
            "dockerfile-syntax",
            f"{case.path.name} has an error in line {match['line']}.",
            Stage.BUILD,
            place_of(case, int(match["line"])),
            cause=match["text"],
            fix="Correct the instruction."
            if "unknown instruction" not in match["text"]
            else "Correct the instruction's name; if the line belongs to the one before, end that with “\\”.",
        )
    if match := _UNKNOWN_INSTRUCTION.search(case.reason):
        return Problem(
            "dockerfile-syntax",
            f"{case.path.name} has an instruction that there is none of.",
            Stage.BUILD,
            place_of(case),
            cause=match[0],
            fix="Correct the instruction's name; if the line belongs to the one before, end that with “\\”.",
        )
    if any(sign in case.reason.lower() for sign in ("no build stage", "no stage in", "no from statement")):
        return Problem(
            "dockerfile-syntax",
            f"{case.path.name} does not begin with FROM.",
            Stage.BUILD,
            Place(case.path, Span.line(0)),
            cause=case.reason,
            fix="Let the first instruction be FROM and a base image.",
        )
    return None


def _missing_source(case: Case) -> Problem | None:
    instruction = instruction_of(case)
    if instruction is None or instruction.keyword not in {"COPY", "ADD"}:
        return None
    match = _COPY.search(case.reason) or _NOT_FOUND.search(case.reason)
    if match is None:
        return None
    source = next((found for found in match.groups() if found), "").lstrip("/")
    if instruction.flag("from") is not None:
        return Problem(
            "copy-source-missing",
            f"{instruction.keyword} finds no {source or 'source'} in “{instruction.flag('from')}”.",
            Stage.BUILD,
            Place(case.path, instruction.span),
            cause=case.reason,
            fix="Correct the path, or the step of that stage that should have made it.",
            details=case.details,
        )
    related = _ignored_by(case, source)
    return Problem(
        "copy-source-ignored" if related else "copy-source-missing",
        f"{instruction.keyword} {'cannot see' if related else 'finds no'} {source or 'source'}"
        f"{': it is ignored' if related else ''}.",
        Stage.BUILD,
        Place(case.path, instruction.span),
        cause=case.reason,
        fix="Take it out of the ignore file, or do not copy it."
        if related
        else "Create it, or correct the path; it is relative to the build context.",
        details=case.details,
        related=related,
    )


def _ignored_by(case: Case, source: str) -> tuple[tuple[Place, str], ...]:
    """The line of the ignore file that hides a source which does exist."""
    if case.ignore is None or not source or not any(case.root.glob(source)):
        return ()
    lines = case.ignore.read_text("utf-8", errors="replace").split("\n")
    for number in range(len(lines), 0, -1):
        try:
            rules = parse_ignore("\n".join(lines[:number]))
            above = parse_ignore("\n".join(lines[: number - 1]))
        except BadPatternError:
            return ()
        if rules.ignores(source) and not above.ignores(source):
            place = Place(case.ignore, Span.line(number - 1, len(lines[number - 1])))
            return ((place, f"{source} is ignored here"),)
    return ()


def _base_image(case: Case) -> Problem | None:
    label = case.failure.label
    pulls = not label or " FROM " in f" {label} " or "metadata for" in label or "--from=" in label
    if not pulls:
        return None
    explained = (
        (
            _DENIED,
            "base-image-denied",
            "may not be pulled",
            "Check its name; if it is private, `docker login` first.",
        ),
        (_NO_IMAGE, "base-image-missing", "does not exist", "Check the image's name and tag."),
        (
            _NETWORK,
            "base-image-unreachable",
            "cannot be pulled",
            "Check the network, a proxy, and the registry.",
        ),
    )
    for pattern, code, what, fix in explained:
        if pattern.search(case.failure.reason):
            place = place_of(case)
            return Problem(
                code,
                f"The base image {_image_of(case)}{what}.",
                Stage.BUILD,
                place,
                cause=case.reason,
                fix=fix,
            )
    return None


def _image_of(case: Case) -> str:
    instruction = instruction_of(case)
    if instruction is None:
        return ""
    if instruction.keyword == "FROM" and instruction.stage is not None:
        return f"{case.dockerfile.stages[instruction.stage].base} "
    return f"{instruction.flag('from')} " if instruction.flag("from") else ""


def _step(case: Case) -> Problem | None:
    match = _EXIT.search(case.reason)
    if match is None:
        return None
    instruction = instruction_of(case)
    command = _shortened(instruction.text) if instruction else case.failure.label
    code = int(match["code"])
    return Problem(
        "build-step-network" if code != 127 and _NETWORK.search(case.text) else "build-step-failed",
        f"The build step `{command}` failed with exit code {code}.",
        Stage.BUILD,
        place_of(case),
        cause=_cause(case),
        fix=_step_fix(case, code),
        details=case.details,
    )


def _shortened(text: str, limit: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _cause(case: Case) -> str:
    """The last line that the step itself printed, which is where most programs say what is wrong."""
    said = [line.strip() for line in case.failure.output if line.strip()]
    return said[-1] if said else case.reason


def _step_fix(case: Case, code: int) -> str:
    if code == 127:
        for line in case.failure.output[::-1]:
            if match := _UNKNOWN_COMMAND.search(line.strip()):
                return (
                    f"Install `{match['name'] or match['quoted']}` in the image first, or correct the name."
                )
        return "Install the command in the image first, or correct its name."
    if code == 126:
        return "Make the file executable (`chmod +x`), and check its first line."
    if code == 137:
        return "The step was killed, most likely for lack of memory: give Docker more."
    if _NETWORK.search(case.text):
        return "Check the network that builds use: DNS, a proxy (`HTTP_PROXY` as build arg), a firewall."
    return "See the step's last lines in the log."


def _other(case: Case) -> Problem:
    return Problem(
        "build-failed",
        "The image could not be built.",
        Stage.BUILD,
        place_of(case),
        cause=case.reason,
        details=case.details,
    )


_EXPLANATIONS: Sequence[Callable[[Case], Problem | None]] = (
    _unreachable,
    _lost,
    _no_buildkit,
    _syntax,
    _no_space,
    _missing_source,
    _base_image,
    _step,
    _other,
)
