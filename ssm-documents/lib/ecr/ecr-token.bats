#!/usr/bin/env bats
# An ECR token from the node's own tools.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/ecr-token.sh"
  SAMPLES=$BATS_TEST_DIRNAME/../testing/samples
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

@test "names the reason behind a token tool's error" {
  while IFS='|' read -r reason text; do
    TOKEN_REASON=''
    printf '%s\n' "$text" > "$WORK/err"
    refute note_token_failure tool 1
    [ "$TOKEN_REASON" = "$reason" ]
  done < "$SAMPLES/token-errors.txt"
  TOKEN_REASON=''
  : > "$WORK/err"
  refute note_token_failure tool 124
  [ "$TOKEN_REASON" = RegistryUnreachable ]
}

@test "names the role that lacks the permission" {
  printf '%s\n' 'api error AccessDeniedException: User: arn:aws-cn:sts::111122223333:assumed-role/My-Node.Role/i-0123456789abcdef0 is not authorized to perform: ecr:GetAuthorizationToken' > "$WORK/err"
  refute note_token_failure provider 1
  [ "$TOKEN_REASON" = NodeRoleLacksECR ]
  [ "${TOKEN_FACTS[*]}" = 'tool provider nodeRole My-Node.Role' ]
  [[ $TOKEN_DETAIL == *AccessDeniedException* ]]
}

@test "reads the token in each tool's output, and accepts no empty or malformed one" {
  take_token '{"auth":{"h":{"username":"AWS","password":"abc+/="}}}' '"password"[[:space:]]*:[[:space:]]*"([^"]+)"'
  [ "$TOKEN" = abc+/= ]
  take_token $'abc=\n' '^([^[:space:]]+)[[:space:]]*$'
  [ "$TOKEN" = abc= ]
  for answer in '' '{"auth":{"h":{"password":""}}}' '{"password":"a\nb"}' '{"password":"a\"]"}'; do
    run ! take_token "$answer" '"password"[[:space:]]*:[[:space:]]*"([^"]+)"'
  done
}

@test "sends the credential provider a request in the version of the node's configuration" {
  IMAGE=$WANTED
  credential_request ''
  [ "$REPLY" = '{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"CredentialProviderRequest","image":"'"$WANTED"'"}' ]
  printf '%s\n' 'providers:' '- name: ecr-credential-provider' '  apiVersion: credentialprovider.kubelet.k8s.io/v1alpha1' > "$WORK/config"
  credential_request "$WORK/config"
  [[ $REPLY == *'.k8s.io/v1alpha1"'* ]]
}

@test "notes no failure when a later tool gives a token" {
  ask_provider() {
    keep_token_failure TokenUnavailable one tool x
    return 1
  }
  ask_helper() { return 1; }
  ask_api() { TOKEN=abc; }
  get_token ask_api curl
  [ "$TOKEN$FAILURE_REASON" = abc ]
}

@test "runs no further tool when the role lacks the permission" {
  asked=''
  ask_provider() {
    asked+=p
    return 1
  }
  ask_helper() {
    asked+=h
    keep_token_failure NodeRoleLacksECR no tool x
    return 1
  }
  ask_api() {
    asked+=a
    return 0
  }
  refute get_token ask_api curl
  [ "$asked $FAILURE_REASON" = 'ph NodeRoleLacksECR' ]
}

@test "reports the first tool's failure, unless a later one names the role" {
  ask_provider() {
    keep_token_failure RegistryUnreachable one tool x
    return 1
  }
  ask_helper() {
    keep_token_failure TokenUnavailable two tool x
    return 1
  }
  ask_api() { return 1; }
  refute get_token ask_api curl
  [ "$FAILURE_REASON $FAILURE_DETAIL" = 'RegistryUnreachable one' ]
  TOKEN_REASON='' FAILURE_REASON=''
  ask_api() {
    keep_token_failure NodeRoleLacksECR three tool x
    return 1
  }
  refute get_token ask_api curl
  [ "$FAILURE_REASON $FAILURE_DETAIL" = 'NodeRoleLacksECR three' ]
}

@test "reports that the node has no tool" {
  ask_provider() { return 1; }
  ask_helper() { return 1; }
  ask_api() { return 1; }
  refute get_token ask_api curl
  [ "$FAILURE_REASON ${FAILURE_FACTS[*]}" = 'ToolMissing tool ecr-credential-provider, docker-credential-ecr-login or curl' ]
}

@test "does not run a provider that other users can write" {
  CREDENTIAL_BIN_DIR=$WORK
  printf '#!/bin/sh\ntouch "%s/ran"\n' "$WORK" > "$WORK/ecr-credential-provider"
  chmod 777 "$WORK/ecr-credential-provider"
  refute ask_provider
  [ ! -e "$WORK/ran" ]
  [[ $TOKEN_REASON == ToolMissing && ${TOKEN_FACTS[*]} == *"untrusted $WORK"* ]]
}

@test "finds a network error in the output of every tool, and treats instance metadata as a problem of the node" {
  local expected said
  ask_provider() { return 1; }
  ask_helper() { return 1; }
  while IFS='|' read -r expected said; do
    ask_api() {
      printf '%s\n' "$said" > "$WORK/err"
      note_token_failure curl 1
    }
    TOKEN_REASON='' FAILURE_REASON=''
    refute get_token ask_api curl
    [ "$FAILURE_REASON" = "$expected" ]
  done < <(printf '%s\n' \
    "RegistryUnreachable|curl: (7) Failed to connect to api.ecr.cn-north-1.amazonaws.com.cn port 443 after 0 ms: Couldn't connect to server" \
    'RegistryUnreachable|curl: (6) Could not resolve host: api.ecr.us-west-2.amazonaws.com' \
    'RegistryUnreachable|api error ThrottlingException: Rate exceeded' \
    'RegistryUnreachable|operation error ECR: GetAuthorizationToken, https response error StatusCode: 503, RequestID: x' \
    'RegistryCertificate|curl: (60) SSL certificate problem: unable to get local issuer certificate' \
    'TokenUnavailable|Unable to locate credentials. You can configure credentials by running "aws configure".' \
    'TokenUnavailable|operation error ec2imds: GetToken, dial tcp 169.254.169.254:80: i/o timeout' \
    'TokenUnavailable|something that nobody has seen before')
}

@test "reports the network error where no tool returned a token" {
  ask_provider() { return 1; }
  ask_helper() { return 1; }
  ask_api() {
    printf '%s\n' 'Post https://api.ecr.us-west-2.amazonaws.com: curl: (7) Failed to connect: Connection refused' > "$WORK/err"
    note_token_failure curl 7
  }
  refute get_token ask_api curl
  [ "$EVIDENCE" = '"failedHost":"api.ecr.us-west-2.amazonaws.com","networkError":"refused"' ]
}
