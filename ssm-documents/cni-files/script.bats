#!/usr/bin/env bats
# The results of check and repair.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/script.sh"
  take_lock() { :; }
  find_folders() { :; }
  say_evidence() { :; }
  refuse_blocked() { :; }
  is_settling() { return 1; }
  finish() { printf '%s %s %s %s\n' "$1" "${2:--}" "${METHOD:--}" "$EVIDENCE" && exit 0; }
  # The faults of the node, one after another; each successful repair removes the first one.
  FAULTS=() AT=0 HELPS=true
  find_fault() {
    ((AT < ${#FAULTS[@]})) || return 1
    read -r REASON_FOUND REPAIR_STEP < <(printf '%s\n' "${FAULTS[AT]}")
  }
  judge() { find_fault; }
  do_step() { METHOD=${METHOD:-$1} STEPS+="$1 " CHANGED=true && [[ $HELPS == false ]] || AT=$((AT + 1)); }
  repair_move_aside() { MOVED_TO=/x && do_step move-aside; }
  repair_restart_aws_node() { DONE+='restart-aws-node ' RESTARTED=true && do_step restart-aws-node; }
}

@test "finds a node healthy, and a fault" {
  run check
  [[ $output == 'Healthy - - '* ]]
  FAULTS=('CNIConfigConflict move-aside')
  run check
  [ "$output" = 'Broken CNIConfigConflict - ' ]
}

@test "does not judge a node that has only just started" {
  FAULTS=('CNINotReady restart-aws-node')
  is_settling() { return 0; }
  run check
  [ "$output" = 'Unknown CNINotReady - "settleSeconds":120' ]
}

@test "repairs one fault after another, and reports the first reason and every step" {
  ACTION=repair
  FAULTS=('CNIConfigConflict move-aside' 'CNIConfigConflict move-aside' 'CNIConfigMissing restart-aws-node')
  run --separate-stderr repair
  [ "$output" = 'Repaired CNIConfigConflict move-aside "movedTo":"/x","restarted":true' ]
}

@test "repeats no step that did not help" {
  ACTION=repair FAULTS=('CNINotReady restart-aws-node') HELPS=false
  run --separate-stderr repair
  [ "$output" = 'NotRepaired CNINotReady restart-aws-node ' ]
}

@test "reports that nothing was changed where only an operator can repair the fault" {
  ACTION=repair FAULTS=('CNIBinaryMissing')
  run --separate-stderr repair
  [ "$output" = 'NotRepaired CNIBinaryMissing - "changed":false' ]
}
