#!/usr/bin/env bats
# What a repair says when it did not mend.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/test/load.sh"
  load_script "$BATS_TEST_DIRNAME/failures.sh"
}

@test "tells the first failure, since the later rungs are fallbacks" {
  note_failure RegistryDenied one
  note_failure NoLocalCopy two
  [ "$FAILURE_REASON $FAILURE_MESSAGE" = 'RegistryDenied one' ]
}

@test "says that nothing was changed only where that is so" {
  note_failure RegistryDenied 'It was refused.'
  run finish_not_repaired NoLocalCopy 'There is none.'
  [ "$status" -eq 1 ]
  [[ $output == *'NotRepaired RegistryDenied: It was refused. Nothing was changed on the node.' ]]
  changing 'something'
  run finish_not_repaired NoLocalCopy 'There is none.'
  [[ $output == *'NotRepaired RegistryDenied: It was refused.' ]]
}

@test "ends with its own reason where no failure was noted" {
  run finish_not_repaired NoLocalCopy 'There is none.'
  [[ $output == *'NotRepaired NoLocalCopy: There is none. Nothing was changed on the node.' ]]
}

@test "finds the better reason in a failed command's words" {
  RC=1 ERR='ctr: write /x: no space left on device'
  note_failed_command SandboxImagePullFailed 'Tagging a as b'
  [ "$FAILURE_REASON $FAILURE_MESSAGE" = 'DiskFull Tagging a as b failed: ctr: write /x: no space left on device' ]
}
