# ecr-credentials: repairs kubelet's and Docker's credentials for ECR.
#
# This file is the outline. state.sh (with config.sh, match.sh, provider.sh and docker.sh) finds the fault, change.sh changes
# files, and restart.sh restarts kubelet.
# shellcheck shell=bash disable=SC2034,SC2153  # the prelude prints what is only set here

#@ section check
#@ use ./state
#@ use node/kubelet-runs

check() {
  take_lock shared
  find_services
  # A unit that systemd does not load has no flags to read.
  if [[ -n $KUBELET_UNIT ]] || ! kubelet_fault; then
    diagnose
    [[ -n $REASON_FOUND ]] || kubelet_fault || true
  fi
  if [[ $KUBELET_FAULT == @(silent|waiting|unasked|not-found) ]]; then
    # It may be starting, or be another unit's: nobody has seen it fail, and nobody has seen it work.
    finish Unknown "$REASON_FOUND" "$DETAIL_FOUND"
  elif [[ -n $REASON_FOUND ]]; then
    finish Broken "$REASON_FOUND" "$DETAIL_FOUND"
  fi
  finish_healthy
}

# kubelet_fault: kubelet does not run, whatever the cause.
kubelet_fault() {
  find_kubelet_fault || return 1
  # One that ends at each start may have been running when its files were looked at.
  ! refusal_in "$KUBELET_WORDS" || return 0
  found KubeletDown '' "$KUBELET_WORDS" kubeletFault "$KUBELET_FAULT" kubeletUnit "${KUBELET_UNIT:-kubelet.service}"
}

finish_healthy() {
  finish Healthy ''
}

#@ section repair
#@ use ./change
#@ use ./restart
#@ use base/failures
#@ sets KUBELET_PID

repair() {
  local fault=''
  take_lock exclusive
  diagnose
  remove_half_file
  if [[ -z $REASON_FOUND ]]; then
    [[ -n $KUBELET_UNIT && $KUBELET_STATE != active ]] || ! healthz_answers || finish_healthy
    # One that runs on has not said why an earlier run ended.
    if [[ -n $KUBELET_PID ]] && { bounded 4 sleep 2 || true; } && [[ -d /proc/$KUBELET_PID ]]; then
      fault=silent
    fi
    last_words_of "$KUBELET_UNIT" "$fault"
    refusal_in "$REPLY" || found KubeletDown '' "$REPLY"
  fi
  [[ -n $FIX ]] || finish_unrepaired
  log "repairing $REASON_FOUND"
  # Docker reads its file at every pull, so nothing is restarted.
  if [[ $FIX == logout ]]; then
    change
    prove
  fi
  [[ -n $KUBELET_UNIT ]] || finish_unrepaired notChanged no-kubelet-unit
  refuse_blocked
  refuse_unread
  if [[ $FIX == restart ]]; then
    read_pending
  else
    change
  fi
  restart_kubelet || roll_back
  prove
}

# finish_unrepaired [NAME VALUE]...: ends the repair with the fault that is there, and the evidence.
finish_unrepaired() {
  finish_not_repaired "$REASON_FOUND" "$DETAIL_FOUND" "$@"
}

# change: changes the files as FIX says.
change() {
  local act
  case $FIX in
    pattern) METHOD=add-pattern act=add_pattern ;;
    link) METHOD=link act=add_links ;;
    mode) METHOD=mode act=add_mode ;;
    logout) METHOD=logout act=remove_login ;;
  esac
  if ! "$act"; then
    take_back
    forget
    finish_unrepaired "${UNCHANGED_FACTS[@]}"
  fi
}

# refuse_blocked: a restart of kubelet repairs nothing while a unit that it needs is down.
refuse_blocked() {
  local unit=containerd.service client=ctr earlier='pause-image (RuntimeDown)'
  if kubelet_uses_docker; then
    unit=docker.service client=docker earlier='cri-dockerd (DockerDown)'
  fi
  # One that hangs is active too, and no kubelet starts under it.
  capture 8 "$client" version
  if ((RC == 124)); then
    OUT=silent
  else
    capture 5 systemctl is-active "$unit"
  fi
  [[ $OUT != @(inactive|failed|silent)* ]] || finish_blocked "$earlier" "$unit"
  # AL2's kubelet requires this unit, which pulls the sandbox image; without the image a restart of kubelet can take minutes.
  capture 5 systemctl is-active sandbox-image.service
  if [[ $OUT == failed* || $OUT == activating* ]]; then
    finish_blocked 'pause-image (SandboxImageMissing)' sandbox-image.service
  fi
}

# finish_blocked BY UNIT: ends before the restart of kubelet, since UNIT does not run.
finish_blocked() {
  SKIP_REASON=BlockedBy
  evidence blockedBy "$1"
  evidence blockingUnit "$2"
  evidence unitState "${OUT%%$'\n'*}"
  finish Skipped "$REASON_FOUND" "$DETAIL_FOUND"
}

# roll_back: kubelet does not run with the change. The repair must not leave the node worse than before.
roll_back() {
  local error=$KUBELET_ERROR is_back=false runs=false
  if take_back; then
    is_back=true
  elif [[ -n $BACKUP ]]; then
    evidence backup "$BACKUP"
  fi
  if restart_kubelet; then
    runs=true
  elif [[ -n $KUBELET_ERROR ]]; then
    evidence kubeletError "$KUBELET_ERROR"
  fi
  forget
  finish_not_repaired "$REASON_FOUND" "$error" failedStep restart rolledBack "$is_back" kubeletRuns "$runs"
}

# forget: nothing is pending any longer.
forget() {
  rm -f -- "$PENDING" "$PENDING.new"
}

# prove: diagnoses the node again, with the kubelet that runs now.
prove() {
  local reason=$REASON_FOUND
  forget
  KUBELET_PID=''
  forget_evidence
  diagnose
  [[ -z $BACKUP ]] || evidence backup "$BACKUP"
  [[ -z $REASON_FOUND ]] || finish_unrepaired repaired "$reason"
  METHOD=${METHOD:-restart}
  if [[ $METHOD == logout ]]; then
    evidence dockerConfig "$CHANGED_FILE"
  elif command -v nodeadm > /dev/null || [[ -f /etc/eks/kubelet/environment ]]; then
    # nodeadm writes the file at each init (https://github.com/awslabs/amazon-eks-ami, nodeadm).
    WILL_RECUR=true
  else
    WILL_RECUR=false
  fi
  finish Repaired "$reason"
}
