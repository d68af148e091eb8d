"""The shell that runs inside a container: a loop that takes scripts, and the scripts it takes.

Everything is POSIX shell with ``dd``, ``tar``, ``mv``, ``rm`` and ``sha256sum`` as GNU and BusyBox have them.
A script and its payload come over standard input with their lengths said before, so one exec serves for as
long as the container runs. Nothing is read too far: the shell's ``read`` takes single bytes, ``dd`` exact
blocks. A script's standard input is its payload and nothing else; what it leaves of it is thrown away.
"""

from __future__ import annotations

import posixpath
import re
import shlex
import tarfile
from typing import TYPE_CHECKING

from draft_ls.sync.model import Delete, Kind, Write
from draft_ls.sync.standby import STANDS_BY
from draft_ls.sync.supervisor import CHILDREN, HELD, NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from draft_ls.sync.model import Operation
    from draft_ls.sync.payload import Entry

READY = "draft-ready"
BEGUN = "draft-begun"
END = "draft-end"
STATE = "draft-state"
WRONG = "draft-wrong"
LINKED = "draft-linked"
LISTENS = "draft-listens"
BLOCK = tarfile.RECORDSIZE
"""Payloads are padded to whole blocks of this many bytes."""

_DIGEST = re.compile(r"\\?([0-9a-f]{64}) [ *](.+)")

TOOLS = ("dd", "tar", "mv", "rm", "mkdir", "sha256sum", "readlink")

STAGING = ".draft-sync"
"""Where new files wait until all are complete; the shell's pid is appended."""

_LARGE = 32 * 1024
"""The block in which large files are taken, in bytes."""

_AT_ONCE = 100
"""How many paths go to one command: well below the smallest limit on arguments."""

BOOTSTRAP = f"""\
export LC_ALL=C
{CHILDREN}\
feed() {{ dd bs="$1" count="$2" iflag=fullblock 2>/dev/null; }}
supervised=0
read -r first </proc/1/cmdline
case $first in *{NAME}*) supervised=1 ;; esac
read -r stat </proc/1/stat
set -- ${{stat##*) }}
started=${{20}}
tools=
for tool in {" ".join(TOOLS)}; do
  command -v "$tool" >/dev/null && tools="$tools $tool"
done
[ "$(printf xx | feed 1 1)" = x ] && tools="$tools fullblock"
printf '{READY} %s %s %s%s\\n' "$started" "$supervised" "$(id -u)" "$tools"
[ "$supervised" = 0 ] || kill -WINCH 1
listens() {{
  waited=0 pause=10
  [ -r /proc/net/tcp ] || {{ printf '{LISTENS} %s\\n' "$2"; return; }}
  while [ -e "/proc/$$" ] && [ ! -e "/proc/$$/fd/5" ] && [ "$waited" -lt 600000 ]; do
    for table in /proc/net/tcp /proc/net/tcp6; do
      while read -r _ local _ state _; do
        case $local$state in
          *:"$1"0A)
            printf '{LISTENS} %s\\n' "$2"
            [ "$supervised" = 0 ] || kill -WINCH 1
            return ;;
          *0A | *st) ;;
          *) break ;;
        esac
      done <"$table"
    done 2>/dev/null
    if [ "$pause" -lt 100 ]; then sleep "0.0$pause"; else sleep "0.$pause"; fi || return
    waited=$((waited + pause))
    pause=$((10 + waited / 10))
    [ "$pause" -le 60 ] || pause=60
    [ "$waited" -lt 30000 ] || pause=250
  done
}}
watcher= awaited=
while read -r size blocks port count; do
  [ -z "$watcher" ] || {{ exec 5</dev/null; wait "$watcher"; exec 5<&-; }}
  script=$(feed "$size" 1)
  printf '{BEGUN}\\n'
  feed {BLOCK} "$blocks" | {{
    eval "$script"
    printf '{END} %s\\n' "$?"
    cat >/dev/null
  }} 2>&1
  [ -z "$port" ] || awaited="$port $count"
  [ -z "$awaited" ] || {{ listens $awaited </dev/null & watcher=$!; }}
done
exec 5</dev/null
[ -z "$watcher" ] || wait "$watcher"
"""
"""What the exec runs. Its first line of output: the start of process 1 in ticks, whether that is a
supervisor, the user's id, the tools there are.

It says when it has a script (``BEGUN``), before it takes the payload. Between two scripts it says when the app
listens (``LISTENS`` and the number of the request), and asks the supervisor for a standby then. The kernel lists
sockets that listen first, so a look is a few lines without a process. Descriptor 5 tells whoever looks to stop: a
process id may be another's by then."""

# The new app is there when no former child of process 1 is left, there is one, and no restart is under way
# (descriptor 4, see the supervisor): then nothing old can answer any more. An app that has not ended after
# about 20 ms is killed. A standby stays: it becomes the new app.
_RESTART = f"""\
children
before=
for kid in $kids; do {STANDS_BY} || before="$before $kid"; done
kill -URG 1 || return 1
"""
_STARTED = """\
turns=0
while [ "$turns" -lt 2000 ]; do
  children
  gone=1
  for kid in $before; do
    case " $kids " in *" $kid "*) gone= ;; esac
  done
  [ "$gone" ] && [ "$kids" ] && [ ! -e /proc/1/fd/4 ] && break
  turns=$((turns + 1))
  [ "$turns" = 103 ] && kill -CONT 1
  [ "$turns" -gt 100 ] && sleep 0.005
done
[ "$turns" -lt 2000 ] || { echo "the app did not start again"; return 1; }
"""

STATE_SCRIPT = f"""\
if [ "$supervised" = 0 ]; then echo "{STATE} unknown"; else
  children
  found="{STATE} running"
  for kid in $kids; do
    line=
    while read -r part || [ "$part" ]; do line="$line$part "; done </proc/"$kid"/cmdline
    case $line in *{HELD}*) found="{STATE} ended ${{line##*{HELD}}}" ;; esac
  done 2>/dev/null
  echo "$found"
fi
"""
"""Says how the app stands."""

_PUT = """\
put() {
  to=$1
  shift
  [ -d "$to" ] || mkdir -p -- "$to" || return 1
  for file; do
    old=$to/${file##*/}
    [ ! -d "$old" ] || [ -L "$old" ] || rmdir -- "$old" || return 1
  done
  if [ -w "$to" ]; then mv -f -- "$@" "$to/"; return; fi
  for file; do
    [ ! -L "$file" ] && cat -- "$file" >"$to/${file##*/}" || return 1
  done
}
"""
# `put`: a folder that belongs to somebody else still lets us write files of our own in it, if not by rename.


def apply_script(
    operations: Sequence[Operation], entries: Sequence[Entry], *, restart: bool, tar: bool
) -> str:
    """The script that makes a container hold what ``operations`` say, restarts the app, and shows digests.

    All new files are complete in the staging folder before the first takes its place, each by a rename:
    nobody reads half a file, and a full disk leaves everything as it was.

    Args:
        operations: what to do.
        entries: the payload's files, in its order; named by ``staged_names``.
        restart: whether to start the app again.
        tar: whether the payload is a tar archive; else the files' bytes.
    """
    work = [*_stage(entries, tar=tar), *_place(operations, entries)]
    if restart:
        work.append(_RESTART)
    work += _checks(operations)
    if restart:
        work.append(_STARTED)
    clean = 'cd /; [ -z "$staging" ] || rm -rf -- "$staging"'
    lines = [_PUT, "work() {", *work, "}", "staging=", "work", "status=$?", clean, '(exit "$status")']
    return "\n".join(lines)


def staged_names(writes: Sequence[Write]) -> list[str]:
    """A name in the staging folder for each write: a folder's number and the final name."""
    folders: dict[str, int] = {}
    names: list[str] = []
    for write in writes:
        folder, name = posixpath.split(write.target)
        names.append(f"{folders.setdefault(folder, len(folders))}/{name}")
    return names


def _stage(entries: Sequence[Entry], *, tar: bool) -> Iterator[str]:
    if not entries:
        return
    # A rename works within one file system only. /tmp is on the image's, unless a volume is mounted there:
    # then `mv` copies, and the file is whole all the same, if not in one instant.
    beside = shlex.quote(posixpath.join(posixpath.dirname(entries[0].write.target), STAGING))
    yield f"staging=/tmp/{STAGING}.$$"
    yield '[ ! -e "$staging" ] || rm -rf -- "$staging"'
    yield 'mkdir -p -- "$staging" 2>/dev/null || {'
    yield f'staging={beside}.$$; mkdir -p -- "$staging"; }} || return 1'
    yield 'cd -- "$staging" || return 1'
    if tar:
        yield "tar -xmpf - || return 1"
        return
    folders = dict.fromkeys(posixpath.dirname(entry.name) for entry in entries)
    yield f"mkdir -- {_quoted(folders)} || return 1"
    for entry in entries:
        yield _take(entry)


def _take(entry: Entry) -> str:
    """One file or link without tar."""
    name = shlex.quote(entry.name)
    if entry.write.kind is Kind.LINK:
        target = b"".join(entry.content.chunks()).decode("utf-8", "surrogateescape")
        return f"ln -s -- {shlex.quote(target)} {name} || return 1"
    blocks, rest = divmod(entry.content.size, _LARGE)
    sizes = [(_LARGE, blocks), (rest, 1)]  # `dd` takes no block of no bytes
    feeds = "; ".join(f"feed {size} {count}" for size, count in sizes if size and count)
    return f"{{ {feeds or ':'}; }} | cat >{name} && chmod {entry.write.mode:o} {name} || return 1"


def _place(operations: Sequence[Operation], entries: Sequence[Entry]) -> Iterator[str]:
    yield from _make_way(operations)
    for each in operations:
        if isinstance(each, Write) and each.kind is Kind.FOLDER:
            folder = shlex.quote(each.target)
            yield f"[ -d {folder} ] && [ ! -L {folder} ] || rm -f -- {folder} || return 1"
            yield f"mkdir -p -- {folder} && chmod {each.mode:o} {folder} || return 1"
    folders: dict[str, list[str]] = {}
    for entry in entries:
        folders.setdefault(posixpath.dirname(entry.write.target), []).append(entry.name)
    for folder, names in folders.items():
        for some in _some(names):
            yield f"put {shlex.quote(folder)} {_quoted(some)} || return 1"
    yield from _remove(operations)
    yield from _forget_bytecode(operations)


def _make_way(operations: Sequence[Operation]) -> Iterator[str]:
    """Where a file becomes a folder or a folder a file, the old one goes first."""
    written = [each for each in operations if isinstance(each, Write)]
    for each in _replaced(operations):
        target = shlex.quote(each.target)
        yield f"[ -d {target} ] && [ ! -L {target} ] || rm -f -- {target} || return 1"
    emptied = {posixpath.dirname(each.target) for each in operations if isinstance(each, Delete)}
    for each in written:
        if each.kind is not Kind.FOLDER and any(_within(folder, each.target) for folder in emptied):
            target = shlex.quote(each.target)
            yield f"[ ! -d {target} ] || [ -L {target} ] || rm -rf -- {target} || return 1"


def _replaced(operations: Sequence[Operation]) -> list[Delete]:
    """Deleted files in whose place comes a folder."""
    filled = {posixpath.dirname(each.target) for each in operations if isinstance(each, Write)}
    filled |= {each.target for each in operations if isinstance(each, Write) and each.kind is Kind.FOLDER}
    return [
        each
        for each in operations
        if isinstance(each, Delete)
        and each.kind is not Kind.FOLDER
        and any(_within(folder, each.target) for folder in filled)
    ]


def _within(folder: str, target: str) -> bool:
    return folder == target or folder.startswith(target + "/")


def _remove(operations: Sequence[Operation]) -> Iterator[str]:
    replaced = {each.target for each in _replaced(operations)}
    deletes = [each for each in operations if isinstance(each, Delete) and each.target not in replaced]
    for some in _some([each.target for each in deletes if each.kind is not Kind.FOLDER]):
        yield f"rm -f -- {_quoted(some)} || return 1"
    folders = sorted((each.target for each in deletes if each.kind is Kind.FOLDER), reverse=True)
    for folder in folders:  # deepest first; what the app itself has put there stays
        yield f"rmdir -- {shlex.quote(folder)} 2>/dev/null"


def _forget_bytecode(operations: Sequence[Operation]) -> Iterator[str]:
    """Bytecode that the image holds may look current: Python compares whole seconds and sizes."""
    folders: dict[str, list[str]] = {}
    for each in operations:
        folder, name = posixpath.split(each.target)
        if name.endswith(".py"):
            cache = posixpath.join(folder, "__pycache__")
            folders.setdefault(cache, []).append(shlex.quote(f"{cache}/{name[:-2]}") + "*.pyc")
    for cache, patterns in folders.items():
        for some in _some(patterns):
            yield f"[ ! -d {shlex.quote(cache)} ] || rm -f -- {' '.join(some)}"


def _checks(operations: Sequence[Operation]) -> Iterator[str]:
    """Show the digests of what was written, and complain about links and deleted files that are not right."""
    files = [each.target for each in operations if isinstance(each, Write) and each.kind is Kind.FILE]
    for some in _some(files):
        yield f"sha256sum -- {_quoted(some)}"
    replaced = {each.target for each in _replaced(operations)}
    for each in operations:
        target = shlex.quote(each.target)
        if isinstance(each, Delete) and each.kind is not Kind.FOLDER and each.target not in replaced:
            yield f"[ ! -e {target} ] && [ ! -L {target} ] || echo {WRONG} {target}"
        elif isinstance(each, Write) and each.kind is Kind.LINK:
            yield f'printf "%s" "$(readlink -- {target})" | sha256sum; echo {LINKED} {target}'


def _some(words: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(words), _AT_ONCE):
        yield words[start : start + _AT_ONCE]


def _quoted(words: Iterable[str]) -> str:
    return " ".join(shlex.quote(word) for word in words)


def wrong_targets(operations: Sequence[Operation], output: str) -> list[str]:
    """The targets that a container does not hold as it should, by the output of ``apply_script``."""
    digests: dict[str, str] = {}
    wrong: list[str] = []
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word == WRONG:
            wrong.append(rest)
        elif word == LINKED:
            digests[rest] = digests.pop("-", "")
        elif match := _DIGEST.fullmatch(line):
            digests[match[2].replace("\\\\", "\\") if line.startswith("\\") else match[2]] = match[1]
    files = [each for each in operations if isinstance(each, Write) and each.kind is not Kind.FOLDER]
    return wrong + [each.target for each in files if digests.get(each.target) != each.digest]
