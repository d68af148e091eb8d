# Sourced by the scripts: what a machine must have, and how it gets it.
# shellcheck shell=bash

have() { command -v "$1" >/dev/null 2>&1; }

# Debian packages that are missing, installed when we are root. Each is PACKAGE=COMMAND or PACKAGE=/FILE; the
# package is missing when there is neither such a command nor such a file.
debian_packages() {
  local pair missing=()
  for pair; do
    [ -e "${pair#*=}" ] || have "${pair#*=}" || missing+=("${pair%%=*}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
    echo "${0##*/}: missing Debian packages; run: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    return 1
  fi
  echo "${0##*/}: installing ${missing[*]}" >&2
  local log
  log=$(mktemp)
  if { apt-get -q update && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q install -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    tail -n 30 "$log" >&2
    echo "${0##*/}: could not install ${missing[*]}; the whole log is $log" >&2
    return 1
  fi
}

# The digest of some files and words, for stamps: DIGEST-OF [FILE...] -- [WORD...]
digest_of() {
  local files=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do files+=("$1"); shift; done
  [ $# -eq 0 ] || shift
  { cat -- "${files[@]}"; printf '%s\n' "$@"; } | sha256sum | cut -d ' ' -f 1
}
