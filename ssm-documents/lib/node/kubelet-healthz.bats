#!/usr/bin/env bats
# Where kubelet's health check listens, and the last words of a service.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/kubelet-healthz.sh"
  unit_flags() { :; }
}

@test "skips a health check that is turned off" {
  capture() { RC=1; }
  HEALTHZ_PORT=10248
  refute healthz_answers
  HEALTHZ_PORT=0
  healthz_answers
}

@test "reads where the health check listens, from files and flags" {
  KUBELET_CONFIG=$WORK/config KUBELET_CONFIG_DIR=$WORK/config.d
  mkdir "$KUBELET_CONFIG_DIR"
  find_healthz
  [ "$HEALTHZ_ADDRESS $HEALTHZ_PORT" = '127.0.0.1 10248' ]
  printf '{"healthzBindAddress": "0.0.0.0", "healthzPort": 10249}' > "$KUBELET_CONFIG"
  find_healthz
  [ "$HEALTHZ_ADDRESS $HEALTHZ_PORT" = '127.0.0.1 10249' ]
  printf 'healthzBindAddress: 10.0.0.7\n' > "$KUBELET_CONFIG_DIR/10-a.conf"
  find_healthz
  [ "$HEALTHZ_ADDRESS $HEALTHZ_PORT" = '10.0.0.7 10249' ]
  flags_of() {
    "$2" healthz-bind-address ::
    "$2" healthz-port 1
  }
  find_healthz
  [ "$HEALTHZ_ADDRESS $HEALTHZ_PORT" = '::1 1' ]
}

# words LINE...: the words about a service in the lines, the newest first.
words() {
  REPLY=$(printf '%s\n' "$@" | awk -v fault="${FAULT-}" "$LAST_WORDS_AWK")
  REPLY=${REPLY#\?}
}

@test "says nothing of earlier runs than the last one that ended" {
  local old=('E0714 08:00:00.000000 1 run.go:74] "command failed" err="old"' 'Started kubelet.service - Kubernetes Kubelet.')
  local gone=('kubelet.service: Failed with result '\''exit-code'\''.' 'kubelet.service: Main process exited, code=exited, status=203/EXEC'
    'kubelet.service: Failed at step EXEC spawning /usr/bin/kubelet: No such file or directory' 'Started kubelet.service - Kubernetes Kubelet.'
    'Stopped kubelet.service - Kubernetes Kubelet.' 'kubelet.service: Scheduled restart job, restart counter is at 1.')
  words "${gone[@]}" "${old[@]}"
  [ "$REPLY" = 'kubelet.service: Main process exited, code=exited, status=203/EXEC' ]
  # It has just started again, and has said nothing yet, or only what every start says.
  words 'Started kubelet.service - Kubernetes Kubelet.' "${gone[@]}" "${old[@]}"
  [ "$REPLY" = 'kubelet.service: Main process exited, code=exited, status=203/EXEC' ]
  words 'E0714 10:00:00.000000 1 x.go:7] "At each start" err="x"' 'Started kubelet.service - Kubernetes Kubelet.' \
    'kubelet.service: Main process exited, code=exited, status=1/FAILURE' "${old[@]}"
  [ "$REPLY" = '"command failed" err="old"' ]
  words "Dependency failed for kubelet.service - Kubernetes Kubelet." "${gone[@]}" "${old[@]}"
  [ "$REPLY" = 'Dependency failed for kubelet.service - Kubernetes Kubelet.' ]
  # One that runs and is silent has not ended by what an earlier one said.
  FAULT=silent words 'E0714 10:00:00.000000 1 x.go:7] "Stuck" err="x"' 'Started Kubernetes Kubelet.' "${gone[@]}" "${old[@]}"
  [ "$REPLY" = '"Stuck" err="x"' ]
}

@test "finds the line with which a service gave up, then its newest error, then systemd's" {
  words 'kubelet.service: Main process exited, code=exited, status=1/FAILURE' 'I0714 10:00:00.000000 1 a.go:1] "Bye"' \
    'E0714 10:00:00.000000 1 run.go:74] "command failed" err="failed to parse kubelet flag: unknown flag: --pod-infra-container-image"' \
    'E0714 09:00:00.000000 1 x.go:7] "Older" err="x"'
  [ "$REPLY" = '"command failed" err="failed to parse kubelet flag: unknown flag: --pod-infra-container-image"' ]
  words 'I0714 10:00:00.000000 1 a.go:1] "Bye"' 'E0714 10:00:00.000000 1 x.go:7] "Newer" err="y"' 'E0714 09:00:00.000000 1 x.go:7] "Older" err="x"'
  [ "$REPLY" = '"Newer" err="y"' ]
  words 'Started kubelet' 'kubelet.service: Failed at step EXEC spawning /usr/bin/kubelet: No such file or directory'
  [ "$REPLY" = 'kubelet.service: Failed at step EXEC spawning /usr/bin/kubelet: No such file or directory' ]
  words 'Stopped kubelet'
  [ -z "$REPLY" ]
}

@test "takes what a program said before the line that it was started for its own" {
  local ended='kubelet.service: Main process exited, code=exited, status=1/FAILURE' restart
  local early='E0714 10:00:00.000000 1 run.go:74] "command failed" err="early"' former='E0714 09:00:00.000000 1 run.go:74] "command failed" err="old"'
  # systemd 252, and 219 as AL2 has it.
  for restart in $'Stopped Kubelet.\nkubelet.service: Scheduled restart job, restart counter is at 1.' \
    $'Starting Kubelet...\nStopped Kubelet.\nkubelet.service holdoff time over, scheduling restart.' \
    $'kubelet.service failed.\nUnit kubelet.service entered failed state.'; do
    words "$ended" 'Started Kubelet.' "$early" "$restart" "$ended" "$former" 'Started Kubelet.'
    [ "$REPLY" = '"command failed" err="early"' ]
    words "$ended" 'Started Kubelet.' "$restart" "$ended" "$former" 'Started Kubelet.'
    [ "$REPLY" = "$ended" ]
  done
}

# journal_grows FILE...: journalctl shows the first file at the first call, and one more at each next one, as journald stores
# what a service printed after systemd's lines about its end.
journal_grows() {
  printf '%s\n' '#!/bin/bash' 'cd "${0%/*}" && printf . >> calls && calls=$(stat -c %s calls)' \
    'cat "after-$calls" 2> /dev/null || cat after-last' > "$BATS_TEST_TMPDIR/journalctl"
  chmod 755 "$BATS_TEST_TMPDIR/journalctl"
  PATH=$BATS_TEST_TMPDIR:$PATH
}

@test "waits for the words of a program that ended, where the journal has only systemd's so far" {
  local at=$BATS_TEST_TMPDIR ended='kubelet.service: Main process exited, code=exited, status=1/FAILURE'
  local late='E1130 10:00:00.000000 1 kuberuntime_manager.go:284] "Failed to register CRI auth plugins" err="late"'
  local usual='E1130 10:00:00.000000 1 file.go:104] "Unable to read config path" err="path does not exist, ignoring"'
  journal_grows
  printf '%s\n' "$ended" 'Started Kubelet.' > "$at/after-1"
  printf '%s\n' "$usual" "$ended" 'Started Kubelet.' > "$at/after-2"
  printf '%s\n' "$late" "$usual" "$ended" 'Started Kubelet.' > "$at/after-last"
  last_words_of kubelet.service failed
  [ "$REPLY" = '"Failed to register CRI auth plugins" err="late"' ]
}

@test "does not wait for ever for a program that ended without a word, nor for one that runs" {
  local at=$BATS_TEST_TMPDIR ended='kubelet.service: Main process exited, code=exited, status=1/FAILURE' since=$SECONDS
  journal_grows
  printf '%s\n' "$ended" 'Started Kubelet.' > "$at/after-last"
  last_words_of kubelet.service failed
  [ "$REPLY" = "$ended" ]
  ((SECONDS - since < 6))
  : > "$at/calls"
  printf '%s\n' 'E1130 10:00:00.000000 1 x.go:7] "Stuck" err="x"' 'Started Kubelet.' > "$at/after-last"
  last_words_of kubelet.service silent
  [ "$REPLY" = '"Stuck" err="x"' ]
  [ "$(< "$at/calls")" = . ]
}
