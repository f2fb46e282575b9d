# The state on which cri-dockerd bases its decisions: the runtime that kubelet uses, its units, their flags, and the sandbox
# image.
#@ use node/kubelet
#@ use node/unit-flags
#@ use images/references
#@ use node/disk
#@ use ./units
#@ sets KUBELET_ENDPOINT CONTAINERD_ROOT
# shellcheck shell=bash disable=SC2034  # the prelude and script.sh read what is only set here

# kubelet's endpoint, and the one in its file: a flag overrides the file. Paths, without unix://.
ENDPOINT='' FILE_ENDPOINT=''
# Whether kubelet uses Docker directly (dockershim, kubelet up to 1.23), without cri-dockerd.
DOCKERSHIM=false
# cri-dockerd's flags; `unset` where it has none.
CRI_ENDPOINT='' CRI_PLUGIN='unset' CRI_IMAGE='' DOCKER_ENDPOINT='' CRI_SOCKET=''
# answers, down or hung; and the client's error where it is hung.
DOCKER_STATE=down DOCKER_ERROR=''
# present, absent or unknown.
IMAGE_STATE=unknown
# The reasons that were found, the one to repair first at the front, and the last error line of a tool for each.
FAULTS=() FAULT_DETAILS=()

readonly OTHER_SOCKETS='/run/containerd/containerd.sock /run/cri-dockerd.sock /run/cri-docker.sock /run/crio/crio.sock'

# look_at_docker: collects the state for check and repair. It changes nothing, and connects to no socket for which systemd would
# start a service.
look_at_docker() {
  forget_evidence
  FAULTS=() FAULT_DETAILS=()
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
  if [[ $DOCKERSHIM == true ]]; then
    evidence dockershim true
  else
    evidence networkPlugin "${CRI_PLUGIN:-none}"
  fi
  find_faults
}

# read_kubelet_endpoints: like read_kubelet, but keeps the endpoint of the flag and that of the file apart.
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

# refuse_other_runtimes: ends on a node whose kubelet does not use Docker, unless no process listens on its endpoint while
# another runtime listens elsewhere, or kubelet's flag and file name different endpoints.
refuse_other_runtimes() {
  find_dead_endpoint
  find_two_endpoints
  if ((${#FAULTS[@]} == 0)); then
    [[ -z $ENDPOINT ]] || evidence endpoint "$ENDPOINT"
    finish Unsupported RuntimeNotDocker
  fi
  evidence endpoint "$ENDPOINT"
}

# read_cri_dockerd: its flags, from the running process, otherwise from its unit, and its own defaults.
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

# read_cri_defaults: the defaults of this cri-dockerd, from its own help: since 0.2.5 the network plugin is cni. The help
# shows no empty default.
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

# ask_docker: whether Docker answers, and whether it has the sandbox image. It sends no request where Docker's service does
# not run: systemd would start it.
ask_docker() {
  DOCKER_STATE=down IMAGE_STATE=unknown DIGEST='' IMAGE=''
  local id='"Id": "(sha256:[0-9a-f]{64})"'
  if [[ -n $CRI_IMAGE ]]; then
    full_reference "$CRI_IMAGE"
    if [[ ! $REPLY =~ $REFERENCE ]]; then
      evidence configuredImage "$CRI_IMAGE"
      finish_undecided ConfigUnreadable
    fi
    IMAGE=$REPLY
  fi
  canonical "$DOCKER_ENDPOINT"
  if [[ ${UNIT["$DOCKER LoadState"]-} == not-found && $REPLY == /* ]]; then
    is_listening "$REPLY" || return 0
  elif [[ ${UNIT["$DOCKER ActiveState"]-} != active ]]; then
    return 0
  fi
  if ! command -v docker > /dev/null; then
    evidence tool docker
    finish_undecided ToolMissing
  fi
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
    DOCKER_ERROR=$REPLY
  fi
}

# docker_do SECONDS ARGUMENT...: `capture` of the docker client, on the daemon that cri-dockerd uses, without root's logins.
docker_do() {
  local seconds=$1
  shift
  capture "$seconds" docker --host "$DOCKER_ENDPOINT" --config "$WORK/docker" "$@"
}

# note_fault REASON [DETAIL] [NAME VALUE]...: notes one more fault with its evidence. DETAIL is the last error line of a tool.
note_fault() {
  FAULTS+=("$1") FAULT_DETAILS+=("${2-}")
  shift $(($# < 2 ? $# : 2))
  while (($# > 1)); do
    [[ -z $2 ]] || evidence "$1" "$2"
    shift 2
  done
}

# find_faults: all faults, in FAULTS; one that can cause the others comes first.
find_faults() {
  # Where neither is installed, the node is not meant to run Docker.
  [[ ${UNIT["$CRI LoadState"]-}/${UNIT["$DOCKER LoadState"]-} == not-found/not-found ]] || find_docker_fault
  if [[ $DOCKERSHIM == false ]]; then
    find_unit_fault
    find_dead_endpoint
    find_missing_cni
    find_cri_fault
  fi
  if [[ $IMAGE_STATE == absent ]]; then
    note_fault SandboxImageMissing
    find_image_cause
  fi
  find_two_endpoints
}

# find_missing_cni: without a network plugin cri-dockerd always reports that the network is ready. `unset`: it is unknown.
find_missing_cni() {
  if [[ -z $CRI_PLUGIN || $CRI_PLUGIN == *no-op ]]; then
    note_fault CRIDockerdNoCNI '' networkPlugin "${CRI_PLUGIN:-none}"
  fi
}

# find_docker_fault: why Docker is down.
find_docker_fault() {
  case $DOCKER_STATE/${UNIT["$DOCKER LoadState"]-} in
    down/loaded) note_fault DockerDown '' dockerUnit "${UNIT["$DOCKER ActiveState"]-}" dockerResult "${UNIT["$DOCKER Result"]-}" ;;
    down/*) note_fault DockerDown '' dockerLoad "${UNIT["$DOCKER LoadState"]-}" dockerEndpoint "$DOCKER_ENDPOINT" ;;
    hung/*) note_fault DockerDown "$DOCKER_ERROR" dockerHangs true dockerEndpoint "$DOCKER_ENDPOINT" ;;
  esac
}

# find_unit_fault: why kubelet cannot reach cri-dockerd.
find_unit_fault() {
  local load=${UNIT["$CRI LoadState"]-} active=${UNIT["$CRI ActiveState"]-} by=${UNIT["$CRI_SOCKET_UNIT ActiveState"]-}
  if [[ $active == active ]]; then
    if [[ $CRI_SOCKET != "$ENDPOINT" ]]; then
      return
    elif ! is_listening "$ENDPOINT"; then
      note_fault CRIDockerdDown '' criService active
    elif ! cri_answers; then
      note_fault CRIDockerdDown "$REPLY" criService active criAnswers false
    fi
    return
  fi
  if [[ $DOCKER_STATE == answers && $active != activating && $by != active ]] && is_listening "$ENDPOINT"; then
    evidence criService "${active:-unknown}"
    finish Unsupported CRIDockerdUnmanaged
  fi
  if [[ $load == loaded ]]; then
    REPLY=''
    [[ $active == inactive ]] || last_error_of "$CRI"
    note_fault CRIDockerdDown "$REPLY" criService "${active:-unknown}" criServiceResult "${UNIT["$CRI Result"]-}" \
      criSocket "${by:-unknown}" criSocketLoad "${UNIT["$CRI_SOCKET_UNIT LoadState"]-}"
    return
  fi
  [[ $load == masked ]] || find_dead_endpoint
  last_fault_is RuntimeEndpointConflict || note_fault CRIDockerdDown '' criServiceLoad "${load:-unknown}"
}

last_fault_is() {
  [[ " ${FAULTS[*]-}" == *" $1" ]]
}

# find_dead_endpoint: no process listens on kubelet's endpoint, and another runtime listens elsewhere. Not where cri-dockerd
# is down: Docker's own containerd listens on every node.
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
      note_fault RuntimeEndpointConflict '' listeningSocket "$other"
      return
    fi
  done
}

# find_cri_fault: another program than a CRI listens on kubelet's endpoint. Where that is cri-dockerd's, see find_unit_fault.
find_cri_fault() {
  if [[ $ENDPOINT != "$CRI_SOCKET" ]] && ! last_fault_is CRIDockerdDown && is_listening "$ENDPOINT" && ! cri_answers; then
    note_fault RuntimeEndpointConflict '' foreignSocket "$ENDPOINT"
  fi
}

# find_two_endpoints: kubelet's flag overrides its file, until the flag is removed.
find_two_endpoints() {
  if [[ -n $FILE_ENDPOINT && $FILE_ENDPOINT != "$ENDPOINT" ]]; then
    note_fault RuntimeEndpointConflict '' fileEndpoint "$FILE_ENDPOINT" kubeletConfig "$KUBELET_CONFIG"
  fi
}

# find_image_cause: why the image may be missing, as far as the node shows it, in CAUSE.
find_image_cause() {
  local root='"data-root"[[:space:]]*:[[:space:]]*"(/[^"]*)"'
  REPLY=''
  [[ ! -r $DAEMON_JSON ]] || slurp "$DAEMON_JSON"
  # disk.sh reads the file system of the runtime's images, whichever the runtime is.
  CONTAINERD_ROOT=/var/lib/docker
  [[ ! $REPLY =~ $root ]] || CONTAINERD_ROOT=${BASH_REMATCH[1]}
  read_disk
  CAUSE=''
  if disk_is_over_threshold || journal_shows_gc; then
    CAUSE=ImageGCPressure
  elif [[ -n $KUBELET_SANDBOX_IMAGE && $KUBELET_SANDBOX_IMAGE != "$CRI_IMAGE" ]]; then
    # kubelet up to 1.28 keeps only the image of its own flag.
    CAUSE=PodInfraImageMismatch
    evidence kubeletImage "$KUBELET_SANDBOX_IMAGE"
  fi
}
