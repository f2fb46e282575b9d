# The result line of a document of one remediation; node-check has another.
#@ use base/result
# shellcheck shell=bash

readonly MAX_RESULT_BYTES=2000

# print_result: the one line on stdout, in the longest form that fits.
print_result() {
  local ended_at form
  IMAGE=${IMAGE:0:300}
  now
  ended_at=$REPLY
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
