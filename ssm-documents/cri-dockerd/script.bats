#!/usr/bin/env bats
# cri-dockerd's repair, fault by fault.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_NET_UNIX=$BATS_TEST_TMPDIR/unix FLEETMEND_SYSTEMD_DIR=$BATS_TEST_TMPDIR/systemd FLEETMEND_DAEMON_JSON=$BATS_TEST_TMPDIR/daemon.json
  : > "$FLEETMEND_NET_UNIX"
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/script.sh"
}

@test "repairs one fault after the other, each once, and reports all" {
  REMEDIATION=cri-dockerd ACTION=repair
  take_lock() { :; }
  remove_leftovers() { :; }
  bring_kubelet_back() { :; }
  starts_at_boot() { true; }
  rounds=0
  look_at_docker() {
    rounds=$((rounds + 1)) FAULTS=() FAULT_DETAILS=()
    [[ $REPAIRED == *DockerDown* ]] || note_fault DockerDown
    [[ $REPAIRED == *NoCNI* ]] || note_fault CRIDockerdNoCNI
  }
  repair_DockerDown() { true; }
  repair_CRIDockerdNoCNI() { true; }
  finish() { said="$*|$EVIDENCE|$WILL_RECUR"; }
  repair
  [ "$said" = 'Repaired DockerDown|"repaired":"DockerDown,CRIDockerdNoCNI","restartPods":true|false' ]
  [ "$rounds" -eq 3 ]
}

@test "continues after a fault that only an operator can repair, and then reports it" {
  ACTION=repair
  take_lock() { :; }
  remove_leftovers() { :; }
  bring_kubelet_back() { :; }
  look_at_docker() {
    forget_evidence
    FAULTS=() FAULT_DETAILS=()
    note_fault RuntimeEndpointConflict '' listeningSocket /run/x.sock
  }
  finish() {
    printf '%s|%s\n' "$*" "$EVIDENCE"
    exit 0
  }
  run -0 repair
  [ "${lines[-1]}" = 'NotRepaired RuntimeEndpointConflict |"listeningSocket":"/run/x.sock","changed":false' ]
}

@test "reports a restored image that Docker cannot pin, and a node whose next boot does not start cri-dockerd" {
  starts_at_boot() { false; }
  finish() { said="$*|$EVIDENCE|$WILL_RECUR"; }
  REPAIRED=SandboxImageMissing FIRST_FAULT=SandboxImageMissing
  finish_repair
  [ "$said" = 'Repaired SandboxImageMissing|"repaired":"SandboxImageMissing","pinSupport":"none","startsAtBoot":false|true' ]
}

@test "reports the other faults in the evidence" {
  FAULTS=(DockerDown CRIDockerdDown CRIDockerdNoCNI)
  report_other_faults
  [[ $EVIDENCE == *'"also":"CRIDockerdDown,CRIDockerdNoCNI"'* ]]
}
