# shellcheck shell=sh disable=SC2086,SC2046,SC2154,SC3013 # words of commands and lists on purpose; names of builder.sh's
# What builder.sh leaves to its engine, done by Buildah.

BUILDAH="buildah --root $DATA/images --runroot $DATA/running --storage-driver ${STORAGE_DRIVER:-overlay}"
export CONTAINERS_REGISTRIES_CONF=$RUN/registries.conf

engine_start() {
  mkdir -p "$DATA/images" "$DATA/running"
  [ -e "$DATA/collected" ] || : >"$DATA/collected"
  registries >"$CONTAINERS_REGISTRIES_CONF"
  $BUILDAH info || { echo "buildah cannot work here with the storage driver ${STORAGE_DRIVER:-overlay}" >&2; return 1; }
  $BUILDAH rm --all >/dev/null 2>&1
  return 0
}

engine_build() { # OPTION...: build what lies in $work and $run; the image's id goes to $run/id
  supervised $BUILDAH build --layers --format docker --iidfile "$run/id" --file "$run/Dockerfile" \
    --ignorefile "$run/ignore" --authfile "$run/auth.json" "$@" "$work/context" && : >"$DATA/built"
}

engine_push() { # ID NAME...: its digest goes to $run/digest
  image=$1
  shift
  for name; do
    name=$(located "$name")
    verify=true
    ! lookup insecure "${name%%/*}" >/dev/null || verify=false
    supervised $BUILDAH push --authfile "$run/auth.json" --tls-verify=$verify --digestfile "$run/digest" \
      "$image" "docker://$name" || return
  done
}

engine_inspect() { # ID
  $BUILDAH inspect --type image "$1"
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
  [ "${1:-0}" -gt $((${DRAFT_COLLECT_ABOVE:-12} * 1048576)) ]
}

engine_collect() { # first what no image needs that is still built on, then all; while nothing builds
  [ "$DATA/built" -nt "$DATA/collected" ] || return 0
  turns=0 taken=
  while [ $turns -lt "${DRAFT_PARALLEL:-2}" ]; do
    enter "$LINE"
    taken="$taken $LINE/$number"
    turns=$((turns + 1))
  done
  await_turn "$LINE" "$number" "$turns"
  : >"$DATA/collected"
  if too_much; then
    echo 'collecting images that nothing is built on'
    $BUILDAH rm --all >/dev/null 2>&1; $BUILDAH rmi --prune
    if too_much; then
      echo 'collecting all images and caches'
      $BUILDAH rmi --all --force
      $BUILDAH unshare sh -c 'rm -rf "$0"/*' "$TMPDIR"
    fi
  fi
  rm -f $taken
}
