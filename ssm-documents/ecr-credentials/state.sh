# What is wrong with the node's credentials for ECR: the first fault in the order in which kubelet would meet them.
#@ use trust
#@ use ./provider
#@ use ./docker
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

# diagnose: finds out everything that check and repair decide by. It changes nothing.
diagnose() {
  REASON_FOUND='' MESSAGE_FOUND='' FIX=''
  find_services
  read_kubelet
  if [[ -d /.bottlerocket ]] || command -v apiclient > /dev/null; then
    finish Unsupported PlatformUnsupported 'This is Bottlerocket: the SSM agent runs in its control container, where the host cannot be mended.'
  fi
  if [[ -z $KUBELET_PID$KUBELET_CONFIG$KUBELET_ENDPOINT$CREDENTIAL_CONFIG ]]; then
    finish Unsupported PlatformUnsupported 'There is no kubelet on this node.'
  fi
  if path_fault || config_fault || match_fault || answer_fault; then
    return
  fi
  if kubelet_uses_docker && { docker_fault /root/.docker/config.json || docker_fault /.docker/config.json; }; then
    return
  fi
  start_fault || pending_fault || return 0
}

# path_fault: files that kubelet's flags name and that are not there.
path_fault() {
  local folder=$CREDENTIAL_BIN_DIR file=$CREDENTIAL_CONFIG flags='--image-credential-provider-config and --image-credential-provider-bin-dir'
  if [[ -z $file$folder ]]; then
    # kubelet up to 1.26 asks ECR by itself where no provider is configured.
    capture 5 kubelet --version
    [[ $OUT =~ Kubernetes\ v1\.([0-9]+)\. ]] && ((BASH_REMATCH[1] > 26)) || return 1
    found CredentialProviderMissing '' "kubelet runs without $flags, so it pulls from ECR without credentials."
  elif [[ -z $file || -z $folder ]]; then
    found CredentialProviderMissing '' "kubelet has only one of $flags, and ends at its start with \"$REFUSAL\"."
  elif [[ ! -d $folder ]]; then
    found CredentialProviderMissing link "kubelet's --image-credential-provider-bin-dir, $folder, does not exist; kubelet ends at its start with \"$REFUSAL\"."
  elif [[ ! -e $file ]]; then
    found CredentialProviderMissing link "kubelet's --image-credential-provider-config, $file, does not exist; kubelet ends at its start with \"$REFUSAL\"."
  else
    return 1
  fi
}

# config_fault: a configuration that kubelet would not take, or a provider in it without its program.
config_fault() {
  local code=0 program why file=$CREDENTIAL_CONFIG
  [[ -n $file ]] || return 1
  evidence configFile "$file"
  if [[ -f $file ]]; then
    read_config "$file" || code=$?
    why=$REPLY
  else
    code=2 why='it is no file'
  fi
  if ((code > 1)); then
    ! start_fault || return 0
    finish_undecided CredentialProviderInvalid "$file cannot be judged: ${why:-no answer in time}."
  fi
  if ((code == 1)) || { config_is_refused && why=$REPLY; }; then
    found CredentialProviderInvalid '' "$file is not valid: $why. kubelet ends at its next start with \"$REFUSAL\"."
    return
  fi
  for PROVIDER in "${!NAMES[@]}"; do
    program=$CREDENTIAL_BIN_DIR/${NAMES[PROVIDER]}
    [[ ! -f $program || ! -x $program ]] || continue
    if [[ -f $program ]]; then
      found CredentialProviderMissing mode "$program is not executable; kubelet ends at its start with \"$REFUSAL\"."
    else
      found CredentialProviderMissing link "$program does not exist; kubelet ends at its start with \"$REFUSAL\"."
    fi
    return
  done
  return 1
}

# match_fault: no pattern that takes in the node's registry.
match_fault() {
  local near wanted
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
  wanted=$REPLY
  evidence wantedPattern "$wanted"
  found CredentialProviderMismatch pattern "No pattern of matchImages in $CREDENTIAL_CONFIG takes in $REGISTRY, so kubelet pulls from it without credentials.${near:+ $near does not: label by label it is another host.} It needs $wanted."
}

# answer_fault: what the plugin really says.
answer_fault() {
  local text version
  [[ -n $PROVIDER ]] || return 1
  version=${VERSIONS[PROVIDER]}
  PLUGIN=$(readlink -f -- "$CREDENTIAL_BIN_DIR/${NAMES[PROVIDER]}") || return 1
  if ! trusted_path "$PLUGIN" || ! trusted_path "$(readlink -f -- "$CREDENTIAL_CONFIG")"; then
    # kubelet runs it all the same; this script does not run what others can write.
    evidence notAsked "$REPLY"
    return 1
  fi
  ! ask_plugin "$version" || return 1
  text=$ERR
  capture_error
  found CredentialProviderFailed '' "$PLUGIN gives no credentials for $REGISTRY: $REPLY"
  if ((RC == 0)) || [[ $text == *'is not supported'* || $text == *'no kind "CredentialProviderRequest"'* ]]; then
    found CredentialProviderInvalid '' "$PLUGIN does not speak $version, the apiVersion in $CREDENTIAL_CONFIG: $REPLY. Up to 1.27.0 it speaks credentialprovider.kubelet.k8s.io/v1alpha1 only, later v1 only."
    return
  fi
  token_failure_reason "$text" "$RC"
  case $REPLY in
    NodeRoleLacksECR)
      role_lacks_ecr "$text"
      found NodeRoleLacksECR '' "$REPLY"
      ;;
    # That is also what every unknown text gives.
    TokenUnavailable) [[ ! $text =~ IMDS|cached\ credentials|xpired|ignature ]] || REASON_FOUND=TokenUnavailable ;;
    *) REASON_FOUND=$REPLY ;;
  esac
}

# start_fault: what kubelet itself says where its files look right and it does not start.
start_fault() {
  local line
  [[ -z $KUBELET_PID ]] && command -v journalctl > /dev/null || return 1
  capture 5 journalctl --quiet --no-pager --output=cat --lines=50 --since=-10min --unit=kubelet.service --unit=snap.kubelet-eks.daemon.service
  while IFS= read -r line; do
    [[ $line != *"$REFUSAL"* ]] || found CredentialProviderInvalid '' "kubelet does not start: $REFUSAL ${line##*"$REFUSAL"\" }"
  done < "$WORK/out"
  [[ -n $REASON_FOUND ]]
}

PENDING_REASON='' PENDING_FILE='' PENDING_BACKUP='' PENDING_MADE=''

# pending_fault: a repair that was cut off before kubelet ran with its changes.
pending_fault() {
  local key value
  [[ -f $PENDING && -O $PENDING ]] || return 1
  while IFS='=' read -r key value; do
    case $key in
      reason) [[ ! $value =~ ^CredentialProviderM[a-z]+$ ]] || PENDING_REASON=$value ;;
      file) PENDING_FILE=$value ;;
      backup) PENDING_BACKUP=$value ;;
      made) PENDING_MADE+=$value$'\n' ;;
    esac
  done < "$PENDING"
  [[ -n $PENDING_REASON ]] || return 1
  found "$PENDING_REASON" restart 'An earlier repair mended the files, and was cut off before it saw kubelet run with them. Run it again.'
}
