# What cri-dockerd decides by: which runtime kubelet really uses, the units behind it, their flags, and the sandbox image.
#@ use node/kubelet
#@ use node/unit-flags
#@ use images/references
#@ use node/disk
#@ use ./units
#@ sets KUBELET_ENDPOINT CONTAINERD_ROOT
# shellcheck shell=bash disable=SC2034  # the prelude and script.sh read what is only set here

# kubelet's endpoint, and the one that its file names: a flag wins. Paths, without unix://.
ENDPOINT='' FILE_ENDPOINT=''
# Whether kubelet drives Docker by itself (kubelet up to 1.23), without cri-dockerd.
DOCKERSHIM=false
# cri-dockerd's flags; `unset` where it is given none.
CRI_ENDPOINT='' CRI_PLUGIN='unset' CRI_IMAGE='' DOCKER_ENDPOINT='' CRI_SOCKET=''
# answers, down or hung.
DOCKER_STATE=down DOCKER_WORDS=''
# present, absent or unknown.
IMAGE_STATE=unknown
# What is wrong: `REASON sentence`, the one to repair first at the front.
FAULTS=()

readonly OTHER_SOCKETS='/run/containerd/containerd.sock /run/cri-dockerd.sock /run/cri-docker.sock /run/crio/crio.sock'

# look_at_docker: finds out everything that check and repair decide by. It changes nothing; it does not even connect to a socket
# behind which systemd would start a service.
look_at_docker() {
  EVIDENCE='' FAULTS=()
  find_services
  read_kubelet_endpoints
  read_sockets
  if ! kubelet_uses_docker; then
    refuse_other_runtimes
    return
  fi
  read_units
  read_cri_dockerd
  ask_docker
  evidence endpoint "$ENDPOINT"
  [[ -n $KUBELET_PID ]] || evidence kubeletRuns false
  [[ $DOCKERSHIM == true ]] || evidence networkPlugin "${CRI_PLUGIN:-none}"
  find_faults
}

# read_kubelet_endpoints: read_kubelet, with what the flag says and what the file says kept apart.
read_kubelet_endpoints() {
  local winner
  KUBELET_ENDPOINT=''
  read_kubelet
  winner=$KUBELET_ENDPOINT KUBELET_ENDPOINT=''
  read_kubelet_config
  canonical "$KUBELET_ENDPOINT"
  FILE_ENDPOINT=$REPLY
  KUBELET_ENDPOINT=$winner
  canonical "$winner"
  ENDPOINT=$REPLY
}

# refuse_other_runtimes: ends on a node whose kubelet does not use Docker, unless its endpoint is dead while another
# runtime listens, or unless kubelet is told two endpoints.
refuse_other_runtimes() {
  find_dead_endpoint
  find_two_endpoints
  if ((${#FAULTS[@]} == 0)); then
    finish Unsupported RuntimeNotDocker "kubelet uses ${ENDPOINT:-no runtime that it names}, not Docker."
  fi
  evidence endpoint "$ENDPOINT"
}

# read_cri_dockerd: its flags, from the running process or as its unit would start it, and its own defaults.
read_cri_dockerd() {
  CRI_ENDPOINT='' CRI_PLUGIN='unset' CRI_IMAGE='' DOCKER_ENDPOINT=''
  DOCKERSHIM=false
  if [[ $KUBELET_RUNTIME == docker ]]; then
    DOCKERSHIM=true CRI_IMAGE=$KUBELET_SANDBOX_IMAGE
  elif [[ -n ${UNIT["$CRI MainPID"]-} ]]; then
    flags_of "${UNIT["$CRI MainPID"]}" take_cri_flag
  else
    unit_flags take_cri_flag "$CRI"
  fi
  [[ $DOCKERSHIM == true ]] || read_cri_defaults
  [[ $DOCKER_ENDPOINT =~ ^(unix|tcp)://[A-Za-z0-9._:/-]+$ ]] || DOCKER_ENDPOINT=unix:///var/run/docker.sock
  case $CRI_ENDPOINT in
    fd://*) CRI_SOCKET=${UNIT["$CRI_SOCKET_UNIT Listen"]-} ;;
    *) CRI_SOCKET=${CRI_ENDPOINT:-unix:///run/cri-dockerd.sock} ;;
  esac
  canonical "$CRI_SOCKET"
  CRI_SOCKET=$REPLY
}

take_cri_flag() {
  case $1 in
    container-runtime-endpoint) CRI_ENDPOINT=$2 ;;
    network-plugin) CRI_PLUGIN=$2 ;;
    pod-infra-container-image) CRI_IMAGE=$2 ;;
    docker-endpoint) DOCKER_ENDPOINT=$2 ;;
  esac
}

# read_cri_defaults: what this cri-dockerd does without a flag, from its own help: 0.2.5 brought the default cni. The help
# shows no default that is empty.
read_cri_defaults() {
  local program=${UNIT["$CRI ExecStart"]-} line pattern='--(network-plugin|pod-infra-container-image) string(.*\(default "([^"]*)"\))?'
  [[ $CRI_PLUGIN == unset || -z $CRI_IMAGE ]] || return 0
  program=${program#*path=}
  program=${program%% ;*}
  [[ -x $program ]] || return 0
  capture 5 "$program" --help
  while IFS= read -r line; do
    [[ $line =~ $pattern ]] || continue
    if [[ ${BASH_REMATCH[1]} != network-plugin ]]; then
      CRI_IMAGE=${CRI_IMAGE:-${BASH_REMATCH[3]}}
    elif [[ $CRI_PLUGIN == unset ]]; then
      CRI_PLUGIN=${BASH_REMATCH[3]}
    fi
  done < "$WORK/out"
}

# ask_docker: whether Docker answers, and whether it has the sandbox image. Docker is not asked where its service does not
# run: systemd would start it.
ask_docker() {
  DOCKER_STATE=down IMAGE_STATE=unknown DIGEST='' IMAGE=''
  local id='"Id": "(sha256:[0-9a-f]{64})"'
  if [[ -n $CRI_IMAGE ]]; then
    full_reference "$CRI_IMAGE"
    [[ $REPLY =~ $REFERENCE ]] || finish_undecided ConfigUnreadable "--pod-infra-container-image of $CRI is no image reference."
    IMAGE=$REPLY
  fi
  canonical "$DOCKER_ENDPOINT"
  if [[ ${UNIT["$DOCKER LoadState"]-} == not-found && $REPLY == /* ]]; then
    is_listening "$REPLY" || return 0
  elif [[ ${UNIT["$DOCKER ActiveState"]-} != active ]]; then
    return 0
  fi
  command -v docker > /dev/null || finish_undecided ToolMissing "Docker runs, but its client docker is not on the PATH ($PATH)."
  DOCKER_STATE=answers
  docker_do 8 image inspect "${IMAGE:-fleetmend.invalid/none}"
  if ((RC == 0)); then
    IMAGE_STATE=present
    [[ ! $OUT =~ $id ]] || DIGEST=${BASH_REMATCH[1]}
  elif [[ $ERR == *[Nn]'o such image'* ]]; then
    [[ -z $IMAGE ]] || IMAGE_STATE=absent
  else
    DOCKER_STATE=hung
    capture_error
    DOCKER_WORDS=$REPLY
  fi
}

# docker_do SECONDS ARGUMENT...: the docker client by `capture`, on the daemon that cri-dockerd uses, with no login of root's.
docker_do() {
  local seconds=$1
  shift
  capture "$seconds" docker --host "$DOCKER_ENDPOINT" --config "$WORK/docker" "$@"
}

# note_fault REASON SENTENCE: notes one more.
note_fault() {
  FAULTS+=("$1 $2")
}

# find_faults: everything that is wrong, in FAULTS, the one that the others may come from first.
find_faults() {
  # Where neither is installed, Docker is not what the node lacks.
  [[ ${UNIT["$CRI LoadState"]-}/${UNIT["$DOCKER LoadState"]-} == not-found/not-found ]] || find_docker_fault
  if [[ $DOCKERSHIM == false ]]; then
    find_unit_fault
    find_dead_endpoint
    find_missing_cni
  fi
  if [[ $IMAGE_STATE == absent ]]; then
    note_fault SandboxImageMissing 'Docker does not have the sandbox image, and cri-dockerd pulls it without ECR credentials: no new pod can start on this node.'
    find_image_cause
  fi
  find_two_endpoints
}

# find_missing_cni: with no network plugin cri-dockerd says that the network is ready, whatever it is. `unset`: nothing tells.
find_missing_cni() {
  if [[ -z $CRI_PLUGIN || $CRI_PLUGIN == *no-op ]]; then
    note_fault CRIDockerdNoCNI "$CRI runs cri-dockerd without CNI (--network-plugin is ${CRI_PLUGIN:-empty}): the node says Ready, but its pods get no address of the cluster."
  fi
}

# find_docker_fault: why Docker is down.
find_docker_fault() {
  case $DOCKER_STATE/${UNIT["$DOCKER LoadState"]-} in
    down/loaded) note_fault DockerDown "$DOCKER is ${UNIT["$DOCKER ActiveState"]-} (${UNIT["$DOCKER Result"]-}); cri-dockerd cannot work without it." ;;
    down/*) note_fault DockerDown "$DOCKER is ${UNIT["$DOCKER LoadState"]-}, and nobody listens on $DOCKER_ENDPOINT." ;;
    hung/*) note_fault DockerDown "$DOCKER runs, but does not answer on $DOCKER_ENDPOINT: $DOCKER_WORDS" ;;
  esac
}

# find_unit_fault: why kubelet cannot reach cri-dockerd.
find_unit_fault() {
  local load=${UNIT["$CRI LoadState"]-} active=${UNIT["$CRI ActiveState"]-} by=${UNIT["$CRI_SOCKET_UNIT ActiveState"]-}
  if [[ $active == active ]]; then
    if [[ $CRI_SOCKET == "$ENDPOINT" ]] && ! is_listening "$ENDPOINT"; then
      note_fault CRIDockerdDown "$CRI is active, but nobody can connect to $ENDPOINT."
    fi
    return
  fi
  if [[ $DOCKER_STATE == answers && $active != activating && $by != active ]] && is_listening "$ENDPOINT"; then
    finish Unsupported CRIDockerdUnmanaged "Somebody listens on $ENDPOINT, but not $CRI, which is ${active:-unknown}; it is left alone."
  fi
  if [[ $load == loaded ]]; then
    note_fault CRIDockerdDown "$CRI is $active (${UNIT["$CRI SubState"]-}, ${UNIT["$CRI Result"]-}), $CRI_SOCKET_UNIT is ${UNIT["$CRI_SOCKET_UNIT LoadState"]-}, ${by:-unknown}; kubelet has no runtime."
    return
  fi
  [[ $load == masked ]] || find_dead_endpoint
  last_fault_is RuntimeEndpointConflict || note_fault CRIDockerdDown "kubelet wants cri-dockerd on $ENDPOINT, but $CRI is $load."
}

last_fault_is() {
  ((${#FAULTS[@]} > 0)) && [[ ${FAULTS[${#FAULTS[@]} - 1]} == "$1 "* ]]
}

# find_dead_endpoint: nobody listens where kubelet looks, and another runtime listens elsewhere. Not where cri-dockerd is
# down: Docker's own containerd listens on every node.
find_dead_endpoint() {
  local other
  if last_fault_is CRIDockerdDown || last_fault_is RuntimeEndpointConflict; then
    return 0
  fi
  if [[ -z $ENDPOINT ]] || is_listening "$ENDPOINT"; then
    return 0
  fi
  for other in ${CRI_SOCKET:-} $OTHER_SOCKETS; do
    if [[ $other != "$ENDPOINT" ]] && is_listening "$other"; then
      note_fault RuntimeEndpointConflict "kubelet's endpoint is $ENDPOINT, where nobody listens; $other is there instead."
      return
    fi
  done
}

# find_two_endpoints: kubelet's flag wins, until somebody drops it.
find_two_endpoints() {
  if [[ -n $FILE_ENDPOINT && $FILE_ENDPOINT != "$ENDPOINT" ]]; then
    note_fault RuntimeEndpointConflict "kubelet's flag names the endpoint $ENDPOINT and wins, but its file $KUBELET_CONFIG names $FILE_ENDPOINT."
  fi
}

# find_image_cause: why the image may have gone, as far as the node shows it, in CAUSE.
find_image_cause() {
  local root='"data-root"[[:space:]]*:[[:space:]]*"(/[^"]*)"'
  REPLY=''
  [[ ! -r $DAEMON_JSON ]] || slurp "$DAEMON_JSON"
  # disk.sh looks at the runtime's images, wherever they are.
  CONTAINERD_ROOT=/var/lib/docker
  [[ ! $REPLY =~ $root ]] || CONTAINERD_ROOT=${BASH_REMATCH[1]}
  read_disk
  CAUSE=''
  if disk_is_over_threshold || journal_shows_gc; then
    CAUSE=ImageGCPressure
  elif [[ -n $KUBELET_SANDBOX_IMAGE && $KUBELET_SANDBOX_IMAGE != "$CRI_IMAGE" ]]; then
    # kubelet up to 1.28 spares the image of its own flag alone.
    CAUSE=PodInfraImageMismatch
    evidence kubeletImage "$KUBELET_SANDBOX_IMAGE"
  fi
}
