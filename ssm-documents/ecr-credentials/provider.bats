#!/usr/bin/env bats
# The registry of a node, and the answer of its credential provider.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/provider.sh"
  KUBELET_CONFIG=$WORK/kubelet.json PROVIDER=0 PLUGIN=$WORK/plugin REGISTRY=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn
}

V1=credentialprovider.kubelet.k8s.io/v1

# plugin BODY: what PLUGIN does.
plugin() {
  printf '#!/bin/sh\n%s\n' "$1" > "$PLUGIN"
  chmod 755 "$PLUGIN"
}

@test "uses the registry of the sandbox image, else that of the region" {
  KUBELET_SANDBOX_IMAGE=602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5
  find_registry
  [ "$REGISTRY $ECR_REGION" = '602401143452.dkr.ecr.us-west-2.amazonaws.com us-west-2' ]
  KUBELET_SANDBOX_IMAGE=localhost/kubernetes/pause
  while read -r place registry; do
    printf '{"providerID":"%s"}' "$place" > "$KUBELET_CONFIG"
    find_registry
    [ "$REGISTRY" = "$registry" ]
  done < <(printf '%s\n' 'aws:///cn-north-1a/i-0123 918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn' \
    'aws:///us-west-2-lax-1a/i-0123 602401143452.dkr.ecr.us-west-2.amazonaws.com' \
    'aws:///eu-south-1b/i-0123 590381155156.dkr.ecr.eu-south-1.amazonaws.com' \
    'https://ABC.gr7.us-gov-east-1.eks.amazonaws.com 151742754352.dkr.ecr.us-gov-east-1.amazonaws.com')
}

@test "runs the provider with the given API version and the configuration's environment and arguments" {
  VARIABLES=($'\nHOME=/root\nbad-name=x\nTEST_WORD=a b=c') ARGUMENTS=($'get-credentials\n')
  plugin 'cat > "${0%/*}/request"; echo "$HOME $TEST_WORD $*" > "${0%/*}/seen"
    echo "{\"apiVersion\":\"'$V1'\",\"auth\":{\"h\":{\"username\":\"AWS\",\"password\":\"c2VjcmV0\"}}}"'
  ask_plugin "$V1" 2> "$WORK/log"
  [ "$(cat "$WORK/seen")" = '/root a b=c get-credentials' ]
  [ "$(cat "$WORK/request")" = '{"apiVersion":"'$V1'","kind":"CredentialProviderRequest","image":"'"$REGISTRY"'/eks/pause"}' ]
  [ -z "$TOKEN" ]
  run ! grep -rl c2VjcmV0 "$WORK/log" "$WORK/err"
}

@test "ends a provider that hangs, with its children" {
  plugin 'sleep 30; true'
  SECONDS=0 BUDGET_SECONDS=2
  refute ask_plugin "$V1"
  [ "$RC" = 124 ]
  ((SECONDS < 20))
}

@test "accepts no answer of another version, without a password, or with an exit code" {
  plugin 'echo "{\"apiVersion\":\"x\",\"auth\":{\"h\":{\"password\":\"abc\"}}}"'
  refute ask_plugin "$V1"
  [ "$RC $ANSWER_FIELD" = '0 apiVersion' ]
  plugin 'echo "{\"apiVersion\":\"'$V1'\",\"auth\":{\"h\":{\"password\":\"\"}}}"'
  refute ask_plugin "$V1"
  [ "$RC $ANSWER_FIELD" = '0 password' ]
  plugin 'echo "no EC2 IMDS role found" >&2; exit 1'
  refute ask_plugin "$V1"
  [ "$RC $ERR" = $'1 no EC2 IMDS role found\n' ]
}
