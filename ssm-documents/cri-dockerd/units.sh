# Reads the units of cri-dockerd and Docker, and the listening sockets. It changes nothing.
# shellcheck shell=bash disable=SC2034  # state.sh and script.sh read what is only set here

readonly CRI=cri-docker.service CRI_SOCKET_UNIT=cri-docker.socket DOCKER=docker.service
readonly NET_UNIX=${FLEETMEND_NET_UNIX:-/proc/net/unix}
readonly DAEMON_JSON=${FLEETMEND_DAEMON_JSON:-/etc/docker/daemon.json}

# `UNIT PROPERTY`, as systemd shows it. Declared like this, since node-check declares it inside a function.
declare -gA UNIT=()
# The paths of listening sockets, each between line ends.
SOCKETS=''

# read_units: the state of the units from systemd, loaded or not.
read_units() {
  local key value i=0 units=("$CRI" "$CRI_SOCKET_UNIT" "$DOCKER")
  UNIT=()
  capture 5 systemctl show \
    --property=LoadState,ActiveState,SubState,Result,MainPID,NeedDaemonReload,WantedBy,RequiredBy,ExecStart,Listen "${units[@]}"
  if ((RC != 0)); then
    capture_error
    evidence tool systemctl
    evidence exitCode "$RC"
    finish_undecided ToolMissing "$REPLY"
  fi
  # systemctl shows the units in the order of its arguments; an empty line ends one.
  while IFS='=' read -r key value && ((i < ${#units[@]})); do
    case $key in
      '') i=$((i + 1)) ;;
      # `Listen=PATH (Stream)`, and `ListenStream=PATH` before systemd 230. The first one is where cri-dockerd looks.
      Listen*) : "${UNIT["${units[i]} Listen"]:=${value% (*}}" ;;
      MainPID) UNIT["${units[i]} $key"]=${value#0} ;;
      *) UNIT["${units[i]} $key"]=$value ;;
    esac
  done < "$WORK/out"
}

# last_error_of UNIT: the last line with an error that a process of the unit has logged, else its last line, in REPLY. systemd's own
# lines about the unit come later, and say nothing about the cause.
last_error_of() {
  local line first=''
  capture 5 journalctl --quiet --no-pager --output=cat --reverse --lines=50 "_SYSTEMD_UNIT=$1"
  while IFS= read -r line; do
    first=${first:-$line}
    if [[ $line == *@(fatal|rror|ailed|panic)* ]]; then
      first=$line
      break
    fi
  done < "$WORK/out"
  REPLY=${first:0:200}
}

# starts_at_boot: whether systemd starts cri-dockerd after the next boot.
starts_at_boot() {
  [[ -n ${UNIT["$CRI WantedBy"]-}${UNIT["$CRI RequiredBy"]-}${UNIT["$CRI_SOCKET_UNIT WantedBy"]-} ]]
}

# read_sockets: the listening sockets (the flag 00010000 is the kernel's SO_ACCEPTCON).
read_sockets() {
  SOCKETS=$'\n'
  local path
  while read -r path; do
    canonical "$path"
    SOCKETS+=$REPLY$'\n'
  done < <(awk '$4 == "00010000" && $8 ~ "^/.*(docker|containerd|crio)" { print $8 }' "$NET_UNIX")
}

# is_listening PATH: whether a client can connect. A socket still listens after its file is removed.
is_listening() {
  [[ $SOCKETS == *$'\n'"$1"$'\n'* && -e $1 ]]
}

# canonical ENDPOINT: its path without unix://, and without links (dockershim.sock, /var/run), in REPLY.
canonical() {
  local path=${1#unix://}
  path=${path/#\/var\/run\//\/run\/}
  if [[ -L $path ]]; then
    path=$(readlink -f -- "$path") || path=${1#unix://}
  fi
  REPLY=$path
}

# cri_answers: whether the listener on kubelet's endpoint answers kubelet's call of the CRI; if not, why, in REPLY. True where that
# is unknown. CRI uses gRPC, and curl supports it for this call, which has no fields. Status 12 is Unimplemented: it is too old for
# kubelet, which up to 1.25 calls v1alpha2 then. While Docker does not answer, cri-dockerd cannot.
cri_answers() {
  local i api=v1
  [[ $DOCKER_STATE == answers ]] && command -v curl > /dev/null || return 0
  for i in 1 2 3 4 5; do
    capture 8 curl -qsi --http2-prior-knowledge --unix-socket "$ENDPOINT" --data-binary @- -H 'content-type: application/grpc' \
      -H 'te: trailers' "http://localhost/runtime.$api.RuntimeService/Version" < <(printf '\0\0\0\0\0')
    REPLY='no answer in time'
    ((RC != 124)) || return 1
    # A server without the service may reset the stream before curl has read its answer.
    ((RC != 92)) || continue
    grep -qai 'grpc-status: 12' "$WORK/out" || break
    if [[ $api != v1 ]] || ! takes_v1alpha2; then
      REPLY='unknown service runtime.v1.RuntimeService'
      return 1
    fi
    api=v1alpha2
  done
  REPLY='no gRPC'
  # Built without HTTP/2, or nothing listens any more.
  ((RC == 1 || RC == 2 || RC == 4 || RC == 7)) || grep -qai 'content-type: application/grpc' "$WORK/out"
}

# takes_v1alpha2: whether this kubelet, which need not run, still calls v1alpha2.
takes_v1alpha2() {
  kubelet_minor
  if [[ -z $REPLY ]]; then
    capture 5 systemctl show --property=ExecStart "$KUBELET_UNIT"
    [[ $OUT =~ path=(/[^ \;]+) ]] && capture 5 "${BASH_REMATCH[1]}" --version
    REPLY=26
    [[ ! $OUT =~ ^Kubernetes\ v1\.([0-9]+)\. ]] || REPLY=${BASH_REMATCH[1]}
  fi
  ((REPLY < 26))
}
