#!/usr/bin/env bash
# The status of a command that ran out of its time is `TimedOut` or `Timed Out` in SSM's events, for the command and for
# its invocation on a node.
#
#   --subnet ID  where the test instance runs; it must reach Systems Manager (default: a subnet of the default VPC)
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

OWN_OPTIONS='subnet'
option_subnet=''
begin "$@"
plan 'one t3.micro instance with its role, an event rule and a queue (a CloudFormation stack)' 'about 1 cent' '8 minutes'

name=$(new_name status)
{
  node_template
  cat << 'YAML'
Outputs:
  Node: {Value: !Ref Node}
  Queue: {Value: !Ref EventQueue}
Resources:
YAML
  node_resources
  listener_resources '{"source": ["aws.ssm"], "detail": {"document-name": ["AWS-RunShellScript"]}}'
} > "$WORK/template.yaml"
create_node "$name" "$WORK/template.yaml" "$option_subnet"
queue=$(stack_output "$name" Queue)

step 'sending a command that sleeps longer than it may run'
command_id=$(call ssm send-command --document-name AWS-RunShellScript --instance-ids "$NODE" --comment "$name" \
  --parameters '{"commands":["sleep 60"],"executionTimeout":["10"]}' --query Command.CommandId)

# statuses DETAIL-TYPE: the final statuses that the events of this kind have for the command, one a line.
statuses() {
  grep -F "$command_id" "$WORK/events" | grep -E "\"detail-type\": ?\"$1\"" | grep -oE '"status": ?"[^"]*"' \
    | sed -e 's/.*: *"//' -e 's/"$//' | grep -vE '^(Pending|In ?Progress|Delayed)$' | sort -u
}
have_both() {
  receive "$queue" "$WORK/events" || return
  [[ -n $(statuses 'EC2 Command Status-change Notification') && -n $(statuses 'EC2 Command Invocation Status-change Notification') ]]
}
step 'waiting for the events'
: > "$WORK/events"
poll 12 have_both || true
of_command=$(statuses 'EC2 Command Status-change Notification' | paste -s -d , -) || true
of_node=$(statuses 'EC2 Command Invocation Status-change Notification' | paste -s -d , -) || true
details=$(call ssm get-command-invocation --command-id "$command_id" --instance-id "$NODE" --query '[Status,StatusDetails]' | tr '\t' /)

saw="status in the event of the command: ${of_command:-no event}; of the invocation: ${of_node:-no event}; GetCommandInvocation says $details"
[[ -n $of_command && -n $of_node ]] || stop "$saw"
if [[ $of_command =~ ^Timed\ ?Out$ && $of_node =~ ^Timed\ ?Out$ ]]; then verdict PROVEN "$saw"; fi
verdict REFUTED "$saw"
