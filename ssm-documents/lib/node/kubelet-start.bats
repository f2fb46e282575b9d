#!/usr/bin/env bats
# What a kubelet that runs has not read.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/kubelet-start.sh"
  KUBELET_CONFIG=$WORK/config.json KUBELET_UNIT=no-such.service DROP_INS='' FILES=''
  printf '{}' > "$KUBELET_CONFIG"
  capture() { printf 'FragmentPath=%s\nDropInPaths=%s\n%s' "$WORK/unit" "$DROP_INS" "$FILES" > "$WORK/out"; }
  : > "$WORK/unit"
  : > "$WORK/drop-in"
  : > "$WORK/environment"
  sleep 0.4
  sleep 60 3>&- &
  KUBELET_PID=$!
  sleep 0.4
}

teardown() {
  kill "$KUBELET_PID"
}

@test "knows when a process started" {
  now=$(date +%s%2N)
  read_kubelet_start
  ((KUBELET_STARTED < now && KUBELET_STARTED > now - 500))
  local KUBELET_PID=999999999
  read_kubelet_start
  [ -z "$KUBELET_STARTED" ]
}

@test "finds each file that changed after kubelet started, and none before" {
  DROP_INS="$WORK/none $WORK/drop-in" FILES="EnvironmentFiles=$WORK/environment (ignore_errors=no)"$'\n'
  refute unread_by_kubelet
  for file in "$WORK/environment" "$WORK/drop-in" "$WORK/unit" "$KUBELET_CONFIG"; do
    # The time of the content may be old: a copy keeps it.
    touch -d '2 hours ago' "$file"
    unread_by_kubelet
    [ "$REPLY" = "$file" ]
  done
}

@test "notices a link that was set to another file, and a drop-in of the folder" {
  KUBELET_CONFIG_DIR=$WORK/conf.d
  mkdir "$KUBELET_CONFIG_DIR"
  unread_by_kubelet
  [ "$REPLY" = "$KUBELET_CONFIG_DIR" ]
  KUBELET_CONFIG_DIR=''
  refute unread_by_kubelet
  ln -sf "$WORK/unit" "$KUBELET_CONFIG"
  unread_by_kubelet
  [ "$REPLY" = "$KUBELET_CONFIG" ]
}

@test "asks nothing of a kubelet that does not run" {
  local KUBELET_PID=''
  touch "$KUBELET_CONFIG"
  refute unread_by_kubelet
}
