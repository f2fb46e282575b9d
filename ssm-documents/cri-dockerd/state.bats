#!/usr/bin/env bats
# The state on which cri-dockerd bases its decisions.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_NET_UNIX=$BATS_TEST_TMPDIR/unix FLEETMEND_SYSTEMD_DIR=$BATS_TEST_TMPDIR/systemd FLEETMEND_DAEMON_JSON=$BATS_TEST_TMPDIR/daemon.json
  : > "$FLEETMEND_NET_UNIX"
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/state.sh"
}

# A healthy node with Docker.
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
  FAULTS=() FAULT_DETAILS=()
  forget_evidence
  find_faults
  [ "${FAULTS[0]}" = "$1" ]
}

@test "finds nothing on a healthy node" {
  healthy
  find_faults
  [ "${#FAULTS[@]}" -eq 0 ]
}

@test "reports another program than a CRI on kubelet's endpoint" {
  healthy
  ENDPOINT=$BATS_TEST_TMPDIR/docker.sock
  : > "$ENDPOINT"
  SOCKETS+=$ENDPOINT$'\n'
  cri_answers() { return 1; }
  first RuntimeEndpointConflict
  [ "$EVIDENCE" = "\"foreignSocket\":\"$ENDPOINT\"" ]
  cri_answers() { return 0; }
  FAULTS=()
  find_faults
  [ "${#FAULTS[@]}" -eq 0 ]
}

@test "reports no network plugin and the no-op one, and no other" {
  healthy
  for CRI_PLUGIN in '' no-op kubernetes.io/no-op; do first CRIDockerdNoCNI; done
  for CRI_PLUGIN in cni kubenet 'unset'; do
    FAULTS=()
    find_faults
    [ "${#FAULTS[@]}" -eq 0 ]
  done
}

@test "reports the cause before its consequences" {
  healthy
  DOCKER_STATE=down UNIT["$DOCKER ActiveState"]=failed UNIT["$CRI ActiveState"]=failed CRI_PLUGIN=''
  SOCKETS=$'\n'
  find_faults
  [ "${FAULTS[*]}" = 'DockerDown CRIDockerdDown CRIDockerdNoCNI' ]
}

@test "reports the endpoint only where another runtime listens and cri-dockerd is not just down" {
  healthy
  ENDPOINT=$BATS_TEST_TMPDIR/cri-docker.sock
  first RuntimeEndpointConflict
  [[ $EVIDENCE == *'"listeningSocket":"'"$CRI_SOCKET"'"'* ]]
  ENDPOINT=$CRI_SOCKET UNIT["$CRI ActiveState"]=inactive SOCKETS=$'\n'
  first CRIDockerdDown
  [ "${#FAULTS[@]}" -eq 1 ]
}

@test "finds a flag and a file with different endpoints" {
  healthy
  FILE_ENDPOINT=/run/containerd/containerd.sock KUBELET_CONFIG=/etc/kubernetes/kubelet/config.json
  first RuntimeEndpointConflict
  [ "$EVIDENCE" = '"fileEndpoint":"/run/containerd/containerd.sock","kubeletConfig":"/etc/kubernetes/kubelet/config.json"' ]
}

@test "reports that a unit is masked, and that a socket is missing" {
  healthy
  UNIT["$CRI LoadState"]=masked UNIT["$CRI ActiveState"]=inactive
  first CRIDockerdDown
  [[ $EVIDENCE == *'"criServiceLoad":"masked"'* ]]
  healthy
  rm "$ENDPOINT"
  first CRIDockerdDown
  [[ $EVIDENCE == *'"criService":"active"'* ]]
}

@test "does not change a cri-dockerd that no unit started" {
  healthy
  UNIT["$CRI ActiveState"]=inactive UNIT["$CRI_SOCKET_UNIT ActiveState"]=inactive
  run find_faults
  [[ $output == *'Unsupported CRIDockerdUnmanaged'* ]]
}

@test "reads cri-dockerd's defaults from its own help" {
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

@test "sends Docker no request where its service does not run, and distinguishes a hung Docker from a missing image" {
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

@test "reports the endpoint where neither cri-dockerd nor Docker is installed" {
  healthy
  DOCKER_STATE=down CRI_PLUGIN='unset' UNIT["$DOCKER LoadState"]=not-found UNIT["$CRI LoadState"]=not-found UNIT["$CRI ActiveState"]=inactive
  SOCKETS=$'\n'"$BATS_TEST_TMPDIR/other.sock"$'\n' CRI_SOCKET=$BATS_TEST_TMPDIR/other.sock
  : > "$CRI_SOCKET"
  first RuntimeEndpointConflict
  [ "${#FAULTS[@]}" -eq 1 ]
}

@test "finds a cri-dockerd that hangs, or that does not know the version of the CRI, and blames no other" {
  command() { true; }
  ENDPOINT=/run/cri-dockerd.sock DOCKER_STATE=answers
  while IFS='|' read -r code answer wanted; do
    capture() { RC=$code && printf '%b' "$answer" > "$WORK/out"; }
    if [[ -z $wanted ]]; then cri_answers; else
      refute cri_answers
      [ "$REPLY" = "$wanted" ]
    fi
  done < <(printf '%s\n' '124||no answer in time' '0|HTTP/2 200\\r\\ngrpc-status: 12\\r\\n|unknown service runtime.v1.RuntimeService' \
    '0|HTTP/2 200\\r\\ncontent-type: application/grpc\\r\\n\\r\\n\\0\\0docker|' \
    '0|HTTP/2 200\\r\\ncontent-type: application/grpc\\r\\ngrpc-status: 13\\r\\n|' '7||' '56||no gRPC')
  capture() { RC=124; }
  DOCKER_STATE=hung
  cri_answers
}

@test "quotes the program's last error, and asks for none of systemd's lines" {
  capture() {
    asked=$*
    printf '%s\n' 'time="-" level=info msg="bye"' 'time="-" level=fatal msg="client version 1.43 is too old"' 'failed before' > "$WORK/out"
  }
  last_error_of cri-docker.service
  [[ $REPLY == *'client version 1.43 is too old"' && $asked == *'_SYSTEMD_UNIT=cri-docker.service' ]]
  capture() { printf 'Listening\n' > "$WORK/out"; }
  last_error_of cri-docker.service
  [ "$REPLY" = Listening ]
}
