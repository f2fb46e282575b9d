# cri-dockerd: repairs nodes whose kubelet runs pods by Docker, through cri-dockerd.
#
# This file is the outline: state.sh and units.sh find the faults, starting.sh starts units, drop-in.sh changes cri-dockerd's
# flags, and docker-image.sh restores the sandbox image in Docker.
# shellcheck shell=bash disable=SC2034  # the prelude prints what is only set here

#@ section check
#@ use ./state

check() {
  take_lock shared
  look_at_docker
  report_other_faults
  if ((${#FAULTS[@]} > 0)); then
    finish Broken "${FAULTS[0]}" "${FAULT_DETAILS[0]}"
  fi
  if [[ $DOCKERSHIM == false ]] && ! command -v curl > /dev/null; then
    # Nobody has seen the runtime answer.
    evidence tool curl
    finish Unknown ToolMissing
  fi
  finish_healthy
}

# report_other_faults: reports all but the first in the evidence.
report_other_faults() {
  local i names=''
  for ((i = 1; i < ${#FAULTS[@]}; i++)); do
    names+="${names:+,}${FAULTS[i]}"
  done
  [[ -z $names ]] || evidence also "$names"
}

finish_healthy() {
  report_boot
  [[ $IMAGE_STATE == present ]] || evidence sandboxImage unknown
  finish Healthy ''
}

# report_boot: whether systemd starts cri-dockerd after the next boot.
report_boot() {
  if [[ $DOCKERSHIM == false ]] && ! starts_at_boot; then
    WILL_RECUR=true
    evidence startsAtBoot false
  fi
}

#@ section repair
#@ use base/failures
#@ use ./starting
#@ use ./drop-in
#@ use ./docker-image

# The reasons that were repaired, in order, and those that were tried.
REPAIRED='' TRIED=' '
# The reason with which the repair began, and the one that is being repaired.
FIRST_FAULT='' CURRENT=''

repair() {
  take_lock exclusive
  at_exit abandon_drop_in
  look_at_docker
  remove_leftovers
  settle_drop_in
  FIRST_FAULT=${FAULTS[0]-}
  while next_fault; do
    log "repairing $CURRENT"
    if "repair_$CURRENT"; then
      REPAIRED+="${REPAIRED:+,}$CURRENT"
    elif [[ $CHANGED == false ]]; then
      # Nothing can have changed, and a Docker that hangs would only time out again.
      continue
    fi
    look_at_docker
  done
  bring_kubelet_back
  finish_repair
}

# next_fault: the first fault that was not tried yet, in CURRENT.
next_fault() {
  local i
  for ((i = 0; i < ${#FAULTS[@]}; i++)); do
    CURRENT=${FAULTS[i]}
    if [[ $TRIED != *" $CURRENT "* ]]; then
      TRIED+="$CURRENT "
      return 0
    fi
  done
  return 1
}

# finish_repair: a remaining fault decides the outcome; the first failure is reported.
finish_repair() {
  report_other_faults
  [[ -z $REPAIRED ]] || evidence repaired "$REPAIRED"
  if ((${#FAULTS[@]} > 0)); then
    finish_not_repaired "${FAULTS[0]}" "${FAULT_DETAILS[0]}"
  fi
  [[ -n $REPAIRED ]] || finish_healthy
  WILL_RECUR=false
  case ,$REPAIRED, in
    *,CRIDockerdNoCNI,*) evidence restartPods true ;;
  esac
  case ,$REPAIRED, in
    *,SandboxImageMissing,*)
      # Docker cannot pin an image.
      WILL_RECUR=true
      evidence pinSupport none
      ;;
  esac
  report_boot
  finish Repaired "$FIRST_FAULT"
}

# repair_RuntimeEndpointConflict: only an operator can decide which runtime the node must use.
repair_RuntimeEndpointConflict() {
  note_failure RuntimeEndpointConflict
  return 1
}
