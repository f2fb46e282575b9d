#!/usr/bin/env bash
# An event of an EKS add-on names its cluster: in the ARN of the add-on or of the cluster under `resources` or in `detail`,
# or in `detail.clusterName`. The script listens while you change an add-on of a test cluster in another terminal, e.g.
#   aws eks update-addon --cluster-name TEST --addon-name kube-proxy --resolve-conflicts PRESERVE
#
#   --minutes N  how long to listen (default: 8)
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

OWN_OPTIONS='minutes'
option_minutes=8
begin "$@"
[[ $option_minutes =~ ^[1-9][0-9]?$ ]] || stop "--minutes takes a number from 1 to 99, not $option_minutes"
plan 'an event rule and a queue (a CloudFormation stack)' 'nothing' "$option_minutes minutes at most"

name=$(new_name addon)
{
  cat << 'YAML'
Outputs:
  Queue: {Value: !Ref EventQueue}
Resources:
YAML
  listener_resources '{"source": ["aws.eks"], "detail-type": [{"prefix": "EKS Addon "}]}'
} > "$WORK/template.yaml"
create_stack "$name" "$WORK/template.yaml"
queue=$(stack_output "$name" Queue)

: > "$WORK/events"
have_one() {
  receive "$queue" "$WORK/events" || return
  [[ -s $WORK/events ]]
}
step 'listening'
say '  Now change an add-on of a test cluster in another terminal (--help has a command).'
# A look waits 10 seconds for an event, and then the pause.
poll $((option_minutes * 60 / (10 + PAUSE))) have_one || stop "no event of an add-on came in $option_minutes minutes"

event=$(head -n 1 "$WORK/events")
say "$event"
# Names and account ids stay out of the verdict: its fields are what counts.
fields=$(printf '%s' "$event" | grep -oE '"[A-Za-z-]+": ?' | tr -d '": ' | paste -s -d ' ' -)
if [[ $event =~ \"arn:[a-z-]+:eks:[a-z0-9-]*:[0-9]*:addon/[^/\"]+/[^/\"]+ ]]; then
  verdict PROVEN "the event holds the ARN of the add-on; its fields: $fields"
elif [[ $event =~ \"arn:[a-z-]+:eks:[a-z0-9-]*:[0-9]*:cluster/[^/\"]+\" ]]; then
  verdict PROVEN "the event holds the ARN of the cluster; its fields: $fields"
elif [[ $event =~ \"(clusterName|cluster-name|cluster)\":\ ?\"[^\"]+\" ]]; then
  verdict PROVEN "the event holds the name of the cluster in ${BASH_REMATCH[1]}; its fields: $fields"
fi
verdict REFUTED "the event names no cluster where fleetmend looks for it; its fields: $fields"
