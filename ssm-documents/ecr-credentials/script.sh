# ecr-credentials: has kubelet and Docker get credentials for ECR again.
#
# This file tells the story. What is wrong is found by state.sh (with config.sh, match.sh, provider.sh, docker.sh), what is
# changed is in change.sh, and restart.sh restarts kubelet.
# shellcheck shell=bash disable=SC2034,SC2153  # the prelude prints what is only set here

#@ section check
#@ use ./state

check() {
  take_lock shared
  diagnose
  if [[ -n $REASON_FOUND ]]; then
    finish Broken "$REASON_FOUND" "$MESSAGE_FOUND"
  fi
  finish_healthy
}

finish_healthy() {
  finish Healthy '' "kubelet's credential provider is in order${REGISTRY:+: it serves $REGISTRY}."
}

#@ section repair
#@ use ./change
#@ use ./restart
#@ use base/failures
#@ sets KUBELET_PID

repair() {
  take_lock exclusive
  diagnose
  remove_half_file
  case $FIX in
    '')
      [[ -n $REASON_FOUND ]] || finish_healthy
      finish_not_repaired "$REASON_FOUND" "$MESSAGE_FOUND"
      ;;
    logout) repair_docker ;;
  esac
  log "$REASON_FOUND: $MESSAGE_FOUND"
  find_kubelet_unit || finish_not_repaired "$REASON_FOUND" 'There is no unit of kubelet that could be restarted.'
  refuse_blocked
  if [[ $FIX == restart ]]; then
    read_pending
  else
    change
  fi
  if ! restart_kubelet; then
    roll_back
  fi
  prove
}

# change: what FIX says, on the disk.
change() {
  local act
  case $FIX in
    pattern) METHOD=add-pattern act=add_pattern ;;
    link) METHOD=link act=add_links ;;
    mode) METHOD=mode act=add_mode ;;
  esac
  if ! "$act"; then
    take_back
    forget
    finish_not_repaired "$REASON_FOUND" "$MESSAGE_FOUND It could not be repaired here: ${CHANGE_WHY:-the change could not be written}."
  fi
}

# refuse_blocked: restarting kubelet would repair nothing while what it needs is down.
refuse_blocked() {
  local unit=containerd.service earlier='pause-image, RuntimeDown'
  if kubelet_uses_docker; then
    unit=docker.service earlier='cri-dockerd, DockerDown'
  fi
  capture 5 systemctl is-active "$unit"
  if [[ $OUT == inactive* || $OUT == failed* ]]; then
    SKIP_REASON=BlockedBy
    finish Skipped "$REASON_FOUND" "$unit is not running, so kubelet could not be restarted; repair that first ($earlier). Then: $MESSAGE_FOUND"
  fi
  # AL2's kubelet requires this unit, which pulls the sandbox image; with it missing a restart of kubelet can take minutes.
  capture 5 systemctl is-active sandbox-image.service
  if [[ $OUT == failed* || $OUT == activating* ]]; then
    SKIP_REASON=BlockedBy
    finish Skipped "$REASON_FOUND" "sandbox-image.service, which kubelet requires, is ${OUT%%$'\n'*}; repair that first (pause-image, SandboxImageMissing). Then: $MESSAGE_FOUND"
  fi
}

# roll_back: kubelet did not come back. The node must not be worse than before.
roll_back() {
  local why=$KUBELET_WHY message
  if take_back; then
    message="kubelet did not come back with the change ($why). The change was taken back"
  else
    message="kubelet did not come back with the change ($why), and the change could not be taken back: the old file is $BACKUP"
  fi
  if restart_kubelet; then
    message+=', and kubelet runs again as before.'
  else
    message+=", and kubelet does not run: $KUBELET_WHY."
  fi
  forget
  finish_not_repaired "$REASON_FOUND" "$message"
}

# forget: nothing is pending any more.
forget() {
  rm -f -- "$PENDING" "$PENDING.new"
}

# prove: looks again, with the kubelet that runs now.
prove() {
  local reason=$REASON_FOUND backup=$BACKUP
  forget
  KUBELET_PID=''
  forget_evidence
  diagnose
  if [[ -n $REASON_FOUND ]]; then
    finish_not_repaired "$REASON_FOUND" "$reason was repaired and kubelet restarted, but there is more: $MESSAGE_FOUND"
  fi
  [[ -z $backup ]] || evidence backup "$backup"
  METHOD=${METHOD:-restart}
  WILL_RECUR=false
  REPLY=' It is repaired on this node alone: change the AMI or the user data, too.'
  if command -v nodeadm > /dev/null || [[ -f /etc/eks/kubelet/environment ]]; then
    # nodeadm writes the file at each init (amazon-eks-ami, nodeadm).
    WILL_RECUR=true
    REPLY=' nodeadm writes these files anew at each boot: change the AMI or the NodeConfig in the user data, too.'
  fi
  finish Repaired "$reason" "kubelet was restarted, is healthy, and its credential provider serves $REGISTRY.$REPLY"
}

# repair_docker: Docker reads its file at every pull; nothing is restarted.
repair_docker() {
  local reason=$REASON_FOUND
  METHOD=logout
  if ! remove_login; then
    forget
    finish_not_repaired "$REASON_FOUND" "$MESSAGE_FOUND It could not be removed: ${CHANGE_WHY:-the file could not be written}."
  fi
  forget
  forget_evidence
  diagnose
  evidence backup "$BACKUP"
  if [[ -n $REASON_FOUND ]]; then
    finish_not_repaired "$REASON_FOUND" "$MESSAGE_FOUND"
  fi
  finish Repaired "$reason" "The old login was removed from $CHANGED_FILE; Docker asks its credential helper again."
}
