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
  forget_evidence
  docker_fault "$FILE"
}

@test "finds a login that overrides the helper, under each form of its key" {
  for key in "$HOST" "https://$HOST" "https://$HOST/v2/"; do
    fault '{"auths":{"x.io":{"auth":"a"},"'"$key"'":{"auth":"QVdTOng="}},"credHelpers":{"'"$HOST"'":"lab-login"}}'
    [ "$REASON_FOUND $FIX" = 'DockerCredentialsStale logout' ]
    [ "$DETAIL_FOUND$EVIDENCE" = '"dockerConfig":"'"$FILE"'","storedLogin":"'"$HOST"'"' ]
  done
  fault '{"auths":{"'"$HOST"'":{"auth":"QVdTOng="}},"credsStore":"lab-login"}'
  [ "$FIX" = logout ]
}

@test "finds a helper that is missing, and a file that is not JSON" {
  fault '{"credsStore":"none-such"}'
  [ "$REASON_FOUND" = DockerCredentialHelperMissing ]
  [[ $EVIDENCE == *'"credentialHelper":"docker-credential-none-such"'* ]]
  fault '{"auths":'
  [ "$REASON_FOUND $DETAIL_FOUND" = 'CredentialProviderInvalid line 1: it ends too early' ]
  [[ $EVIDENCE == *'"configProblem":"docker"'* ]]
}

@test "finds nothing in a valid configuration" {
  refute docker_fault "$WORK/none"
  for text in '{}' '{"auths":{"'"$HOST"'":{"auth":"QVdTOng="}}}' '{"auths":{"x.io":{"auth":"a"}}}' '{"auths":{"'"$HOST"'":{}},"credsStore":"lab-login"}' '{"credHelpers":{"'"$HOST"'":"lab-login"}}'; do
    refute fault "$text"
  done
}
