#!/usr/bin/env bats
# Whether kubelet runs, from systemd, its health check and its journal.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/kubelet-runs.sh"
  ANSWERS=false WORDS='its error' UP=100
  bounded() { :; }
  healthz_answers() { [[ $HEALTHZ_PORT == 0 || $ANSWERS == true ]]; }
  kubelet_age() { REPLY=$UP; }
  last_words_of() { REPLY=$WORDS; }
  state loaded active success 11 0
}

# state LOAD ACTIVE RESULT PID RESTARTS: what systemd shows of kubelet's unit.
state() {
  local shown="$*"
  SHOWN=$shown
  find_kubelet() {
    KUBELET_UNIT=kubelet.service
    read -r KUBELET_LOAD KUBELET_STATE KUBELET_RESULT KUBELET_PID KUBELET_RESTARTS < <(printf '%s\n' "$SHOWN")
    SHOWN=${NEXT:-$SHOWN}
    KUBELET_PID=${KUBELET_PID#0}
    SECONDS=$((SECONDS + 1))
  }
}

@test "accepts a kubelet whose health check answers, and one without a health check that keeps running" {
  ANSWERS=true UP=1
  refute find_kubelet_fault
  ANSWERS=false KUBELET_CONFIG=$WORK/config
  printf '{"healthzPort": 0}' > "$KUBELET_CONFIG"
  refute find_kubelet_fault
}

@test "names why kubelet does not run, with its own words" {
  while read -r wanted words load active result pid restarts up; do
    SECONDS=0 UP=$up NEXT=''
    state "$load" "$active" "$result" "$pid" "$restarts"
    find_kubelet_fault
    [ "$KUBELET_FAULT ${KUBELET_WORDS:+words}" = "$wanted ${words#-}" ] || { printf '%s|%s\n' "$KUBELET_FAULT" "$KUBELET_WORDS" && return 1; }
  done < <(printf '%s\n' \
    'stopped - loaded inactive success 0 0 9' \
    'failed words loaded failed exit-code 0 5 9' \
    'restarting words loaded activating exit-code 0 3 9' \
    'restarting words loaded active success 12 3 2' \
    'waiting words loaded activating success 0 0 0' \
    'silent words loaded active success 12 0 90' \
    'silent words loaded active success 12 4 9000' \
    'masked - masked inactive success 0 0 0' \
    'bad-setting - bad-setting inactive success 0 0 0')
}

@test "does not take a kubelet that ends at each start for a running one" {
  KUBELET_CONFIG=$WORK/config UP=1
  printf 'healthzPort: 0\n' > "$KUBELET_CONFIG"
  NEXT='loaded active success 12 1'
  find_kubelet_fault
  [ "$KUBELET_FAULT $KUBELET_WORDS" = 'restarting its error' ]
}

@test "waits for the end of a kubelet that is just ending before it names its state" {
  state loaded deactivating exit-code 0 0
  NEXT='loaded activating exit-code 0 1'
  find_kubelet_fault
  [ "$KUBELET_FAULT $KUBELET_WORDS" = 'restarting its error' ]
  state loaded deactivating success 11 0
  NEXT='loaded inactive success 0 0'
  find_kubelet_fault
  [ "$KUBELET_FAULT$KUBELET_WORDS" = stopped ]
  # One that does not end is no endless wait.
  NEXT=''
  state loaded deactivating success 11 0
  find_kubelet_fault
  [ "$KUBELET_FAULT$KUBELET_WORDS" = stopped ]
}

@test "never takes a runtime without a unit of kubelet, or silence of systemd, for a running kubelet" {
  state not-found inactive success 0 0
  refute find_kubelet_fault
  CONTAINERD_PID=7
  find_kubelet_fault
  [ "$KUBELET_FAULT" = not-found ]
  state
  RC=1 ERR='Failed to connect to bus'
  find_kubelet_fault
  [ "$KUBELET_FAULT $KUBELET_WORDS" = 'unasked Failed to connect to bus' ]
}
