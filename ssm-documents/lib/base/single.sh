# The result line of a document for one remediation; node-check has its own.
#@ use base/result
# shellcheck shell=bash

# The SSM agent truncates stdout if it and stderr together exceed 2,477 bytes, unless stdout has at most 1,238. A repair logs on
# stderr; a check prints at most its last error there.
declare -rA MAX_RESULT_BYTES=([check]=2000 [repair]=1200)

# print_result: the one line on stdout, without the longest facts if it would be too long.
print_result() {
  local ended_at detail=$DETAIL_BYTES cut=0
  IMAGE=${IMAGE:0:300}
  now
  ended_at=$REPLY
  while true; do
    report_fields "$detail" true
    REPLY="{$REPLY"
    ((cut == 0)) || REPLY+=",\"cut\":$cut"
    REPLY+=",\"startedAt\":\"${STARTED_AT:-$ended_at}\",\"endedAt\":\"$ended_at\"}"
    ((${#REPLY} >= ${MAX_RESULT_BYTES[$ACTION]})) || break
    # A control character takes six bytes in JSON: without facts, 80 bytes of detail always fit.
    if drop_longest_fact; then
      cut=$((cut + 1))
    elif ((detail > 80)); then
      detail=80
    else
      break
    fi
  done
  printf '%s\n' "$REPLY" >&3
}

# capture_shared NAME SECONDS COMMAND...: `capture`: only node-check has more than one check.
capture_shared() { capture "${@:2}"; }
