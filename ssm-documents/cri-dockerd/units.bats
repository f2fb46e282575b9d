#!/usr/bin/env bats
# The units and the sockets.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_NET_UNIX=$BATS_TEST_TMPDIR/unix FLEETMEND_SYSTEMD_DIR=$BATS_TEST_TMPDIR/systemd FLEETMEND_DAEMON_JSON=$BATS_TEST_TMPDIR/daemon.json
  : > "$FLEETMEND_NET_UNIX"
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/units.sh"
}

@test "reads each unit's properties, in any order" {
  capture() {
    RC=0
    printf '%s\n' MainPID=81 'ExecStart={ path=/usr/bin/cri-dockerd ; argv[]=/usr/bin/cri-dockerd --a= }' LoadState=loaded ActiveState=active '' \
      LoadState=loaded ActiveState=active 'Listen=/run/cri-dockerd.sock (Stream)' WantedBy=sockets.target '' \
      MainPID=0 LoadState=not-found ActiveState=inactive > "$WORK/out"
  }
  read_units
  [ "${UNIT["$CRI MainPID"]} ${UNIT["$CRI_SOCKET_UNIT Listen"]}" = '81 /run/cri-dockerd.sock' ]
  [ "${UNIT["$DOCKER LoadState"]}${UNIT["$DOCKER MainPID"]}" = not-found ]
  starts_at_boot
}

@test "counts a socket only where it listens and its file exists" {
  : > "$BATS_TEST_TMPDIR/docker.sock"
  printf '%s\n' "0: 00000002 00000000 00010000 0001 01 1 $BATS_TEST_TMPDIR/docker.sock" \
    "0: 00000003 00000000 00000000 0001 03 2 /run/containerd/containerd.sock" \
    "0: 00000002 00000000 00010000 0001 01 3 $BATS_TEST_TMPDIR/gone/docker.sock" > "$FLEETMEND_NET_UNIX"
  read_sockets
  is_listening "$BATS_TEST_TMPDIR/docker.sock"
  refute is_listening "$BATS_TEST_TMPDIR/gone/docker.sock"
  refute is_listening /run/containerd/containerd.sock
}

@test "finds a socket by both of its names" {
  canonical unix:///var/run/cri-dockerd.sock
  [ "$REPLY" = /run/cri-dockerd.sock ]
  ln -s "$BATS_TEST_TMPDIR/containerd.sock" "$BATS_TEST_TMPDIR/dockershim.sock"
  canonical "unix://$BATS_TEST_TMPDIR/dockershim.sock"
  [ "$REPLY" = "$BATS_TEST_TMPDIR/containerd.sock" ]
}

# serves STATUS STATUS: how a server answers a call of v1, and one of v1alpha2: the status of gRPC, or the exit code of curl.
serves() {
  STATUSES=("$@") DOCKER_STATE=answers ENDPOINT=/run/cri-dockerd.sock
  capture() {
    local status=${STATUSES[0]}
    RC=0 OUT=''
    if [[ $* == *--version* ]]; then
      OUT="Kubernetes v1.$MINOR.1"
      return
    elif [[ $* == *ExecStart* ]]; then
      OUT='ExecStart={ path=/usr/bin/kubelet ; argv[]=/usr/bin/kubelet }'
      return
    fi
    [[ $* != *v1alpha2* ]] || status=${STATUSES[1]}
    [[ $status != curl:* ]] || RC=${status#curl:}
    printf 'content-type: application/grpc\r\ngrpc-status: %s\r\n' "$status" > "$WORK/out"
    [[ $RC == 0 ]] || : > "$WORK/out"
  }
  kubelet_minor() { REPLY=$RUNNING; }
}

@test "calls a cri-dockerd too old only where it serves no version of the CRI that this kubelet calls" {
  local statuses minor wanted
  while read -r wanted RUNNING MINOR statuses; do
    read -r -a statuses <<< "$statuses"
    serves "${statuses[@]}"
    REPLY=''
    if cri_answers; then REPLY=yes; fi
    [ "${REPLY%% *}" = "$wanted" ] || { echo "$wanted $RUNNING $MINOR ${statuses[*]}: $REPLY" && return 1; }
  done < <(printf '%s\n' 'yes 29 29 0 0' 'unknown 29 29 12 0' 'yes 25 25 12 0' 'unknown 25 25 12 12' 'no 29 29 curl:124 0' \
    'no 29 29 curl:56 0' 'yes 29 29 curl:7 0')
  # One that does not run is asked for its version by its program.
  RUNNING='' MINOR=25
  serves 12 0
  cri_answers
  MINOR=26
  serves 12 0
  refute cri_answers
}
