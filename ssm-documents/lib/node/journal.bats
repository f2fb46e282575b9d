#!/usr/bin/env bats
# The newest line of a journal.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/journal.sh"
  mkdir "$BATS_TEST_TMPDIR/bin"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
  printf '%s\n' '#!/bin/bash' "printf '%s\n' \"\$*\" > '$BATS_TEST_TMPDIR/asked'" \
    'seq 100000 -1 1 | sed "s/.*/line & of kubelet/"' > "$BATS_TEST_TMPDIR/bin/journalctl"
  chmod 755 "$BATS_TEST_TMPDIR/bin/journalctl"
}

@test "finds the newest of many lines, from the end" {
  newest_line 5 'line [0-9]*99 of|nothing' --output=cat --unit=kubelet.service
  [ "$REPLY" = 'line 99999 of kubelet' ]
  [[ $(cat "$BATS_TEST_TMPDIR/asked") == *--reverse*--unit=kubelet.service ]]
}

@test "finds no line that does not match, and none where there is no journal" {
  refute newest_line 5 'of containerd'
  [ -z "$REPLY" ]
  PATH=/nonexistent refute newest_line 5 line
}
