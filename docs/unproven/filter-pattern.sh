#!/usr/bin/env bash
# CloudWatch Logs takes a filter of 41 quoted phrases, each optional (?"…"), in at most 1,024 characters. Such a filter lets
# a JSON record through where one of the phrases stands in it, in the middle of a word too, and no other record.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan '' '' '10 seconds'

pattern='?"get sandbox image" ?"kubernetes.io/no-op" ?" CNI config" ?":50051" ?"andbox for pod"'
for number in {1..35}; do pattern+=" ?\"phrase with number $number\""; done
pattern+=' ?"failed, error"'
((${#pattern} <= 1024)) || stop "the pattern of this script has ${#pattern} characters"

cat > "$WORK/messages.json" << 'JSON'
[
  "{\"systemd_unit\":\"kubelet.service\",\"message\":\"failed to get sandbox image \\\"x/eks/pause:3.5\\\"\"}",
  "{\"systemd_unit\":\"kubelet.service\",\"message\":\"a healthy line about sandboxes and images\"}",
  "{\"message\":\"CreatePodSandbox for pod default/x\"}",
  "{\"message\":\"dial tcp 127.0.0.1:50051: connect: connection refused\"}",
  "{\"message\":\"GET SANDBOX IMAGE in capitals\"}",
  "{\"message\":\"Validate service connection failed, error: x\"}"
]
JSON
step 'testing the pattern'
if ! numbers=$(try logs test-metric-filter --filter-pattern "$pattern" --log-event-messages "file://$WORK/messages.json" \
  --query 'matches[].eventNumber'); then
  demand_answer
  verdict REFUTED "CloudWatch Logs refuses the pattern of ${#pattern} characters: $(last_error)"
fi
numbers=$(printf '%s' "$numbers" | tr -s '[:space:]' ' ')
saw="of the records 1 to 6 the pattern of ${#pattern} characters lets through: ${numbers:-none}"
if [[ $numbers == '1 3 4 6' ]]; then verdict PROVEN "$saw"; else verdict REFUTED "$saw (expected: 1 3 4 6)"; fi
