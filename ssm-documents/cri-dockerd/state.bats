#!/usr/bin/env bats
# What cri-dockerd decides by.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_NET_UNIX=$BATS_TEST_TMPDIR/unix FLEETMEND_SYSTEMD_DIR=$BATS_TEST_TMPDIR/systemd FLEETMEND_DAEMON_JSON=$BATS_TEST_TMPDIR/daemon.json
  : > "$FLEETMEND_NET_UNIX"
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/state.sh"
}

# A Docker node on which all is well.
healthy() {
  ENDPOINT=$BATS_TEST_TMPDIR/cri-dockerd.sock FILE_ENDPOINT='' CRI_SOCKET=$ENDPOINT CRI_PLUGIN=cni
  DOCKER_STATE=answers IMAGE_STATE=present DOCKERSHIM=false
  : > "$ENDPOINT"
  SOCKETS=$'\n'"$ENDPOINT"$'\n'
  UNIT=(["$CRI LoadState"]=loaded ["$CRI ActiveState"]=active ["$CRI_SOCKET_UNIT LoadState"]=loaded
    ["$CRI_SOCKET_UNIT ActiveState"]=active ["$DOCKER LoadState"]=loaded ["$DOCKER ActiveState"]=active)
  FAULTS=()
}

first() {
  FAULTS=()
  find_faults
  [ "${FAULTS[0]%% *}" = "$1" ]
}

@test "finds nothing on a healthy node" {
  healthy
  find_faults
  [ "${#FAULTS[@]}" -eq 0 ]
}

@test "takes no network plugin and the no-op one for a fault, and nothing else" {
  healthy
  for CRI_PLUGIN in '' no-op kubernetes.io/no-op; do first CRIDockerdNoCNI; done
  for CRI_PLUGIN in cni kubenet 'unset'; do
    FAULTS=()
    find_faults
    [ "${#FAULTS[@]}" -eq 0 ]
  done
}

@test "puts the cause before what comes from it" {
  healthy
  DOCKER_STATE=down UNIT["$DOCKER ActiveState"]=failed UNIT["$CRI ActiveState"]=failed CRI_PLUGIN=''
  SOCKETS=$'\n'
  find_faults
  [[ ${FAULTS[0]} == DockerDown* && ${FAULTS[1]} == CRIDockerdDown* && ${FAULTS[2]} == CRIDockerdNoCNI* ]]
}

@test "blames the endpoint only where another runtime is there and cri-dockerd is not merely down" {
  healthy
  ENDPOINT=$BATS_TEST_TMPDIR/cri-docker.sock
  first RuntimeEndpointConflict
  [[ ${FAULTS[0]} == *"$CRI_SOCKET is there instead." ]]
  ENDPOINT=$CRI_SOCKET UNIT["$CRI ActiveState"]=inactive SOCKETS=$'\n'
  first CRIDockerdDown
  [ "${#FAULTS[@]}" -eq 1 ]
}

@test "finds a flag and a file that name two endpoints" {
  healthy
  FILE_ENDPOINT=/run/containerd/containerd.sock KUBELET_CONFIG=/etc/kubernetes/kubelet/config.json
  first RuntimeEndpointConflict
}

@test "says that a unit is masked, and that a socket has gone" {
  healthy
  UNIT["$CRI LoadState"]=masked UNIT["$CRI ActiveState"]=inactive
  first CRIDockerdDown
  [[ ${FAULTS[0]} == *masked* ]]
  healthy
  rm "$ENDPOINT"
  first CRIDockerdDown
}

@test "leaves a cri-dockerd alone that no unit started" {
  healthy
  UNIT["$CRI ActiveState"]=inactive UNIT["$CRI_SOCKET_UNIT ActiveState"]=inactive
  run find_faults
  [[ $output == *'Unsupported CRIDockerdUnmanaged'* ]]
}

@test "takes cri-dockerd's defaults from its own help" {
  healthy
  printf '#!/bin/sh\necho "      --network-plugin string   The name."\necho "      --pod-infra-container-image string   The image (default \\"k8s.gcr.io/pause:3.6\\")"\n' > "$WORK/old"
  printf '#!/bin/sh\necho "      --network-plugin string   The name. (default \\"cni\\")"\n' > "$WORK/new"
  chmod 755 "$WORK/old" "$WORK/new"
  CRI_PLUGIN='unset' CRI_IMAGE='' UNIT["$CRI ExecStart"]="{ path=$WORK/old ; argv[]=$WORK/old ; ignore_errors=no }"
  read_cri_defaults
  [ "$CRI_PLUGIN$CRI_IMAGE" = k8s.gcr.io/pause:3.6 ]
  CRI_PLUGIN='unset' UNIT["$CRI ExecStart"]="{ path=$WORK/new ; argv[]=$WORK/new ; ignore_errors=no }"
  read_cri_defaults
  [ "$CRI_PLUGIN" = cni ]
}

@test "asks Docker nothing where its service does not run, and tells a hung one from an image that is missing" {
  healthy
  CRI_IMAGE=registry.k8s.io/pause:3.10 DOCKER_ENDPOINT=unix:///var/run/docker.sock
  docker_do() { RC=124 ERR='' asked=yes; }
  command() { true; }
  UNIT["$DOCKER ActiveState"]=inactive asked=no
  ask_docker
  [ "$DOCKER_STATE $asked" = 'down no' ]
  UNIT["$DOCKER ActiveState"]=active
  ask_docker
  [ "$DOCKER_STATE $asked" = 'hung yes' ]
  for words in 'Error: No such image: x' 'Error response from daemon: no such image: x'; do
    docker_do() { RC=1 ERR=$words; }
    ask_docker
    [ "$DOCKER_STATE $IMAGE_STATE" = 'answers absent' ]
  done
}

@test "blames the endpoint where neither cri-dockerd nor Docker is installed" {
  healthy
  DOCKER_STATE=down CRI_PLUGIN='unset' UNIT["$DOCKER LoadState"]=not-found UNIT["$CRI LoadState"]=not-found UNIT["$CRI ActiveState"]=inactive
  SOCKETS=$'\n'"$BATS_TEST_TMPDIR/other.sock"$'\n' CRI_SOCKET=$BATS_TEST_TMPDIR/other.sock
  : > "$CRI_SOCKET"
  first RuntimeEndpointConflict
  [ "${#FAULTS[@]}" -eq 1 ]
}
