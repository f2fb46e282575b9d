# Starting Docker and cri-dockerd. Nothing is unmasked, enabled or installed, and a Docker that runs is never restarted.
#@ use base/failures
#@ use ./state
# shellcheck shell=bash disable=SC2034,SC2153  # the prelude prints METHOD

# systemctl waits for a unit that says by itself when it is ready.
readonly START_SECONDS=45

# start_units UNIT...: starts units, whatever they failed of before; 1 where one does not start.
start_units() {
  changing "starting $*"
  # A unit that systemd does not know yet has nothing to reset.
  capture 10 systemctl reset-failed "$@"
  capture "$START_SECONDS" systemctl start "$@"
  ((RC == 0))
}

# Says that kubelet ran before this repair stopped what it requires: also to the next run, where this one is killed.
readonly KUBELET_RAN=$RUN_DIR/kubelet-ran

# spare_kubelet: a unit that kubelet requires takes kubelet along when it is stopped.
spare_kubelet() {
  [[ -z $KUBELET_PID ]] || : > "$KUBELET_RAN"
}

# bring_kubelet_back: starts kubelet where it went with the units that are back now. One that somebody stopped stays so.
bring_kubelet_back() {
  local unit
  for unit in kubelet.service snap.kubelet-eks.daemon.service; do
    capture 5 systemctl show --property=LoadState --property=ActiveState --property=Requires "$unit"
    [[ $OUT == *LoadState=loaded* && $OUT =~ ActiveState=(inactive|failed) ]] || continue
    if [[ -e $KUBELET_RAN ]] || [[ -n $REPAIRED && $OUT =~ Requires=[^$'\n']*docker ]]; then
      start_units "$unit" || log "$unit does not start"
      evidence kubeletStarted "$([[ $RC == 0 ]] && printf true || printf false)"
    fi
  done
  rm -f -- "$KUBELET_RAN"
}

# restart_cri_dockerd: containers go on meanwhile; kubelet connects again by itself. 1 where it does not come back.
restart_cri_dockerd() {
  changing "restarting $CRI"
  spare_kubelet
  capture 10 systemctl reset-failed "$CRI"
  capture "$START_SECONDS" systemctl restart "$CRI"
  ((RC == 0)) && wait_for_socket
}

# wait_for_socket: until somebody listens where kubelet looks.
wait_for_socket() {
  local attempt
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    read_sockets
    ! is_listening "$ENDPOINT" || return 0
    bounded 2 sleep 0.5 || break
  done
  return 1
}

# last_words_of UNIT: the last line of its log that tells of an error, in REPLY.
last_words_of() {
  local line last=''
  capture 5 journalctl --quiet --no-pager --output=cat --lines=30 --unit="$1"
  while IFS= read -r line; do
    case $line in
      *fatal* | *rror* | *ailed*) last=$line ;;
    esac
  done < "$WORK/out"
  REPLY=${last:0:200}
}

repair_DockerDown() {
  if [[ $DOCKER_STATE == hung ]]; then
    note_failure DockerDown "$CURRENT A restart would end the containers that run on this node, so it is left to a person: systemctl restart $DOCKER, or replace the node."
    return 1
  fi
  if [[ ${UNIT["$DOCKER LoadState"]-} != loaded ]]; then
    note_failure DockerDown "$CURRENT A unit that somebody masked or removed is not brought back: systemctl unmask $DOCKER, or install Docker."
    return 1
  fi
  METHOD=${METHOD:-start}
  if ! start_units "$DOCKER"; then
    capture_error
    note_not_started DockerDown "$DOCKER" "$REPLY"
    return 1
  fi
}

# note_not_started REASON UNIT WORDS: a start that failed, in the words of the unit where it has some.
note_not_started() {
  local words=$3
  last_words_of "$2"
  note_failure "$1" "$2 does not start: ${REPLY:-$words}"
}

repair_CRIDockerdDown() {
  local load=${UNIT["$CRI LoadState"]-} units=("$CRI")
  if [[ $DOCKER_STATE != answers ]]; then
    log 'cri-dockerd cannot run without Docker'
    return 1
  fi
  if [[ $CRI_ENDPOINT == fd://* ]]; then
    units=("$CRI_SOCKET_UNIT" "$CRI")
    [[ $load != loaded ]] || load=${UNIT["$CRI_SOCKET_UNIT LoadState"]-}
  fi
  if [[ $load != loaded ]]; then
    note_failure CRIDockerdDown "$CURRENT A unit that somebody masked or removed is not brought back: systemctl unmask ${units[*]}, or install cri-dockerd."
    return 1
  fi
  METHOD=${METHOD:-start}
  if [[ ${UNIT["$CRI ActiveState"]-} == active ]]; then
    # Its socket has gone: systemd makes it anew only while the service is down.
    changing "stopping ${units[*]}"
    spare_kubelet
    capture "$START_SECONDS" systemctl stop "${units[@]}"
  fi
  if ! start_units "${units[@]}" || ! wait_for_socket; then
    capture_error
    ((RC != 0)) || REPLY="nobody listens on $ENDPOINT"
    note_not_started CRIDockerdDown "$CRI" "$REPLY"
    return 1
  fi
}
