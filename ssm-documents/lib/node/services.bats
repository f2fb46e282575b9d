#!/usr/bin/env bats
# The running services, from systemd and from their arguments.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/services.sh"
}

@test "finds the process ids in systemd's own order of properties" {
  printf '%s\n' MainPID=812 Id=containerd.service ActiveState=active '' MainPID=0 Id=kubelet.service \
    ActiveState=inactive '' MainPID=990 Id=snap.kubelet-eks.daemon.service ActiveState=active > "$WORK/show"
  CONTAINERD_PID='' KUBELET_PID=''
  parse_services "$WORK/show"
  [ "$CONTAINERD_PID $CONTAINERD_STATE $KUBELET_PID" = '812 active 990' ]
}

@test "reads the state of kubelet's unit, if there is one" {
  printf '%s\n' Id=kubelet.service MainPID=0 LoadState=not-found ActiveState=inactive '' \
    LoadState=loaded Id=snap.kubelet-eks.daemon.service ActiveState=failed MainPID=0 > "$WORK/show"
  parse_services "$WORK/show"
  [ "$KUBELET_UNIT $KUBELET_STATE" = 'snap.kubelet-eks.daemon.service failed' ]
}

@test "reads both forms of a flag, and no value for a flag without one" {
  seen=''
  see() { seen+="$1=$2;"; }
  printf '%s\0' x --a=1=2 -b 3 --c --d 4 stray > "$WORK/cmdline"
  each_flag "$WORK/cmdline" see
  [ "$seen" = 'a=1=2;b=3;d=4;' ]
}

@test "returns no flags for a process that has ended" {
  see() { return 1; }
  flags_of '' see
  flags_of 4194399 see
}
