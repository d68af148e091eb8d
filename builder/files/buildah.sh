# shellcheck shell=sh disable=SC2086,SC2046,SC2154,SC3013 # words of commands and lists on purpose; names of builder.sh's
# What builder.sh leaves to its engine, done by Buildah.

PUSHES=$DATA/pushes # who pushes
UNPUSHED=$DATA/unpushed # a file for each image that was built and is not pushed yet
BUILDAH="buildah --root $DATA/images --runroot $DATA/running --storage-driver ${STORAGE_DRIVER:-overlay}"
export CONTAINERS_REGISTRIES_CONF=$RUN/registries.conf

engine_start() {
  rm -rf "$PUSHES" "$UNPUSHED"
  mkdir -p "$DATA/images" "$DATA/running"
  [ -e "$DATA/collected" ] || : >"$DATA/collected"
  registries >"$CONTAINERS_REGISTRIES_CONF"
  $BUILDAH info || { echo "buildah cannot work here with the storage driver ${STORAGE_DRIVER:-overlay}" >&2; return 1; }
  $BUILDAH rm --all >/dev/null 2>&1
  return 0
}

engine_build() { # OPTION...: build what lies in $work and $run; the image's id goes to $run/id
  : >"$DATA/built" # what is built in vain leaves layers too
  supervised $BUILDAH build --layers --format docker --iidfile "$run/id" --file "$run/Dockerfile" \
    --ignorefile "$run/ignore" --authfile "$run/auth.json" "$@" "$work/context" || return
  mkdir -p "$UNPUSHED"
  : >"$UNPUSHED/$(cat "$run/id")"
  : >"$DATA/built"
}

engine_push() { # ID NAME...: its digest goes to $run/digest
  image=$1
  shift
  enter "$PUSHES"
  tickets="$tickets $PUSHES/$number"
  for name; do
    name=$(located "$name")
    verify=true
    ! lookup insecure "${name%%/*}" >/dev/null || verify=false
    supervised $BUILDAH push --authfile "$run/auth.json" --tls-verify=$verify --digestfile "$run/digest" \
      "$image" "docker://$name" || return
  done
  rm -f "$UNPUSHED/$image"
}

engine_inspect() { # ID
  $BUILDAH inspect --type image "$1"
}

engine_end() { # end what steps that are over have left behind
  read -r adopter <"$RUN/ready" || return 0 # the pod's first process, whose children they have become
  turns=0
  while [ $turns -lt 50 ] && end_left; do turns=$((turns + 1)); done # children of what is ended are left in turn
} 2>/dev/null

end_left() { # fails if there is nothing
  found=1
  for each in /proc/[0-9]*; do
    is_left "${each#/proc/}" || continue
    sleep 0.1 # and again, since processes come and go while one looks
    ! is_left "${each#/proc/}" || kill -KILL "${each#/proc/}"
    found=0
  done
  return $found
}

is_left() { # PROCESS: was it adopted, and is the step over that it belongs to?
  look_at "$1" && [ "$parent" = "$adopter" ] && [ -e "/proc/$1/ns/mnt" ] && ! same_mounts "$1" self && ! step_runs "$1"
}

step_runs() { # PROCESS: each step has mounts of its own. Does what was started there from outside still run?
  for other in /proc/[0-9]*; do
    same_mounts "$1" "${other#/proc/}" && look_at "${other#/proc/}" || continue
    [ "$parent" = "$adopter" ] || same_mounts "$1" "$parent" || return 0
  done
  return 1
}

same_mounts() { # PROCESS PROCESS
  [ "/proc/$1/ns/mnt" -ef "/proc/$2/ns/mnt" ]
}

registries() { # the settings, as containers-registries.conf
  printf '%s\n' 'unqualified-search-registries = ["docker.io"]' 'short-name-mode = "permissive"'
  settings | while read -r kind name location; do
    insecure=false
    ! lookup insecure "${location:-$name}" >/dev/null || insecure=true
    case $kind in
      alias) printf '[[registry]]\nprefix = "%s"\nlocation = "%s"\ninsecure = %s\n' "$name" "$location" $insecure ;;
      insecure) printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$name" ;;
      mirror)
        printf '[[registry]]\nprefix = "%s"\nlocation = "%s"\n' "$name" "$name"
        printf '[[registry.mirror]]\nlocation = "%s"\ninsecure = %s\n' "$location" $insecure
        ;;
    esac
  done
}

too_much() { # are there more images and layers than allowed?
  set -- $($BUILDAH unshare du -sk "$DATA/images" "$TMPDIR" --total 2>/dev/null | tail -n 1)
  [ "${1:-0}" -gt "$(collect_above)" ]
}

awaits_push() { # does anybody push an image, or is about to?
  for each in "$PUSHES"/*; do
    [ ! -L "$each" ] || ! held "$each" || return 0
  done
  now=$(date +%s)
  for each in "$UNPUSHED"/*; do
    [ -e "$each" ] || continue
    [ $((now - $(stat -c %Y "$each"))) -ge 120 ] || return 0
    rm -f "$each" # it was given up
  done
  return 1
}

engine_collect() { # [regularly]: while nothing is built or pushed
  [ $# -eq 0 ] || [ "$DATA/built" -nt "$DATA/collected" ] || return 0
  : >"$DATA/collecting"
  if too_much; then
    ! awaits_push || return 0 # in a minute, then
    turns=0 taken=
    while [ $turns -lt "${DRAFT_PARALLEL:-2}" ]; do
      enter "$LINE"
      taken="$taken $LINE/$number"
      turns=$((turns + 1))
    done
    await_turn "$LINE" "$number" "$turns"
    if awaits_push; then rm -f $taken; return 0; fi
    collect_images
    rm -f $taken
  fi
  mv "$DATA/collecting" "$DATA/collected"
}

collect_images() { # first what no image needs that is still built on, then all
  echo 'collecting images that nothing is built on'
  $BUILDAH rm --all >/dev/null 2>&1
  $BUILDAH rmi --prune
  too_much || return 0
  echo 'collecting all images and caches'
  $BUILDAH rmi --all --force
  $BUILDAH unshare sh -c 'rm -rf "$0"/*' "$TMPDIR"
}
