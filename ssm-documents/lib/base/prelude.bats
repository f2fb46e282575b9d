#!/usr/bin/env bats
# The rules for every document: one JSON line of bounded size, exit codes 0, 1 and 2, nothing left behind.
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
    printf '%s\n' 'title_of() { REPLY="Title of $1"; }' "${ACTION:=check}() {" "$1" '}' 'REMEDIATION=demo' "ACTION=$ACTION" \
      'BUDGET_SECONDS=5' 'main'
  } > "$BATS_TEST_TMPDIR/document.sh"
  chmod 755 "$BATS_TEST_TMPDIR/document.sh"
  run --separate-stderr env -i PATH=/usr/bin:/bin FLEETMEND_RUN_DIR="$BATS_TEST_TMPDIR/run" "${INHERITED[@]}" \
    sh -c "$BATS_TEST_TMPDIR/document.sh"
}

# What the agent hands on beside the PATH.
INHERITED=(LANG=C.UTF-8)

assert_one_line() {
  [ "${#lines[@]}" -eq 1 ]
  [ "${#output}" -lt 2000 ]
  [[ $ACTION == check || ${#output} -lt 1200 ]]
  [[ $output == '{"v":2,"remediation":"demo","action":"'$ACTION'","outcome":"'$1'"'*'"title":"'*'"endedAt":"'*'Z"}' ]]
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

@test "does not change the result of the previous function" {
  REPLY='tool error'
  evidence a 7
  evidence b text
  [ "$REPLY" = 'tool error' ]
}

@test "keeps the first value of a fact, and counts what it drops from the longest on" {
  evidence a short
  evidence a other
  evidence b "$(printf '%0200d' 0)"
  evidence c 7
  [ "${#FACTS[1]}" -eq 166 ]
  drop_longest_fact
  [ "$EVIDENCE" = '"a":"short","c":7' ]
  drop_longest_fact
  drop_longest_fact
  [ -z "$EVIDENCE" ]
  refute drop_longest_fact
}

@test "maps outcomes to exit codes" {
  for pair in Healthy:0 Repaired:0 Broken:1 NotRepaired:1 Unsupported:1 Unknown:2 Skipped:2 Nonsense:2; do
    exit_code "${pair%:*}"
    [ "$REPLY" = "${pair#*:}" ]
  done
}

@test "prints the result of a check and nothing else, on neither stream" {
  document 'echo chatter; echo more >&2; log "looking"; evidence file /x; finish Healthy ""'
  [ "$status" -eq 0 ]
  assert_one_line Healthy
  [[ $output == *'"title":"No fault was found","evidence":{"file":"/x"}'* ]]
  [ -z "$stderr" ]
}

@test "logs a repair on stderr, what its commands print included" {
  ACTION=repair
  document 'echo chatter; log "looking"; finish Repaired SomeReason'
  [ "$status" -eq 0 ]
  assert_one_line Repaired
  [[ $output == *'"title":"The node was repaired"'* ]]
  [[ $stderr == *chatter*'] looking'*'ending with Repaired SomeReason'* ]]
}

@test "names the reason by its title, and passes a tool's error line on as data" {
  document 'finish Broken SomeReason "ctr: it {failed}: $(id)"'
  [[ $output == *'"reason":"SomeReason","title":"Title of SomeReason","detail":"ctr: it {failed}: '*'"'* ]]
}

@test "exits 1 for a fault" {
  document 'finish Broken SomeReason'
  [ "$status" -eq 1 ]
  assert_one_line Broken
}

@test "makes every other exit code 2, and still prints a line" {
  for code in 1 3 137 168 169 194 255; do
    document "exit $code"
    [ "$status" -eq 2 ]
    assert_one_line Unknown
    [[ $output == *"\"exitCode\":$code"* ]]
  done
}

@test "prints a line when a command fails, with the line's number" {
  document 'false'
  [ "$status" -eq 2 ]
  assert_one_line Unknown
  [[ $output == *'"reason":"ScriptFailed"'*'"line":'* ]]
}

@test "prints a line when an unset variable is used" {
  document 'log "looking"; echo "$no_such_variable"'
  [ "$status" -eq 2 ]
  assert_one_line Unknown
  # The shell's own error line is the only one that a check writes on stderr.
  [[ $output == *'"detail":"'*'no_such_variable: unbound variable"'* ]]
  [[ $stderr == *'no_such_variable: unbound variable' && $stderr != *$'\n'* ]]
}

@test "prints a line when it is stopped by a signal" {
  document 'kill -TERM $$; sleep 1'
  [ "$status" -eq 2 ]
  assert_one_line Unknown
  [[ $output == *'"reason":"ScriptStopped"'*'"signal":"SIGTERM"'* ]]
}

@test "reports an action that ends without a result" {
  document 'true'
  [ "$status" -eq 2 ]
  assert_one_line Unknown
}

@test "stays below its limit with hostile evidence and a hostile error line, and counts what it leaves out" {
  local ACTION
  for ACTION in check repair; do
    document 'for i in 1 2 3 4 5 6 7 8 9 10; do evidence "key$i" "$(head -c 400 /dev/zero | tr "\0" "\1")"; done
      IMAGE=$(head -c 900 /dev/zero | tr "\0" "\"")
      finish Broken SomeReason "$(head -c 5000 /dev/zero | tr "\0" "\2")"'
    [ "$status" -eq 1 ]
    assert_one_line Broken
    [[ $output =~ \"cut\":[1-9] ]]
  done
}

@test "limits every command to its own time and to that of the document" {
  document 'capture 1 sleep 3; first=$RC; capture 60 sleep 20; evidence codes "$first $RC"; finish Healthy ""'
  [ "$status" -eq 0 ]
  [[ $output == *'"codes":"124 124"'* ]]
}

@test "does not let a hung command hold stdout open" {
  document '(sleep 4 3>&- &) ; finish Healthy ""'
  assert_one_line Healthy
}

@test "leaves only its lock file" {
  document 'take_lock shared; : > "$WORK/x"; finish Healthy ""'
  [ "$(ls "$BATS_TEST_TMPDIR/run")" = lock ]
}

@test "removes the files of a killed document while it holds the lock exclusively, and none of one that waits for it" {
  local waits=$BATS_TEST_TMPDIR/run/work.waits.$$
  mkdir -p "$BATS_TEST_TMPDIR/run/work.dead" "$BATS_TEST_TMPDIR/run/work.dead.999999999" "$waits"
  document 'take_lock exclusive; finish Healthy ""'
  [ "$(ls "$BATS_TEST_TMPDIR/run")" = "lock"$'\n'"${waits##*/}" ]
}

@test "reports Busy while another document holds the lock" {
  mkdir -p "$BATS_TEST_TMPDIR/run"
  exec 7> "$BATS_TEST_TMPDIR/run/lock"
  flock --exclusive 7
  document 'take_lock shared; finish Healthy ""'
  exec 7>&-
  [ "$status" -eq 2 ]
  assert_one_line Skipped
  [[ $output == *'"skipReason":"Busy","reason":"LockBusy"'* ]]
}

@test "lets two checks run together" {
  mkdir -p "$BATS_TEST_TMPDIR/run"
  exec 7> "$BATS_TEST_TMPDIR/run/lock"
  flock --shared 7
  document 'take_lock shared; finish Healthy ""'
  exec 7>&-
  assert_one_line Healthy
}

@test "cleans up in reverse order at every end" {
  ACTION=repair
  document 'one() { log "cleaned one"; }; two() { log "cleaned two"; }; at_exit one; at_exit two; false'
  [ "$status" -eq 2 ]
  [[ $stderr == *'cleaned two'*'cleaned one'* ]]
}

@test "reports that its time limit was reached, so that the last step is not taken for the cause" {
  document 'capture 60 sleep 20; finish_undecided RuntimeDown'
  [ "$status" -eq 2 ]
  [[ $output == *'"reason":"RuntimeDown"'*'"timeLimitSeconds":5'* ]]
}

@test "reports the tool, and no other document, when it cannot take the lock" {
  document 'flock() { return 1; }; bounded() { return 127; }; take_lock shared'
  [ "$status" -eq 2 ]
  [[ $output == *'"reason":"ToolMissing"'*'"tool":"flock","exitCode":127'* ]]
}

@test "reports why a command failed: its last error line, else the time, else the exit code" {
  RC=1 ERR=$'usage\nit broke\n\n'
  capture_error && [ "$REPLY" = 'it broke' ]
  RC=124 ERR=''
  capture_error && [ "$REPLY" = 'no answer in time' ]
  RC=7
  capture_error && [ "$REPLY" = 'exit code 7' ]
}

@test "hands nothing of the agent's environment on to a command" {
  local INHERITED=(HTTPS_PROXY=http://proxy:3128 no_proxy=x AWS_PROFILE=ssm AWS_ENDPOINT_URL=http://x DOCKER_HOST=tcp://x LD_X=y
    SHELLOPTS=braceexpand:hashall:interactive-comments INVOCATION_ID=1 HOME=/root)
  document 'evidence proxy "${HTTPS_PROXY-unset}"; capture 5 env; evidence names "$(cut -d= -f1 "$WORK/out" | sort | tr "\n" " ")"; finish Healthy ""'
  [[ $output == *'"proxy":"unset"'* ]]
  [[ $output == *'"names":"FLEETMEND_RUN_DIR LC_ALL PATH _ "'* ]]
}
