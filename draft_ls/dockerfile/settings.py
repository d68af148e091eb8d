"""What holds at each instruction of a stage, and in the end: WORKDIR, USER, ENV, CMD, ENTRYPOINT, EXPOSE."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from draft_ls.dockerfile.expand import expand
from draft_ls.dockerfile.parse import global_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from draft_ls.dockerfile.model import Dockerfile, Instruction, Stage

DEFAULT_SHELL = ("/bin/sh", "-c")


@dataclass(frozen=True, slots=True)
class Command:
    """A CMD or ENTRYPOINT, and the instruction it was written in.

    ``arguments`` are what runs: the exec form as it is, the shell form with the stage's shell before it.
    """

    arguments: tuple[str, ...]
    is_exec: bool
    instruction: Instruction


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a stage has set so far. What comes from its base image is not known here.

    Attributes:
        workdir: absolute; none if nothing was set.
        user: as written, e.g. ``1000:1000``; none if nothing was set.
        environment: ENV, expanded.
        arguments: ARGs of this stage that have a value.
        command: the last CMD that still holds.
        entrypoint: the last ENTRYPOINT.
        ports: EXPOSE, e.g. ``8080`` or ``53/udp``.
        shell: what runs the shell form.
        healthcheck: the last HEALTHCHECK; none if there is none or ``NONE``.
        stop_signal: the last STOPSIGNAL.
        volumes: VOLUME paths.
    """

    workdir: str | None = None
    user: str | None = None
    environment: Mapping[str, str] = field(default_factory=_nothing)
    arguments: Mapping[str, str] = field(default_factory=_nothing)
    command: Command | None = None
    entrypoint: Command | None = None
    ports: tuple[str, ...] = ()
    shell: tuple[str, ...] = DEFAULT_SHELL
    healthcheck: Instruction | None = None
    stop_signal: str | None = None
    volumes: tuple[str, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        """What ``$NAME`` means here: ENV wins over ARG."""
        return {**self.arguments, **self.environment}

    def absolute(self, path: str) -> str:
        """A container path as an absolute one, without a slash at its end."""
        joined = posixpath.join(self.workdir or "/", path)
        return "/" + posixpath.normpath(joined).lstrip("/") if joined.strip("/") else "/"


def settings(
    dockerfile: Dockerfile, stage: Stage | None = None, build_arguments: Mapping[str, str] | None = None
) -> Settings:
    """What a stage has set at its end, stages that it starts from included; without one, the final stage."""
    chosen = stage or dockerfile.final
    if chosen is None:
        return Settings()
    return [after for _, _, after in walk(dockerfile, chosen, build_arguments)][-1]


def walk(
    dockerfile: Dockerfile, stage: Stage, build_arguments: Mapping[str, str] | None = None
) -> Iterator[tuple[Instruction, Settings, Settings]]:
    """Each instruction of a stage with what holds before and after it.

    The instructions of the stages that it starts from come first.
    """
    given = build_arguments or {}
    known = global_arguments(dockerfile.preamble, dockerfile.escape, given)
    current = Settings()
    for each in lineage(dockerfile, stage):
        step = _Step(known, given, dockerfile.escape)
        for instruction in each.instructions:
            after = step.apply(instruction, current)
            yield instruction, current, after
            current = after


def lineage(dockerfile: Dockerfile, stage: Stage) -> tuple[Stage, ...]:
    """The stages that a stage starts from, first to last, itself included."""
    chain = [stage]
    while chain[-1].base_stage is not None:
        chain.append(dockerfile.stages[chain[-1].base_stage])
    return tuple(reversed(chain))


class _Step:
    """Applies the instructions of one stage."""

    def __init__(self, known: Mapping[str, str], given: Mapping[str, str], escape: str) -> None:
        self.known = known
        self.given = given
        self.escape = escape
        self.command_set = False
        self.handlers: dict[str, Callable[[Instruction, Settings], Settings]] = {
            "FROM": self._from,
            "ARG": self._arg,
            "ENV": self._env,
            "WORKDIR": self._workdir,
            "USER": lambda each, now: replace(now, user=self._expand(each.text, now)),
            "CMD": self._cmd,
            "ENTRYPOINT": self._entrypoint,
            "EXPOSE": self._expose,
            "SHELL": lambda each, now: replace(now, shell=_texts(each)) if each.is_exec else now,
            "STOPSIGNAL": lambda each, now: replace(now, stop_signal=self._expand(each.text, now)),
            "HEALTHCHECK": lambda each, now: replace(
                now, healthcheck=None if each.text.upper() == "NONE" else each
            ),
            "VOLUME": self._volume,
        }

    def apply(self, instruction: Instruction, now: Settings) -> Settings:
        handler = self.handlers.get(instruction.keyword)
        return handler(instruction, now) if handler else now

    def _expand(self, text: str, now: Settings) -> str:
        return expand(text, now.variables, self.escape)

    def _from(self, instruction: Instruction, now: Settings) -> Settings:
        del instruction
        return replace(now, arguments=_nothing())

    def _arg(self, instruction: Instruction, now: Settings) -> Settings:
        arguments = dict(now.arguments)
        for pair in instruction.pairs:
            if pair.name in self.given:
                arguments[pair.name] = self.given[pair.name]
            elif pair.value is not None:
                arguments[pair.name] = expand(pair.value, {**arguments, **now.environment}, self.escape)
            elif pair.name in self.known:
                arguments[pair.name] = self.known[pair.name]
        return replace(now, arguments=MappingProxyType(arguments))

    def _env(self, instruction: Instruction, now: Settings) -> Settings:
        # All pairs of one ENV see what held before it.
        values = {pair.name: self._expand(pair.value or "", now) for pair in instruction.pairs}
        return replace(now, environment=MappingProxyType({**now.environment, **values}))

    def _workdir(self, instruction: Instruction, now: Settings) -> Settings:
        path = self._expand(instruction.text, now)
        return replace(now, workdir=now.absolute(path)) if path else now

    def _cmd(self, instruction: Instruction, now: Settings) -> Settings:
        self.command_set = True
        return replace(now, command=_command(instruction, now))

    def _entrypoint(self, instruction: Instruction, now: Settings) -> Settings:
        # An ENTRYPOINT drops a CMD that was inherited, not one of its own stage.
        command = now.command if self.command_set else None
        return replace(now, entrypoint=_command(instruction, now), command=command)

    def _expose(self, instruction: Instruction, now: Settings) -> Settings:
        ports = dict.fromkeys(now.ports)
        for word in instruction.arguments:
            ports.update(dict.fromkeys(self._expand(word.text, now).split()))
        return replace(now, ports=tuple(ports))

    def _volume(self, instruction: Instruction, now: Settings) -> Settings:
        added = (self._expand(word.text, now) for word in instruction.arguments)
        return replace(now, volumes=tuple(dict.fromkeys((*now.volumes, *added))))


def _texts(instruction: Instruction) -> tuple[str, ...]:
    return tuple(word.text for word in instruction.arguments)


def _command(instruction: Instruction, now: Settings) -> Command | None:
    if instruction.is_exec:
        return Command(_texts(instruction), True, instruction) if instruction.arguments else None
    return Command((*now.shell, instruction.text), False, instruction) if instruction.text else None
