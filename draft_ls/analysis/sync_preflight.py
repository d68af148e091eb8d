"""Whether saves can be synced into the running container: told before the first deployment, not after.

What is told here is right for a deployment and only slow for development: each save builds anew. So these are
hints, only where sync is wanted, and only where the image holds files of the app as they are written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from draft_ls.analysis.chart import span_at
from draft_ls.analysis.edits import replacement
from draft_ls.config.model import SyncMode
from draft_ls.dockerfile.settings import lineage
from draft_ls.dockerfile.shells import has_shell
from draft_ls.errors import Edit, Problem, Repair, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.chart import Chart
    from draft_ls.analysis.copies import Taken
    from draft_ls.analysis.subject import Image, Subject
    from draft_ls.errors import Place

_CAUSE = "Saves are not synced into the running container; each one builds the image anew."
_OWNERSHIP = re.compile(r"\bch(?:own|mod|grp)\b|\binstall\b.*--owner")
_CONFIGURATION = (".conf", ".cnf", ".ini")
"""A server's own files: nobody saves them all day."""

_READ_ONLY = re.compile(
    r"^[ \t]*readOnlyRootFilesystem:[ \t]*(?P<value>[\"']?true[\"']?)[ \t\r]*$", re.MULTILINE
)
_CONTEXT = re.compile(r"\{\{-?\s*toYaml\s+(?P<value>\.Values\.securityContext)\s*\|")
_LEFT_OUT = re.compile(r"omit\b[^}]*readOnlyRootFilesystem|readOnlyRootFilesystem:[^\n]*\.Values\.draft")


def sync_problems(subject: Subject) -> Iterator[Problem]:
    """What keeps saves from being synced into this environment's containers."""
    image, environment = subject.image, subject.environment
    if image is None or not environment.watch or environment.sync.mode is SyncMode.OFF:
        return
    stages = {stage.index for stage in lineage(image.dockerfile, image.final)}
    taken = [each for each in subject.copies if each.stage in stages]
    if not taken:
        return
    if has_shell(image.dockerfile, image.final) is False:
        yield _no_shell(image)
        return
    yield from _not_writable(subject, image, taken)
    if subject.chart is not None:
        yield from _read_only(subject, subject.chart)


def _problem(
    code: str,
    message: str,
    place: Place,
    fix: str,
    related: tuple[tuple[Place, str], ...] = (),
    repairs: tuple[Repair, ...] = (),
) -> Problem:
    return Problem(
        code, message, place=place, cause=_CAUSE, fix=fix, severity=Severity.HINT, related=related,
        repairs=repairs,
    )  # fmt: skip


def _no_shell(image: Image) -> Problem:
    root = lineage(image.dockerfile, image.final)[0]
    start = root.instructions[0]
    return _problem(
        "sync-no-shell",
        f"The image has no shell: it is made from {root.base}.",
        image.place(start.arguments[0].span if start.arguments else start.span),
        "Use a base image with a shell, such as a -slim or :debug variant, in development.",
    )


def _not_writable(subject: Subject, image: Image, taken: list[Taken]) -> Iterator[Problem]:
    """Files that COPY gives to root, in an image that runs as somebody else."""
    user, said = _user(subject, image)
    if user is None:
        return
    for number, each in enumerate(taken):
        if _cared_for(image, each) or not _lasting(subject, each, taken[number + 1 :]):
            continue
        keyword = each.instruction.keyword_span
        at = image.place(Span(keyword.end, keyword.end))
        title = f"Add --chown={user}"
        yield _problem(
            "sync-not-writable",
            f"The app runs as user {user.partition(':')[0]}, who may not write the files that this copies.",
            image.place(keyword),
            f"Give them to that user: {title.removeprefix('Add ')}.",
            related=((said, "the user is set here"),),
            repairs=(Repair(title, (Edit(at, f" --chown={user}"),)),),
        )


def _cared_for(image: Image, taken: Taken) -> bool:
    """Whether the COPY, or a command after it, says whose the files are."""
    instruction = taken.instruction
    if instruction.flag("chown") is not None or instruction.flag("chmod") is not None:
        return True
    return any(
        each.keyword == "RUN" and each.number > instruction.number and _OWNERSHIP.search(each.text)
        for stage in lineage(image.dockerfile, image.final)
        for each in stage.instructions
    )


def _lasting(subject: Subject, taken: Taken, later: list[Taken]) -> bool:
    """Whether it takes a file that no later COPY takes again, as ``COPY . .`` does with a list of packages."""
    files = subject.context.files
    again = {path for each in later for path in each.files(files)}
    return any(path not in again and not path.endswith(_CONFIGURATION) for path in taken.files(files))


def _user(subject: Subject, image: Image) -> tuple[str | None, Place]:
    """The user that the container runs as, unless it is root, and where that is said."""
    chart = subject.chart
    for name in ("securityContext", "podSecurityContext") if chart is not None else ():
        given = chart.setting(name, "runAsUser") if chart is not None else None
        if given is not None and isinstance(given.value, int):
            return (f"{given.value}:{given.value}" if given.value else None), given.place
    written = [
        each
        for stage in lineage(image.dockerfile, image.final)
        for each in stage.instructions
        if each.keyword == "USER"
    ]
    user = image.settings.user or ""
    place = image.place((written[-1] if written else image.final.instructions[0]).span)
    return (None if user.partition(":")[0] in ("", "0", "root") else user), place


def _read_only(subject: Subject, chart: Chart) -> Iterator[Problem]:
    """A root file system that the chart makes read-only, also in development."""
    if any(_LEFT_OUT.search(template.text) for template in chart.templates):
        return
    for template in chart.templates:
        for match in _READ_ONLY.finditer(template.text):
            place = subject.place(template.path, span_at(template.text, *match.span("value")))
            repair = replacement("Allow writing in development", place, "{{ not .Values.draft }}")
            yield _read_only_problem(place, (repair,))
            return
    found = chart.setting("securityContext", "readOnlyRootFilesystem")
    if found is None or found.value is not True:
        return
    for template in chart.templates:
        if (match := _CONTEXT.search(template.text)) is not None:
            where = subject.place(template.path, span_at(template.text, *match.span("value")))
            text = (
                '(ternary (omit .Values.securityContext "readOnlyRootFilesystem") .Values.securityContext '
                "(default false .Values.draft))"
            )
            yield _read_only_problem(found.place, (replacement("Allow writing in development", where, text),))
            return


def _read_only_problem(place: Place, repairs: tuple[Repair, ...]) -> Problem:
    return _problem(
        "sync-read-only",
        "The container's file system is read-only.",
        place,
        "Leave it writable while .Values.draft is true: that is so only in development.",
        repairs=repairs,
    )
