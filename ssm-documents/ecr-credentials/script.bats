#!/usr/bin/env bats
# ecr-credentials: the steps of a repair.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_RUN_DIR=$BATS_TEST_TMPDIR
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/script.sh"
  REASON_FOUND=CredentialProviderMismatch DETAIL_FOUND='' FIX=pattern ACTION=repair
  CHANGED=true
  : > "$PENDING"
  # Prints its arguments and the evidence.
  finish() {
    printf '%s|%s|%s\n' "$*" "$SKIP_REASON" "$EVIDENCE"
    exit 0
  }
}

@test "rolls everything back where kubelet does not run, and reports its state" {
  KUBELET_ERROR='err="strict decoding error"'
  take_back() { echo taken-back; }
  restart_kubelet() {
    KUBELET_ERROR=''
    return 0
  }
  run -0 roll_back
  [ "${lines[0]}" = taken-back ]
  [ "${lines[-1]}" = 'NotRepaired CredentialProviderMismatch err="strict decoding error"||"failedStep":"restart","rolledBack":true,"kubeletRuns":true' ]
  [ ! -e "$PENDING" ]
}

@test "reports the previous file where it could not be restored" {
  BACKUP=/etc/x/config.json.fleetmend-1 KUBELET_ERROR=first
  take_back() { return 1; }
  restart_kubelet() {
    KUBELET_ERROR=second
    return 1
  }
  run -0 roll_back
  [ "${lines[-1]}" = 'NotRepaired CredentialProviderMismatch first||"backup":"/etc/x/config.json.fleetmend-1","kubeletError":"second","failedStep":"restart","rolledBack":false,"kubeletRuns":false' ]
}

@test "is blocked by a runtime that does not run, and changes nothing then" {
  capture() { OUT=inactive RC=0; }
  run -0 refuse_blocked
  [ "$output" = 'Skipped CredentialProviderMismatch |BlockedBy|"blockedBy":"pause-image (RuntimeDown)","blockingUnit":"containerd.service","unitState":"inactive"' ]
  capture() { OUT=active RC=0; }
  refuse_blocked
}

@test "is blocked by a runtime that hangs, although its unit is active" {
  capture() {
    OUT=active RC=0
    [[ $2 != ctr && $2 != docker ]] || RC=124 OUT=''
  }
  run -0 refuse_blocked
  [ "$output" = 'Skipped CredentialProviderMismatch |BlockedBy|"blockedBy":"pause-image (RuntimeDown)","blockingUnit":"containerd.service","unitState":"silent"' ]
  kubelet_uses_docker() { :; }
  run -0 refuse_blocked
  [[ $output == *'"blockedBy":"cri-dockerd (DockerDown)","blockingUnit":"docker.service","unitState":"silent"' ]]
}

@test "reports why a change was not made" {
  add_pattern() {
    unchanged no-ecr-provider
    return 1
  }
  take_back() { :; }
  CHANGED=false
  run -0 change
  [ "${lines[-1]}" = 'NotRepaired CredentialProviderMismatch ||"notChanged":"no-ecr-provider","changed":false' ]
}

@test "repairs nothing where kubelet has no unit to restart" {
  take_lock() { :; }
  diagnose() { :; }
  remove_half_file() { :; }
  KUBELET_UNIT=''
  CHANGED=false
  run -0 repair
  [ "${lines[-1]}" = 'NotRepaired CredentialProviderMismatch ||"notChanged":"no-kubelet-unit","changed":false' ]
}

@test "reports whether nodeadm will undo the repair" {
  diagnose() { REASON_FOUND=''; }
  nodeadm() { :; }
  METHOD=add-pattern
  finish() { said="$* $METHOD $WILL_RECUR"; }
  prove
  [ "$said" = 'Repaired CredentialProviderMismatch add-pattern true' ]
}

@test "reports the fault that is left after the repair, and what was repaired" {
  diagnose() { found NodeRoleLacksECR '' 'AccessDeniedException' nodeRole demo; }
  run -0 prove
  [ "${lines[-1]}" = 'NotRepaired NodeRoleLacksECR AccessDeniedException||"nodeRole":"demo","repaired":"CredentialProviderMismatch"' ]
}

@test "does not restart a kubelet that may refuse what it has not read, and names the file" {
  take_lock() { :; }
  diagnose() { :; }
  remove_half_file() { :; }
  KUBELET_UNIT=kubelet.service
  refuse_blocked() { :; }
  unread_by_kubelet() { REPLY=/etc/x/config.json; }
  change() { echo changed; }
  restart_kubelet() { echo restarted; }
  CHANGED=false
  run -0 repair
  [ "${lines[-1]}" = 'NotRepaired CredentialProviderMismatch ||"notChanged":"unread","unreadFile":"/etc/x/config.json","changed":false' ]
  [[ $output != *changed$'\n'* && $output != *restarted* ]]
}

@test "reports a kubelet that does not run, whatever the cause, and only what was not seen as unknown" {
  take_lock() { :; }
  find_services() { KUBELET_UNIT=kubelet.service; }
  diagnose() { REASON_FOUND=''; }
  find_kubelet_fault() { KUBELET_FAULT=$SEEN KUBELET_WORDS='unknown flag: --x'; }
  for SEEN in restarting failed stopped; do
    run -0 check
    [[ ${lines[-1]} == 'Broken KubeletDown unknown flag: --x||'*'"kubeletFault":"'"$SEEN"'","kubeletUnit":"kubelet.service"'* ]]
  done
  SEEN=silent
  run -0 check
  [[ ${lines[-1]} == 'Unknown KubeletDown '* ]]
  # One that refuses its provider at each start, and was just running when its files were looked at.
  find_kubelet_fault() { KUBELET_FAULT=restarting KUBELET_WORDS='"Failed to register CRI auth plugins" err="no"'; }
  run -0 check
  [[ ${lines[-1]} == 'Broken CredentialProviderInvalid Failed to register CRI auth plugins" err="no"||'*'"configProblem":"start"'* ]]
  find_kubelet_fault() { KUBELET_FAULT=$SEEN KUBELET_WORDS='unknown flag: --x'; }
  # A masked unit has no flags.
  find_services() { KUBELET_UNIT=''; }
  diagnose() { echo diagnosed; }
  SEEN=masked
  run -0 check
  [[ ${lines[-1]} == 'Broken KubeletDown '* && $output != *diagnosed* ]]
}

@test "is no healthy repair where kubelet does not run" {
  take_lock() { :; }
  diagnose() { REASON_FOUND='' FIX='' KUBELET_UNIT=kubelet.service KUBELET_STATE=inactive; }
  remove_half_file() { :; }
  last_words_of() { REPLY=words; }
  healthz_answers() { true; }
  CHANGED=false
  run -0 repair
  [[ ${lines[-1]} == 'NotRepaired KubeletDown words||'* ]]
  diagnose() { REASON_FOUND='' FIX='' KUBELET_UNIT=kubelet.service KUBELET_STATE=active; }
  run -0 repair
  [[ ${lines[-1]} == 'Healthy '* ]]
}
