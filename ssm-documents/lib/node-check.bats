#!/usr/bin/env bats
# node-check with sample checks: each runs in its own process; one line has all findings, the most severe first.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

# node_check CHECK...: runs a node-check whose checks have these bodies; the n-th is called n1, n2, …
node_check_of() {
  local i=0 names=()
  {
    printf '%s\n' '#!/bin/bash' 'set -o errexit -o nounset -o pipefail'
    cat "$BATS_TEST_DIRNAME/base/prelude.sh" "$BATS_TEST_DIRNAME/base/result.sh"
    printf '%s\n' "${SHARING:-}" 'title_of() { REPLY="Title of $1"; }'
    for body; do
      i=$((i + 1))
      printf 'define_n%d() {\ncheck() {\n%s\n}\n}\n' "$i" "$body"
      names+=("n$i")
    done
    printf '%s\n' 'severity_of() { case $1 in Bad*) REPLY=Fatal ;; Meh) REPLY=Info ;; *) REPLY=Warning ;; esac; }' \
      "NODE_CHECKS=(${names[*]})" 'PART=2 PARTS=3'
    sed "s/^readonly CHECK_SECONDS=.*/readonly CHECK_SECONDS=${CHECK_SECONDS:-20}/" "$BATS_TEST_DIRNAME/node-check.sh"
    printf '%s\n' 'BUDGET_SECONDS=40' 'node_check "$@"'
  } > "$BATS_TEST_TMPDIR/document.sh"
  chmod 755 "$BATS_TEST_TMPDIR/document.sh"
  run --separate-stderr env -i PATH=/usr/bin:/bin FLEETMEND_RUN_DIR="$BATS_TEST_TMPDIR/run" \
    FLEETMEND_BOTTLEROCKET_DIR="$BATS_TEST_TMPDIR/bottlerocket" sh -c "$BATS_TEST_TMPDIR/document.sh"
  [ "${#lines[@]}" -eq 1 ]
  [ "${#output}" -lt 2000 ]
}

HEALTHY='take_lock shared; finish Healthy ""'

@test "is healthy, without findings, when every check is healthy" {
  node_check_of "$HEALTHY" "$HEALTHY"
  [ "$status" -eq 0 ]
  [[ $output == '{"v":2,"remediation":"node-check","action":"check","outcome":"Healthy"'* ]]
  [[ $output == *',"part":2,"parts":3,'* ]]
  [[ $output != *findings* ]]
}

@test "reports the most severe finding first" {
  node_check_of 'finish Broken Meh' 'finish Broken Warn' 'finish Broken BadNews' "$HEALTHY"
  [ "$status" -eq 1 ]
  [[ $output == *'"outcome":"Broken","reason":"BadNews"'*'"remediation":"n3"'*'"remediation":"n2"'*'"remediation":"n1"'* ]]
  [[ $output != *'"remediation":"n4"'* ]]
}

@test "hides no check behind one that hangs" {
  CHECK_SECONDS=2
  node_check_of 'sleep 30; finish Healthy ""' 'finish Broken BadNews'
  [ "$status" -eq 1 ]
  [[ $output == *'"remediation":"n2"'*BadNews*'"remediation":"n1"'*CheckTimedOut* ]]
}

@test "hides no check behind one that dies" {
  node_check_of 'kill -KILL $$' 'exit 194' "$HEALTHY"
  [ "$status" -eq 2 ]
  [[ $output == *'"outcome":"Unknown"'*'"remediation":"n1"'*'"remediation":"n2"'* ]]
}

@test "leaves no process of a check that hangs" {
  CHECK_SECONDS=1
  node_check_of 'sleep 12345; finish Healthy ""'
  run ! pgrep -f 'sleep 12345'
}

@test "ignores a check that does not apply to the node" {
  node_check_of 'finish Unsupported Meh' "$HEALTHY"
  [ "$status" -eq 0 ]
  [[ $output == *'"outcome":"Healthy"'* ]]
  [[ $output != *findings* ]]
}

@test "is unsupported when every check is unsupported" {
  node_check_of 'finish Unsupported Meh'
  [ "$status" -eq 1 ]
  [[ $output == *'"outcome":"Unsupported"'* ]]
}

@test "cuts findings that do not fit, and reports that" {
  local long='for i in 1 2 3 4 5 6; do evidence "k$i" "$(printf "%0160d" 0)x"; done; finish Broken BadNews "$(head -c 900 /dev/zero | tr "\0" "\1")"'
  node_check_of "$long" "$long" "$long" "$long" "$long" "$long"
  [ "$status" -eq 1 ]
  [[ $output =~ \"cut\":[1-9] ]]
  [[ $output == *'"findings":[{"remediation":"n1"'* ]]
}

@test "never reports a finding that waits for another before its cause" {
  local blocked='SKIP_REASON=BlockedBy; finish Skipped BadNews'
  node_check_of 'finish Broken Meh' "$blocked"
  [[ $output == *'"outcome":"Broken","reason":"Meh"'*'"remediation":"n1"'*'"remediation":"n2","outcome":"Skipped","skipReason":"BlockedBy"'* ]]
  node_check_of "$blocked" 'finish Unknown Warn'
  [[ $output == *'"outcome":"Unknown","reason":"Warn"'*'"remediation":"n2"'*'"remediation":"n1"'* ]]
}

@test "reports why it skipped, where nothing worse was found" {
  node_check_of "$HEALTHY" 'SKIP_REASON=BlockedBy; finish Skipped BadNews'
  [ "$status" -eq 2 ]
  [[ $output == *'"outcome":"Skipped","skipReason":"BlockedBy","reason":"BadNews"'* ]]
}

@test "runs a shared command once, and lets each check run it again where it failed" {
  local SHARING='
    share_services() { capture 5 sh -c "echo asked >> $RUN_DIR/../asked; echo answer"; share services; }
    share_containerd() { capture 5 false; share config; }'
  local reads='
    capture_shared services 5 sh -c "echo asked >> $RUN_DIR/../asked; echo answer"
    evidence services "$OUT$(cat "$WORK/out")"
    capture_shared config 5 echo own
    evidence config "$OUT"
    finish Broken Warn'
  node_check_of "$reads" "$reads"
  [ "$(cat "$BATS_TEST_TMPDIR/asked")" = asked ]
  [[ $output == *'"services":"answer\nanswer"'*'"config":"own\n"'*'"services"'*'"config":"own\n"'* ]]
}

@test "is never healthy where pods do not start, and no check knows why" {
  local SHARING='sandboxes_fail() { REPLY="rpc error: $(printf "%0250d" 0)"; }'
  node_check_of "$HEALTHY" "$HEALTHY"
  [ "$status" -eq 2 ]
  [[ $output == *'"outcome":"Unknown","reason":"PodsDoNotStart","title":"Title of PodsDoNotStart","detail":"rpc error: 0'*'0",'* ]]
  [[ $output != *findings* ]]
  node_check_of "$HEALTHY" 'finish Broken BadNews'
  [[ $output == *'"outcome":"Broken","reason":"BadNews"'* && $output != *PodsDoNotStart* ]]
  # Another document has the net.
  SHARING=''
  node_check_of "$HEALTHY"
  [ "$status" -eq 0 ]
  SHARING='sandboxes_fail() { return 1; }'
  node_check_of "$HEALTHY"
  [ "$status" -eq 0 ]
}

@test "holds the lock for all its checks, and reports Busy for all where a repair holds it" {
  mkdir -p "$BATS_TEST_TMPDIR/run"
  exec 8> "$BATS_TEST_TMPDIR/run/lock"
  flock --exclusive 8
  node_check_of "$HEALTHY" "$HEALTHY"
  exec 8>&-
  [ "$status" -eq 2 ]
  [[ $output == *'"outcome":"Skipped","skipReason":"Busy","reason":"LockBusy"'* ]]
}

@test "runs no command in Bottlerocket's control container, and reports what to do" {
  mkdir "$BATS_TEST_TMPDIR/bottlerocket"
  node_check_of 'finish Broken BadNews'
  [ "$status" -eq 1 ]
  [[ $output == *'"outcome":"Unsupported","reason":"PlatformUnsupported"'* ]]
  [[ $output != *findings* ]]
}

@test "leaves only its lock file" {
  node_check_of "$HEALTHY" 'kill -KILL $$'
  [ "$(ls -A "$BATS_TEST_TMPDIR/run")" = lock ]
}
