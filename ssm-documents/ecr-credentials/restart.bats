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
  real_last_error=$(declare -f last_kubelet_error)
  last_kubelet_error() { REPLY='its error'; }
  bounded() { return 0; }
}

@test "accepts a kubelet that keeps running and whose health check answers" {
  read_kubelet_state() { KUBELET_NOW='active 11 0'; }
  healthz_answers() { return 0; }
  restart_kubelet 2> /dev/null
}

@test "refuses a kubelet that restarts in a loop, and reports its error" {
  pid=0
  read_kubelet_state() {
    pid=$((pid + 1))
    KUBELET_NOW="activating $pid $pid"
  }
  healthz_answers() { return 0; }
  refute restart_kubelet 2> /dev/null
  [ "$KUBELET_ERROR" = 'its error' ]
}

@test "reports the error of systemctl" {
  systemctl_code=1 systemctl_error='Unit kubelet.service is masked.'
  read_kubelet_state() { KUBELET_NOW='active 11 0'; }
  refute restart_kubelet 2> /dev/null
  [ "$KUBELET_ERROR" = 'Unit kubelet.service is masked.' ]
}

@test "skips a health check that is turned off" {
  systemctl_code=1
  HEALTHZ_PORT=10248
  refute healthz_answers
  HEALTHZ_PORT=0
  healthz_answers
}

@test "asks kubelet's health check where it is configured: by flag, drop-in or file" {
  local asked=''
  KUBELET_CONFIG=$WORK/kubelet.yaml KUBELET_CONFIG_DIR='' KUBELET_PID=''
  unit_flags() { [[ -z $FLAG ]] || "$1" "${FLAG% *}" "${FLAG#* }"; }
  FLAG=''
  find_kubelet_unit
  [ "$HEALTHZ_ADDRESS $HEALTHZ_PORT" = '127.0.0.1 10248' ]
  printf '%s\n' 'kind: KubeletConfiguration' "healthzBindAddress: '0.0.0.0'" 'healthzPort: 10300' > "$KUBELET_CONFIG"
  find_kubelet_unit
  [ "$HEALTHZ_ADDRESS $HEALTHZ_PORT" = '127.0.0.1 10300' ]
  printf '{"healthzBindAddress": "10.0.3.7", "healthzPort": 10301}' > "$KUBELET_CONFIG"
  find_kubelet_unit
  [ "$HEALTHZ_ADDRESS $HEALTHZ_PORT" = '10.0.3.7 10301' ]
  KUBELET_CONFIG_DIR=$WORK/conf.d
  mkdir "$KUBELET_CONFIG_DIR"
  printf 'healthzBindAddress: "::"\n' > "$KUBELET_CONFIG_DIR/10-a.conf"
  find_kubelet_unit
  [ "$HEALTHZ_ADDRESS $HEALTHZ_PORT" = '::1 10301' ]
  FLAG='healthz-bind-address 10.0.3.8'
  find_kubelet_unit
  [ "$HEALTHZ_ADDRESS $HEALTHZ_PORT" = '10.0.3.8 10301' ]
  capture() { RC=0 asked=$*; }
  healthz_answers
  [[ $asked == *' 10301 10.0.3.8' ]]
}

@test "quotes the line with which kubelet ended, among hundreds, and a panic or a flag that it does not know" {
  # shellcheck source=/dev/null
  source <(printf '%s\n' "$real_last_error")
  local wanted said i
  while IFS='|' read -r said wanted; do
    # The newest line is the first.
    capture() {
      [[ $* == *--reverse* ]]
      {
        printf 'I1129 10:00:09.1 1 server.go:5] "Started"\nE1129 10:00:09.0 1 kubelet.go:9] "Unable to read config path"\n'
        for i in {1..120}; do printf 'I1129 10:00:08.0 1 x.go:1] "FLAG: --x"\n'; done
        printf '%s\nE1129 10:00:01.0 1 kubelet.go:9] "Older"\n' "$said"
      } > "$WORK/out"
    }
    last_kubelet_error
    [ "$REPLY" = "$wanted" ] || { echo "$REPLY" && false; }
  done < <(printf '%s\n' 'E1129 10:00:07.0 1 run.go:72] "command failed" err="failed to load kubelet config file"|"command failed" err="failed to load kubelet config file"' \
    'E1129 10:00:07.0 1 kuberuntime_manager.go:284] "Failed to register CRI auth plugins" err="x"|"Failed to register CRI auth plugins" err="x"' \
    'F1129 10:00:07.0 1 server.go:3] plugin x was registered twice|plugin x was registered twice' \
    'Error: unknown flag: --pod-infra-container-image|Error: unknown flag: --pod-infra-container-image' \
    'I1129 10:00:07.0 1 x.go:1] "Info"|"Unable to read config path"')
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
