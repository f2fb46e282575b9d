# What is wrong with the node's credentials for ECR: the first fault in the order in which kubelet would meet them.
#@ use base/trust
#@ use ./provider
#@ use ./docker
#@ sets PROVIDER PLUGIN
# shellcheck shell=bash disable=SC2034  # the prelude and script.sh read what is only set here

# Left by a repair until kubelet runs with what was changed; on a tmpfs, since a boot starts kubelet anyway.
readonly PENDING=$RUN_DIR/ecr-credentials.pending
# kubelet's own words.
readonly REFUSAL='Failed to register CRI auth plugins'

REASON_FOUND='' MESSAGE_FOUND=''
# What the repair does about it; empty where only a person can.
FIX=''

# found REASON FIX MESSAGE: notes the fault.
found() {
  REASON_FOUND=$1 FIX=$2 MESSAGE_FOUND=$3
}

# refused REASON FIX MESSAGE: found, of what kubelet does not start with.
refused() {
  found "$1" "$2" "$3; kubelet ends at its start with \"$REFUSAL\"."
}

# diagnose: finds out everything that check and repair decide by. It changes nothing.
diagnose() {
  REASON_FOUND='' MESSAGE_FOUND='' FIX=''
  find_services
  read_kubelet
  if [[ -z $KUBELET_PID$KUBELET_CONFIG$KUBELET_ENDPOINT$CREDENTIAL_CONFIG ]]; then
    finish Unsupported PlatformUnsupported 'There is no kubelet on this node.'
  fi
  path_fault || config_fault || match_fault || answer_fault \
    || { kubelet_uses_docker && { docker_fault /root/.docker/config.json || docker_fault /.docker/config.json; }; } \
    || start_fault || pending_fault || true
}

# path_fault: files that kubelet's flags name and that are not there.
path_fault() {
  local folder=$CREDENTIAL_BIN_DIR file=$CREDENTIAL_CONFIG flag=--image-credential-provider
  if [[ -z $file$folder ]]; then
    # kubelet up to 1.26 asks ECR by itself where no provider is configured.
    kubelet_minor
    ((${REPLY:-0} > 26)) || return 1
    found CredentialProviderMissing '' "kubelet runs without $flag-config and $flag-bin-dir, and pulls from ECR without credentials."
  elif [[ -z $file || -z $folder ]]; then
    refused CredentialProviderMissing '' "kubelet has only one of $flag-config and $flag-bin-dir"
  elif [[ ! -d $folder ]]; then
    refused CredentialProviderMissing link "kubelet's $flag-bin-dir, $folder, does not exist"
  elif [[ ! -e $file ]]; then
    refused CredentialProviderMissing link "kubelet's $flag-config, $file, does not exist"
  else
    return 1
  fi
}

# config_fault: a configuration that kubelet would not take, or a provider in it without its program.
config_fault() {
  local code=0 program file=$CREDENTIAL_CONFIG
  [[ -n $file ]] || return 1
  evidence configFile "$file"
  read_config "$file" || code=$?
  if ((code > 1)); then
    program=$REPLY
    ! start_fault || return 0
    finish_undecided CredentialProviderInvalid "$file cannot be judged: ${program:-no answer in time}."
  fi
  if ((code == 1)) || config_is_refused; then
    refused CredentialProviderInvalid '' "$file is not valid: $REPLY"
    return
  fi
  for PROVIDER in "${!NAMES[@]}"; do
    program=$CREDENTIAL_BIN_DIR/${NAMES[PROVIDER]}
    if [[ ! -f $program ]]; then
      refused CredentialProviderMissing link "$program does not exist"
      return
    elif [[ ! -x $program ]]; then
      refused CredentialProviderMissing mode "$program is not executable"
      return
    fi
  done
  return 1
}

# match_fault: no pattern that takes in the node's registry.
match_fault() {
  local near
  [[ -n $CREDENTIAL_CONFIG ]] || return 1
  if ! find_registry; then
    evidence registry unknown
    PROVIDER=''
    return 1
  fi
  evidence registry "$REGISTRY"
  ! find_provider "$REGISTRY/eks/pause" || return 1
  near=$REPLY
  pattern_for "$REGISTRY" "$ECR_REGION"
  found CredentialProviderMismatch pattern "No pattern of matchImages in $CREDENTIAL_CONFIG takes in $REGISTRY, so kubelet pulls from it without credentials.${near:+ $near does not: its labels are others.} It needs $REPLY."
  evidence wantedPattern "$REPLY"
}

# answer_fault: what the plugin really says.
answer_fault() {
  local text version config
  [[ -n $PROVIDER ]] || return 1
  version=${VERSIONS[PROVIDER]}
  { read -r PLUGIN && read -r config; } < <(readlink -f -- "$CREDENTIAL_BIN_DIR/${NAMES[PROVIDER]}" "$CREDENTIAL_CONFIG") || return 1
  if ! trusted_path "$PLUGIN" "$config"; then
    # kubelet runs it all the same; this script does not run what others can write.
    evidence notAsked "$REPLY"
    return 1
  fi
  ! ask_plugin "$version" || return 1
  text=$ERR
  capture_error
  found CredentialProviderFailed '' "$PLUGIN gives no credentials for $REGISTRY: $REPLY"
  if ((RC == 0)) || [[ $text == *'is not supported'* || $text == *'no kind "CredentialProviderRequest"'* ]]; then
    found CredentialProviderInvalid '' "$PLUGIN does not speak $version, the apiVersion in $CREDENTIAL_CONFIG: $REPLY. Up to 1.27.0 it speaks v1alpha1 only, later v1 only."
    return
  fi
  token_failure_reason "$text" "$RC"
  case $REPLY in
    NodeRoleLacksECR)
      node_role "$text"
      [[ -z $REPLY ]] || evidence nodeRole "$REPLY"
      capture_error
      found NodeRoleLacksECR '' "$REPLY"
      ;;
    # That is also what every unknown text gives.
    TokenUnavailable) [[ ! $text =~ IMDS|cached\ credentials|xpired|ignature ]] || REASON_FOUND=TokenUnavailable ;;
    *) REASON_FOUND=$REPLY ;;
  esac
}

# start_fault: what kubelet itself says where its files look right and it does not start.
start_fault() {
  [[ -z $KUBELET_PID && -n $KUBELET_UNIT ]] && command -v journalctl > /dev/null || return 1
  capture 5 journalctl --quiet --no-pager --output=cat --lines=50 --since=-10min --unit="$KUBELET_UNIT"
  [[ $OUT == *"$REFUSAL"* ]] || return 1
  OUT=${OUT##*"$REFUSAL"}
  found CredentialProviderInvalid '' "kubelet does not start: $REFUSAL${OUT%%$'\n'*}"
}

# pending_fault: a repair that was cut off before kubelet ran with its changes.
pending_fault() {
  local reason
  [[ -f $PENDING && -O $PENDING ]] && read -r reason < "$PENDING" && [[ $reason =~ ^[a-z]+=CredentialProviderM[a-z]+$ ]] || return 1
  found "${reason#*=}" restart 'An earlier repair was cut off before kubelet ran with the repaired files. Run it again.'
}
