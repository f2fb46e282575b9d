#!/usr/bin/env bats
# What is wrong with the node's credentials, in the order in which kubelet meets it.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_RUN_DIR=$BATS_TEST_TMPDIR
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/state.sh"
  trusted_path() { REPLY=''; }
  CREDENTIAL_BIN_DIR=$WORK/bin CREDENTIAL_CONFIG=$WORK/config.json KUBELET_PID=1
  KUBELET_SANDBOX_IMAGE=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5
  mkdir "$WORK/bin"
  printf '#!/bin/sh\n' > "$WORK/bin/ecr-credential-provider"
  chmod 755 "$WORK/bin/ecr-credential-provider"
  config '*.dkr.ecr.*.amazonaws.com.cn'
}

config() {
  printf '{"kind":"CredentialProviderConfig","apiVersion":"kubelet.config.k8s.io/v1","providers":[{"name":"ecr-credential-provider","matchImages":["%s"],"defaultCacheDuration":"12h","apiVersion":"credentialprovider.kubelet.k8s.io/v1"}]}' "$1" > "$CREDENTIAL_CONFIG"
}

# faults: the reason and the fix that are found.
faults() {
  REASON_FOUND='' FIX=''
  path_fault || config_fault || match_fault || answer_fault || true
  REPLY="$REASON_FOUND:$FIX"
}

@test "names the pattern that was meant, and the one that is needed" {
  config '*.dkr.ecr.*.amazonaws.cn'
  faults
  [ "$REPLY" = CredentialProviderMismatch:pattern ]
  [[ $MESSAGE_FOUND == *918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn*'*.dkr.ecr.*.amazonaws.cn does not'*'needs *.dkr.ecr.*.amazonaws.com.cn.' ]]
}

@test "finds each file that is missing or not what it should be" {
  chmod 644 "$WORK/bin/ecr-credential-provider"
  faults && [ "$REPLY" = CredentialProviderMissing:mode ]
  rm "$WORK/bin/ecr-credential-provider"
  faults && [ "$REPLY" = CredentialProviderMissing:link ]
  printf '{' > "$CREDENTIAL_CONFIG"
  faults && [ "$REPLY" = CredentialProviderInvalid: ]
  rm "$CREDENTIAL_CONFIG"
  faults && [ "$REPLY" = CredentialProviderMissing:link ]
  rmdir "$WORK/bin"
  faults && [ "$REPLY" = CredentialProviderMissing:link ]
  CREDENTIAL_CONFIG=''
  faults && [ "$REPLY" = CredentialProviderMissing: ]
}

@test "tells a kubelet without flags from one that asks ECR by itself" {
  CREDENTIAL_CONFIG='' CREDENTIAL_BIN_DIR=''
  while read -r minor found; do
    kubelet_minor() { REPLY=$minor; }
    faults
    [ "$REPLY" = "$found:" ] || { echo "$minor: $REPLY" && false; }
  done < <(printf '%s\n' '26' '27 CredentialProviderMissing' '')
}

@test "names the reason behind the provider's words" {
  while IFS='|' read -r reason words; do
    ask_plugin() {
      RC=1 ERR=$words
      return 1
    }
    faults
    [ "$REPLY" = "$reason:" ] || { echo "$words: $REPLY" && false; }
  done < <(printf '%s\n' \
    'NodeRoleLacksECR|operation error ECR: GetAuthorizationToken, api error AccessDeniedException: User: arn:aws:sts::1:assumed-role/my-role/i-1 is not authorized' \
    'TokenUnavailable|operation error ECR: no EC2 IMDS role found' \
    'RegistryUnreachable|dial tcp: lookup api.ecr.x: no such host' \
    'RegistryCertificate|x509: certificate signed by unknown authority' \
    'CredentialProviderInvalid|group version credentialprovider.kubelet.k8s.io/v1 is not supported' \
    'CredentialProviderFailed|Exec format error')
}

@test "does not ask a provider that others could have written" {
  trusted_path() {
    REPLY='it may be written by others (mode 777)'
    return 1
  }
  ask_plugin() { touch "$WORK/asked"; }
  faults
  [ "$REPLY" = : ]
  [ ! -e "$WORK/asked" ]
  [[ $EVIDENCE == *notAsked* ]]
}

@test "takes kubelet's own words where it does not start, and only those of its credential provider" {
  have journalctl
  KUBELET_PID='' KUBELET_UNIT=kubelet.service
  capture() { printf -v OUT '%s\n' 'E0304 x.go:1] "Other" err="x"' "$words" 'I0304 x.go:2] "End"'; }
  words='E0304 kuberuntime_manager.go:260] "Failed to register CRI auth plugins" err="strict decoding error: unknown field"'
  start_fault
  [[ $REASON_FOUND == CredentialProviderInvalid && $MESSAGE_FOUND == *'err="strict decoding error: unknown field"' ]]
  REASON_FOUND='' words=''
  refute start_fault
}

@test "takes no note for a repair's that is none" {
  refute pending_fault
  printf 'reason=x; rm\n' > "$PENDING"
  refute pending_fault
}
