# Restarts kubelet, and proves that it runs.
#@ use node/kubelet-healthz
#@ use node/kubelet-start
#@ use base/failures
#@ use ./state
#@ sets PROVIDER
# shellcheck shell=bash disable=SC2034  # script.sh reads what is only set here

# Its state, process id and restarts as systemd shows them.
KUBELET_NOW=''
# Why kubelet does not run: the last error line of systemctl or of kubelet; empty where there is none.
KUBELET_ERROR=''

# The time that kubelet may take, and the time that it must then run without another start.
readonly SETTLE_SECONDS=45
readonly STEADY_SECONDS=${FLEETMEND_STEADY_SECONDS:-6}

# read_kubelet_state: its state from systemd. systemd before 235 does not count restarts; the process id shows them too.
read_kubelet_state() {
  capture 5 systemctl show --property=ActiveState,MainPID,NRestarts "$KUBELET_UNIT"
  KUBELET_NOW=$OUT
}

# restart_kubelet: 0 when kubelet has run for some seconds without another start, and its health check answers. Otherwise the
# error is in KUBELET_ERROR.
restart_kubelet() {
  local before='' fault='' since=$SECONDS end=$((SECONDS + SETTLE_SECONDS)) starts=0
  changing "restarting $KUBELET_UNIT"
  KUBELET_ERROR=''
  # systemd refuses to start a unit that failed too often in a short time, until this.
  capture 5 systemctl reset-failed "$KUBELET_UNIT"
  # Without the units that it requires: AL2's sandbox-image.service would pull the image again, and kubelet would end with it.
  capture 60 systemctl restart --job-mode=ignore-dependencies "$KUBELET_UNIT"
  if ((RC != 0)); then
    capture_error
    KUBELET_ERROR=$REPLY
    return 1
  fi
  while ((SECONDS < end && starts < 4)); do
    read_kubelet_state
    if [[ $KUBELET_NOW != "$before" ]]; then
      before=$KUBELET_NOW since=$SECONDS starts=$((starts + 1))
    fi
    if [[ $KUBELET_NOW == *=active* ]] && ((SECONDS - since >= STEADY_SECONDS)) && healthz_answers; then
      return 0
    fi
    bounded 3 sleep 1 || break
  done
  [[ $KUBELET_NOW != *=active* ]] || ((SECONDS - since < STEADY_SECONDS)) || fault=silent
  last_words_of "$KUBELET_UNIT" "$fault"
  KUBELET_ERROR=$REPLY
  return 1
}

# refuse_unread: the repair must not end a kubelet that runs well with files that it has not read. Of the configuration of its
# credential provider, it takes keys and forms that every kubelet accepts.
refuse_unread() {
  local key='' provider=$PROVIDER
  if ! unread_by_kubelet; then
    [[ -n $KUBELET_STARTED && $FIX != restart && -f $CREDENTIAL_CONFIG ]] && ! has_read "$CREDENTIAL_CONFIG" || return 0
    if read_config "$CREDENTIAL_CONFIG" && ! config_is_refused && is_plain; then
      PROVIDER=$provider
      return
    fi
    key=${REPLY%%$'\n'*} REPLY=$CREDENTIAL_CONFIG
  fi
  finish_not_repaired "$REASON_FOUND" "$DETAIL_FOUND" notChanged unread unreadFile "$REPLY" unreadKey "$key"
}
