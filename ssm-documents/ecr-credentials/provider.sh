# kubelet's image credential provider on this node: which registry it must serve, and what its plugin answers.
#@ use node/kubelet
#@ use ecr/ecr
#@ use ecr/ecr-answers
#@ use ./config
#@ sets TOKEN TIMEOUT_HOW
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# The host of EKS's own registry for this node: its CNI, its proxy and often its sandbox image come from there.
REGISTRY=''
# The program of the provider that kubelet asks for it.
PLUGIN=''

# find_registry: REGISTRY: that of kubelet's sandbox image, else EKS's own by the region in what kubelet knows of itself (its
# providerID, its cluster's endpoint) or in containerd's images. 1 where nothing tells it.
find_registry() {
  local file text='' place='(aws:///|\.)([a-z]{2,5}(-[a-z]+)+-[0-9]{1,2})(\.(eks|amazonaws)\.|[a-z-][a-z0-9-]*/i-)'
  REGISTRY=${KUBELET_SANDBOX_IMAGE%%/*}
  ! parse_ecr_host "$REGISTRY" || return 0
  for file in "$KUBELET_CONFIG" /var/lib/kubelet/kubeconfig /etc/containerd/config.toml; do
    [[ -f $file && -r $file ]] || continue
    slurp "$file"
    text+=$REPLY
  done
  [[ $text =~ $place ]] || return 1
  eks_registry "${BASH_REMATCH[2]}"
  REGISTRY=$REPLY
  parse_ecr_host "$REGISTRY"
}

# ask_plugin VERSION: has PLUGIN answer for REGISTRY as kubelet would. 1: it gave no credentials (RC, ERR), or not such as
# kubelet takes (RC is 0). What it prints is a secret: it is in a variable alone, for as long as it takes to look at.
ask_plugin() {
  local answer request="{\"apiVersion\":\"$1\",\"kind\":\"CredentialProviderRequest\",\"image\":\"$REGISTRY/eks/pause\"}"
  local version='"apiVersion"[[:space:]]*:[[:space:]]*"([^"]{1,80})"'
  RC=0 ERR=''
  log "asking $PLUGIN"
  answer=$(printf '%s' "$request" | (as_kubelet 2> "$WORK/err")) || RC=$?
  if ((RC != 0)); then
    slurp "$WORK/err"
    ERR=$REPLY
    return 1
  fi
  if [[ ! $answer =~ $version || ${BASH_REMATCH[1]} != "$1" ]]; then
    ERR="it does not answer in $1"
  elif ! take_token "$answer" '"password"[[:space:]]*:[[:space:]]*"([^"]+)"'; then
    ERR='its answer has no password'
  fi
  TOKEN=''
  [[ -z $ERR ]]
}

# as_kubelet: runs PLUGIN with kubelet's own settings of AWS, proxy and certificates, and the configuration's environment and
# arguments. In a subshell.
as_kubelet() {
  local variable command=("$PLUGIN")
  export HOME=$WORK AWS_MAX_ATTEMPTS=2
  if [[ -n $KUBELET_PID && -r /proc/$KUBELET_PID/environ ]]; then
    while IFS= read -r -d '' variable; do
      [[ ! $variable =~ ^(AWS_[A-Z_]+|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|SSL_CERT_[A-Z]+|HOME)= ]] || export "${variable?}"
    done < "/proc/$KUBELET_PID/environ"
  fi
  while IFS= read -r variable; do
    [[ ! $variable =~ ^[A-Z][A-Z0-9_]*= ]] || export "${variable?}"
  done < <(printf '%s\n' "${VARIABLES[PROVIDER]-}")
  while IFS= read -r variable; do
    command+=("$variable")
  done < <(printf '%s' "${ARGUMENTS[PROVIDER]-}")
  # With all that it may have started: whatever holds the pipe would be waited for.
  TIMEOUT_HOW=--signal=TERM
  bounded 12 "${command[@]}"
}
