#!/bin/sh
# shellcheck disable=SC2086,SC3013 # words of a line on purpose; -ef is everywhere
# What buildkitd runs in the place of runc, where steps have no process sandbox: runc, and beside each step one who
# ends what the step leaves behind.
#
# A pod may mount no /proc of its own, so a step runs among the pod's processes. There, with its first process, which
# is all that runc ends, the others do not end; they become children of runc, which adopts them, and which waits for
# whoever still holds the step's output: for ever, if that is a server. So once the first process has ended, runc's
# children are ended, and theirs, which become its own then. No other step's are among them.

end_children() { # OF: those in a step's mount namespace
  for each in /proc/[0-9]*; do
    read -r facts <"$each/stat" || continue # it has ended meanwhile
    set -- "$1" ${facts##*) }
    [ "$3" != "$1" ] || [ "$each/ns/mnt" -ef /proc/self/ns/mnt ] || kill -KILL "${each#/proc/}"
  done
}

watch_over() { # RUNC PID-FILE: of the step's first process
  until [ -s "$2" ]; do
    kill -0 "$1" || return
    sleep 0.1
  done
  read -r first <"$2"
  while kill -0 "$1"; do
    [ -e "/proc/$first" ] || end_children "$1"
    sleep 0.2
  done
}

bundle=$(
  while [ $# -gt 1 ]; do
    [ "$1" != --bundle ] || echo "$2"
    shift
  done
)
runs=
for each; do
  shift
  set -- "$@" "$each"
  if [ "$each" = run ] && [ -z "$runs" ]; then
    runs=yes
    set -- "$@" --pid-file "$bundle/first-process"
  fi
done
if [ -n "$runs" ]; then
  (exec </dev/null >/dev/null 2>&1 && watch_over $$ "$bundle/first-process") & # it must not keep the step's streams open
fi
exec "$(command -v buildkit-runc || command -v runc)" "$@"
