# Whether kubelet runs: its unit is active, and its health check answers where it is configured to listen.
#@ use node/kubelet
#@ use node/kubelet-healthz
#@ sets KUBELET_PID KUBELET_STATE
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# Its unit as systemd shows it: loaded, masked, bad-setting, …; how its last run ended (Result); how often it was started again
# (systemd before 235 does not count); since when it runs (monotonic, in microseconds).
KUBELET_LOAD='' KUBELET_RESULT='' KUBELET_RESTARTS='' KUBELET_SINCE=''
# Why kubelet does not run, and its own last error line. stopped, failed, restarting, masked, not-found (or another load state of
# the unit that keeps it from starting), waiting (for its first start to end), silent (it runs and its health check does not answer), unasked (systemd does not answer).
KUBELET_FAULT='' KUBELET_WORDS=''

# kubelet_age: for how many seconds kubelet runs, in REPLY; 0 where it is unknown.
kubelet_age() {
  local now
  REPLY=0
  [[ $KUBELET_SINCE =~ ^[1-9][0-9]*$ ]] && read -r now _ < /proc/uptime || return 0
  REPLY=$((${now%.*} - KUBELET_SINCE / 1000000))
}

# find_kubelet_fault: why kubelet does not run, in the variables above; 1 where it runs, or on a machine that is no node. A
# kubelet that ends at each start is active between two ends: it must answer within some seconds, or run for half a minute.
find_kubelet_fault() {
  local first end=$((SECONDS + 6))
  KUBELET_FAULT='' KUBELET_WORDS=''
  find_kubelet
  if [[ -z $KUBELET_LOAD ]]; then
    capture_error
    KUBELET_FAULT=unasked KUBELET_WORDS=$REPLY
    return
  elif [[ $KUBELET_LOAD != loaded ]]; then
    KUBELET_FAULT=$KUBELET_LOAD
    # A machine without a runtime is no node.
    [[ $KUBELET_FAULT != not-found || -n $CONTAINERD_PID ]]
    return
  fi
  first=$KUBELET_PID
  find_healthz
  while [[ $KUBELET_STATE == active && -n $KUBELET_PID && $KUBELET_PID == "$first" ]]; do
    kubelet_age
    if ((10#$HEALTHZ_PORT > 0 || REPLY >= 30)) && healthz_answers; then
      return 1
    fi
    ((SECONDS < end)) || break
    bounded 2 sleep 1 || break
    find_kubelet
  done
  # A unit whose program has ended is deactivating until its last process is gone: only then it is failed, starts again or is stopped.
  while [[ $KUBELET_STATE == deactivating ]] && ((SECONDS < end)) && bounded 2 sleep 1; do
    find_kubelet
  done
  if [[ $KUBELET_STATE == active && -n $KUBELET_PID && $KUBELET_PID == "$first" && $HEALTHZ_PORT == 0 ]]; then
    return 1
  fi
  name_kubelet_fault "$first"
  # One that was stopped by hand ended without an error: what it had logged before is no reason.
  [[ $KUBELET_FAULT/$KUBELET_RESULT != stopped/success ]] || return 0
  last_words_of "$KUBELET_UNIT" "$KUBELET_FAULT"
  KUBELET_WORDS=$REPLY
}

# name_kubelet_fault PID: from the state of the unit, and the process id that it had at first.
name_kubelet_fault() {
  local has_ended=false
  [[ ${KUBELET_RESTARTS:-0} == 0 && ${KUBELET_RESULT:-success} == success ]] || has_ended=true
  kubelet_age
  case $KUBELET_STATE in
    active)
      KUBELET_FAULT=silent
      [[ $KUBELET_PID == "$1" ]] || KUBELET_FAULT=restarting
      [[ $has_ended == false ]] || ((REPLY >= 30)) || KUBELET_FAULT=restarting
      ;;
    activating)
      KUBELET_FAULT=waiting
      [[ $has_ended == false ]] || KUBELET_FAULT=restarting
      ;;
    failed) KUBELET_FAULT=failed ;;
    *) KUBELET_FAULT=stopped ;;
  esac
}

# find_kubelet: its state now; of a unit that systemd cannot load, the state of the file.
find_kubelet() {
  local key value
  KUBELET_PID='' KUBELET_LOAD=''
  capture 5 systemctl show --property=LoadState,ActiveState,Result,MainPID,NRestarts,ExecMainStartTimestampMonotonic \
    "${KUBELET_UNIT:-kubelet.service}"
  while IFS='=' read -r key value; do
    case $key in
      LoadState) KUBELET_LOAD=$value ;;
      ActiveState) KUBELET_STATE=$value ;;
      Result) KUBELET_RESULT=$value ;;
      MainPID) KUBELET_PID=${value#0} ;;
      NRestarts) KUBELET_RESTARTS=$value ;;
      ExecMainStartTimestampMonotonic) KUBELET_SINCE=$value ;;
    esac
  done < "$WORK/out"
}
