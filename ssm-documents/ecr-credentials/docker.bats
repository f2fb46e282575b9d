#!/usr/bin/env bats
# Docker's own credentials.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/state.sh"
  FILE=$WORK/config.json
  PATH=$WORK/bin:$PATH
  mkdir "$WORK/bin"
  printf '#!/bin/sh\n' > "$WORK/bin/docker-credential-lab-login"
  chmod 755 "$WORK/bin/docker-credential-lab-login"
}

HOST=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn

fault() {
  printf '%s' "$1" > "$FILE"
  REASON_FOUND='' FIX=''
  docker_fault "$FILE"
}

@test "finds a login that overrides the helper, under each form of its key" {
  for key in "$HOST" "https://$HOST" "https://$HOST/v2/"; do
    fault '{"auths":{"x.io":{"auth":"a"},"'"$key"'":{"auth":"QVdTOng="}},"credHelpers":{"'"$HOST"'":"lab-login"}}'
    [ "$REASON_FOUND $FIX" = 'DockerCredentialsStale logout' ]
    [[ $MESSAGE_FOUND == *"docker logout $HOST"* && $MESSAGE_FOUND != *QVdT* ]]
  done
  fault '{"auths":{"'"$HOST"'":{"auth":"QVdTOng="}},"credsStore":"lab-login"}'
  [ "$FIX" = logout ]
}

@test "finds a helper that is not there, and a file that is no JSON" {
  fault '{"credsStore":"none-such"}'
  [ "$REASON_FOUND" = DockerCredentialHelperMissing ]
  fault '{"auths":'
  [ "$REASON_FOUND" = CredentialProviderInvalid ]
}

@test "finds nothing in what is in order" {
  refute docker_fault "$WORK/none"
  for text in '{}' '{"auths":{"'"$HOST"'":{"auth":"QVdTOng="}}}' '{"auths":{"x.io":{"auth":"a"}}}' '{"auths":{"'"$HOST"'":{}},"credsStore":"lab-login"}' '{"credHelpers":{"'"$HOST"'":"lab-login"}}'; do
    refute fault "$text"
  done
}
