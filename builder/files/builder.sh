# shellcheck shell=sh disable=SC2086,SC2046,SC2120,SC2034,SC3013 # words of commands and lists on purpose; names for engine.sh; -nt is everywhere
# The builder's side of Draft: keeps each person's sources, builds and pushes images, collects garbage. POSIX
# shell, with coreutils and tar, those of BusyBox too; gzip and setsid are used where the image has them. What
# depends on the engine is in buildah.sh and buildkit.sh, of which the chart brings one, as engine.sh.
#
#   builder.sh serve      what the pod runs: prepares, then collects garbage now and then
#   builder.sh build      takes sources and builds; a client talks to it, and to the next two, over an exec
#   builder.sh push       pushes a built image
#   builder.sh inspect    what a built image says, as JSON
#   builder.sh collect    collects garbage now
#
# A client writes commands to standard input, each a line, followed by the bytes that it announces; answers are
# lines of standard error that begin with "draft-builder". Standard output is the tools'. The end of standard
# input, however it comes about, ends the work.
set -u

PROTOCOL=1
DATA=${DRAFT_DATA:-/var/lib/draft}
RUN=${DRAFT_RUN:-/run/draft}
SETTINGS=${DRAFT_SETTINGS:-/opt/draft}
LINE=$DATA/line # who builds, and who waits for it
PERSONS=$DATA/persons # a line for each person, whose first stands in the one above
KEEP_SOURCES=2592000 # seconds that sources stay unused: 30 days
SERVICE=${DRAFT_BUILDER_REGISTRY_SERVICE_HOST:+$DRAFT_BUILDER_REGISTRY_SERVICE_HOST:${DRAFT_BUILDER_REGISTRY_SERVICE_PORT:-}}
REGISTRY=${SERVICE:-${DRAFT_REGISTRY:-}} # the chart's own, by its address: not every cluster has names

export TMPDIR=$DATA/tmp

. "$SETTINGS/engine.sh"

say() { echo "draft-builder $*" >&2; }

# --- a line of processes ---------------------------------------------------
# Tickets are numbered symbolic links, made in one step; each says which process holds it, and since when that
# runs. The ticket of a process that has ended counts no more.

started() { # PROCESS: when it started, in the kernel's ticks
  look_at "$1" && echo "$start"
}

look_at() { # PROCESS: its parent is in $parent, and when it started in $start; fails if there is none
  read -r facts <"/proc/$1/stat" || return
  set -- ${facts##*) }
  parent=$2 start=${20}
} 2>/dev/null

enter() { # LINE: take the next ticket; its number is in $number
  mkdir -p "$1"
  number=1
  for each in "$1"/*; do
    [ ! -L "$each" ] || [ "${each##*/}" -lt "$number" ] || number=$((${each##*/} + 1))
  done
  until ln -s "$$.$(started $$)" "$1/$number" 2>/dev/null; do number=$((number + 1)); done
}

held() { # TICKET: does its process still run? Removing one that does not could hit another's with its number
  holder=$(readlink "$1") || return 1
  [ "$(started "${holder%.*}")" = "${holder#*.}" ]
}

await_turn() { # LINE NUMBER LIMIT [WORD]: until fewer than LIMIT are before us; the word goes with what is told
  told=
  while :; do
    before=0
    for each in "$1"/*; do
      [ "${each##*/}" -ge "$2" ] || ! held "$each" || before=$((before + 1))
    done
    [ "$before" -ge "$3" ] || return 0
    [ "$told" = "$before" ] || say waiting "$before" ${4:-}
    told=$before
    sleep 0.3
  done
}

await_build() { # PERSON: until we may build. One of each person's builds waits among those of all, so that who
  # has many keeps nobody waiting for more than one of them
  enter "$PERSONS/$1"
  own=$PERSONS/$1/$number
  tickets="$tickets $own"
  await_turn "$PERSONS/$1" "$number" 1 own
  enter "$LINE"
  tickets="$tickets $LINE/$number"
  await_turn "$LINE" "$number" "${DRAFT_PARALLEL:-2}"
  rm -f "$own"
}

# --- the client ------------------------------------------------------------

begin() { # what a session needs, and its end
  exec 3<&0 </dev/null
  run=$RUN/$$ work=$DATA/jobs/$$
  rm -rf "$run" "$work"
  mkdir -p "$run" "$work"
  : >"$run/ignore"
  echo '{}' >"$run/auth.json"
  child='' watcher='' tickets=''
  trap end EXIT
  trap stop TERM HUP INT
}

end() {
  trap '' TERM HUP INT
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null
  engine_end
  rm -rf "$run" "$work" $tickets
}

stop() { # end the child with all that it started
  trap '' TERM HUP INT
  if [ -n "$child" ]; then
    kill -TERM "-$child" 2>/dev/null
    left=20
    while kill -0 "-$child" 2>/dev/null && [ $left -gt 0 ]; do
      sleep 0.1
      left=$((left - 1))
    done
    kill -KILL "-$child" 2>/dev/null
  fi
  exit 130
}

watch_client() { # nothing more is to come: the end of standard input means that nobody waits any more
  { cat <&3; kill -TERM $$; } >/dev/null 2>&1 & # it must not keep the client's streams open
  watcher=$!
}

supervised() { # COMMAND...: run it in a process group of its own
  if command -v setsid >/dev/null; then
    setsid "$@" </dev/null 2>&1 3<&- &
  else
    set -m
    "$@" </dev/null 2>&1 3<&- &
  fi
  child=$!
  wait "$child"
  code=$?
  child=
  return $code
}

bytes() { # SIZE: so many of the client's bytes, and not one more: BusyBox's head reads on
  dd bs=65536 count="$1" iflag=count_bytes,fullblock <&3 2>/dev/null
}

take_file() { # NAME SIZE
  umask 077
  bytes "$2" >"$run/$1"
  umask 022
}

await_command() { # VERB: take in files until it comes; then its words are in $words
  words=
  while read -r verb first second <&3; do
    case $verb in
      file) take_file "$first" "$second" ;;
      "$1") words=$(bytes "$first"); break ;;
    esac
  done
  [ -n "$words" ] || exit 130
  watch_client
}

# --- sources ---------------------------------------------------------------
# A folder for each app of each person: `tree` has the files, `journal` every change since it was begun, by which
# the client knows what is there. A batch of changes is unpacked and checked beside the tree, then applied; one
# that was interrupted while it was applied is applied again.

identity() { # of the state of the tree
  [ -s "$home/journal" ] || { echo none; return; }
  digest=$(sha256sum "$home/journal")
  echo "${digest%% *}"
}

apply() {
  while IFS= read -r path; do rm -rf "$home/tree/$path"; done <"$home/ready/removed"
  cp -al --remove-destination "$home/ready/tree/." "$home/tree/" 2>/dev/null || replace || return
  cat "$home/ready/journal" >>"$home/journal" && rm -rf "$home/ready"
}

replace() { # what a batch brings, where cp cannot: BusyBox's puts nothing in the place of a link
  (cd "$home/ready/tree" && find . ! -type d -print0) | (cd "$home/tree" && xargs -0 rm -f)
  cp -al "$home/ready/tree/." "$home/tree/" 2>/dev/null || cp -a "$home/ready/tree/." "$home/tree/"
}

batch() { # SIZE
  rm -rf "$home/batch"
  bytes "$1" | tar -x $unpack -p -f - -C "$home" && check && mv "$home/batch" "$home/ready" && apply
}

check() ( # the batch against its checksums
  cd "$home/batch/tree" || exit
  [ -s ../sums ] || exit 0
  sha256sum -c ../sums >../checked 2>&1 && exit
  grep -v ': OK$' ../checked >&2
  exit 1
)

open_sources() { # PERSON APP
  home=$DATA/sources/$1/$2
  mkdir -p "$home/tree"
  chmod 700 "$DATA/sources/$1"
  enter "$home/line"
  lock=$home/line/$number
  tickets="$tickets $lock"
  await_turn "$home/line" "$number" 1
  [ ! -d "$home/ready" ] || apply || rm -rf "$home/tree" "$home/journal" "$home/ready"
  mkdir -p "$home/tree"
  : >"$home/used"
}

tell_journal() {
  if [ -n "$unpack" ]; then gzip -c "$home/journal" >"$work/journal"; else cp "$home/journal" "$work/journal"; fi
  say journal "$(wc -c <"$work/journal")"
  cat "$work/journal"
}

# --- verbs -----------------------------------------------------------------

build() {
  begin
  unpack=
  ! command -v gzip >/dev/null || unpack=-z
  read -r verb first second <&3 && [ "$verb" = open ] || exit 130
  person=$first
  open_sources "$person" "$second"
  say hello $PROTOCOL "$(identity)" "${unpack:-plain}"
  words=
  while read -r verb first second <&3; do
    case $verb in
      journal) tell_journal ;;
      reset) rm -rf "$home/tree" "$home/journal"; mkdir "$home/tree" ;;
      batch) batch "$first" || exit 3; say taken ;;
      file) take_file "$first" "$second" ;;
      build) words=$(bytes "$first"); break ;;
    esac
  done
  [ -n "$words" ] || exit 130
  watch_client
  cp -al "$home/tree" "$work/context" 2>/dev/null || { rm -rf "$work/context"; cp -a "$home/tree" "$work/context"; } || exit 3
  rm -f "$lock"
  await_build "$person"
  say building
  eval "set -- $words" # quoted by the client
  engine_build "$@" || exit $?
  say built "$(cat "$run/id")"
}

push() {
  begin
  await_command push
  eval "set -- $words" # quoted by the client
  engine_push "$@" || exit $?
  say pushed "$(cat "$run/digest")"
}

inspect() {
  begin
  await_command inspect
  engine_inspect "$words" || exit $?
}

# --- settings --------------------------------------------------------------

settings() { # what they say of registries: KIND NAME LOCATION, with `registry` by its address
  while read -r kind name location; do
    [ "$name" != registry ] || name=$REGISTRY
    [ "$location" != registry ] || location=$REGISTRY
    echo "$kind $name $location"
  done <"$SETTINGS/registries"
}

lookup() { # KIND NAME: what the settings say about it; fails if they say nothing
  settings | while read -r kind name location; do
    [ "$kind $name" != "$1 $2" ] || echo "${location:-yes}"
  done | grep -m 1 .
}

located() { # IMAGE: as the builder reaches its registry
  place=$(lookup alias "${1%%/*}") || place=${1%%/*}
  echo "$place/${1#*/}"
}

# --- garbage ---------------------------------------------------------------

collect() { # [regularly]: only if there may be something new
  old_sources
  engine_collect "$@"
}

collect_above() { # KiB that images and layers may take; a number alone is of GiB
  set -- "${DRAFT_COLLECT_ABOVE:-12Gi}"
  case $1 in
    *Ki) echo "${1%Ki}" ;;
    *Mi) echo $((${1%Mi} * 1024)) ;;
    *) echo $((${1%Gi} * 1048576)) ;;
  esac
}

old_sources() {
  now=$(date +%s)
  for each in "$DATA"/sources/*/*; do
    [ ! -e "$each/used" ] || [ $((now - $(stat -c %Y "$each/used"))) -lt $KEEP_SOURCES ] || rm -rf "$each"
  done
}

serve() {
  umask 022
  rm -rf "${RUN:?}"/* "$DATA/jobs" "$LINE" "$PERSONS"
  mkdir -p "$DATA/sources" "$DATA/jobs" "$TMPDIR" "$LINE"
  engine_start || exit 1
  trap 'kill $! 2>/dev/null; exit 0' TERM INT
  trap 'kill $! 2>/dev/null; exit 1' USR1 # what it depends on has ended
  echo $$ >"$RUN/ready"
  while :; do
    collect regularly
    sleep 60 >/dev/null 2>&1 &
    wait $!
  done
}

case $1 in
  serve | build | push | inspect | collect) "$1" ;;
esac
