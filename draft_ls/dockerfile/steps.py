"""From what a builder prints to the instruction it is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from draft_ls.dockerfile.model import Dockerfile, Instruction, Stage

_CLASSIC = re.compile(r"^\s*Step (?P<number>\d+)/\d+ : (?P<text>.*)$")
_BUILDKIT = re.compile(
    r"\[(?:(?P<stage>[A-Za-z0-9_./ -]*?) )??(?P<number>\d+)/\d+\] (?P<text>(?P<keyword>[A-Z]+)\b.*)$"
)
_BUILDAH = re.compile(r"^(?:\[(?P<stage>\d+)/\d+\] )?STEP (?P<number>\d+)/\d+: (?P<text>.*)$")
_PLACE = re.compile(r"(?:^|[\s/])[^\s:]*[Dd]ockerfile[^\s:]*:(?P<line>\d+)\b")
_COUNTED = ("ADD", "COPY", "RUN", "WORKDIR")


def find_step(dockerfile: Dockerfile, printed: str) -> Instruction | None:
    """The instruction that one line of build output names; none if it names none.

    Understood are ``Step 3/9 : RUN …`` (classic builder), ``[builder 3/5] RUN …`` and ``[3/5] RUN …``
    (BuildKit, with or without a platform before the stage), ``[2/2] STEP 3/5: RUN …`` (Buildah, of a single
    stage without the brackets), and ``Dockerfile:12``.
    """
    if match := _BUILDAH.match(printed):
        return _buildah(dockerfile, int(match["stage"] or 1), int(match["number"]), match["text"])
    if match := _CLASSIC.match(printed):
        return _classic(dockerfile, int(match["number"]), match["text"])
    if match := _BUILDKIT.search(printed):
        # The headline of BuildKit's error excerpt, " > [2/2] RUN x:", ends in a colon of its own.
        text = match["text"].removesuffix(":") if printed.lstrip().startswith(">") else match["text"]
        return _buildkit(dockerfile, match["stage"] or "", int(match["number"]), text)
    if match := _PLACE.search(printed):
        return dockerfile.instruction_at(int(match["line"]) - 1)
    return None


def _classic(dockerfile: Dockerfile, number: int, text: str) -> Instruction | None:
    instructions = dockerfile.instructions
    if 1 <= number <= len(instructions) and _says(instructions[number - 1], text):
        return instructions[number - 1]
    return next((each for each in instructions if _says(each, text)), None)


def _buildah(dockerfile: Dockerfile, stage: int, number: int, text: str) -> Instruction | None:
    """Buildah counts every instruction of a stage; for FROM it prints the id of a stage that it has built."""
    if stage <= len(dockerfile.stages):
        counted = dockerfile.stages[stage - 1].instructions
        if 1 <= number <= len(counted) and (number == 1 or _says(counted[number - 1], text)):
            return counted[number - 1]
    return next((each for each in dockerfile.instructions if _says(each, text)), None)


def _buildkit(dockerfile: Dockerfile, stage_name: str, number: int, text: str) -> Instruction | None:
    stage = _stage(dockerfile, stage_name)
    if stage is not None:
        counted = vertices(stage)
        if 1 <= number <= len(counted) and _says(counted[number - 1], text):
            return counted[number - 1]
    return next((each for each in dockerfile.instructions if _says(each, text)), None)


def vertices(stage: Stage) -> tuple[Instruction, ...]:
    """The instructions of a stage that BuildKit counts: FROM an image, and what makes a layer."""
    own = stage.instructions
    first = own[:1] if stage.base_stage is None and stage.base != "scratch" else ()
    return (*first, *(each for each in own[1:] if each.keyword in _COUNTED))


def _stage(dockerfile: Dockerfile, name: str) -> Stage | None:
    name = name.rpartition(" ")[2]
    if not name or "/" in name:  # no name, or only a platform
        return dockerfile.final
    unnamed = re.fullmatch(r"stage-(\d+)", name)
    return dockerfile.stage_named(unnamed[1] if unnamed else name)


def _says(instruction: Instruction, text: str) -> bool:
    """Whether a printed instruction can be this one: same keyword, and the same beginning of its words.

    Builders print variables expanded and long lines cut, so only the words before either are compared.
    """
    words = text.split()
    if not words or words[0].upper() != instruction.keyword:
        return False
    if instruction.keyword == "FROM":  # BuildKit prints the image's full name: docker.io/library/debian:12
        return any(word.rpartition("/")[2].startswith(_last_part(instruction)) for word in words[1:])
    written = [*(flag for flag in _flag_texts(instruction)), *instruction.text.split()]
    for mine, theirs in zip(written, words[1:], strict=False):
        if "$" in mine or "..." in theirs or "…" in theirs:
            return True
        if mine != theirs:
            return False
    return True


def _last_part(base: Instruction) -> str:
    """What an image's full name must hold at its end; nothing where a variable is written."""
    image = base.arguments[0].text if base.arguments else ""
    return "" if "$" in image else image.rpartition("/")[2]


def _flag_texts(instruction: Instruction) -> list[str]:
    return [
        f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}"
        for flag in instruction.flags
    ]
