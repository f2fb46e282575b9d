#!/usr/bin/env bats
# The method `unit`, which starts AL2's own unit.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/unit.sh"
  have systemctl
  IMAGE_STATE=absent IMAGE=$WANTED STATE=inactive TYPE=oneshot START_CODE=0
  STARTED='' RESET='' KILLED=''
  fake_node
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

# A systemd with one unit in the state STATE, whose start ends with START_CODE.
fake_node() {
  capture() { fake_systemctl "$@"; }
}

fake_systemctl() {
  RC=0 OUT='' ERR=''
  case "$2 $3" in
    'systemctl show') OUT="Type=$TYPE"$'\n'"LoadState=loaded"$'\n'"ActiveState=$STATE"$'\n' ;;
    'systemctl start') STARTED=yes RC=$START_CODE ;;
    'systemctl reset-failed') RESET=yes ;;
    'systemctl kill') KILLED=yes ;;
    *) RC=127 ;;
  esac
}

@test "does not start the unit after an answer that the unit would get too" {
  local reason
  for reason in NodeRoleLacksECR RegistryDenied RegistryImageNotFound; do
    FAILURE_REASON=$reason
    refute method_unit
    [ "$STARTED$CHANGED" = false ]
  done
}

@test "starts the unit where only this script got no token, or did not reach the registry" {
  local reason
  for reason in '' ToolMissing TokenUnavailable RegistryUnreachable; do
    STARTED='' FAILURE_REASON=$reason
    method_unit
    [ "$STARTED $CHANGED" = 'yes true' ]
  done
}

@test "does not start the unit where it cannot help" {
  IMAGE_STATE=incomplete
  refute method_unit
  IMAGE_STATE=absent IMAGE=localhost/kubernetes/pause:latest
  refute method_unit
  IMAGE=$WANTED STATE=active
  refute method_unit
  STATE=inactive TYPE=simple
  refute method_unit
  [ -z "$STARTED" ]
}

@test "leaves no failed unit behind, but does not reset one that had failed before" {
  START_CODE=1
  refute method_unit
  [ "$RESET" = yes ]
  RESET='' STATE=failed
  refute method_unit
  [ -z "$RESET" ]
}

@test "ends a run that takes too long only if it started the run" {
  START_CODE=124
  refute method_unit
  [ "$KILLED" = yes ]
  KILLED='' STATE=activating
  refute method_unit
  stop_unit
  [ -z "$KILLED" ]
}
