# How a repair tells that it did not mend: the first reason, and whether the node is as it was.
# shellcheck shell=bash

FAILURE_REASON='' FAILURE_MESSAGE=''
# Whether anything was done to the node that may have left a trace. Say `changing` before every such command.
CHANGED=false

# changing WHAT: from here on nobody may claim that the node is as it was.
changing() {
  log "changing: $1"
  CHANGED=true
}

# note_failure REASON MESSAGE: why a rung that should have worked did not. The first one is told: the rungs after it are
# fallbacks.
note_failure() {
  log "$1: $2"
  keep_failure "$1" "$2"
}

# keep_failure REASON MESSAGE: note_failure for what the log has already.
keep_failure() {
  if [[ -z $FAILURE_REASON ]]; then
    FAILURE_REASON=$1 FAILURE_MESSAGE=$2
  fi
}

# note_failed_command REASON WHAT: notes the failure of the last `capture`, under a better reason where its text shows one.
note_failed_command() {
  local reason=$1
  case $ERR in
    *'no space left on device'*) reason=DiskFull ;;
    *'dial unix'*) reason=RuntimeDown ;;
  esac
  capture_error
  note_failure "$reason" "$2 failed: $REPLY"
}

# finish_not_repaired REASON MESSAGE: ends the repair with the failure that was noted first, else with this one.
finish_not_repaired() {
  [[ -n $FAILURE_REASON ]] || note_failure "$1" "$2"
  [[ $CHANGED == true ]] || FAILURE_MESSAGE+=' Nothing was changed on the node.'
  finish NotRepaired "$FAILURE_REASON" "$FAILURE_MESSAGE"
}
