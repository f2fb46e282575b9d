# Restarts kubelet, and proves that it runs.
#@ use node/kubelet
#@ use base/failures
# shellcheck shell=bash disable=SC2034  # script.sh reads what is only set here

# `ActiveState MainPID restarts`.
KUBELET_NOW=''
# Why kubelet does not run: the last error line of systemctl or of kubelet; empty where there is none.
KUBELET_ERROR=''
HEALTHZ_PORT=10248

# The time that kubelet may take, and the time that it must then run without another start.
readonly SETTLE_SECONDS=45
readonly STEADY_SECONDS=${FLEETMEND_STEADY_SECONDS:-6}

# find_kubelet_unit: whether there is a unit, and the port of kubelet's health check (kubelet config v1beta1, healthzPort; 0
# turns it off).
find_kubelet_unit() {
  local port='healthzPort"?[[:space:]]*:[[:space:]]*([0-9]{1,5})'
  if [[ -f $KUBELET_CONFIG ]]; then
    slurp "$KUBELET_CONFIG"
    [[ ! $REPLY =~ $port ]] || HEALTHZ_PORT=${BASH_REMATCH[1]}
  fi
  [[ -n $KUBELET_UNIT ]]
}

# read_kubelet_state: its state from systemd. systemd before 235 does not count restarts; the process id shows them too.
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

# healthz_answers: whether kubelet's health check answers 200. By bash alone: a node need not have curl.
healthz_answers() {
  ((HEALTHZ_PORT > 0)) || return 0
  # shellcheck disable=SC2016  # the child's own dollars
  capture 3 bash -c 'exec 5<> "/dev/tcp/127.0.0.1/$0" || exit 1
    printf "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n" >&5
    IFS= read -r line <&5
    [[ $line == "HTTP/"*" 200"* ]]' "$HEALTHZ_PORT"
  ((RC == 0))
}

# restart_kubelet: 0 when kubelet has run for some seconds without another start, and its health check answers. Otherwise the
# error is in KUBELET_ERROR.
restart_kubelet() {
  local before='' since=$SECONDS end=$((SECONDS + SETTLE_SECONDS)) starts=0
  changing "restarting $KUBELET_UNIT"
  KUBELET_ERROR=''
  # systemd refuses to start a unit that failed too often in a short time, until this.
  capture 5 systemctl reset-failed "$KUBELET_UNIT"
  capture 60 systemctl restart "$KUBELET_UNIT"
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
    if [[ $KUBELET_NOW == active* ]] && ((SECONDS - since >= STEADY_SECONDS)) && healthz_answers; then
      return 0
    fi
    bounded 3 sleep 1 || break
  done
  last_kubelet_error
  KUBELET_ERROR=$REPLY
  return 1
}

# last_kubelet_error: the last error in its log, in REPLY.
last_kubelet_error() {
  local line last=''
  capture 5 journalctl --quiet --no-pager --output=cat --lines=30 --unit="$KUBELET_UNIT"
  while IFS= read -r line; do
    [[ $line != [EF][0-9]* ]] || last=${line#*] }
  done < "$WORK/out"
  REPLY=${last:0:200}
}
