#!/usr/bin/env bats
# Faults of the node's credentials, in the order in which kubelet meets them.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_RUN_DIR=$BATS_TEST_TMPDIR
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/state.sh"
  trusted_path() { REPLY=''; }
  CREDENTIAL_BIN_DIR=$WORK/bin CREDENTIAL_CONFIG=$WORK/config.json KUBELET_PID=1
  kubelet_minor() { REPLY=34; }
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
  forget_evidence
  path_fault || config_fault || match_fault || answer_fault || true
  REPLY="$REASON_FOUND:$FIX"
}

@test "reports the pattern that was meant, and the one that is required" {
  config '*.dkr.ecr.*.amazonaws.cn'
  faults
  [ "$REPLY" = CredentialProviderMismatch:pattern ]
  [[ $EVIDENCE == *'"registry":"918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn","wantedPattern":"*.dkr.ecr.*.amazonaws.com.cn","similarPattern":"*.dkr.ecr.*.amazonaws.cn"' ]]
}

@test "finds each file that is missing or invalid" {
  chmod 644 "$WORK/bin/ecr-credential-provider"
  faults && [ "$REPLY" = CredentialProviderMissing:mode ]
  [[ $EVIDENCE == *'"notExecutable":"'"$WORK"'/bin/ecr-credential-provider","blocksKubelet":true' ]]
  rm "$WORK/bin/ecr-credential-provider"
  faults && [ "$REPLY" = CredentialProviderMissing:link ]
  [[ $EVIDENCE == *'"missingProgram":"'"$WORK"'/bin/ecr-credential-provider","blocksKubelet":true' ]]
  printf '{' > "$CREDENTIAL_CONFIG"
  faults && [ "$REPLY $DETAIL_FOUND" = 'CredentialProviderInvalid: line 1: it ends too early' ]
  [[ $EVIDENCE == *'"configProblem":"syntax","blocksKubelet":true' ]]
  rm "$CREDENTIAL_CONFIG"
  faults && [ "$REPLY" = CredentialProviderMissing:link ]
  [ "$EVIDENCE" = '"flag":"--image-credential-provider-config","missingPath":"'"$CREDENTIAL_CONFIG"'","blocksKubelet":true' ]
  rmdir "$WORK/bin"
  faults && [ "$REPLY" = CredentialProviderMissing:link ]
  [[ $EVIDENCE == '"flag":"--image-credential-provider-bin-dir","missingPath":"'*'/bin"'* ]]
  CREDENTIAL_CONFIG=''
  faults && [ "$REPLY" = CredentialProviderMissing: ]
  [[ $EVIDENCE == '"missingFlag":"--image-credential-provider-config"'* ]]
}

@test "names the field that kubelet refuses" {
  config 'a b'
  faults
  [ "$REPLY" = CredentialProviderInvalid: ]
  [[ $EVIDENCE == *'"configProblem":"invalid","configField":"providers[0].matchImages","configValue":"a b","blocksKubelet":true' ]]
}

@test "distinguishes a kubelet without flags from one with its own code for ECR" {
  CREDENTIAL_CONFIG='' CREDENTIAL_BIN_DIR=''
  while read -r minor found; do
    kubelet_minor() { REPLY=$minor; }
    faults
    [ "$REPLY" = "$found:" ] || { echo "$minor: $REPLY" && false; }
  done < <(printf '%s\n' '26' '27 CredentialProviderMissing' '')
}

@test "does not report that a provider serves all pods where kubelet runs it for some" {
  config '*.dkr.ecr.*.amazonaws.com.cn'
  sed -i 's/"defaultCacheDuration"/"tokenAttributes":{"requireServiceAccount":true,"requiredServiceAccountAnnotationKeys":["a\/role"]},&/' "$CREDENTIAL_CONFIG"
  ask_plugin() {
    echo asked > "$WORK/asked"
  }
  faults
  [ "$REPLY" = CredentialProviderMismatch: ]
  [[ $EVIDENCE == *'"onlyFor":"a/role","wantedPattern":"*.dkr.ecr.*.amazonaws.com.cn"' && ! -e $WORK/asked ]]
  # kubelet 1.32 ignores the field.
  kubelet_minor() { REPLY=32; }
  faults
  [ "$REPLY" = : ]
  [ -e "$WORK/asked" ]
  kubelet_minor() { REPLY=36; }
  rm "$WORK/asked"
  sed -i 's/"requiredServiceAccountAnnotationKeys":\[[^]]*]/"cacheType":"Token"/' "$CREDENTIAL_CONFIG"
  faults
  [ "$REPLY" = : ]
  [[ $EVIDENCE == *'"onlyFor":"service-account"'* && ! -e $WORK/asked ]]
}

@test "says that kubelet ends by a program without the execute bit only where it does not run" {
  chmod 644 "$WORK/bin/ecr-credential-provider"
  KUBELET_STATE=active
  faults
  [ "$REPLY" = CredentialProviderMissing:mode ]
  [[ $EVIDENCE != *blocksKubelet* ]]
  KUBELET_STATE=activating
  faults
  [[ $EVIDENCE == *'"blocksKubelet":true'* ]]
}

@test "finds the reason in the provider's error" {
  while IFS='|' read -r reason words; do
    ask_plugin() {
      RC=1 ERR=$words
      return 1
    }
    faults
    [ "$REPLY" = "$reason:" ] || { echo "$words: $REPLY" && false; }
    [ "$DETAIL_FOUND" = "$words" ]
    [[ $EVIDENCE == *'"tool":"'"$WORK"'/bin/ecr-credential-provider"'* ]]
    [[ $reason != NodeRoleLacksECR || $EVIDENCE == *'"nodeRole":"my-role"'* ]]
  done < <(printf '%s\n' \
    'NodeRoleLacksECR|operation error ECR: GetAuthorizationToken, api error AccessDeniedException: User: arn:aws:sts::1:assumed-role/my-role/i-1 is not authorized' \
    'TokenUnavailable|operation error ECR: no EC2 IMDS role found' \
    'RegistryUnreachable|dial tcp: lookup api.ecr.x: no such host' \
    'RegistryUnreachable|operation error ECR: GetAuthorizationToken, exceeded maximum number of attempts, 3, https response error StatusCode: 500, RequestID: 1, ServerException: x' \
    'RegistryUnreachable|operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, RequestID: 1, api error ThrottlingException: Rate exceeded' \
    'TokenUnavailable|no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error StatusCode: 500, request to EC2 IMDS failed' \
    'NodeRoleLacksECR|api error AccessDeniedException: User: arn:aws:sts::1:assumed-role/my-role/i-1 is not authorized to perform: ecr:GetAuthorizationToken on resource: * with an explicit deny in a service control policy' \
    'RegistryCertificate|x509: certificate signed by unknown authority' \
    'CredentialProviderInvalid|group version credentialprovider.kubelet.k8s.io/v1 is not supported' \
    'CredentialProviderFailed|Exec format error')
}

@test "reports an answer that kubelet does not accept" {
  ask_plugin() {
    RC=0 ERR='' ANSWER_FIELD=password
    return 1
  }
  faults
  [ "$REPLY" = CredentialProviderInvalid: ]
  [[ $EVIDENCE == *'"configProblem":"answer","apiVersion":"credentialprovider.kubelet.k8s.io/v1","answerField":"password"' ]]
}

@test "does not run a provider that other users can write" {
  trusted_path() {
    REPLY='/etc (mode 777)'
    return 1
  }
  ask_plugin() { touch "$WORK/asked"; }
  faults
  [ "$REPLY" = : ]
  [ ! -e "$WORK/asked" ]
  [[ $EVIDENCE == *'"notAsked":"/etc (mode 777)"'* ]]
}

@test "reports kubelet's error where it does not start, and only that of its credential provider" {
  KUBELET_PID='' KUBELET_UNIT=kubelet.service KUBELET_STATE=activating
  last_words_of() { REPLY=$words; }
  words='E0304 kuberuntime_manager.go:260] "Failed to register CRI auth plugins" err="strict decoding error: unknown field"'
  start_fault
  [[ $REASON_FOUND == CredentialProviderInvalid && $DETAIL_FOUND == *'err="strict decoding error: unknown field"' && $EVIDENCE == *'"configProblem":"start"'* ]]
  REASON_FOUND='' KUBELET_STATE=inactive
  refute start_fault
  KUBELET_STATE=failed words='"command failed" err="x"'
  refute start_fault
}

@test "ignores a file that is not a repair's note" {
  refute pending_fault
  printf 'reason=x; rm\n' > "$PENDING"
  refute pending_fault
}
