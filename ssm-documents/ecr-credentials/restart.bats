#!/usr/bin/env bats
# kubelet restarted, and the proof that it runs.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_STEADY_SECONDS=0
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/restart.sh"
  KUBELET_UNIT=kubelet.service
  systemctl_code=0
  capture() { RC=$systemctl_code OUT='' ERR=''; }
  kubelet_words() { REPLY='its words'; }
  bounded() { return 0; }
}

@test "believes in a kubelet that stays and says that it is well" {
  read_kubelet_state() { KUBELET_NOW='active 11 0'; }
  healthz_answers() { return 0; }
  restart_kubelet 2> /dev/null
}

@test "does not believe in one that starts again and again, and tells its words" {
  pid=0
  read_kubelet_state() {
    pid=$((pid + 1))
    KUBELET_NOW="activating $pid $pid"
  }
  healthz_answers() { return 0; }
  refute restart_kubelet 2> /dev/null
  [ "$KUBELET_WHY" = 'kubelet.service is activating: its words' ]
}

@test "says so when systemd refuses" {
  systemctl_code=1
  read_kubelet_state() { KUBELET_NOW='active 11 0'; }
  refute restart_kubelet 2> /dev/null
  [[ $KUBELET_WHY == 'systemctl restart kubelet.service: '* ]]
}

@test "asks no health check that is turned off" {
  systemctl_code=1
  refute healthz_answers
  HEALTHZ_PORT=0
  healthz_answers
}
