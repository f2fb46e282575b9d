# An ECR token from the tools that the node has. The token is in the variable TOKEN alone: never in an argument list, in
# the environment or in a file with a name.
#@ use node/kubelet
#@ use ecr/ecr
#@ use ecr/ecr-answers
#@ use base/trust
#@ use node/network
#@ use base/failures
# shellcheck shell=bash

# unasked, have or none.
TOKEN_STATE=unasked
TOKEN_REASON='' TOKEN_DETAIL=''
# Evidence: names and values in turn.
TOKEN_FACTS=()

# get_token: an ECR token in TOKEN, from the first tool that returns one; done once. Needs IMAGE and parse_ecr_host. A failure
# is noted only when no tool returns a token: that of the first tool, because the others are fallbacks. A missing permission of
# the role affects every tool.
get_token() {
  local tool
  if [[ $TOKEN_STATE != unasked ]]; then
    [[ $TOKEN_STATE == have ]]
    return
  fi
  for tool in ask_provider ask_helper ask_aws_cli; do
    if "$tool"; then
      TOKEN_STATE=have
      return 0
    fi
    [[ $TOKEN_REASON != NodeRoleLacksECR ]] || break
  done
  TOKEN_STATE=none
  if [[ -z $TOKEN_REASON ]]; then
    keep_token_failure ToolMissing '' tool 'ecr-credential-provider, docker-credential-ecr-login or aws'
  fi
  refine_token_failure
  failure_evidence "$TOKEN_DETAIL" 0
  # bash before 4.4 treats an empty array as an unset variable.
  if ((${#TOKEN_FACTS[@]} > 0)); then
    keep_failure "$TOKEN_REASON" "$TOKEN_DETAIL" "${TOKEN_FACTS[@]}"
  else
    keep_failure "$TOKEN_REASON" "$TOKEN_DETAIL"
  fi
  return 1
}

# refine_token_failure: where a tool's error text has no specific reason, looks for a network error in it. If instance
# metadata (169.254.169.254) is unreachable, the problem is on the node and not at the registry.
refine_token_failure() {
  [[ $TOKEN_REASON == TokenUnavailable && $TOKEN_DETAIL != *169.254.* && $TOKEN_DETAIL != *redentials* ]] || return 0
  if [[ $TOKEN_DETAIL == *'Invalid choice'* ]]; then
    # AWS CLI 1.17.10 introduced get-login-password.
    TOKEN_REASON=ToolMissing
    return
  fi
  network_error "$TOKEN_DETAIL" 0
  case $REPLY in
    '') ;;
    certificate-*) TOKEN_REASON=RegistryCertificate ;;
    *) TOKEN_REASON=RegistryUnreachable ;;
  esac
  ! is_service_trouble "$TOKEN_DETAIL" || TOKEN_REASON=RegistryUnreachable
}

# ask_provider: a token from kubelet's own ecr-credential-provider. It is the first because it needs no Python.
ask_provider() {
  local answer config='' folder provider='' code=0
  for folder in "$CREDENTIAL_BIN_DIR" /etc/eks/image-credential-provider /etc/eks/ecr-credential-provider; do
    if [[ -n $folder && -x $folder/ecr-credential-provider ]]; then
      provider=$folder/ecr-credential-provider
      break
    fi
  done
  [[ -n $provider ]] || return 1
  provider=$(readlink -f -- "$provider") || return 1
  if ! trusted_path "$provider"; then
    keep_token_failure ToolMissing '' tool "$provider" untrusted "$REPLY"
    return 1
  fi
  for config in "$CREDENTIAL_CONFIG" "$folder/config.json" "$folder/ecr-credential-provider-config"; do
    [[ -z $config || ! -r $config ]] || break
  done
  credential_request "$config"
  log "running $provider for a token"
  answer=$(printf '%s' "$REPLY" | (with_network bounded 25 "$provider" 2> "$WORK/err")) || code=$?
  take_token "$answer" '"password"[[:space:]]*:[[:space:]]*"([^"]+)"' || note_token_failure "$provider" "$code"
}

# ask_helper: a token from Docker's credential helper for ECR.
ask_helper() {
  local answer code=0
  command -v docker-credential-ecr-login > /dev/null || return 1
  log 'running docker-credential-ecr-login for a token'
  answer=$(printf '%s' "${IMAGE%%/*}" | (with_network bounded 25 docker-credential-ecr-login get 2> "$WORK/err")) || code=$?
  take_token "$answer" '"Secret"[[:space:]]*:[[:space:]]*"([^"]+)"' || note_token_failure docker-credential-ecr-login "$code"
}

# ask_aws_cli: a token from the AWS CLI.
ask_aws_cli() {
  local answer code=0
  command -v aws > /dev/null || return 1
  log "running the AWS CLI for a token in $ECR_REGION"
  answer=$( (with_network bounded 40 aws ecr get-login-password --region "$ECR_REGION" \
    --cli-connect-timeout 5 --cli-read-timeout 15 2> "$WORK/err")) || code=$?
  take_token "$answer" '^([^[:space:]]+)[[:space:]]*$' || note_token_failure aws "$code"
}

# credential_request: the request that kubelet sends to its credential provider, in REPLY. Its version is the one in the
# node's own configuration (plugins up to 1.27.0 support v1alpha1 only).
credential_request() {
  local version=credentialprovider.kubelet.k8s.io/v1 pattern='credentialprovider\.kubelet\.k8s\.io/v1[a-z0-9]*'
  if [[ -n $1 && -r $1 ]]; then
    slurp "$1"
    if [[ $REPLY =~ $pattern ]]; then
      version=${BASH_REMATCH[0]}
    fi
  fi
  REPLY="{\"apiVersion\":\"$version\",\"kind\":\"CredentialProviderRequest\",\"image\":\"$IMAGE\"}"
}

# keep_token_failure REASON DETAIL [NAME VALUE]...: keeps the first failure, but prefers that of a role without the permission.
keep_token_failure() {
  log "noting that there is no token: $1${2:+: $2}"
  if [[ -z $TOKEN_REASON || $1 == NodeRoleLacksECR ]]; then
    TOKEN_REASON=$1 TOKEN_DETAIL=$2 TOKEN_FACTS=("${@:3}")
  fi
}

# note_token_failure TOOL CODE: keeps why TOOL returned no token, from its output, and returns 1.
note_token_failure() {
  local reason role=''
  RC=$2
  slurp "$WORK/err"
  ERR=$REPLY
  token_failure_reason "$ERR" "$RC"
  reason=$REPLY
  if [[ $reason == NodeRoleLacksECR ]]; then
    node_role "$ERR"
    role=$REPLY
  fi
  capture_error
  keep_token_failure "$reason" "$REPLY" tool "$1" nodeRole "$role"
  return 1
}
