# For bats: loads a script with its parts, as the builder joins them. No document contains this file.
# shellcheck shell=bash disable=SC2034  # the sourced files read what is only set here

# trace_what_is_there: bats runs a function of its own before each command, to know the line of a failure, and most of the time
# of a test went there. So only the functions that are there by now are traced, those of the test file and of bats: a failure
# in a script has the line of the test that called it. `bats --trace` traces everything.
trace_what_is_there() {
  local name
  while read -r _ _ name; do declare -ft "$name"; done < <(declare -F)
}
if ((${BATS_TRACE_LEVEL:-0} == 0)); then
  set +o functrace
  trace_what_is_there
fi

# load_script FILE: sources the prelude, the parts that FILE names, and FILE.
load_script() {
  LOADED=''
  # shellcheck source-path=SCRIPTDIR
  source_once "${BASH_SOURCE[0]%/testing/*}/base/prelude.sh"
  source_once "${BASH_SOURCE[0]%/testing/*}/base/single.sh"
  source_once "$1"
  # The builder writes this at the end.
  REMEDIATION=demo ACTION=check BUDGET_SECONDS=60
  WORK=$BATS_TEST_TMPDIR
}

# title_of REASON: the builder writes the catalogue's titles here.
title_of() {
  REPLY="title of $1"
}

# source_once FILE: sources the parts that its `#@ use` lines name, then FILE.
source_once() {
  local line name
  [[ $LOADED != *"<$1>"* ]] || return 0
  LOADED+="<$1>"
  while IFS= read -r line; do
    [[ $line == '#@ use '* ]] || continue
    name=${line#'#@ use '}
    if [[ $name == ./* ]]; then
      source_once "${1%/*}/${name#./}.sh"
    else
      source_once "${BASH_SOURCE[0]%/testing/*}/$name.sh"
    fi
  done < "$1"
  # shellcheck source=/dev/null
  source "$1"
}

# show_ending COMMAND...: for `run`: how COMMAND ends the document, as `OUTCOME REASON|DETAIL|EVIDENCE`.
show_ending() {
  trap 'printf "%s %s|%s|%s\n" "$OUTCOME" "$REASON" "$DETAIL" "$EVIDENCE"' EXIT
  "$@" 2> /dev/null
}

# refute COMMAND...: fails where COMMAND succeeds. Unlike `run !`, it runs in this shell, so that a test can read the variables
# that COMMAND sets.
refute() {
  if "$@"; then
    printf '%s succeeded\n' "$*" >&2
    return 1
  fi
}

# have NAME...: `command -v` finds these programs on every machine; none of them can be started.
have() {
  local name
  for name in "$@"; do
    # shellcheck source=/dev/null
    source <(printf '%s() { printf "%s was started\n" >&2; return 127; }\n' "$name" "$name")
  done
}
