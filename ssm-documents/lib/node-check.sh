# The orchestrator of node-check. The checks of all remediations run at the same time, each in its own process with its own
# timeout, so that a hung runtime affects only the checks that use it. Commands that several checks need run once, before them.
#
# The builder adds NODE_CHECKS (the names of the checks in this document), PART and PARTS (the number of this document,
# and of all), a function `define_<name>` for each check, which defines the check's functions, and `severity_of REASON`.
#@ sets ACTION REMEDIATION SHARED WORK BUDGET_SECONDS
# shellcheck shell=bash disable=SC2034,SC2153  # the prelude reads what is only set here

readonly CHECK_SECONDS=20

# run_one INDEX FOLDER: runs one check in this process; passes its result to the parent, in the parent's FOLDER, as a finding.
run_one() {
  ACTION=check
  REMEDIATION=${NODE_CHECKS[$1]}
  SHARED=$2
  WORK=$2/check.$REMEDIATION
  # A check that reaches its own limit reports more than one that is killed.
  BUDGET_SECONDS=$((CHECK_SECONDS - 2))
  "define_${REMEDIATION//-/_}"
  main
}

# worse_outcome A B: the outcome that an operator must see, in REPLY. `Unsupported` means that the check does not apply to this
# kind of node, so every other outcome takes precedence.
worse_outcome() {
  local outcome
  for outcome in Broken Unknown Skipped Healthy Unsupported; do
    if [[ $1 == "$outcome" || $2 == "$outcome" ]]; then
      REPLY=$outcome
      return
    fi
  done
  REPLY=Unknown
}

# read_finding INDEX: the finding of check INDEX, in FINDING_OUTCOME, FINDING_REASON, FINDING_SKIP_REASON, FINDING_FULL and
# FINDING_SHORT.
read_finding() {
  local name=${NODE_CHECKS[$1]} code=${CODES[$1]} file="$WORK/finding.$1" reason fact
  FINDING_OUTCOME='' FINDING_REASON='' FINDING_SKIP_REASON='' FINDING_FULL='' FINDING_SHORT=''
  {
    read -r FINDING_OUTCOME FINDING_REASON FINDING_SKIP_REASON
    IFS= read -r FINDING_FULL
    IFS= read -r FINDING_SHORT
  } < "$file" || true
  # A check that reached its time limit reports only that it was stopped.
  if ((code != 124 && code != 137)) && [[ $FINDING_OUTCOME =~ ^[A-Z][A-Za-z]+$ && $FINDING_FULL == \{*\} && $FINDING_SHORT == \{*\} ]]; then
    return
  fi
  FINDING_OUTCOME=Unknown FINDING_SKIP_REASON=''
  if ((code == 124 || code == 137)); then
    reason=CheckTimedOut
    fact="\"limitSeconds\":$CHECK_SECONDS"
  else
    reason=ScriptFailed
    fact="\"exitCode\":$code"
  fi
  FINDING_REASON=$reason
  title_of "$reason"
  FINDING_SHORT="{\"remediation\":\"$name\",\"outcome\":\"Unknown\",\"reason\":\"$reason\",\"title\":\"$REPLY\",\"evidence\":{$fact}}"
  FINDING_FULL=$FINDING_SHORT
}

# rank_finding OUTCOME REASON: the priority of a finding for an operator, in REPLY. A finding that waits for an earlier
# remediation (BlockedBy) is a consequence, so it never precedes its cause, whatever its reason is.
rank_finding() {
  REPLY=Info
  [[ $1 == Skipped ]] || severity_of "$2"
}

# capture_shared NAME SECONDS COMMAND...: `capture` of a command that several checks run. The parent has run it once for all of
# them (see `share`); a check runs it again only where it failed in the parent.
capture_shared() {
  local file="$SHARED/shared.$1"
  if [[ -z $SHARED || ! -s $file ]]; then
    capture "${@:2}"
    return
  fi
  RC=0 ERR=''
  slurp "$file"
  OUT=$REPLY
  printf '%s' "$OUT" > "$WORK/out"
  : > "$WORK/err"
}

# share NAME: in the parent, keeps the output of the last `capture` for capture_shared, unless it failed.
share() {
  if ((RC == 0)); then
    printf '%s' "$OUT" > "$WORK/shared.$1"
  fi
}

# ask_once: runs the commands that several checks need. A command that hangs ends at its own time limit, and the checks then run
# it themselves.
ask_once() {
  local part
  for part in share_services share_containerd; do
    ! declare -F "$part" > /dev/null || "$part"
  done
}

# cast_net OUTCOME: beneath all checks: on a node where pods do not start, a fault that no check knows is never Healthy. The
# builder gives the net to one of the documents, which asks for all.
cast_net() {
  local net=sandboxes_fail
  [[ $1 == Healthy ]] && declare -F "$net" > /dev/null || return 0
  ! "$net" || finish Unknown PodsDoNotStart "$REPLY"
}

# check: starts every check, waits for all, and composes one line of their findings, the most severe first.
check() {
  local i rank worst='' pids=()
  local outcomes=() reasons=() skip_reasons=() fulls=() shorts=() order=()
  CODES=()
  take_lock shared
  ask_once
  mkdir -- "${NODE_CHECKS[@]/#/$WORK/check.}"
  for i in "${!NODE_CHECKS[@]}"; do
    # Not --foreground: the check and all its children get their own process group, which ends as a whole.
    timeout --kill-after=2 "$CHECK_SECONDS" /bin/bash "${BASH_SOURCE[0]}" --one "$i" "$WORK" 3>&- 4>&- > "$WORK/finding.$i" &
    pids[i]=$!
  done
  for i in "${!NODE_CHECKS[@]}"; do
    CODES[i]=0
    wait "${pids[i]}" || CODES[i]=$?
    read_finding "$i"
    outcomes[i]=$FINDING_OUTCOME reasons[i]=${FINDING_REASON#-} skip_reasons[i]=$FINDING_SKIP_REASON
    fulls[i]=$FINDING_FULL shorts[i]=$FINDING_SHORT
    worse_outcome "${worst:-$FINDING_OUTCOME}" "$FINDING_OUTCOME"
    worst=$REPLY
  done
  for rank in Fatal Warning Info; do
    for i in "${!NODE_CHECKS[@]}"; do
      [[ ${outcomes[i]} != Healthy && ${outcomes[i]} != Unsupported ]] || continue
      rank_finding "${outcomes[i]}" "${reasons[i]}"
      [[ $REPLY != "$rank" ]] || order+=("$i")
    done
  done
  FINDINGS='' CUT=0
  if ((${#order[@]} == 0)); then
    cast_net "$worst"
    finish "$worst" ''
  fi
  for i in "${order[@]}"; do
    if ((${#FINDINGS} + ${#fulls[i]} < FINDINGS_BYTES)); then
      FINDINGS+="${FINDINGS:+,}${fulls[i]}"
    elif ((${#FINDINGS} + ${#shorts[i]} < FINDINGS_BYTES)); then
      FINDINGS+="${FINDINGS:+,}${shorts[i]}"
    else
      CUT=$((CUT + 1))
    fi
  done
  i=${order[0]}
  [[ $worst != Skipped ]] || SKIP_REASON=${skip_reasons[i]}
  finish "$worst" "${reasons[i]}"
}

# The line without its findings has less than 400 bytes.
readonly FINDINGS_BYTES=1550
FINDINGS='' CUT=0
FINDING_OUTCOME='' FINDING_REASON='' FINDING_SKIP_REASON='' FINDING_FULL='' FINDING_SHORT=''
CODES=()

# print_result: the prelude's EXIT trap calls it. In a check, it writes for the parent: the sort key, the full finding and the
# short finding. In the parent, it prints the one line on stdout.
print_result() {
  local ended_at form
  if [[ -n $SHARED ]]; then
    IMAGE=${IMAGE:0:300}
    printf '%s %s %s\n' "$OUTCOME" "${REASON:--}" "$SKIP_REASON" >&3
    for form in '240 true' '120 false'; do
      report_fields "${form% *}" "${form#* }"
      printf '{%s}\n' "$REPLY" >&3
    done
    return
  fi
  now
  ended_at=$REPLY
  report_fields "$([[ -n $FINDINGS ]] && printf 100 || printf 300)" false
  REPLY="{$REPLY,\"part\":$PART,\"parts\":$PARTS${FINDINGS:+,\"findings\":[$FINDINGS]}"
  ((CUT == 0)) || REPLY+=",\"cut\":$CUT"
  printf '%s,"startedAt":"%s","endedAt":"%s"}\n' "$REPLY" "${STARTED_AT:-$ended_at}" "$ended_at" >&3
}

node_check() {
  if [[ ${1-} == --one ]]; then
    run_one "$2" "$3"
  fi
  REMEDIATION=node-check
  ACTION=check
  main
}
