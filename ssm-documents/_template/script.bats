#!/usr/bin/env bats

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/prelude.sh"
  FLEETMEND_TEMPLATE_FILE=$BATS_TEST_TMPDIR/example
  source "$BATS_TEST_DIRNAME/script.sh"
}

@test "finds the file missing, and finds it" {
  run ! diagnose
  : > "$FILE"
  diagnose
}
