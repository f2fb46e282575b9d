# Finds what is wrong with the node's credentials for ECR: the first fault, in the order in which kubelet meets them.
#@ use base/trust
#@ use node/kubelet-healthz
#@ use ./provider
#@ use ./docker
#@ sets PROVIDER PLUGIN ONLY_FOR
# shellcheck shell=bash disable=SC2034  # the prelude and script.sh read what is only set here

# A repair keeps this file until kubelet runs with the change; on a tmpfs, since a boot starts kubelet anyway.
readonly PENDING=$RUN_DIR/ecr-credentials.pending
# The error with which kubelet exits (k8s.io/kubernetes pkg/kubelet/kuberuntime).
readonly REFUSAL='Failed to register CRI auth plugins'
readonly CONFIG_FLAG=--image-credential-provider-config BIN_DIR_FLAG=--image-credential-provider-bin-dir

REASON_FOUND='' DETAIL_FOUND=''
# What the repair does about it; empty where only a person can repair it.
FIX=''

# found REASON FIX [DETAIL] [NAME VALUE]...: notes the fault with its evidence. DETAIL is the last error line of a tool.
found() {
  REASON_FOUND=$1 FIX=$2 DETAIL_FOUND=${3-}
  shift $(($# < 3 ? $# : 3))
  while (($# > 1)); do
    [[ -z $2 ]] || evidence "$1" "$2"
    shift 2
  done
}

# refused REASON FIX [DETAIL] [NAME VALUE]...: found, for a fault with which kubelet does not start.
refused() {
  found "$@"
  evidence blocksKubelet true
}

# diagnose: collects the state for check and repair. It changes nothing.
diagnose() {
  REASON_FOUND='' DETAIL_FOUND='' FIX=''
  find_services
  read_kubelet
  if [[ -z $KUBELET_PID$KUBELET_CONFIG$KUBELET_ENDPOINT$CREDENTIAL_CONFIG ]]; then
    evidence platform no-kubelet
    finish Unsupported PlatformUnsupported
  fi
  path_fault || config_fault || match_fault || answer_fault \
    || { kubelet_uses_docker && { docker_fault /root/.docker/config.json || docker_fault /.docker/config.json; }; } \
    || start_fault || pending_fault || true
}

# path_fault: kubelet's flags name files that do not exist.
path_fault() {
  local folder=$CREDENTIAL_BIN_DIR file=$CREDENTIAL_CONFIG
  if [[ -z $file$folder ]]; then
    # Without a provider, kubelet up to 1.26 uses its own code for ECR.
    kubelet_minor
    ((${REPLY:-0} > 26)) || return 1
    found CredentialProviderMissing '' '' missingFlag both
  elif [[ -z $file ]]; then
    refused CredentialProviderMissing '' '' missingFlag "$CONFIG_FLAG"
  elif [[ -z $folder ]]; then
    refused CredentialProviderMissing '' '' missingFlag "$BIN_DIR_FLAG"
  elif [[ ! -d $folder ]]; then
    refused CredentialProviderMissing link '' flag "$BIN_DIR_FLAG" missingPath "$folder"
  elif [[ ! -e $file ]]; then
    refused CredentialProviderMissing link '' flag "$CONFIG_FLAG" missingPath "$file"
  else
    return 1
  fi
}

# config_fault: a configuration that kubelet refuses, or one that names a provider without its program.
config_fault() {
  local code=0 program file=$CREDENTIAL_CONFIG
  [[ -n $file ]] || return 1
  evidence configFile "$file"
  read_config "$file" || code=$?
  if ((code > 1)); then
    program=$REPLY
    ! start_fault || return 0
    evidence configProblem unreadable
    finish_undecided CredentialProviderInvalid "${program:-no answer in time}"
  fi
  if ((code == 1)); then
    refused CredentialProviderInvalid '' "$REPLY" configProblem syntax
    return
  elif config_is_refused; then
    refused CredentialProviderInvalid '' '' configProblem "$REPLY" configField "$REFUSED_FIELD" configValue "$REFUSED_VALUE"
    return
  fi
  for PROVIDER in "${!NAMES[@]}"; do
    program=$CREDENTIAL_BIN_DIR/${NAMES[PROVIDER]}
    if [[ ! -f $program ]]; then
      refused CredentialProviderMissing link '' missingProgram "$program"
      return
    elif [[ ! -x $program ]]; then
      # With this, kubelet ends at its start from some version on, and earlier ones run without the credentials.
      found CredentialProviderMissing mode '' notExecutable "$program"
      [[ $KUBELET_STATE == active ]] || evidence blocksKubelet true
      return
    fi
  done
  return 1
}

# match_fault: no pattern matches the node's registry.
match_fault() {
  local near
  [[ -n $CREDENTIAL_CONFIG ]] || return 1
  if ! find_registry; then
    evidence registry unknown
    PROVIDER=''
    return 1
  fi
  evidence registry "$REGISTRY"
  if find_provider "$REGISTRY/eks/pause"; then
    token_fault
    return
  fi
  near=$REPLY
  pattern_for "$REGISTRY" "$ECR_REGION"
  found CredentialProviderMismatch pattern '' wantedPattern "$REPLY"
  [[ -z $near ]] || evidence similarPattern "$near"
}

# token_fault: the only providers that match the registry serve some pods alone.
token_fault() {
  local only=${ONLY_FOR[PROVIDER]-}
  [[ -n $only ]] || return 1
  # kubelet up to 1.32 does not know the field, and 1.33 has it turned off.
  kubelet_minor
  if [[ -n $REPLY ]] && ((REPLY < 33)); then
    ONLY_FOR[PROVIDER]=''
    return 1
  fi
  evidence onlyFor "$only"
  [[ $only != service-account ]] || return 1
  pattern_for "$REGISTRY" "$ECR_REGION"
  found CredentialProviderMismatch '' '' wantedPattern "$REPLY"
}

# answer_fault: the provider's program returns no credentials.
answer_fault() {
  local text error version config
  [[ -n $PROVIDER ]] || return 1
  # It would need a token of a pod's service account.
  [[ -z ${TOKENS[PROVIDER]-} || -z ${ONLY_FOR[PROVIDER]-} ]] || return 1
  version=${VERSIONS[PROVIDER]}
  { read -r PLUGIN && read -r config; } < <(readlink -f -- "$CREDENTIAL_BIN_DIR/${NAMES[PROVIDER]}" "$CREDENTIAL_CONFIG") || return 1
  if ! trusted_path "$PLUGIN" "$config"; then
    # kubelet runs it all the same; this script runs nothing that other users can write.
    evidence notAsked "$REPLY"
    return 1
  fi
  ! ask_plugin "$version" || return 1
  text=$ERR
  capture_error
  error=$REPLY
  found CredentialProviderFailed '' "$error" tool "$PLUGIN"
  if ((RC == 0)); then
    found CredentialProviderInvalid '' '' configProblem answer apiVersion "$version" answerField "$ANSWER_FIELD"
    return
  elif [[ $text == *'is not supported'* || $text == *'no kind "CredentialProviderRequest"'* ]]; then
    found CredentialProviderInvalid '' "$error" configProblem version apiVersion "$version"
    return
  fi
  aws_reason "$text" || connection_reason "$text" "$RC"
  case $REPLY in
    NodeRoleLacksECR)
      REASON_FOUND=NodeRoleLacksECR
      node_role "$text"
      [[ -z $REPLY ]] || evidence nodeRole "$REPLY"
      ;;
    # Also the reason of every unknown text.
    TokenUnavailable) [[ ! $text =~ IMDS|cached\ credentials|xpired|ignature ]] || REASON_FOUND=TokenUnavailable ;;
    *) REASON_FOUND=$REPLY ;;
  esac
}

# start_fault: kubelet does not start although its files are valid; its log has the error.
start_fault() {
  # One that was stopped has not refused anything since.
  [[ -z $KUBELET_PID && -n $KUBELET_UNIT && $KUBELET_STATE != inactive ]] || return 1
  last_words_of "$KUBELET_UNIT"
  refusal_in "$REPLY"
}

# refusal_in WORDS: whether kubelet ended because it refused its credential provider.
refusal_in() {
  [[ $1 == *"$REFUSAL"* ]] || return 1
  refused CredentialProviderInvalid '' "$REFUSAL${1#*"$REFUSAL"}" configProblem start
}

# pending_fault: an earlier repair was interrupted before kubelet ran with its changes.
pending_fault() {
  local reason
  [[ -f $PENDING && -O $PENDING ]] && read -r reason < "$PENDING" && [[ $reason =~ ^[a-z]+=CredentialProviderM[a-z]+$ ]] || return 1
  found "${reason#*=}" restart '' interrupted true
}
