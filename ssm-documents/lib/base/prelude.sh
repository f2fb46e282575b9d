# The prelude of every fleetmend document: the builder puts this file in front of each script. It defines the output of a
# document (one JSON line on stdout, a repair's log on stderr, exit codes 0, 1 and 2), its time limit, and its cleanup. A script
# needs only `take_lock`, `capture`, `bounded`, `evidence`, `log`, `at_exit` and `finish` from it.
# It runs as root under bash 4.2 and later, started by the SSM agent with a bare PATH and without HOME.
#
# No here-documents and no here-strings anywhere: bash before 5.1 writes them to a file in /tmp, which fails on a full
# disk and would put secrets there.
#@ use base/result
#@ sets BUDGET_SECONDS
# shellcheck shell=bash disable=SC2034  # the scripts read what is only set here

# Bytes, not characters: the limits of SSM's output are bytes, and a node's output may be anything.
export LC_ALL=C
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin
umask 077

# On a node /run is a tmpfs: its files do not survive a boot, and the script does not write to a disk that may be full.
RUN_DIR=${FLEETMEND_RUN_DIR:-/run/fleetmend}
WORK=''
# In a check that node-check started: the folder with the output of the commands that the parent ran for all checks.
SHARED=''

# Bottlerocket's host containers have it.
BOTTLEROCKET_DIR=${FLEETMEND_BOTTLEROCKET_DIR:-/.bottlerocket}

FAILED_LINE=''
STARTED_AT=''
# The functions that at_exit has registered.
CLEANUPS=()

# The result of the last `capture`.
RC=0 OUT='' ERR=''
# The text that the last function returned. A variable avoids the subshell of $(…).
REPLY=''

# log TEXT...: one line on stderr, with the seconds since the start. Never pass it a secret. The log of a check is discarded,
# except for its last error.
log() {
  printf '[%3ds] %s\n' "$SECONDS" "$*" >&2
}

# now: the time in UTC to the millisecond, in REPLY.
now() {
  REPLY=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
  # A date command without nanoseconds prints the directive as it is.
  [[ $REPLY =~ ^[0-9T:.-]+Z$ ]] || REPLY=$(date -u +%Y-%m-%dT%H:%M:%SZ)
}

# finish OUTCOME REASON [DETAIL]: ends the document. REASON may be empty. DETAIL is the last error line of the tool that failed;
# every other fact is evidence. Never call it inside $(…) or (…), where it would end only that subshell.
finish() {
  OUTCOME=$1 REASON=$2 DETAIL=${3-}
  if [[ $OUTCOME == NotRepaired || $OUTCOME == Unknown ]] && ((SECONDS >= BUDGET_SECONDS)); then
    # Otherwise a reader could mistake the last step for the cause.
    evidence timeLimitSeconds "$BUDGET_SECONDS"
  fi
  log "ending with $OUTCOME${REASON:+ $REASON}${DETAIL:+: $DETAIL}"
  exit_code "$OUTCOME"
  exit "$REPLY"
}

# finish_undecided REASON [DETAIL]: a check could not decide; a repair did not repair.
finish_undecided() {
  if [[ $ACTION == repair ]]; then
    finish NotRepaired "$@"
  fi
  finish Unknown "$@"
}

# at_exit FUNCTION: registers a function that runs at every end of the script, the last one first. It must not call `finish`.
at_exit() {
  CLEANUPS+=("$1")
}

# The EXIT trap: cleans up, then prints the result, in every case.
on_exit() {
  local code=$? i
  trap '' HUP INT TERM
  trap - ERR
  set +o errexit
  # There is always time to clean up: the builder leaves a margin below the agent's own limit.
  BUDGET_SECONDS=$((SECONDS + 10))
  for ((i = ${#CLEANUPS[@]} - 1; i >= 0; i--)); do
    "${CLEANUPS[i]}"
  done
  if [[ -z $OUTCOME ]]; then
    OUTCOME=Unknown REASON=ScriptFailed
    evidence exitCode "$code"
    [[ -z $FAILED_LINE ]] || evidence line "$FAILED_LINE"
    last_error
    DETAIL=$REPLY
    [[ -z $DETAIL ]] || printf '%s\n' "${DETAIL:0:DETAIL_BYTES}" >&4
  fi
  if [[ -n $WORK && -z $SHARED ]]; then
    rm -rf -- "$WORK"
  fi
  print_result
  exit_code "$OUTCOME"
  exit "$REPLY"
}

# last_error: the last error line of a check, in REPLY; empty in a repair, whose errors are on stderr.
last_error() {
  local line last=''
  if [[ -f $WORK/stderr ]]; then
    while IFS= read -r line || [[ -n $line ]]; do
      # The lines of `log` begin with the time in brackets.
      [[ $line == '['* || -z ${line//[[:space:]]/} ]] || last=$line
    done < "$WORK/stderr"
  fi
  REPLY=$last
}

# on_signal NAME: a script that is stopped still prints a result line (SIGKILL cannot be handled).
on_signal() {
  evidence signal "SIG$1"
  finish Unknown ScriptStopped
}

# drop_environment: forgets the agent's environment, which it hands on as a whole: a proxy, credentials or an endpoint of its own
# are neither kubelet's nor the runtime's. What a part needs, it takes from their processes.
drop_environment() {
  local name
  while IFS= read -r name; do
    # A read-only variable of the shell, such as SHELLOPTS, stays, but no command gets it.
    [[ $name == @(PATH|LC_ALL|FLEETMEND_*|CONTAINERD_ADDRESS) ]] || unset -v "$name" 2> /dev/null || export -n "${name?}"
  done < <(compgen -e)
}

# begin: redirects stdout to the log; the result line goes to the stdout that the agent reads.
begin() {
  set -o errtrace
  drop_environment
  exec 3>&1 4>&2 1>&2
  trap on_exit EXIT
  trap 'FAILED_LINE=$LINENO' ERR
  trap 'on_signal HUP' HUP
  trap 'on_signal INT' INT
  trap 'on_signal TERM' TERM
  # The parent of node-check created the folder, removes it, and has set the start time.
  if [[ -z $WORK ]]; then
    now
    STARTED_AT=$REPLY
    [[ -d $RUN_DIR ]] || mkdir -p -- "$RUN_DIR"
    WORK=$(mktemp -d --suffix=.$$ -- "$RUN_DIR/work.XXXXXXXX")
  fi
  if [[ $ACTION == check ]]; then
    exec > "$WORK/stderr" 2>&1
  fi
}

# refuse_bottlerocket: ends where the SSM agent runs in its own container, before the script calls a program that the
# container lacks.
refuse_bottlerocket() {
  if [[ -d $BOTTLEROCKET_DIR ]] || command -v apiclient > /dev/null; then
    evidence platform bottlerocket
    finish Unsupported PlatformUnsupported
  fi
}

# With another option of timeout, such as --signal=TERM, a command gets its own process group, which ends as a whole.
TIMEOUT_HOW=--foreground

# bounded SECONDS COMMAND...: runs a command for at most SECONDS, and never beyond the document's own budget, so that
# the script prints the result line before the SSM agent kills it. Exit code 124: the time limit was reached. The command stays
# in the script's process group, so that an agent that kills the group also ends the command.
bounded() {
  local seconds=$1 left=$((BUDGET_SECONDS - SECONDS))
  shift
  if ((left <= 0)); then
    log "skipping $1: no time is left"
    return 124
  fi
  if ((seconds > left)); then
    seconds=$left
  fi
  timeout "$TIMEOUT_HOW" --kill-after=2 "$seconds" "$@" 3>&- 4>&-
}

# slurp FILE: the content of a file, in REPLY.
slurp() {
  REPLY=''
  IFS= read -r -d '' REPLY < "$1" || true
}

# capture SECONDS COMMAND...: runs a command in bounded time and returns 0; its exit code is in RC, its output in OUT and ERR.
# Not for commands that print a secret: it stores the output in files on a tmpfs.
capture() {
  RC=0
  bounded "$@" > "$WORK/out" 2> "$WORK/err" || RC=$?
  slurp "$WORK/out"
  OUT=$REPLY
  slurp "$WORK/err"
  ERR=$REPLY
}

# last_line TEXT: its last line that is not blank (tools print their error last), in REPLY.
last_line() {
  local line last=''
  while IFS= read -r line || [[ -n $line ]]; do
    [[ -z ${line//[[:space:]]/} ]] || last=$line
  done < <(printf '%s' "$1")
  REPLY=$last
}

# capture_error: why the last `capture` failed, in REPLY: the tool's last error line where it printed one.
capture_error() {
  last_line "$ERR"
  if ((RC == 124)); then
    REPLY='no answer in time'
  fi
  REPLY=${REPLY:-exit code $RC}
}

# take_lock shared|exclusive: serializes documents on a node. Checks share the lock; a repair holds it exclusively. The kernel
# releases it when the script and its children have ended for any reason.
take_lock() {
  local wait=2 code=0
  # The parent of node-check holds it, and its checks inherit it.
  [[ -z $SHARED ]] || return 0
  [[ $1 == shared ]] || wait=15
  exec 9> "$RUN_DIR/lock"
  bounded $((wait + 5)) flock "--$1" --wait "$wait" 9 || code=$?
  case $code in
    0) ;;
    1 | 124)
      SKIP_REASON=Busy
      finish Skipped LockBusy
      ;;
    *)
      evidence tool flock
      evidence exitCode "$code"
      finish_undecided ToolMissing
      ;;
  esac
  [[ $1 == shared ]] || remove_remains
}

# remove_remains: while this document holds the lock exclusively, no other one runs, but others may wait for it. The folders of
# processes that are no more are from documents that were killed.
remove_remains() {
  local folder
  for folder in "$RUN_DIR"/work.*; do
    [[ -d /proc/${folder##*.} ]] || rm -rf -- "$folder"
  done
}

# main: runs the action. An action must end with `finish`; an action that returns has a bug.
main() {
  begin
  refuse_bottlerocket
  "$ACTION"
  finish Unknown ScriptFailed
}
