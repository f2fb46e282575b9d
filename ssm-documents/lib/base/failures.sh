# The report of a repair that failed: the first failure, and whether the repair changed the node.
# shellcheck shell=bash

FAILURE_REASON='' FAILURE_DETAIL=''
# Its evidence: names and values in turn.
FAILURE_FACTS=()
# Whether a command ran that may have changed the node. Call `changing` before every such command.
CHANGED=false

# changing WHAT: logs WHAT ("pinning IMAGE"); afterwards the repair no longer reports that nothing was changed.
changing() {
  log "$1"
  CHANGED=true
}

# note_failure REASON [DETAIL] [NAME VALUE]...: notes why a method failed, with its evidence. The repair reports the first
# failure, because the later methods are fallbacks. DETAIL is the tool's last error line.
note_failure() {
  log "noting the failure $1${2:+: $2}${3:+ (${*:3})}"
  keep_failure "$@"
}

# keep_failure: note_failure for a failure that is in the log already.
keep_failure() {
  [[ -z $FAILURE_REASON ]] || return 0
  FAILURE_REASON=$1 FAILURE_DETAIL=${2-} FAILURE_FACTS=("${@:3}")
}

# network_error TEXT CODE: how a connection failed, from the error text of a tool (Go, Python, curl), in REPLY; empty where the
# text has another error.
network_error() {
  case $1 in
    *'no such host'* | *'server misbehaving'* | *'ame resolution'* | *'Name or service not known'* | \
      *'Could not resolve host'*) REPLY=dns ;;
    *x509:*'expired or is not yet valid'* | *'certificate has expired'* | *'certificate is not yet valid'*) REPLY=certificate-time ;;
    *x509:*'is valid for'* | *x509:*'not valid for any names'* | *'Hostname mismatch'*) REPLY=certificate-name ;;
    *x509:* | *'certificate verify failed'* | *'SSL certificate problem'*) REPLY=certificate-issuer ;;
    *'TLS handshake timeout'*) REPLY=tls-timeout ;;
    *'no answer in time'* | *'i/o timeout'* | *'deadline exceeded'* | *'timed out'* | *'imeout on endpoint'* | \
      *'Client.Timeout'*) REPLY=timeout ;;
    *'connection refused'* | *'Connection refused'* | *"Couldn't connect to server"* | *'Could not connect'*) REPLY=refused ;;
    *'connection reset'* | *': EOF'* | *'unexpected EOF'* | *'broken pipe'*) REPLY=reset ;;
    *'network is unreachable'* | *'Network is unreachable'* | *'no route to host'* | *'No route to host'*) REPLY=route ;;
    *proxyconnect*) REPLY=proxy ;;
    *)
      REPLY=''
      (($2 != 124)) || REPLY=timeout
      ;;
  esac
}

# network_reason TEXT CODE: the reason of a connection that failed, in REPLY; 1 where the text has another error.
network_reason() {
  network_error "$1" "$2"
  case $REPLY in
    '') return 1 ;;
    certificate-*) REPLY=RegistryCertificate ;;
    *) REPLY=RegistryUnreachable ;;
  esac
}

# failure_evidence TEXT CODE: how a request over the network failed, as evidence: the status that a server answered, or how
# the connection failed, and the host. Only for the failure that is reported: call it before that one is noted.
failure_evidence() {
  local status='[^0-9]([45][0-9][0-9]) [A-Z][a-z]' code='StatusCode: ([45][0-9][0-9])' host='https?://([^/":]+)'
  [[ -z $FAILURE_REASON ]] || return 0
  if [[ $1 =~ $status || $1 =~ $code ]]; then
    evidence httpStatus "${BASH_REMATCH[1]}"
  fi
  if [[ $1 =~ $host ]]; then
    evidence failedHost "${BASH_REMATCH[1]}"
  fi
  network_error "$1" "$2"
  [[ -z $REPLY ]] || evidence networkError "$REPLY"
}

# note_failed_command REASON STEP: notes the failure of the last `capture`, with a better reason where its text shows one. STEP
# is the name of the step, such as `tag`.
note_failed_command() {
  local reason=$1
  case $ERR in
    *'no space left on device'*) reason=DiskFull ;;
    *'dial unix'*) reason=RuntimeDown ;;
  esac
  capture_error
  note_failure "$reason" "$REPLY" failedStep "$2"
}

# finish_not_repaired REASON [DETAIL] [NAME VALUE]...: ends the repair with the failure that was noted first, else with this one.
finish_not_repaired() {
  keep_failure "$@"
  finish_failed
}

# finish_failed: ends the repair with the failure that was noted.
finish_failed() {
  local i
  for ((i = 0; i + 1 < ${#FAILURE_FACTS[@]}; i += 2)); do
    [[ -z ${FAILURE_FACTS[i + 1]} ]] || evidence "${FAILURE_FACTS[i]}" "${FAILURE_FACTS[i + 1]}"
  done
  [[ $CHANGED == true ]] || evidence changed false
  finish NotRepaired "$FAILURE_REASON" "$FAILURE_DETAIL"
}

# forget_failure: for a repair that continues with another method.
forget_failure() {
  FAILURE_REASON='' FAILURE_DETAIL='' FAILURE_FACTS=()
}
