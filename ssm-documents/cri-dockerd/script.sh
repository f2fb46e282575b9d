# cri-dockerd: repairs nodes whose kubelet runs pods by Docker, through cri-dockerd.
#
# This file tells the story; state.sh and units.sh are what is looked at, drop-in.sh is the change of cri-dockerd's flags,
# docker-image.sh the way of the sandbox image into Docker.
# shellcheck shell=bash disable=SC2034  # the prelude prints what is only set here

#@ section check
#@ use ./state

check() {
  take_lock shared
  look_at_docker
  tell_other_faults
  if ((${#FAULTS[@]} > 0)); then
    finish Broken "${FAULTS[0]%% *}" "${FAULTS[0]#* }"
  fi
  finish_healthy
}

# tell_other_faults: in the evidence, all but the first.
tell_other_faults() {
  local i names=''
  for ((i = 1; i < ${#FAULTS[@]}; i++)); do
    names+="${names:+,}${FAULTS[i]%% *}"
  done
  [[ -z $names ]] || evidence also "$names"
}

finish_healthy() {
  local message="cri-dockerd listens on $ENDPOINT and uses CNI, and Docker has the sandbox image."
  if [[ $DOCKERSHIM == true ]]; then
    message='kubelet drives Docker by itself; Docker runs and has the sandbox image.'
  elif ! starts_at_boot; then
    WILL_RECUR=true
    message+=" But nothing starts it after the next boot: systemctl enable $CRI $CRI_SOCKET_UNIT."
  fi
  [[ $IMAGE_STATE == present ]] || message+=' What its sandbox image is called is not known.'
  finish Healthy '' "$message"
}

#@ section repair
#@ use base/failures
#@ use ./starting
#@ use ./drop-in
#@ use ./docker-image

# What was repaired, in order, and the faults that were tried.
REPAIRED='' TRIED=' '
# What the repair began with, and the sentence of the fault that is being repaired.
FIRST_FAULT='' CURRENT=''

repair() {
  local reason
  take_lock exclusive
  at_exit abandon_drop_in
  look_at_docker
  remove_leftovers
  settle_drop_in
  FIRST_FAULT=${FAULTS[0]-}
  while next_fault; do
    reason=${CURRENT%% *}
    CURRENT=${CURRENT#* }
    log "$reason: $CURRENT"
    if "repair_$reason"; then
      REPAIRED+="${REPAIRED:+,}$reason"
    elif [[ $CHANGED == false ]]; then
      # Nothing can have changed: a Docker that hangs would be asked in vain once more.
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
    if [[ $TRIED != *" ${CURRENT%% *} "* ]]; then
      TRIED+="${CURRENT%% *} "
      return 0
    fi
  done
  return 1
}

# finish_repair: what is still wrong decides; the first failure is told.
finish_repair() {
  local message
  tell_other_faults
  [[ -z $REPAIRED ]] || evidence repaired "$REPAIRED"
  if ((${#FAULTS[@]} > 0)); then
    finish_not_repaired "${FAULTS[0]%% *}" "${FAULTS[0]#* }"
  fi
  [[ -n $REPAIRED ]] || finish_healthy
  message="Repaired: ${REPAIRED//,/, }. cri-dockerd answers on $ENDPOINT with CNI, and Docker has the sandbox image."
  WILL_RECUR=false
  case ,$REPAIRED, in
    *,CRIDockerdNoCNI,*) message+=' Pods that started without CNI keep their wrong address until they are deleted.' ;;
  esac
  case ,$REPAIRED, in
    *,SandboxImageMissing,*)
      WILL_RECUR=true
      message+=' A container of the image started. Docker cannot pin it: kubelet may delete it when the disk is full and no pod runs.'
      ;;
  esac
  if [[ $DOCKERSHIM == false ]] && ! starts_at_boot; then
    WILL_RECUR=true
    message+=" Nothing starts cri-dockerd after the next boot: systemctl enable $CRI $CRI_SOCKET_UNIT."
  fi
  finish Repaired "${FIRST_FAULT%% *}" "$message"
}

repair_RuntimeEndpointConflict() {
  note_failure RuntimeEndpointConflict "$CURRENT Which runtime is meant is a person's decision: correct kubelet's flag or file, then restart kubelet."
  return 1
}
