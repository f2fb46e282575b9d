# kubelet restarted, and the proof that it runs.
#@ use node/kubelet
#@ use base/failures
# shellcheck shell=bash disable=SC2034  # script.sh reads what is only set here

# `ActiveState MainPID restarts`.
KUBELET_NOW=''
KUBELET_WHY=''
HEALTHZ_PORT=10248

# How long kubelet may take, and how long it must then have run without a new start.
readonly SETTLE_SECONDS=45
readonly STEADY_SECONDS=${FLEETMEND_STEADY_SECONDS:-6}

# find_kubelet_unit: whether there is one, and the port of its health check (kubelet config v1beta1, healthzPort; 0 turns it
# off).
find_kubelet_unit() {
  local port='healthzPort"?[[:space:]]*:[[:space:]]*([0-9]{1,5})'
  if [[ -f $KUBELET_CONFIG ]]; then
    slurp "$KUBELET_CONFIG"
    [[ ! $REPLY =~ $port ]] || HEALTHZ_PORT=${BASH_REMATCH[1]}
  fi
  [[ -n $KUBELET_UNIT ]]
}

# read_kubelet_state: what systemd says of it. Before systemd 235 it does not count restarts; the process's id tells too.
read_kubelet_state() {
  local key value state='' pid='' restarts=''
  capture 5 systemctl show --property=ActiveState --property=MainPID --property=NRestarts "$KUBELET_UNIT"
  while IFS='=' read -r key value; do
    case $key in
      ActiveState) state=$value ;;
      MainPID) pid=$value ;;
      NRestarts) restarts=$value ;;
    esac
  done < "$WORK/out"
  KUBELET_NOW="$state $pid $restarts"
}

# healthz_answers: whether kubelet says that it is well. By bash alone: a node need not have curl.
healthz_answers() {
  ((HEALTHZ_PORT > 0)) || return 0
  # shellcheck disable=SC2016  # the child's own dollars
  capture 3 bash -c 'exec 5<> "/dev/tcp/127.0.0.1/$0" || exit 1
    printf "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n" >&5
    IFS= read -r line <&5
    [[ $line == "HTTP/"*" 200"* ]]' "$HEALTHZ_PORT"
  ((RC == 0))
}

# restart_kubelet: 0 when kubelet has run for some seconds since, without another start, and says that it is well. Else why
# not is in KUBELET_WHY.
restart_kubelet() {
  local before='' since=$SECONDS end=$((SECONDS + SETTLE_SECONDS)) starts=0
  changing "restarting $KUBELET_UNIT"
  KUBELET_WHY=''
  # One that has failed too often in a short time may not be started before this.
  capture 5 systemctl reset-failed "$KUBELET_UNIT"
  capture 60 systemctl restart "$KUBELET_UNIT"
  if ((RC != 0)); then
    capture_error
    KUBELET_WHY="systemctl restart $KUBELET_UNIT: $REPLY"
    return 1
  fi
  while ((SECONDS < end && starts < 4)); do
    read_kubelet_state
    if [[ $KUBELET_NOW != "$before" ]]; then
      before=$KUBELET_NOW since=$SECONDS starts=$((starts + 1))
    fi
    if [[ $KUBELET_NOW == active* ]] && ((SECONDS - since >= STEADY_SECONDS)) && healthz_answers; then
      return 0
    fi
    bounded 3 sleep 1 || break
  done
  kubelet_words
  KUBELET_WHY="$KUBELET_UNIT is ${KUBELET_NOW%% *}${REPLY:+: $REPLY}"
  return 1
}

# kubelet_words: the last error in its log, in REPLY.
kubelet_words() {
  local line last=''
  capture 5 journalctl --quiet --no-pager --output=cat --lines=30 --unit="$KUBELET_UNIT"
  while IFS= read -r line; do
    [[ $line != [EF][0-9]* ]] || last=${line#*] }
  done < "$WORK/out"
  REPLY=${last:0:200}
}
