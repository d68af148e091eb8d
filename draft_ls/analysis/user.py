"""The image's user against what the chart allows: a kubelet refuses root where ``runAsNonRoot`` is set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.analysis.edits import line_before, replacement
from draft_ls.errors import Edit, Problem, Repair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.chart import Setting
    from draft_ls.analysis.subject import Image, Subject
    from draft_ls.dockerfile.model import Instruction
    from draft_ls.errors import Span

USER = 10001
"""The user that a repair writes: none that an image uses for something else."""

_CONTEXTS = ("podSecurityContext", "securityContext")
_ROOT_BASES = re.compile(
    r"^(?:docker\.io/)?(?:library/)?(?:python|node|debian|ubuntu|alpine|golang|rust|openjdk|eclipse-temurin|ruby|php|nginx|"
    r"httpd|busybox|perl|elixir|erlang|swift|maven|gradle|scratch|fedora|amazonlinux)(?::|@|$)"
)


def user_problems(subject: Subject) -> Iterator[Problem]:
    """An image that the chart's security context does not let start."""
    image, chart = subject.image, subject.chart
    if image is None or chart is None:
        return
    demand = next(
        (
            found
            for name in _CONTEXTS
            if (found := chart.setting(name, "runAsNonRoot")) and found.value is True
        ),
        None,
    )
    given = next((found for name in reversed(_CONTEXTS) if (found := chart.setting(name, "runAsUser"))), None)
    if demand is None:
        return
    if given is not None and given.value is not None:
        if given.value == 0:
            yield _root_given(given, demand)
        return
    yield from _image_user(image, demand)


def _root_given(given: Setting, demand: Setting) -> Problem:
    return Problem(
        "user-root",
        "The chart runs the app as root and forbids it at once: runAsUser is 0, runAsNonRoot is true.",
        place=given.place,
        cause="The kubelet refuses to start the container.",
        fix=f"Use the number of the image's user, e.g. {USER}.",
        related=((demand.place, "root is forbidden here"),),
        repairs=(replacement(f"Use {USER}", given.place, str(USER)),),
    )


def _image_user(image: Image, demand: Setting) -> Iterator[Problem]:
    name = (image.settings.user or "").partition(":")[0]
    root = image.final
    while root.base_stage is not None:
        root = image.dockerfile.stages[root.base_stage]
    if name.isdigit() and int(name) > 0:
        return
    if not name and not _ROOT_BASES.match(root.base):
        return
    written = _instruction(image)
    if name in ("", "0", "root"):
        what = "The image runs as root" + (": there is no USER." if not name else ".")
        repairs = _becoming(image, written)
        fix = f"Add USER {USER}, or the number of a user that the image has."
    else:
        number = _number(image, name)
        what = f"The kubelet cannot tell that the user {name!r} is not root."
        repairs = (_renamed(image, written, number),) if number and written else ()
        fix = "Write the user's number in USER, or set runAsUser in the chart."
    yield Problem(
        "user-root" if name in ("", "0", "root") else "user-not-numeric",
        f"{what} The chart forbids root, so the container does not start.",
        place=image.place(_span(image, written)),
        fix=fix,
        related=((demand.place, "runAsNonRoot is set here"),),
        repairs=repairs,
    )


def _span(image: Image, written: Instruction | None) -> Span:
    if written is not None and written.arguments:
        return written.arguments[0].span
    return image.final.instructions[0].span


def _instruction(image: Image) -> Instruction | None:
    """The USER that holds in the end, if the final stage itself has it."""
    return next((each for each in reversed(image.final.instructions) if each.keyword == "USER"), None)


def _becoming(image: Image, written: Instruction | None) -> tuple[Repair, ...]:
    if written is not None and written.arguments:
        return (replacement(f"Use {USER}", image.place(written.arguments[0].span), str(USER)),)
    command = image.settings.command or image.settings.entrypoint
    if command is None or command.instruction.stage != image.final.index:
        return ()
    return (line_before(f"Add USER {USER}", image, command.instruction, f"USER {USER}"),)


def _number(image: Image, name: str) -> str | None:
    """The number that ``useradd --uid 1000 name`` gives a user."""
    for stage in image.dockerfile.stages:
        for each in stage.instructions:
            match = re.search(rf"(?:--uid|-u)[= ](\d+)\b[^&;|]*\b{re.escape(name)}\b", each.text)
            if each.keyword == "RUN" and match:
                return match[1]
    return None


def _renamed(image: Image, written: Instruction, number: str) -> Repair:
    place = image.place(written.arguments[0].span)
    group = written.arguments[0].text.partition(":")
    return Repair(f"Use {number}", (Edit(place, number + "".join(group[1:])),))
