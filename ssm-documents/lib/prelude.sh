# Shared by every fleetmend document: the builder joins this file in front of each script. It fixes how a document
# talks (one JSON line on stdout, a log on stderr, exit codes 0, 1 and 2), how long it may take, and what it leaves behind.
# It runs as root under bash 4.2 and later, started by the SSM agent with a bare PATH and without HOME.
#
# No here-documents and no here-strings anywhere: bash before 5.1 writes them to a file in /tmp, which fails on a full
# disk and would put secrets there.
# shellcheck shell=bash disable=SC2034  # the scripts read what is only set here

# Bytes, not characters: the limits of SSM's output are bytes, and a node's output may be anything.
export LC_ALL=C
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin
umask 077

readonly MAX_RESULT_BYTES=2000

# On a node /run is a tmpfs: nothing in it survives a boot, and nothing here touches the disk that may be full.
RUN_DIR=${FLEETMEND_RUN_DIR:-/run/fleetmend}
WORK=''

# What the result line will say; `finish` sets the first three.
OUTCOME='' REASON='' MESSAGE=''
WHY='' CAUSE='' RUNG='' IMAGE='' DIGEST='' WILL_RECUR='' EVIDENCE=''
AS_FINDING=false
FAILED_LINE=''
STARTED_AT=''

# What the last `capture` gave.
RC=0 OUT='' ERR=''
# What the last function that answers with text gave: an answer by name saves the subshell of $(…).
REPLY=''

# log TEXT...: one line on stderr, with the seconds since the start. Never give it a secret.
log() {
  printf '[%3ds] %s\n' "$SECONDS" "$*" >&2
}

# now: the time in UTC to the millisecond, in REPLY.
now() {
  REPLY=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
  # A date command without nanoseconds prints the directive as it is.
  [[ $REPLY =~ ^[0-9T:.-]+Z$ ]] || REPLY=$(date -u +%Y-%m-%dT%H:%M:%SZ)
}

# json_string TEXT MAX: TEXT as a JSON string of at most MAX bytes before escaping, in REPLY. Line ends and tabs are
# kept as escapes; bytes outside ASCII become `?`, since they need not be valid UTF-8.
json_string() {
  local text=$1 max=$2 out='' char i
  if ((${#text} > max)); then
    text="${text:0:max-3}..."
  fi
  if [[ $text == *[!\ !#-\[\]-~]* ]]; then
    for ((i = 0; i < ${#text}; i++)); do
      char=${text:i:1}
      case $char in
        '"' | \\) out+="\\$char" ;;
        $'\n') out+='\n' ;;
        $'\r') out+='\r' ;;
        $'\t') out+='\t' ;;
        [[:cntrl:]])
          printf -v char '\\u%04x' "'$char"
          out+=$char
          ;;
        [\ -~]) out+=$char ;;
        *) out+='?' ;;
      esac
    done
    text=$out
  fi
  REPLY="\"$text\""
}

# evidence KEY VALUE: adds a fact to the result. Numbers and true or false keep their JSON type.
evidence() {
  local key=$1 value=$2
  if [[ $value =~ ^(0|[1-9][0-9]{0,14}|true|false)$ ]]; then
    REPLY=$value
  else
    json_string "$value" 160
  fi
  EVIDENCE+="${EVIDENCE:+,}\"$key\":$REPLY"
}

# report_fields MESSAGE_BYTES WITH_EVIDENCE: what is said of one remediation, as JSON members, in REPLY.
report_fields() {
  local fields
  fields="\"remediation\":\"$REMEDIATION\""
  if [[ $AS_FINDING == false ]]; then
    fields="\"v\":1,$fields,\"action\":\"$ACTION\""
  fi
  fields+=",\"outcome\":\"$OUTCOME\""
  [[ -z $WHY ]] || fields+=",\"why\":\"$WHY\""
  [[ -z $REASON ]] || fields+=",\"reason\":\"$REASON\""
  [[ -z $CAUSE ]] || fields+=",\"cause\":\"$CAUSE\""
  [[ -z $RUNG ]] || fields+=",\"rung\":\"$RUNG\""
  if [[ -n $IMAGE ]]; then
    # An image reference has no other characters, so that it never needs an escape.
    fields+=",\"image\":\"${IMAGE//[!A-Za-z0-9._:\/@-]/?}\""
  fi
  [[ ! $DIGEST =~ ^sha256:[0-9a-f]{64}$ ]] || fields+=",\"digest\":\"$DIGEST\""
  [[ -z $WILL_RECUR ]] || fields+=",\"willRecur\":$WILL_RECUR"
  json_string "$MESSAGE" "$1"
  fields+=",\"message\":$REPLY"
  if [[ $2 == true && -n $EVIDENCE ]]; then
    fields+=",\"evidence\":{$EVIDENCE}"
  fi
  REPLY=$fields
}

# print_result: the one line on stdout, in the longest form that fits.
print_result() {
  local ended_at form
  now
  ended_at=$REPLY
  IMAGE=${IMAGE:0:300}
  if [[ $AS_FINDING == true ]]; then
    # For node-check's parent: what to order by, the finding in full, and the finding in short.
    printf '%s %s\n' "$OUTCOME" "${REASON:--}" >&3
    report_fields 240 true
    printf '{%s}\n' "$REPLY" >&3
    report_fields 120 false
    printf '{%s}\n' "$REPLY" >&3
    return
  fi
  # A control character takes six bytes in JSON: the last form fits whatever the message holds.
  for form in '600 true' '300 true' '300 false' '100 false'; do
    report_fields "${form% *}" "${form#* }"
    REPLY="{$REPLY,\"startedAt\":\"${STARTED_AT:-$ended_at}\",\"endedAt\":\"$ended_at\"}"
    if ((${#REPLY} < MAX_RESULT_BYTES)); then
      printf '%s\n' "$REPLY" >&3
      return
    fi
  done
}

# exit_code OUTCOME: 0 healthy or mended, 1 not, 2 could not tell; in REPLY. Codes that mean something to the SSM
# agent (137, 168, 169, and 194: reboot the node) can therefore never leave a document.
exit_code() {
  case $1 in
    Healthy | Repaired) REPLY=0 ;;
    Broken | NotRepaired | Unsupported) REPLY=1 ;;
    *) REPLY=2 ;;
  esac
}

# finish OUTCOME REASON MESSAGE: ends the document. REASON may be empty. Never call it inside $(…).
finish() {
  OUTCOME=$1 REASON=$2 MESSAGE=$3
  log "$OUTCOME ${REASON:+$REASON: }$MESSAGE"
  exit_code "$OUTCOME"
  exit "$REPLY"
}

# The EXIT trap: cleans up, then prints the result, whatever happened before.
on_exit() {
  local code=$?
  trap '' HUP INT TERM
  trap - ERR
  set +o errexit
  # Whatever the action took, there is time to clean up: the builder leaves a margin to the agent's own limit.
  BUDGET_SECONDS=$((SECONDS + 10))
  if declare -F cleanup > /dev/null; then
    cleanup
  fi
  if [[ -n $WORK ]]; then
    rm -rf -- "$WORK"
  fi
  if [[ -z $OUTCOME ]]; then
    OUTCOME=Unknown REASON=ScriptFailed
    MESSAGE="The script ended before it came to a result (exit code $code${FAILED_LINE:+, line $FAILED_LINE})."
  fi
  print_result
  exit_code "$OUTCOME"
  exit "$REPLY"
}

# on_signal NAME: whoever stops the script still gets a result line (SIGKILL alone cannot be answered).
on_signal() {
  finish Unknown ScriptStopped "The script was stopped by SIG$1 before it came to a result."
}

# begin: from here on stdout is the log's, and the result line goes to the stdout that the agent reads.
begin() {
  set -o errtrace
  exec 3>&1 1>&2
  trap on_exit EXIT
  trap 'FAILED_LINE=$LINENO' ERR
  trap 'on_signal HUP' HUP
  trap 'on_signal INT' INT
  trap 'on_signal TERM' TERM
  now
  STARTED_AT=$REPLY
  mkdir -p -- "$RUN_DIR"
  WORK=$(mktemp -d -- "$RUN_DIR/work.XXXXXXXX")
}

# bounded SECONDS COMMAND...: runs a command for at most SECONDS, and never past the document's own budget, so that the
# result line is out before the SSM agent kills the script. Exit code 124 says that time was up. The command stays in
# the script's process group: an agent that kills the group leaves nobody behind.
bounded() {
  local seconds=$1 left=$((BUDGET_SECONDS - SECONDS))
  shift
  if ((left <= 0)); then
    log "no time is left for: $1"
    return 124
  fi
  if ((seconds > left)); then
    seconds=$left
  fi
  timeout --foreground --kill-after=2 "$seconds" "$@" 3>&-
}

# slurp FILE: all of a file, in REPLY.
slurp() {
  REPLY=''
  IFS= read -r -d '' REPLY < "$1" || true
}

# capture SECONDS COMMAND...: runs a command in bounded time and returns 0; its exit code is in RC, what it said in OUT
# and ERR. Not for commands that print a secret: what they say goes through files on a tmpfs.
capture() {
  RC=0
  bounded "$@" > "$WORK/out" 2> "$WORK/err" || RC=$?
  slurp "$WORK/out"
  OUT=$REPLY
  slurp "$WORK/err"
  ERR=$REPLY
}

# take_lock shared|exclusive: keeps two documents apart on a node. Checks share the lock, a repair has it alone. The
# kernel frees it when the script and its children have ended, however they ended.
take_lock() {
  local how=--shared wait=2
  if [[ $1 == exclusive ]]; then
    how=--exclusive wait=15
  fi
  exec 9> "$RUN_DIR/lock"
  if ! bounded $((wait + 5)) flock "$how" --wait "$wait" 9; then
    WHY=Busy
    finish Skipped LockBusy 'Another fleetmend document is at work on this node; nothing was done.'
  fi
  if [[ $1 == exclusive ]]; then
    # No other document runs now, so these are the remains of one that was killed.
    local folder
    for folder in "$RUN_DIR"/work.*; do
      [[ $folder == "$WORK" ]] || rm -rf -- "$folder"
    done
  fi
}

# trusted_path PATH: whether root owns PATH and every folder above it, and nobody else may write to any of them. No
# symbolic links. In a folder with the sticky bit others cannot replace what is root's. Says why not in REPLY.
trusted_path() {
  local rest=${1#/} at='' uid mode type name paths=(/)
  while [[ -n $rest ]]; do
    at+="/${rest%%/*}"
    paths+=("$at")
    if [[ $rest == */* ]]; then rest=${rest#*/}; else rest=''; fi
  done
  REPLY=''
  while read -r uid mode type name; do
    if [[ $type == symbolic* ]]; then
      REPLY="${name#*|} is a symbolic link"
    elif ((uid != 0)); then
      REPLY="${name#*|} belongs to user $uid"
    elif (((8#$mode & 8#022) != 0 && (8#$mode & 8#1000) == 0)); then
      REPLY="${name#*|} may be written by others (mode $mode)"
    fi
    [[ -z $REPLY ]] || return 1
  done < <(bounded 5 stat -c '%u %a %F |%n' -- "${paths[@]}" || printf '1 0 missing |%s\n' "$1")
}

# main: runs the action. An action ends by `finish`; one that returns has forgotten to say how it ended.
main() {
  begin
  "$ACTION"
  finish Unknown ScriptFailed "The $ACTION ended without a result."
}
