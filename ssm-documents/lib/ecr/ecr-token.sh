# An ECR token from the tools that the node has. The token is in the variable TOKEN alone: never in an argument list, in
# the environment or in a file with a name. The last tool is a part of its own: ECR's API by curl, or the AWS CLI.
#@ use node/kubelet
#@ use ecr/ecr
#@ use ecr/ecr-answers
#@ use base/trust
#@ use node/network
#@ use base/failures
# shellcheck shell=bash

TOKEN_REASON='' TOKEN_DETAIL=''
# Evidence: names and values in turn. Never empty: bash before 4.4 treats an empty array as an unset variable.
TOKEN_FACTS=(tool '')

# get_token LAST PROGRAM: an ECR token in TOKEN, from the first tool that returns one; LAST is the function of the last tool, which
# runs PROGRAM. Needs IMAGE and parse_ecr_host. A failure is noted only
# when no tool returns a token: that of the first tool, because the others are fallbacks. A missing permission of the role affects
# every tool.
get_token() {
  local tool
  for tool in ask_provider ask_helper "$1"; do
    ! "$tool" || return 0
    [[ $TOKEN_REASON != NodeRoleLacksECR ]] || break
  done
  if [[ -z $TOKEN_REASON ]]; then
    keep_token_failure ToolMissing '' tool "ecr-credential-provider, docker-credential-ecr-login or $2"
  fi
  failure_evidence "$TOKEN_DETAIL" 0
  keep_failure "$TOKEN_REASON" "$TOKEN_DETAIL" "${TOKEN_FACTS[@]}"
  return 1
}

# ask_provider: a token from kubelet's own ecr-credential-provider. It is the first because it needs no Python.
ask_provider() {
  local config='' folder provider=''
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
  run_tool password "$REPLY" "$provider"
}

# ask_helper: a token from Docker's credential helper for ECR.
ask_helper() {
  command -v docker-credential-ecr-login > /dev/null && run_tool Secret "${IMAGE%%/*}" docker-credential-ecr-login get
}

# run_tool NAME INPUT PROGRAM [ARGUMENT]...: the string NAME of the JSON with which a program answers INPUT is the token.
run_tool() {
  local answer code=0
  log "running $3 for a token"
  answer=$(printf '%s' "$2" | (with_network bounded 25 "${@:3}" 2> "$WORK/err")) || code=$?
  take_token "$answer" "\"$1\"[[:space:]]*:[[:space:]]*\"([^\"]+)\"" || note_token_failure "$3" "$code"
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

# keep_token_failure REASON DETAIL NAME VALUE...: keeps the first failure, but prefers that of a role without the permission.
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
  aws_reason "$ERR" || network_reason "$ERR" "$RC" || REPLY=TokenUnavailable
  reason=$REPLY
  if [[ $reason == NodeRoleLacksECR ]]; then
    node_role "$ERR"
    role=$REPLY
  fi
  capture_error
  keep_token_failure "$reason" "$REPLY" tool "$1" nodeRole "$role"
  return 1
}
