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

@test "repairs one fault after the other, each once, and tells them all" {
  REMEDIATION=cri-dockerd ACTION=repair
  take_lock() { :; }
  remove_leftovers() { :; }
  bring_kubelet_back() { :; }
  starts_at_boot() { true; }
  rounds=0
  look_at_docker() {
    rounds=$((rounds + 1)) FAULTS=()
    [[ $REPAIRED == *DockerDown* ]] || FAULTS+=('DockerDown It is down.')
    [[ $REPAIRED == *NoCNI* ]] || FAULTS+=('CRIDockerdNoCNI It has none.')
  }
  repair_DockerDown() { true; }
  repair_CRIDockerdNoCNI() { true; }
  finish() { said="$1 $2 $3"; }
  repair
  [[ $said == 'Repaired DockerDown Repaired: DockerDown, CRIDockerdNoCNI.'* ]]
  [ "$rounds" -eq 3 ]
}

@test "goes on after a fault that only a person can repair, and then tells that one" {
  ACTION=repair
  take_lock() { :; }
  remove_leftovers() { :; }
  bring_kubelet_back() { :; }
  look_at_docker() { FAULTS=('RuntimeEndpointConflict Two.'); }
  run repair
  [[ $output == *'NotRepaired RuntimeEndpointConflict: Two. Which runtime is meant'* ]]
}

@test "says in the evidence what else is wrong" {
  FAULTS=('DockerDown a' 'CRIDockerdDown b' 'CRIDockerdNoCNI c')
  tell_other_faults
  [[ $EVIDENCE == *'"also":"CRIDockerdDown,CRIDockerdNoCNI"'* ]]
}
