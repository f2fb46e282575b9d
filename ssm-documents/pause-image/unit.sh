# The method `unit`: AL2's own sandbox-image.service, which pulls the image with the AWS CLI.
#@ use ecr/ecr
#@ use base/failures
# shellcheck shell=bash

readonly UNIT=sandbox-image.service
# The state of the unit before this script started it, and whether this script started the current run.
UNIT_STATE='' UNIT_STARTED=false

at_exit stop_unit

# method_unit: starts the unit. It never restarts or stops it: kubelet requires it, and systemd would restart or stop kubelet
# with it.
method_unit() {
  # Its script treats a name in the list as a usable image and would then do nothing. It supports no registry but ECR.
  [[ $IMAGE_STATE == absent ]] || return 1
  # What the role may not do, and what the registry has answered, is the same in the unit, which would retry for minutes. Other
  # failures of the method `ecr` may be specific to this script, because the unit can have its own proxy.
  [[ $FAILURE_REASON != @(NodeRoleLacksECR|RegistryDenied|RegistryImageNotFound) ]] || return 1
  parse_ecr_host "${IMAGE%%/*}" || return 1
  command -v systemctl > /dev/null || return 1
  capture 5 systemctl show --property=LoadState --property=ActiveState --property=Type "$UNIT"
  [[ $OUT == *LoadState=loaded* && $OUT == *Type=oneshot* ]] || return 1
  UNIT_STATE=''
  if [[ $OUT =~ ActiveState=([a-z]+) ]]; then
    UNIT_STATE=${BASH_REMATCH[1]}
  fi
  case $UNIT_STATE in
    inactive | failed | activating) ;;
    # With RemainAfterExit it stays active, and a start would do nothing.
    *) return 1 ;;
  esac
  start_unit
}

# start_unit: runs the unit, or waits for a run that is in progress.
start_unit() {
  changing "starting $UNIT"
  [[ $UNIT_STATE == activating ]] || UNIT_STARTED=true
  capture 25 systemctl start "$UNIT"
  if ((RC == 124)); then
    log "stopping $UNIT, which did not end within 25 s"
    stop_unit
    return 1
  fi
  if ((RC != 0)); then
    log "ignoring the failure of $UNIT"
    forget_failed_unit
  fi
  UNIT_STARTED=false
  ((RC == 0))
}

# stop_unit: ends the run that this script started, which could otherwise continue for minutes. It uses `kill`, because `stop`
# would also stop kubelet.
stop_unit() {
  [[ $UNIT_STARTED == true ]] || return 0
  capture 5 systemctl kill --signal=SIGKILL "$UNIT"
  forget_failed_unit
  UNIT_STARTED=false
}

# forget_failed_unit: resets the unit if it had not failed before.
forget_failed_unit() {
  local code=$RC
  if [[ $UNIT_STARTED == true && $UNIT_STATE == inactive ]]; then
    capture 5 systemctl reset-failed "$UNIT"
  fi
  RC=$code
}
