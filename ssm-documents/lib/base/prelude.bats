#!/usr/bin/env bats
# What every document promises: one JSON line of at most 2,000 bytes, exit codes 0, 1 and 2, nothing left behind.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/prelude.sh"
}

# document BODY: runs a whole document, whose action `check` has BODY, as the agent would; with stderr apart.
document() {
  {
    printf '%s\n' '#!/bin/bash' 'set -o errexit -o nounset -o pipefail'
    cat "$BATS_TEST_DIRNAME/prelude.sh" "$BATS_TEST_DIRNAME/result.sh" "$BATS_TEST_DIRNAME/single.sh"
    printf '%s\n' 'check() {' "$1" '}' 'REMEDIATION=demo' 'ACTION=check' 'BUDGET_SECONDS=5' 'main'
  } > "$BATS_TEST_TMPDIR/document.sh"
  chmod 755 "$BATS_TEST_TMPDIR/document.sh"
  run --separate-stderr env -i PATH=/usr/bin:/bin FLEETMEND_RUN_DIR="$BATS_TEST_TMPDIR/run" \
    sh -c "$BATS_TEST_TMPDIR/document.sh"
}

assert_one_line() {
  [ "${#lines[@]}" -eq 1 ]
  [ "${#output}" -lt 2000 ]
  [[ $output == '{"v":1,"remediation":"demo","action":"check","outcome":"'$1'"'*'"endedAt":"'*'Z"}' ]]
}

@test "escapes quotes, backslashes and control characters" {
  json_string $'a"b\\c\nd\te\x01\x1f\x7f' 100
  [ "$REPLY" = '"a\"b\\c\nd\te\u0001\u001f\u007f"' ]
}

@test "replaces bytes that need not be UTF-8" {
  json_string $'caf\xc3\xa9 \xff\xfe' 100
  [ "$REPLY" = '"caf?? ??"' ]
}

@test "shortens a long text before it is escaped" {
  json_string aaaaaaaaaaaaaaaaaaaa 10
  [ "$REPLY" = '"aaaaaaa..."' ]
}

@test "leaves braces and dollars alone" {
  json_string '{${x} $(y) `z`}' 100
  [ "$REPLY" = '"{${x} $(y) `z`}"' ]
}

@test "keeps the type of numbers and booleans in evidence" {
  evidence a 7
  evidence b true
  evidence c 007
  evidence d 'x"y'
  [ "$EVIDENCE" = '"a":7,"b":true,"c":"007","d":"x\"y"' ]
}

@test "maps outcomes to exit codes" {
  for pair in Healthy:0 Repaired:0 Broken:1 NotRepaired:1 Unsupported:1 Unknown:2 Skipped:2 Nonsense:2; do
    exit_code "${pair%:*}"
    [ "$REPLY" = "${pair#*:}" ]
  done
}

@test "prints the result of an action and nothing else on stdout" {
  document 'echo chatter; echo more >&2; finish Healthy "" "All is well."'
  [ "$status" -eq 0 ]
  assert_one_line Healthy
  [[ $output == *'"message":"All is well."'* ]]
  [[ $stderr == *chatter* ]]
}

@test "exits 1 for a fault" {
  document 'finish Broken SomeReason "It is broken."'
  [ "$status" -eq 1 ]
  assert_one_line Broken
}

@test "makes every other exit code 2, and still prints a line" {
  for code in 1 3 137 168 169 194 255; do
    document "exit $code"
    [ "$status" -eq 2 ]
    assert_one_line Unknown
    [[ $output == *"exit code $code"* ]]
  done
}

@test "prints a line when a command fails, with the line's number" {
  document 'false'
  [ "$status" -eq 2 ]
  assert_one_line Unknown
  [[ $output == *'"reason":"ScriptFailed"'*'line '* ]]
}

@test "prints a line when an unset variable is used" {
  document 'echo "$no_such_variable"'
  [ "$status" -eq 2 ]
  assert_one_line Unknown
}

@test "prints a line when it is stopped by a signal" {
  document 'kill -TERM $$; sleep 1'
  [ "$status" -eq 2 ]
  assert_one_line Unknown
  [[ $output == *'"reason":"ScriptStopped"'*SIGTERM* ]]
}

@test "says so when an action forgets to end" {
  document 'true'
  [ "$status" -eq 2 ]
  assert_one_line Unknown
}

@test "stays below 2,000 bytes with a hostile message and evidence" {
  document 'for i in 1 2 3 4 5 6 7 8 9 10; do evidence "key$i" "$(head -c 400 /dev/zero | tr "\0" "\1")"; done
    IMAGE=$(head -c 900 /dev/zero | tr "\0" "\"")
    finish Broken SomeReason "$(head -c 5000 /dev/zero | tr "\0" "\2")"'
  [ "$status" -eq 1 ]
  assert_one_line Broken
}

@test "bounds every command by its own time and by the document's" {
  document 'capture 1 sleep 3; first=$RC; capture 60 sleep 20; finish Healthy "" "codes $first $RC"'
  [ "$status" -eq 0 ]
  [[ $output == *'codes 124 124'* ]]
}

@test "gives a command that hangs no hold on stdout" {
  document '(sleep 4 3>&- &) ; finish Healthy "" done'
  assert_one_line Healthy
}

@test "leaves nothing but its lock" {
  document 'take_lock shared; : > "$WORK/x"; finish Healthy "" done'
  [ "$(ls "$BATS_TEST_TMPDIR/run")" = lock ]
}

@test "removes what a killed document left, once it is alone" {
  mkdir -p "$BATS_TEST_TMPDIR/run/work.dead"
  document 'take_lock exclusive; finish Healthy "" done'
  [ "$(ls "$BATS_TEST_TMPDIR/run")" = lock ]
}

@test "says Busy while another document holds the lock, and burns nothing" {
  mkdir -p "$BATS_TEST_TMPDIR/run"
  exec 7> "$BATS_TEST_TMPDIR/run/lock"
  flock --exclusive 7
  document 'take_lock shared; finish Healthy "" "not reached"'
  exec 7>&-
  [ "$status" -eq 2 ]
  assert_one_line Skipped
  [[ $output == *'"skipReason":"Busy","reason":"LockBusy"'* ]]
}

@test "lets two checks run together" {
  mkdir -p "$BATS_TEST_TMPDIR/run"
  exec 7> "$BATS_TEST_TMPDIR/run/lock"
  flock --shared 7
  document 'take_lock shared; finish Healthy "" reached'
  exec 7>&-
  assert_one_line Healthy
}

@test "cleans up at the end, the last thing first, whatever the end is" {
  document 'one() { log "cleaned one"; }; two() { log "cleaned two"; }; at_exit one; at_exit two; false'
  [ "$status" -eq 2 ]
  [[ $stderr == *'cleaned two'*'cleaned one'* ]]
}

@test "says that its time was over, so that nobody blames the last thing that was asked" {
  document 'capture 60 sleep 20; finish_undecided RuntimeDown "It does not answer."'
  [ "$status" -eq 2 ]
  [[ $output == *'"reason":"RuntimeDown","message":"It does not answer. The 5 s that the script may take were over."'* ]]
}

@test "names the tool and no other document when the lock cannot be taken" {
  document 'flock() { return 1; }; bounded() { return 127; }; take_lock shared'
  [ "$status" -eq 2 ]
  [[ $output == *'"reason":"ToolMissing"'*'exit code 127'* ]]
}

@test "tells why a command failed: its own last words, else the time, else the exit code" {
  RC=1 ERR=$'usage\nit broke\n\n'
  capture_error && [ "$REPLY" = 'it broke' ]
  RC=124 ERR=''
  capture_error && [ "$REPLY" = 'no answer in time' ]
  RC=7
  capture_error && [ "$REPLY" = 'exit code 7' ]
}
