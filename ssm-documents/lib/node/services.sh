# The running containerd and kubelet of the node, and their flags.
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

CONTAINERD_PID='' CONTAINERD_STATE='' KUBELET_PID=''
# The state of kubelet's unit, and its name; empty where there is no such unit.
KUBELET_STATE='' KUBELET_UNIT=''

# parse_services FILE: the output of `systemctl show` for containerd and kubelet. systemd chooses the order of a unit's
# properties; an empty line ends the unit.
parse_services() {
  local key value id='' pid='' state='' load=''
  while IFS='=' read -r key value || [[ -n $key ]]; do
    case $key in
      Id) id=$value ;;
      MainPID) pid=${value#0} ;;
      ActiveState) state=$value ;;
      LoadState) load=$value ;;
      '')
        take_service "$id" "$pid" "$state" "$load"
        id='' pid='' state='' load=''
        ;;
    esac
  done < "$1"
  take_service "$id" "$pid" "$state" "$load"
}

take_service() {
  case $1 in
    containerd.service) CONTAINERD_STATE=$3 CONTAINERD_PID=${CONTAINERD_PID:-$2} ;;
    # Ubuntu's EKS images run kubelet from a snap.
    kubelet.service | snap.kubelet-eks.daemon.service)
      KUBELET_PID=${KUBELET_PID:-$2}
      if [[ $4 == loaded ]]; then
        KUBELET_STATE=$3 KUBELET_UNIT=$1
      fi
      ;;
  esac
}

# find_services: from systemd, not from the process names in /proc. A process in any container may have the name containerd,
# and root must not use its --config or its executable.
find_services() {
  CONTAINERD_PID=${FLEETMEND_CONTAINERD_PID:-} KUBELET_PID=${FLEETMEND_KUBELET_PID:-}
  capture_shared services 5 systemctl show --property=Id,MainPID,ActiveState,LoadState \
    containerd.service kubelet.service snap.kubelet-eks.daemon.service
  parse_services "$WORK/out"
}

# share_services: for node-check's parent.
share_services() {
  find_services
  share services
}

# each_flag FILE HANDLER: calls `HANDLER FLAG VALUE` for every flag with a value among NUL-separated arguments, in both
# forms (`--flag=value`, `--flag value`); FLAG is without its dashes.
each_flag() {
  local argument flag=''
  while IFS= read -r -d '' argument || [[ -n $argument ]]; do
    case $argument in
      -*=*)
        flag=${argument%%=*}
        flag=${flag#-}
        "$2" "${flag#-}" "${argument#*=}"
        flag=''
        ;;
      -*)
        flag=${argument#-}
        flag=${flag#-}
        ;;
      *)
        [[ -z $flag ]] || "$2" "$flag" "$argument"
        flag=''
        ;;
    esac
  done < "$1"
}

# flags_of PID HANDLER: each_flag on a process. A process that does not exist, or ends meanwhile, has no flags.
flags_of() {
  [[ -n $1 && -r /proc/$1/cmdline ]] || return 0
  each_flag "/proc/$1/cmdline" "$2" || log "skipping the flags of process $1, which has ended"
}
