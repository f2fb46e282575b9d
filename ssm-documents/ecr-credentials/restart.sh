# Restarts kubelet, and proves that it runs.
#@ use node/kubelet
#@ use node/kubelet-start
#@ use base/failures
#@ use ./state
#@ sets PROVIDER
# shellcheck shell=bash disable=SC2034  # script.sh reads what is only set here

# `ActiveState MainPID restarts`.
KUBELET_NOW=''
# Why kubelet does not run: the last error line of systemctl or of kubelet; empty where there is none.
KUBELET_ERROR=''
HEALTHZ_PORT=10248 HEALTHZ_ADDRESS=127.0.0.1

# The time that kubelet may take, and the time that it must then run without another start.
readonly SETTLE_SECONDS=45
readonly STEADY_SECONDS=${FLEETMEND_STEADY_SECONDS:-6}

# find_kubelet_unit: whether there is a unit, and where kubelet's health check listens (kubelet config v1beta1, healthzPort, 0
# turns it off, and healthzBindAddress). A flag overrides the files, and a later file of the drop-in folder an earlier one.
find_kubelet_unit() {
  local file port='' address='' is='["'\'']?[[:space:]]*:[[:space:]]*["'\'']?'
  local port_is="healthzPort$is([0-9]{1,5})" address_is="healthzBindAddress$is([0-9A-Fa-f:.]+)"
  HEALTHZ_PORT='' HEALTHZ_ADDRESS=''
  flags_of "$KUBELET_PID" take_healthz_flag
  [[ -n $KUBELET_PID ]] || unit_flags take_healthz_flag "${KUBELET_UNIT:-kubelet.service}"
  for file in "$KUBELET_CONFIG" "${KUBELET_CONFIG_DIR:-/nonexistent}"/*.conf; do
    [[ -f $file && -r $file ]] || continue
    slurp "$file"
    [[ ! $REPLY =~ $port_is ]] || port=${BASH_REMATCH[1]}
    [[ ! $REPLY =~ $address_is ]] || address=${BASH_REMATCH[1]}
  done
  HEALTHZ_PORT=${HEALTHZ_PORT:-${port:-10248}} HEALTHZ_ADDRESS=${HEALTHZ_ADDRESS:-${address:-127.0.0.1}}
  # On every address.
  case $HEALTHZ_ADDRESS in
    0.0.0.0) HEALTHZ_ADDRESS=127.0.0.1 ;;
    ::) HEALTHZ_ADDRESS=::1 ;;
  esac
  [[ -n $KUBELET_UNIT ]]
}

take_healthz_flag() {
  case $1 in
    healthz-port) HEALTHZ_PORT=$2 ;;
    healthz-bind-address) HEALTHZ_ADDRESS=$2 ;;
  esac
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
  capture 3 bash -c 'exec 5<> "/dev/tcp/$1/$0" || exit 1
    printf "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n" >&5
    IFS= read -r line <&5
    [[ $line == "HTTP/"*" 200"* ]]' "$HEALTHZ_PORT" "$HEALTHZ_ADDRESS"
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

# last_kubelet_error: with what it ended, in REPLY: the last line in its log that names its end, else its last error. A start
# logs hundreds of lines, and a healthy kubelet logs errors too.
last_kubelet_error() {
  local line last=''
  capture 5 journalctl --quiet --no-pager --output=cat --reverse --lines=1000 --unit="$KUBELET_UNIT"
  while IFS= read -r line; do
    case $line in
      F[0-9]* | *'"command failed"'* | *"$REFUSAL"* | Error:* | panic:*)
        last=$line
        break
        ;;
      E[0-9]*) last=${last:-$line} ;;
    esac
  done < "$WORK/out"
  [[ $last != [EF][0-9]* ]] || last=${last#*] }
  REPLY=${last:0:200}
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
