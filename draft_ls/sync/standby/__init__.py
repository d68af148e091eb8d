"""A standby: the app's next process, started ahead, with its packages loaded, and stopped until a sync wakes it.

What takes long when a Python or Node app starts anew is the loading of packages, which a save does not change. So when
the app answers, the supervisor starts its command once more. A few lines that the interpreter runs before the
command's own (``python.py``, ``node.cjs``) load there what the app's sources import, and stop the process. The next
restart wakes it, and it goes on as the command would have from the beginning. See ``docs/decisions/0012-standby.md``.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = "/tmp/.draft-standby"  # noqa: S108 - a path in the container
"""Where the interpreter's lines are, in the container."""

STANDS_BY = f'[ "/proc/$kid/fd/9" -ef {FOLDER}/mark ]'
"""Shell: whether process ``kid`` is a standby. Its descriptor 9 is open on this file until it is woken."""

_HERE = Path(__file__).parent
_PYTHON = (_HERE / "python.py").read_text()
_NODE = (_HERE / "node.cjs").read_text()

# Only a command that runs nothing before the interpreter may be run ahead. Node's official image has an entry point
# that does nothing else, which is made sure of by its lines.
LANGUAGE = """\
language=
tell_language() {
  case ${1##*/} in
    sh | bash | dash | ash)
      [ "$2" = -c ] || return
      case $3 in *[\\;\\&\\|\\<\\>\\(\\)\\`]*) return ;; esac
      line=${3#exec }
      tell_language "${line%% *}" ;;
    docker-entrypoint.sh)
      lines= script=$(command -v "$1") || return
      while IFS= read -r line; do
        case $line in '' | '#'*) ;; *) lines="$lines|$line" ;; esac
      done <"$script"
      case $lines in '|set -e|if '*'; then|  set -- node "$@"|fi|exec "$@"') shift; tell_language "$@" ;; esac ;;
    python | python3* | gunicorn | uvicorn | hypercorn | daphne | waitress-serve | flask | fastapi)
      language=python ;;
    node | nodejs | npm | npx | yarn | pnpm) language=node ;;
  esac
}
"""
"""Shell: sets ``language`` to the interpreter's of a command that runs nothing else before it."""

# In a shell of its own, since a redirection that fails would end this one, and the container with it.
SET_UP = f"""\
ahead={FOLDER}
{LANGUAGE}\
[ "$DRAFT_STANDBY" = off ] || tell_language "$@"
[ -z "$language" ] || mkdir -p "$ahead" 2>/dev/null || language=
[ -z "$language" ] || (rm -f "$ahead/seen" && : >"$ahead/mark") 2>/dev/null || language=
case $language in
  python)
    cat >"$ahead/sitecustomize.py" <<'DRAFT_END'
{_PYTHON}DRAFT_END
    export PYTHONPATH="$ahead${{PYTHONPATH:+:$PYTHONPATH}}" ;;
  node)
    cat >"$ahead/standby.cjs" <<'DRAFT_END'
{_NODE}DRAFT_END
    export NODE_OPTIONS="${{NODE_OPTIONS:+$NODE_OPTIONS }}--require $ahead/standby.cjs" ;;
esac
"""
"""Shell of the supervisor: has the interpreter of the app's command run our lines first, if it is one that can."""

# `seen` holds the process in which our lines ran last. Unless that is the app's own process, a standby would not stop
# where it should, so there is none.
STANDBY = """\
stand_by() {
  asked= seen=
  [ -z "$standby" ] && [ -r "$ahead/seen" ] && read -r seen <"$ahead/seen" && [ "$seen" = "$app" ] || return 0
  DRAFT_STANDBY=1 $own "$@" <&3 3<&- 4<&- 9<"$ahead/mark" &
  standby=$!
}
stopped() {
  state=
  read -r state <"/proc/$standby/stat" || return 1
  state=${state##*) }
  [ "${state%% *}" = T ]
} 2>/dev/null
wake() {
  [ "$standby" ] || return 1
  left=400
  until stopped; do
    left=$((left - 1))
    case ${state%% *} in Z | X | '') left=0 ;; esac
    [ "$left" -gt 0 ] || { kill -KILL "$standby" 2>/dev/null; standby=; return 1; }
    sleep 0.005
  done
  kill -CONT "$standby"
}
"""
"""Shell of the supervisor: makes a standby, and wakes it."""
