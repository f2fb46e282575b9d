# kubelet's health check, and the last words of a service that does not run.
#@ use node/kubelet
#@ use node/journal
# shellcheck shell=bash

# Where the health check listens (kubelet config v1beta1); port 0 turns it off.
HEALTHZ_PORT='' HEALTHZ_ADDRESS=''

# healthz_answers: whether kubelet's health check answers 200. By bash alone: a node need not have curl.
healthz_answers() {
  [[ -n $HEALTHZ_PORT ]] || find_healthz
  ((10#$HEALTHZ_PORT > 0)) || return 0
  # shellcheck disable=SC2016  # the child's own dollars
  capture 8 bash -c 'exec 5<> "/dev/tcp/$0/$1" || exit 1
    printf "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n" >&5
    IFS= read -r line <&5
    [[ $line == "HTTP/"*" 200"* ]]' "$HEALTHZ_ADDRESS" "$HEALTHZ_PORT"
  ((RC == 0))
}

# find_healthz: where kubelet's health check listens. A flag overrides the files, a later file an earlier one.
find_healthz() {
  local file is='["'\'']?[[:space:]]*:[[:space:]]*["'\'']?'
  local port="healthzPort$is([0-9]{1,5})" address="healthzBindAddress$is([0-9a-fA-F.:]+)"
  HEALTHZ_PORT=10248 HEALTHZ_ADDRESS=127.0.0.1
  for file in "$KUBELET_CONFIG" "${KUBELET_CONFIG_DIR:-/nonexistent}"/*.conf; do
    [[ -f $file && -r $file ]] || continue
    slurp "$file"
    [[ ! $REPLY =~ $port ]] || HEALTHZ_PORT=${BASH_REMATCH[1]}
    [[ ! $REPLY =~ $address ]] || HEALTHZ_ADDRESS=${BASH_REMATCH[1]}
  done
  flags_of "$KUBELET_PID" take_healthz_flag
  [[ -n $KUBELET_PID ]] || unit_flags take_healthz_flag "${KUBELET_UNIT:-kubelet.service}"
  case $HEALTHZ_ADDRESS in
    0.0.0.0) HEALTHZ_ADDRESS=127.0.0.1 ;;
    ::) HEALTHZ_ADDRESS=::1 ;;
  esac
}

take_healthz_flag() {
  case $1 in
    healthz-port) HEALTHZ_PORT=$2 ;;
    healthz-bind-address) HEALTHZ_ADDRESS=$2 ;;
  esac
}

# The last words of a service, newest line first: of the run that goes on, or of the last one that ended. The line with which it gave
# up, otherwise its newest error, otherwise systemd's own line about it. What earlier runs said is over; it stands before systemd's
# lines about their end, while the first words of a program may stand before the line that it was started. Where it has not given
# up by a line of its own, and does not run, a question mark stands before its words: the journal may not have all of them yet.
# shellcheck disable=SC2016  # the dollars of awk
readonly LAST_WORDS_AWK='
function words(line) {
  # klog: the text is behind the file and line.
  sub(/^[EF][0-9][0-9][0-9][0-9] [^]]*\] */, "", line)
  return line
}
/^F[0-9][0-9][0-9][0-9] / || /"command failed"/ || /Failed to register CRI auth plugins/ || /^(Error|panic|fatal error): / || /level=fatal/ || /^Dependency failed/ {
  error = words($0)
  found = 1
  exit
}
edge && (/^(Stopp|Unit|Failed)/ || /^[^ ]+[.]service[: ]/) { exit }
/^Start(ed|ing) / {
  if (fault == "silent") exit
  if (ended) edge = 1
  else {
    own = error
    error = ""
  }
}
/^[^ ]+: ([Mm]ain process exited|Deactivated)/ { ended = 1 }
error == "" && (/^E[0-9][0-9][0-9][0-9] / || /level=error/) { error = words($0) }
systemd == "" && /OOM|Failed (at|to [elp])|status=[1-9]/ { systemd = $0 }
END { print (found || fault == "silent" ? "" : "?") (error != "" ? error : systemd != "" ? systemd : own) }'

# last_words_of UNIT [FAULT]: why a unit does not run, in REPLY: the last error line of its program where it printed one. One that is
# silent still runs. journald reads the output of a program and the messages of systemd from two sockets: on a loaded node, it often
# stores that the program has ended before what the program said at its end.
last_words_of() {
  local i
  for i in {1..4}; do
    REPLY=$(bounded 5 journalctl --quiet --no-pager --reverse --output=cat --lines=1000 --unit="$1" 2> /dev/null \
      | bounded 5 awk -v fault="${2-}" "$LAST_WORDS_AWK") || true
    { [[ $REPLY == \?* ]] && ((i < 4)) && bounded 2 sleep 1; } || break
  done
  REPLY=${REPLY#\?}
  REPLY=${REPLY:0:300}
}
