"""The development image: the user's own, with a supervisor of a few lines of shell as its first process.

Process 1 of a container cannot be replaced without losing the files that were synced into it. So in
development process 1 is a shell that starts the app, passes signals on, ends when the app ends, with its exit
code, and on SIGURG starts it again. SIGURG, because process 1 of an image without supervisor ignores it. See
``docs/decisions/0010-sync-supervisor.md``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from draft_ls.dockerfile.parse import parse
from draft_ls.dockerfile.settings import lineage, settings
from draft_ls.dockerfile.shells import has_shell
from draft_ls.errors import Problem, Severity, Stage
from draft_ls.sync.standby import SET_UP, STANDBY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from draft_ls.dockerfile.model import Dockerfile
    from draft_ls.dockerfile.model import Stage as BuildStage

NAME = "draft-supervisor"
"""``$0`` of the supervisor, and a word of its first line: how an exec finds out that process 1 is one."""

HELD = "draft-held"
"""``$0`` of the process that stands in for an app that ended after a sync; its one argument is the
exit code and the number of that start."""

ENDED = "draft: start {start} of the app has ended"
"""How the line begins that the log gets when the app has ended after a sync; ``start`` counts the syncs'
starts. All that the app itself has written to the same stream comes before it."""

HOLD_SECONDS = 300
"""How long a container waits for the next sync after an app that was started by a sync has ended."""

CHILDREN = """\
children() {
  kids=
  if [ -r /proc/1/task/1/children ]; then
    read -r kids </proc/1/task/1/children
  else
    for folder in /proc/[0-9]*; do
      while read -r key value; do
        case $key in PPid:) [ "$value" != 1 ] || kids="$kids ${folder#/proc/}"; break ;; esac
      done <"$folder/status"
    done
  fi 2>/dev/null
  return 0
}
"""
"""Shell: sets ``kids`` to the children of process 1, zombies included, without starting a process."""

# Why it is written as it is:
# - `wait` returns when a trap has run, so the app's end is only believed when `kill -0` says so too.
# - `again` is cleared before the start and looked at after it: a request in between is not lost.
# - Descriptor 4 is open while a restart is under way: whoever asked for it sees that in /proc/1/fd.
# - SIGCONT while a restart is under way means: it does not listen to SIGTERM. A second SIGURG may come too late for
#   that, and would end the new app.
# - A background command of a shell without job control ignores SIGINT and SIGQUIT, so SIGTERM goes instead.
# - What left the app's process group is adopted by process 1; it must not answer beside the new app.
# - SIGWINCH asks for a standby (`standby`), which the next start wakes. It is ignored where nobody knows it.
SCRIPT = f"""\
: {NAME} 1
exec 3<&0
own=$(command -v setsid)
app= again= over= started=0 standby= asked=
{CHILDREN}\
{STANDBY}\
tell() {{ kill "-$1" "-$app" || kill "-$1" "$app"; }} 2>/dev/null
restart() {{
  if [ "$again" ]; then tell KILL; else exec 4</dev/null; again=1; tell TERM; fi
}}
trap restart URG
trap '[ -z "$again" ] || tell KILL' CONT
trap asked=1 WINCH
trap 'over=1; kill -TERM "$app" 2>/dev/null' TERM INT QUIT
for name in HUP USR1 USR2; do trap "kill -$name \\"\\$app\\" 2>/dev/null" "$name"; done
follow() {{
  [ -z "$again$over" ] || tell KILL
  while :; do
    wait "$app" 2>/dev/null
    code=$?
    kill -0 "$app" 2>/dev/null || return 0
    [ -z "$asked" ] || [ "$again$over" ] || stand_by "$@"
  done
}}
others() {{
  children
  found=
  for kid in $kids; do [ "$kid" = "$standby" ] || found="$found $kid"; done
  [ "$found" ]
}}
sweep() {{
  left=200
  while others && [ "$left" -gt 0 ]; do
    kill -KILL $found 2>/dev/null
    left=$((left - 1))
    sleep 0.01
  done
}}
{SET_UP}\
while :; do
  again= asked=
  if wake; then
    app=$standby standby=
  else
    $own "$@" <&3 3<&- 4<&- &
    app=$!
  fi
  [ "$again" ] || exec 4<&-
  follow "$@"
  [ -z "$over" ] && [ "$again$started" != 0 ] || exit "$code"
  sweep
  if [ -z "$again" ]; then
    echo "{ENDED.format(start="$started")} with exit code $code; the next sync starts it again" >&2
    $own sh -c 'sleep {HOLD_SECONDS}; :' {HELD} "$code $started" 3<&- 4<&- &
    app=$! end=$code asked=
    follow "$@"
    [ "$again" ] && [ -z "$over" ] || exit "$end"
    sweep
  fi
  started=$((started + 1))
done
"""
"""The supervisor, in POSIX shell."""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image runs: ``Config.Entrypoint`` and ``Config.Cmd`` of ``docker image inspect``."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def supervise(text: str, inherited: ImageConfig | None = None) -> str | Problem:
    """The Dockerfile to build in development; or, as a warning, why there can be none.

    Instructions that only set metadata are appended, so every cached layer stays. Kubernetes ``args`` go on
    working; ``command`` bypasses the supervisor, which ``Syncer`` finds out.

    Args:
        text: the user's Dockerfile. To supervise an image that is built already: ``FROM <image>``.
        inherited: what the final stage's base image runs; needed unless the Dockerfile itself says all.
    """
    dockerfile = parse(text)
    final = dockerfile.final
    if final is None:
        return _refusal("sync-no-from", "The Dockerfile has no FROM.")
    if (reason := _shell_missing(dockerfile, final)) is not None:
        return reason
    runs = _runs(dockerfile, final, inherited)
    if runs is None:
        return _refusal(
            "sync-unknown-entrypoint", f"It is not known what the base image {final.base} runs.",
            "Set ENTRYPOINT and CMD in the Dockerfile.",
        )  # fmt: skip
    if not (runs.entrypoint or runs.command):
        return _refusal("sync-no-command", "The image says not what it runs.", "Set CMD in the Dockerfile.")
    escape = re.escape(dockerfile.escape)
    complete = re.sub(rf"(?<!{escape}){escape}$", "", text.rstrip())  # blank lines do not end a continuation
    return f"{complete}\n\n{_appended(runs)}"


def _appended(runs: ImageConfig) -> str:
    return (
        # CPython takes bytecode for current by whole seconds and size: two saves in a second can look alike.
        "ENV PYTHONDONTWRITEBYTECODE=1\n"
        f"ENTRYPOINT {_array(('/bin/sh', '-c', SCRIPT, NAME, *runs.entrypoint))}\n"
        f"CMD {_array(runs.command)}\n"
    )


def _array(words: Sequence[str]) -> str:
    return json.dumps(list(words))


def _shell_missing(dockerfile: Dockerfile, final: BuildStage) -> Problem | None:
    """Why the image may have no ``/bin/sh``. With it as the first process, such an image would not start."""
    known = has_shell(dockerfile, final)
    if known:
        return None
    base = lineage(dockerfile, final)[0].base
    fix = "Use a base image with a shell, such as a -slim or :debug variant, in development."
    if known is False:
        return _refusal("sync-no-shell", f"The image, made from {base}, has no shell.", fix)
    return _refusal(
        "sync-no-shell", f"It is not known whether the image, made from {base}, has a shell.", fix
    )


def _runs(dockerfile: Dockerfile, final: BuildStage, inherited: ImageConfig | None) -> ImageConfig | None:
    """What the final stage runs; none if its base image must be asked."""
    keywords = {each.keyword for stage in lineage(dockerfile, final) for each in stage.instructions}
    sets = settings(dockerfile, final)
    if "ENTRYPOINT" not in keywords and inherited is None:
        return None
    base = inherited or ImageConfig()
    entrypoint = base.entrypoint if "ENTRYPOINT" not in keywords else ()
    command = base.command if not keywords & {"CMD", "ENTRYPOINT"} else ()
    return ImageConfig(
        sets.entrypoint.arguments if sets.entrypoint else entrypoint,
        sets.command.arguments if sets.command else command,
    )


def _refusal(code: str, message: str, fix: str = "") -> Problem:
    return Problem(code, message, stage=Stage.SYNC, fix=fix, severity=Severity.WARNING)
