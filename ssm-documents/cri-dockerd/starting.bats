#!/usr/bin/env bats
# Starting Docker and cri-dockerd.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_NET_UNIX=$BATS_TEST_TMPDIR/unix FLEETMEND_SYSTEMD_DIR=$BATS_TEST_TMPDIR/systemd FLEETMEND_DAEMON_JSON=$BATS_TEST_TMPDIR/daemon.json
  : > "$FLEETMEND_NET_UNIX"
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/starting.sh"
}

@test "does not touch a Docker that hangs or is masked" {
  capture() { touched=yes; }
  touched=no DOCKER_ERROR='no answer in time' DOCKER_STATE=hung
  refute repair_DockerDown
  [ "$FAILURE_REASON $FAILURE_DETAIL ${#FAILURE_FACTS[@]}" = 'DockerDown no answer in time 0' ]
  forget_failure
  DOCKER_STATE=down UNIT["$DOCKER LoadState"]=masked
  refute repair_DockerDown
  [ "$touched $FAILURE_REASON ${FAILURE_FACTS[*]} $CHANGED" = 'no DockerDown unavailable masked false' ]
}

@test "does not touch cri-dockerd without Docker, or masked" {
  capture() { touched=yes; }
  touched=no DOCKER_STATE=down
  refute repair_CRIDockerdDown
  DOCKER_STATE=answers UNIT["$CRI LoadState"]=loaded UNIT["$CRI_SOCKET_UNIT LoadState"]=masked CRI_ENDPOINT=fd://
  refute repair_CRIDockerdDown
  [ "$touched $FAILURE_REASON ${FAILURE_FACTS[*]} $CHANGED" = 'no CRIDockerdDown unavailable masked false' ]
}

@test "starts the socket before the service, and stops both first where only the socket is missing" {
  said=''
  capture() { RC=0 OUT='' ERR='' said+="${*:3};"; }
  wait_for_socket() { true; }
  DOCKER_STATE=answers UNIT["$CRI LoadState"]=loaded UNIT["$CRI_SOCKET_UNIT LoadState"]=loaded CRI_ENDPOINT=fd://
  repair_CRIDockerdDown
  [ "$said" = 'reset-failed cri-docker.socket cri-docker.service;start cri-docker.socket cri-docker.service;' ]
  said='' UNIT["$CRI ActiveState"]=active
  repair_CRIDockerdDown
  [[ $said == 'stop cri-docker.socket cri-docker.service;'* ]]
}

@test "reports a unit that does not start by its last error, and one on whose socket no process listens" {
  last_error_of() { REPLY='fatal: bad flag'; }
  capture() { RC=1 OUT='' ERR='Job failed.'; }
  DOCKER_STATE=down UNIT["$DOCKER LoadState"]=loaded
  refute repair_DockerDown 2> /dev/null
  [ "$FAILURE_REASON $FAILURE_DETAIL ${FAILURE_FACTS[*]}" = 'DockerDown fatal: bad flag failedStep start failedUnit docker.service' ]
  forget_failure
  last_error_of() { REPLY=''; }
  capture() { RC=0 OUT='' ERR=''; }
  wait_for_socket() { false; }
  DOCKER_STATE=answers UNIT["$CRI LoadState"]=loaded
  refute repair_CRIDockerdDown 2> /dev/null
  [ "$FAILURE_REASON $FAILURE_DETAIL ${FAILURE_FACTS[*]}" = 'CRIDockerdDown  failedStep listen failedUnit cri-docker.service' ]
}

@test "does not stop cri-dockerd where that would start a kubelet with files that it has not read" {
  CURRENT=CRIDockerdDown KUBELET_UNIT=kubelet.service KUBELET_STARTED=1 REQUIRES='Requires=cri-docker.service system.slice'
  CREDENTIAL_CONFIG=''
  capture() { OUT=$REQUIRES; }
  unread_by_kubelet() { [[ -n $UNREAD ]] && REPLY=$UNREAD; }
  has_read() { return 1; }
  note_failure() { noted=$*; }
  # stops PID UNREAD: whether it may, and what was noted otherwise.
  stops() {
    KUBELET_PID=$1 UNREAD=$2 noted=''
    may_stop_kubelet
  }
  stops '' /etc/kubelet.json
  stops 7 ''
  refute stops 7 /etc/kubelet.json
  [ "$noted" = 'CRIDockerdDown  notChanged unread unreadFile /etc/kubelet.json' ]
  CREDENTIAL_CONFIG=/etc/eks/config.json
  refute stops 7 ''
  [ "$noted" = 'CRIDockerdDown  notChanged unread unreadFile /etc/eks/config.json' ]
  # A kubelet that does not require it runs on.
  REQUIRES='Requires=system.slice'
  stops 7 /etc/kubelet.json
}
