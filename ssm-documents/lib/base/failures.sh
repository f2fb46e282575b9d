# How a repair tells that it did not repair: the first reason, and whether the node is as it was.
# shellcheck shell=bash

FAILURE_REASON='' FAILURE_MESSAGE=''
# Whether anything was done to the node that may have left a trace. Say `changing` before every such command.
CHANGED=false

# changing WHAT: from here on nobody may claim that the node is as it was.
changing() {
  log "changing: $1"
  CHANGED=true
}

# note_failure REASON MESSAGE: why a method that should have worked did not. The first one is told: the methods after it are
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

# network_error TEXT CODE: what became of a connection by a tool's words (Go's, Python's, curl's), in REPLY; empty where the
# words are of something else.
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

# failure_evidence TEXT CODE: what kind of failure of the network a tool met, as evidence: the status that a server answered,
# or what became of the connection, and the host. Only of the failure that is told: say it before that is noted.
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
