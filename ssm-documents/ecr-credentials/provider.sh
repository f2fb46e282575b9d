# kubelet's image credential provider on this node: the registry that it must serve, and the answer of its program.
#@ use node/kubelet
#@ use ecr/ecr
#@ use ecr/ecr-answers
#@ use ./config
#@ sets TOKEN TIMEOUT_HOW
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# The host of the EKS registry for this node, from which it pulls the CNI, kube-proxy and often the sandbox image.
REGISTRY=''
# The program of the provider that kubelet runs for it.
PLUGIN=''
# The field of its answer that kubelet does not accept.
ANSWER_FIELD=''

# find_registry: sets REGISTRY to that of kubelet's sandbox image, else to the EKS registry of the region in kubelet's
# providerID, in the cluster's endpoint or in containerd's configuration. 1 where none of them has it.
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

# ask_plugin VERSION: runs PLUGIN for REGISTRY as kubelet does. 1: it returned no credentials (RC, ERR), or none that kubelet
# accepts (RC is 0, ANSWER_FIELD names the field). Its output is a secret: only a variable holds it, until it is checked.
ask_plugin() {
  local answer request="{\"apiVersion\":\"$1\",\"kind\":\"CredentialProviderRequest\",\"image\":\"$REGISTRY/eks/pause\"}"
  local version='"apiVersion"[[:space:]]*:[[:space:]]*"([^"]{1,80})"'
  RC=0 ERR='' ANSWER_FIELD=''
  log "running $PLUGIN"
  answer=$(printf '%s' "$request" | (as_kubelet 2> "$WORK/err")) || RC=$?
  if ((RC != 0)); then
    slurp "$WORK/err"
    ERR=$REPLY
    return 1
  fi
  if [[ ! $answer =~ $version || ${BASH_REMATCH[1]} != "$1" ]]; then
    ANSWER_FIELD=apiVersion
  elif ! take_token "$answer" '"password"[[:space:]]*:[[:space:]]*"([^"]+)"'; then
    ANSWER_FIELD=password
  fi
  TOKEN=''
  [[ -z $ANSWER_FIELD ]]
}

# connection_reason TEXT CODE: the reason that an error text of the provider about its connection shows, in REPLY.
connection_reason() {
  case $1 in
    *x509:* | *'certificate verify failed'* | *'failed to verify certificate'*) REPLY=RegistryCertificate ;;
    *'no such host'* | *'i/o timeout'* | *'connection refused'* | *'context deadline exceeded'* | *'timed out'* | \
      *'TLS handshake timeout'* | *'network is unreachable'* | *'no route to host'* | *'connection reset'* | *': EOF'* | \
      *'unexpected EOF'* | *'broken pipe'* | *'server misbehaving'* | *'ame resolution'* | *proxyconnect*) REPLY=RegistryUnreachable ;;
    *)
      REPLY=TokenUnavailable
      (($2 != 124)) || REPLY=RegistryUnreachable
      ;;
  esac
}

# as_kubelet: runs PLUGIN with kubelet's settings for AWS, proxy and certificates, and with the environment and arguments of
# the configuration. In a subshell.
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
  # Together with its children: the script would wait for any process that holds the pipe.
  TIMEOUT_HOW=--signal=TERM
  bounded 12 "${command[@]}"
}
