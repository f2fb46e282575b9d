#!/usr/bin/env bats
# The restart of kubelet, and the proof that it runs.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_STEADY_SECONDS=0
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/restart.sh"
  KUBELET_UNIT=kubelet.service
  systemctl_code=0 systemctl_error=''
  capture() { RC=$systemctl_code OUT='' ERR=$systemctl_error; }
  last_words_of() { REPLY='its error'; }
  bounded() { return 0; }
}

@test "accepts a kubelet that keeps running and whose health check answers" {
  read_kubelet_state() { KUBELET_NOW=$'ActiveState=active\nMainPID=11\nNRestarts=0'; }
  healthz_answers() { return 0; }
  restart_kubelet 2> /dev/null
}

@test "refuses a kubelet that restarts in a loop, and reports its error" {
  pid=0
  read_kubelet_state() {
    pid=$((pid + 1))
    KUBELET_NOW="ActiveState=activating MainPID=$pid NRestarts=$pid"
  }
  healthz_answers() { return 0; }
  refute restart_kubelet 2> /dev/null
  [ "$KUBELET_ERROR" = 'its error' ]
}

@test "reports the error of systemctl" {
  systemctl_code=1 systemctl_error='Unit kubelet.service is masked.'
  read_kubelet_state() { KUBELET_NOW=$'ActiveState=active\nMainPID=11\nNRestarts=0'; }
  refute restart_kubelet 2> /dev/null
  [ "$KUBELET_ERROR" = 'Unit kubelet.service is masked.' ]
}

@test "refuses a restart that could end kubelet: by any file that it has not read, but a configuration of known keys and forms" {
  local good='{"kind":"CredentialProviderConfig","apiVersion":"kubelet.config.k8s.io/v1","providers":[{"name":"a","matchImages":["a.b"],"defaultCacheDuration":"12h","apiVersion":"credentialprovider.kubelet.k8s.io/v1"}]}'
  CREDENTIAL_CONFIG=$WORK/config.json KUBELET_PID=7 FIX=pattern CHANGED_AFTER=true UNREAD=''
  KUBELET_STARTED=1
  has_read() { [[ $CHANGED_AFTER == false ]]; }
  unread_by_kubelet() { REPLY=$UNREAD && [[ -n $UNREAD ]]; }
  finish_not_repaired() { refused=${*:3}; }
  bounded() { "${@:2}"; }
  # refusal: the facts of the refusal; empty where the restart may go on.
  refusal() {
    refused=''
    PROVIDER=0
    refuse_unread
    [ "$PROVIDER" = 0 ]
  }
  printf '%s' "$good" > "$CREDENTIAL_CONFIG"
  refusal
  [ -z "$refused" ]
  printf '%s' "${good/\"name\"/\"colour\":1,\"name\"}" > "$CREDENTIAL_CONFIG"
  refusal
  [ "$refused" = "notChanged unread unreadFile $CREDENTIAL_CONFIG unreadKey /providers/0/colour" ]
  printf '{' > "$CREDENTIAL_CONFIG"
  refusal
  [[ $refused == "notChanged unread unreadFile $CREDENTIAL_CONFIG unreadKey line 1:"* ]]
  CHANGED_AFTER=false
  refusal
  [ -z "$refused" ]
  UNREAD=/etc/kubernetes/kubelet/config.json
  refusal
  [ "$refused" = "notChanged unread unreadFile $UNREAD unreadKey " ]
}
