# The agents of the node's network: aws-node's container and its ipamd, the agents of other CNIs, and NetworkReady as the
# runtime reports it.
#@ use ./config
#@ use images/images
#@ use node/cri-conditions
# shellcheck shell=bash disable=SC2034,SC2086  # fault.sh reads what is set here; names of containers are split

# aws-node's container: running, stopped, absent, several (that run) or unknown. Its ipamd: up, silent (it accepts connections and does
# not respond) or down.
AWS_NODE=unknown AWS_NODE_ID='' IPAMD=''
IDS='' RUNNING_ID=''

IPAMD_LOG=/var/log/aws-routed-eni/ipamd.log
NET_TABLES='/proc/net/tcp /proc/net/tcp6 /proc/net/unix'
# ipamd listens on port 50051 up to v1.22, and on a socket from v1.23 on.
readonly IPAMD_LISTENS=':C383 0+:0000 0A | 00010000 0001 01 +[0-9]+ .*/aws-node/ipamd\.sock$'
# The time that aws-node may take to start on a node, image pulls included.
readonly SETTLE_SECONDS=120

# containers_of NAMESPACE NAME...: ids of the pods' containers with one of these names, by kubelet's labels, in IDS; 1 if the
# runtime did not respond. Anyone who may create pods can choose the name of a container, but not the namespace kube-system. An
# empty NAMESPACE is any.
containers_of() {
  local name namespace=$1 label=io.kubernetes.container.name in=io.kubernetes.pod.namespace
  IDS=' '
  shift
  for name in "$@"; do
    if [[ $ON_DOCKER == true ]]; then
      capture 10 docker ps --all --quiet --no-trunc --filter "label=$label=$name" ${namespace:+--filter "label=$in=$namespace"}
    else
      ctr_k8s 10 containers ls --quiet "labels.\"$label\"==\"$name\"${namespace:+,labels.\"$in\"==\"$namespace\"}"
    fi
    ((RC == 0)) || return 1
    IDS+=${OUT//[[:space:]]/ }
  done
}

# state_of NAMESPACE NAME: whether a pod's container with this name runs (running, stopped, absent, several, or unknown where the
# runtime did not respond), in REPLY. Where kubelet has kept an old one, it is the one that runs, with its id in RUNNING_ID. Of
# several that run, none can be told to be the node's.
state_of() {
  local id state running=0
  REPLY=unknown RUNNING_ID=''
  containers_of "$1" "$2" || return 0
  REPLY=absent
  [[ -n ${IDS// /} ]] || return 0
  if [[ $ON_DOCKER == true ]]; then
    capture 10 docker ps --quiet --no-trunc
  else
    ctr_k8s 10 tasks ls
  fi
  REPLY=stopped
  while read -r id _ state; do
    [[ $IDS == *" $id "* && ${state:-RUNNING} == RUNNING ]] || continue
    running=$((running + 1)) REPLY=running RUNNING_ID=$id
  done < "$WORK/out"
  if ((running > 1)); then
    REPLY=several RUNNING_ID=''
  fi
}

# find_aws_node: aws-node's container.
find_aws_node() {
  state_of kube-system aws-node
  AWS_NODE=$REPLY AWS_NODE_ID=$RUNNING_ID
}

# look_at_ipamd: whether it listens where the plugin calls it, and whether its introspection endpoint responds. Some clusters
# turn the endpoint off, so a refused connection is no fault.
look_at_ipamd() {
  local seconds
  IPAMD=down
  grep -qsE "$IPAMD_LISTENS" $NET_TABLES || return 0
  for seconds in 2 3; do
    IPAMD=up
    capture "$seconds" bash -c 'exec 3<> /dev/tcp/127.0.0.1/61679 && printf "GET /v1/enis HTTP/1.0\r\n\r\n" >&3 && read -r -n 9 <&3'
    ((RC == 124)) || return 0
    IPAMD=silent
  done
}

# is_settling: whether the runtime or aws-node started so recently that aws-node may still be starting.
is_settling() {
  local file now
  printf -v now '%(%s)T' -1
  for file in "${CONTAINERD_SOCKET:-/run/docker.sock}" "/run/containerd/io.containerd.runtime.v2.task/k8s.io/${AWS_NODE_ID:--}"; do
    REPLY=$(stat -c %Y -- "$file" 2> /dev/null) || continue
    ((now - REPLY >= SETTLE_SECONDS)) || return 0
  done
  return 1
}

# The agents of other CNIs, by the types of their plugins. The plugins of the CNI project have none.
readonly AGENTS=' cilium-cni=cilium-agent calico=calico-node antrea=antrea-agent flannel=kube-flannel weave-net=weave bridge= ptp= macvlan= ipvlan= host-device= loopback= portmap= bandwidth= tuning= firewall= sbr= vrf= '

# The agents of those whose configuration is never moved aside, since another one is behind it on purpose.
readonly OTHER_AGENTS=' multus=kube-multus multus-shim=kube-multus kube-ovn=cni-server ovn-k8s-cni-overlay=ovnkube-controller '

# is_leftover: whether CONFIG remains from a CNI that no longer runs, while aws-node runs and has, or had, its own. It is never
# true for a CNI that is not listed here.
is_leftover() {
  local type agents=''
  [[ $MAX_CONFIGS == 1 && ${CONFIG##*/} != "$AWS_CONFIG" ]] && compgen -G "$CONF_DIR/$AWS_CONFIG*" > /dev/null || return 1
  for type in $TYPES; do
    [[ $AGENTS == *" $type="* ]] || return 1
    type=${AGENTS#*" $type="}
    agents+=" ${type%% *}"
  done
  find_aws_node
  # An agent in any namespace spares its file: some are installed in one of their own.
  [[ $AWS_NODE == running ]] && containers_of '' $agents && [[ -z ${IDS// /} ]]
}

# ask_runtime: NetworkReady, as the runtime reports it to kubelet.
ask_runtime() {
  cri_socket
  ask_cri "$REPLY"
  read_conditions
}

# sandbox_image_is_missing: whether aws-node's own pod cannot start because the sandbox image is missing (see pause-image).
sandbox_image_is_missing() {
  local name
  [[ $CONFIGURED_IMAGE =~ $REFERENCE ]] || return 1
  full_reference "$CONFIGURED_IMAGE"
  name=$REPLY
  ctr_k8s 15 images ls --quiet "name==\"$name\""
  ((RC == 0)) || return 1
  [[ $OUT != "$name"* ]] || ! image_is_usable "$name"
}
