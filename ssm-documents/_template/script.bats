#!/usr/bin/env bats
# The functions of template, on sample output of the node's tools.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_TEMPLATE_FILE=$BATS_TEST_TMPDIR/example
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/script.sh"
}

@test "detects whether the file exists" {
  refute diagnose
  : > "$FILE"
  diagnose
}

@test "writes a file that every user can read, and leaves no other file" {
  write_file
  [ "$(stat -c %a "$FILE")" = 644 ]
  [ "$(ls "$BATS_TEST_TMPDIR")" = example ]
}
