# Starts Docker and cri-dockerd. It unmasks, enables and installs nothing, and never restarts a Docker that runs.
#@ use base/failures
#@ use node/kubelet-start
#@ use ./state
# shellcheck shell=bash disable=SC2034,SC2153  # the prelude prints METHOD

# systemctl waits for a unit that notifies systemd when it is ready.
readonly START_SECONDS=45

# start_units UNIT...: starts units, also those that failed before; 1 where one does not start.
start_units() {
  changing "starting $*"
  # A unit that systemd does not know yet has nothing to reset.
  capture 10 systemctl reset-failed "$@"
  capture "$START_SECONDS" systemctl start "$@"
  ((RC == 0))
}

# Exists where kubelet ran before this repair stopped a unit that it requires. The next run finds it if this one is killed.
readonly KUBELET_RAN=$RUN_DIR/kubelet-ran

# spare_kubelet: notes that kubelet runs, since systemd stops it together with a unit that it requires.
spare_kubelet() {
  [[ -z $KUBELET_PID ]] || : > "$KUBELET_RAN"
}

# may_stop_kubelet: whether cri-dockerd may be stopped, which also stops and starts a kubelet that requires its unit: not where kubelet
# runs and has not read all of its files, which it may refuse.
may_stop_kubelet() {
  [[ -n $KUBELET_PID ]] || return 0
  capture 5 systemctl show --property=Requires --property=BindsTo "$KUBELET_UNIT"
  [[ $OUT == *cri-docker* ]] || return 0
  unread_by_kubelet || { REPLY=$CREDENTIAL_CONFIG && [[ -n $REPLY && -n $KUBELET_STARTED ]] && ! has_read "$REPLY"; } || return 0
  note_failure "$CURRENT" '' notChanged unread unreadFile "$REPLY"
  return 1
}

# bring_kubelet_back: starts kubelet if it stopped together with the units that run now. It does not start one that was
# stopped by hand.
bring_kubelet_back() {
  local unit
  for unit in kubelet.service snap.kubelet-eks.daemon.service; do
    capture 5 systemctl show --property=LoadState --property=ActiveState --property=Requires "$unit"
    [[ $OUT == *LoadState=loaded* && $OUT =~ ActiveState=(inactive|failed) ]] || continue
    if [[ -e $KUBELET_RAN ]] || [[ -n $REPAIRED && $OUT =~ Requires=[^$'\n']*docker ]]; then
      start_units "$unit" || log "continuing without $unit, which does not start"
      evidence kubeletStarted "$([[ $RC == 0 ]] && printf true || printf false)"
    fi
  done
  rm -f -- "$KUBELET_RAN"
}

# restart_cri_dockerd: containers keep running, and kubelet reconnects by itself. 1 where cri-dockerd does not start.
restart_cri_dockerd() {
  changing "restarting $CRI"
  spare_kubelet
  capture 10 systemctl reset-failed "$CRI"
  capture "$START_SECONDS" systemctl restart "$CRI"
  ((RC == 0)) && wait_for_socket
}

# wait_for_socket: waits until kubelet's endpoint listens.
wait_for_socket() {
  local attempt
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    read_sockets
    ! is_listening "$ENDPOINT" || return 0
    bounded 2 sleep 0.5 || break
  done
  return 1
}

repair_DockerDown() {
  if [[ $DOCKER_STATE == hung ]]; then
    # A restart may end the containers of the node.
    note_failure DockerDown "$DOCKER_ERROR"
    return 1
  fi
  if [[ ${UNIT["$DOCKER LoadState"]-} != loaded ]]; then
    note_failure DockerDown '' unavailable "${UNIT["$DOCKER LoadState"]-}"
    return 1
  fi
  METHOD=${METHOD:-start}
  if ! start_units "$DOCKER"; then
    capture_error
    note_not_started DockerDown "$DOCKER" start "$REPLY"
    return 1
  fi
}

# note_not_started REASON UNIT STEP ERROR: a start or restart that failed, with the last error in the unit's log, else ERROR.
note_not_started() {
  last_error_of "$2"
  note_failure "$1" "${REPLY:-$4}" failedStep "$3" failedUnit "$2"
}

repair_CRIDockerdDown() {
  local load=${UNIT["$CRI LoadState"]-} units=("$CRI")
  if [[ $DOCKER_STATE != answers ]]; then
    log 'skipping cri-dockerd, which cannot run without Docker'
    return 1
  fi
  if [[ $CRI_ENDPOINT == fd://* ]]; then
    units=("$CRI_SOCKET_UNIT" "$CRI")
    [[ $load != loaded ]] || load=${UNIT["$CRI_SOCKET_UNIT LoadState"]-}
  fi
  if [[ $load != loaded ]]; then
    note_failure CRIDockerdDown '' unavailable "$load"
    return 1
  fi
  if [[ ${FAULT_DETAILS[0]-} == 'unknown service'* ]]; then
    # No start makes it newer.
    note_failure CRIDockerdDown "${FAULT_DETAILS[0]}"
    return 1
  fi
  METHOD=${METHOD:-start}
  if [[ ${UNIT["$CRI ActiveState"]-} == active ]]; then
    # Its socket was removed: systemd creates it only while the service is stopped.
    may_stop_kubelet || return 1
    changing "stopping ${units[*]}"
    spare_kubelet
    capture "$START_SECONDS" systemctl stop "${units[@]}"
  fi
  if ! start_units "${units[@]}"; then
    capture_error
    note_not_started CRIDockerdDown "$CRI" start "$REPLY"
    return 1
  elif ! wait_for_socket; then
    note_not_started CRIDockerdDown "$CRI" listen ''
    return 1
  fi
}
