# shellcheck shell=sh disable=SC2086,SC2154 # words of commands on purpose; names of builder.sh's
# What builder.sh leaves to its engine, done by BuildKit: a buildkitd in the pod, and buildctl that talks to it.
#
# An engine of this kind keeps layers, and no images. So what a build was made from is kept until the image is
# pushed; the push builds it again, of which everything is in the cache.

BUILT=$DATA/builds # a folder for each image that was built and is not pushed yet: ID.NUMBER
KEEP_BUILT=86400 # seconds
SOCKET=unix://$DATA/running/buildkitd.sock
BUILDCTL="buildctl --addr $SOCKET"

engine_start() {
  rm -rf "$DATA/running" "$BUILT" # whoever built there has lost the connection
  mkdir -p "$DATA/running" "$BUILT"
  export XDG_RUNTIME_DIR="$DATA/running"
  daemon_settings >"$RUN/buildkitd.toml"
  way=rootlesskit
  [ "$(id -u)" -ne 0 ] || way=
  {
    $way buildkitd --root "$DATA/layers" --addr "$SOCKET" --config "$RUN/buildkitd.toml"
    echo 'buildkitd has ended' >&2
    [ ! -e "$RUN/ready" ] || kill -USR1 $$
  } &
  server=$!
  until $BUILDCTL debug workers 2>/dev/null; do
    kill -0 $server 2>/dev/null || { echo 'buildkitd cannot work here' >&2; return 1; }
    sleep 0.2
  done
}

engine_build() { # OPTION...: build what lies in $work and $run; the image's id goes to $run/id
  from=$work
  mkdir "$from/dockerfile"
  cp "$run/Dockerfile" "$from/dockerfile/Dockerfile"
  echo '# What is ignored is not here.' >"$from/dockerfile/Dockerfile.dockerignore"
  printf '%s' "$words" >"$from/words"
  solve "$@" --output type=image --metadata-file "$run/metadata" || return
  told containerimage.config.digest >"$run/id"
  [ -s "$run/id" ] || { echo 'error: buildctl does not say what it has built'; return 1; }
  mv "$from" "$BUILT/$(cat "$run/id").$$"
}

engine_push() { # ID NAME...: its digest goes to $run/digest
  from=$work/build
  for each in "$BUILT/$1".*; do
    ! mv "$each" "$from" 2>/dev/null || break # of equal images that two have built, each has its own
  done
  shift
  names=
  for name; do names=$names${names:+,}$(located "$name"); done
  solve_again "type=image,push=true,\"name=$names\"" --metadata-file "$run/metadata" || return
  told containerimage.digest >"$run/digest"
}

engine_inspect() { # ID
  for from in "$BUILT/$1".*; do break; done
  solve_again "type=oci,dest=$work/image.tar" >"$work/log" || { cat "$work/log" >&2; return 1; }
  printf '{"Docker":'
  tar -x -O -f "$work/image.tar" "blobs/sha256/${1#*:}" && echo '}'
}

engine_end() { :; } # runc.sh sees to it that steps leave nothing behind

solve_again() { # OUTPUT OPTION-OF-BUILDCTL...: what was built in $from
  [ -s "$from/words" ] || { echo 'error: what it was built from is not there any more'; return 1; }
  eval "solve --output \"\$@\" $(cat "$from/words")"
}

solve() { # OPTION...: what lies in $from; options of buildctl, and the client's
  for each; do
    shift
    case $each in
      --tag=*) ;;
      --build-arg=*) set -- "$@" --opt "build-arg:${each#*=}" ;;
      --label=*) set -- "$@" --opt "label:${each#*=}" ;;
      --platform=*) set -- "$@" --opt "${each#--}" ;;
      *) set -- "$@" "$each" ;;
    esac
  done
  for each in HTTP_PROXY HTTPS_PROXY FTP_PROXY NO_PROXY http_proxy https_proxy ftp_proxy no_proxy; do
    eval "value=\${$each:-}"
    [ -z "$value" ] || set -- --opt "build-arg:$each=$value" "$@"
  done
  ln -sf auth.json "$run/config.json"
  supervised env DOCKER_CONFIG="$run" $BUILDCTL build --progress plain --frontend dockerfile.v0 \
    --local "context=$from/context" --local "dockerfile=$from/dockerfile" "$@"
}

told() { # NAME: what buildctl told of the image
  sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$run/metadata"
}

daemon_settings() { # the settings, as buildkitd.toml
  limit=$(($(collect_above) * 1024))
  snapshotter=overlayfs sandbox='' binary=''
  [ "${STORAGE_DRIVER:-overlay}" != vfs ] || snapshotter=native
  if [ "$(id -u)" -ne 0 ]; then # a pod may mount no /proc of its own
    sandbox='noProcessSandbox = true' binary="binary = \"$SETTINGS/runc.sh\""
  fi
  printf '%s\n' '[worker.containerd]' 'enabled = false' '[worker.oci]' 'enabled = true' 'gc = true' \
    "snapshotter = \"$snapshotter\"" "$sandbox" "$binary" \
    '[[worker.oci.gcpolicy]]' 'filters = ["type==source.local"]' "keepDuration = $KEEP_SOURCES" \
    '[[worker.oci.gcpolicy]]' 'all = true' "keepBytes = $limit" "maxUsedSpace = $limit" # the name until 0.17, and since
  settings | cut -d ' ' -f 2 | sort -u | while read -r registry; do
    printf '[registry."%s"]\n' "$registry"
    mirrors=$(settings | while read -r kind name location; do
      case $kind:$name in
        "alias:$registry" | "mirror:$registry") printf '"%s", ' "$location" ;;
      esac
    done)
    [ -z "$mirrors" ] || printf 'mirrors = [%s]\n' "$mirrors"
    ! lookup insecure "$registry" >/dev/null || printf 'http = true\ninsecure = true\n'
  done
}

engine_collect() { # buildkitd keeps its layers within limits by itself
  now=$(date +%s)
  for each in "$BUILT"/*; do
    [ ! -d "$each" ] || [ $((now - $(stat -c %Y "$each"))) -lt $KEEP_BUILT ] || rm -rf "$each"
  done
}
