#!/usr/bin/env bats
# template's functions, on what the node's tools print.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_TEMPLATE_FILE=$BATS_TEST_TMPDIR/example
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/script.sh"
}

@test "finds the file missing, and finds it" {
  refute diagnose
  : > "$FILE"
  diagnose
}

@test "writes the file for everybody to read, and leaves nothing else" {
  write_file
  [ "$(stat -c %a "$FILE")" = 644 ]
  [ "$(ls "$BATS_TEST_TMPDIR")" = example ]
}
