#!/usr/bin/env bats
# ecr-credentials: the course of a repair.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_RUN_DIR=$BATS_TEST_TMPDIR
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/script.sh"
  REASON_FOUND=CredentialProviderMismatch MESSAGE_FOUND='It is wrong.' FIX=pattern ACTION=repair
  CHANGED=true
  : > "$PENDING"
}

@test "takes everything back where kubelet does not come back, and says how it is now" {
  KUBELET_WHY='kubelet.service is failed'
  take_back() { echo taken-back; }
  restart_kubelet() { return 0; }
  run -1 roll_back
  [[ $output == *taken-back*NotRepaired*CredentialProviderMismatch*'did not come back'*'failed'*'taken back, and kubelet runs again as before.'* ]]
  [ ! -e "$PENDING" ]
}

@test "says where the old file is when it could not be put back" {
  BACKUP=/etc/x/config.json.fleetmend-1
  take_back() { return 1; }
  restart_kubelet() {
    KUBELET_WHY='still dead'
    return 1
  }
  run -1 roll_back
  [[ $output == *'the old file is /etc/x/config.json.fleetmend-1, and kubelet does not run: still dead.'* ]]
}

@test "is blocked by a runtime that is down, and changes nothing then" {
  capture() { OUT=inactive; }
  SKIP_REASON=''
  run refuse_blocked
  [[ $output == *Skipped*CredentialProviderMismatch*'containerd.service is not running'*'pause-image, RuntimeDown'* ]]
  capture() { OUT=active; }
  refuse_blocked
}

@test "says what nodeadm would do to the repair" {
  diagnose() { REASON_FOUND=''; }
  nodeadm() { :; }
  prove_and_print() {
    trap 'echo "$OUTCOME $METHOD $WILL_RECUR $DETAIL"' EXIT
    prove
  }
  METHOD=add-pattern
  run -0 prove_and_print
  [[ $output == *'Repaired add-pattern true'*'nodeadm writes these files anew'* ]]
}

@test "tells what a repair could not repair" {
  diagnose() { found NodeRoleLacksECR '' 'The role may not.'; }
  run -1 prove
  [[ $output == *NotRepaired*NodeRoleLacksECR*'CredentialProviderMismatch was repaired'*'The role may not.'* ]]
}
