#!/usr/bin/env bats
# The calls of the CRI, from what curl prints.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2059,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/cri-conditions.sh"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
  mkdir "$BATS_TEST_TMPDIR/bin"
  bounded() { [[ $2 == sleep ]] || "${@:2}"; }
}

READY='\0\0\0\0&\n$\n\020\n\014RuntimeReady\020\001\n\020\n\014NetworkReady\020\001'

# curl_says CODE HEAD BODY [ERROR]: what every call ends with; the calls are in the file `calls`.
curl_says() {
  printf '%s\n' '#!/bin/bash' "printf '%s\n' \"\${@: -1}\" >> '$BATS_TEST_TMPDIR/calls'" \
    'while (($# > 0)); do [[ $1 != -D ]] || head=$2; shift; done' \
    "printf '$2' > \"\$head\"" "printf '$3'" "printf '%s\n' '${4-}' >&2" "exit $1" > "$BATS_TEST_TMPDIR/bin/curl"
  chmod 755 "$BATS_TEST_TMPDIR/bin/curl"
  : > "$BATS_TEST_TMPDIR/calls"
}

@test "asks Version and Status, and reads both conditions" {
  curl_says 0 'HTTP/2 200 \r\n\r\ngrpc-status: 0\r\ngrpc-message: \r\n' "$READY"
  ask_cri /run/x.sock
  read_conditions
  [ "$CRI_STATE $NETWORK_READY" = 'ready true' ]
  [ "$(cat "$BATS_TEST_TMPDIR/calls")" = $'http://localhost/runtime.v1.RuntimeService/Version\nhttp://localhost/runtime.v1.RuntimeService/Status' ]
}

@test "reads the version of containerd from its answer, and none from another runtime" {
  while IFS='|' read -r wanted body; do
    curl_says 0 'grpc-status: 0\r\n' "$body"
    ask_cri /run/x.sock
    [ "$CRI_STATE $CRI_VERSION" = "ready $wanted" ] || { printf '%s\n' "$CRI_VERSION" && return 1; }
  done < <(printf '%s\n' \
    '1.6.20|\0\0\0\0#\n\0050.1.0\022\ncontainerd\032\n1.6.20~ds1"\002v1' \
    '1.7.27|\0\0\0\0 \n\0050.1.0\022\ncontainerd\032\0061.7.27"\002v1' \
    '2.1.9|\0\0\0\0 \n\0050.1.0\022\ncontainerd\032\016v2.1.9+unknown"\002v1' \
    '2.3.1|\0\0\0\0 \n\0050.1.0\022\ncontainerd\032\0052.3.1"\002v1' \
    '|\0\0\0\0 \n\0050.1.0\022\006docker\032\00620.10.24"\0061.47.0' \
    '|')
}

@test "reads the message of a network and of a runtime that are not ready, short and long" {
  local long
  curl_says 0 'grpc-status: 0\r\n' '\0\0\0\0u\ns\n\020\n\014RuntimeReady\020\001\n_\n\014NetworkReady\032\025NetworkPluginNotReady"8Network plugin returns error: cni plugin not initialized\n\004Next'
  ask_cri /run/x.sock
  read_conditions
  [ "$CRI_STATE $NETWORK_READY $NETWORK_WHY" = 'ready false Network plugin returns error: cni plugin not initialized' ]
  long=$(printf '%0150d' 0)
  curl_says 0 'grpc-status: 0\r\n' "\\n\\014NetworkReady\\032\\025NetworkPluginNotReady\"\\226\\001$long\\n\\004Next"
  ask_cri /run/x.sock
  read_conditions
  [ "$NETWORK_WHY" = "$long" ]
  curl_says 0 'grpc-status: 0\r\n' '\n\014RuntimeReady\032\024DockerDaemonNotReady"\014docker: gone\n\014NetworkReady\020\001'
  ask_cri /run/x.sock
  read_conditions
  [ "$CRI_STATE $CRI_ERROR $NETWORK_READY" = 'not-ready docker: gone true' ]
}

@test "names each way in which a runtime does not serve kubelet" {
  while IFS='|' read -r wanted words code head error; do
    curl_says "$code" "$head" '' "$error"
    ask_cri /run/x.sock
    read_conditions
    [ "$CRI_STATE|$CRI_ERROR|$NETWORK_READY" = "$wanted|$words|unknown" ] || { printf '%s %s\n' "$CRI_STATE" "$CRI_ERROR" && return 1; }
  done < <(printf '%s\n' \
    'unimplemented|unknown service runtime.v1.RuntimeService|0|grpc-status: 12\r\ngrpc-message: unknown service runtime.v1.RuntimeService\r\n|' \
    'not-ready|server is not initialized yet|0|grpc-status: 2\r\ngrpc-message: server is not initialized yet\r\n|' \
    'silent|no answer in time|124||' \
    'down|nothing listens there|7||curl: (7) Failed' \
    'foreign|curl: (56) Recv failure|56||curl: (56) Recv failure' \
    'foreign|curl: (52) Empty reply from server|52||curl: (52) Empty reply from server' \
    'unasked|curl: option --http2-prior-knowledge: is unknown|2||curl: option --http2-prior-knowledge: is unknown')
  rm "$BATS_TEST_TMPDIR/bin/curl"
  PATH=$BATS_TEST_TMPDIR/bin ask_cri /run/x.sock
  [ "$CRI_STATE" = unasked ]
}

@test "asks again while the runtime resets the stream before its answer, and gives up early on another program" {
  local asked=$BATS_TEST_TMPDIR/asked
  curl_says 0 '' ''
  printf '%s\n' '#!/bin/bash' 'while (($# > 0)); do [[ $1 != -D ]] || head=$2; shift; done' "echo >> $asked" \
    "(($(printf '$(wc -l < %s)' "$asked") > 10)) || exit \$CODE" 'echo "grpc-status: 12" > "$head"' > "$BATS_TEST_TMPDIR/bin/curl"
  CODE=92 call_cri /run/x.sock Version
  [ "$CRI_STATE" = unimplemented ]
  : > "$asked"
  export CODE=56
  call_cri /run/x.sock Version
  [ "$CRI_STATE $(wc -l < "$asked")" = 'foreign 4' ]
}

@test "asks an old runtime by the CRI of an old kubelet, and by no other that of a new one" {
  local seen=25
  curl_says 0 '' ''
  printf '%s\n' '#!/bin/bash' 'url=${@: -1}; while (($# > 0)); do [[ $1 != -D ]] || head=$2; shift; done' \
    'if [[ $url == */runtime.v1.* ]]; then echo "grpc-status: 12" > "$head"; else echo "grpc-status: 0" > "$head"; fi' > "$BATS_TEST_TMPDIR/bin/curl"
  kubelet_minor() { REPLY=$seen; }
  ask_cri /run/x.sock
  [ "$CRI_STATE $CRI_API" = 'ready v1alpha2' ]
  seen=26
  ask_cri /run/x.sock
  [ "$CRI_STATE $CRI_API" = 'unimplemented v1' ]
}
