#!/usr/bin/env bash
# A role that may send commands only to instances with a tag (ssm:resourceTag/…) reaches an instance that has the tag, and
# no other: also where the key of the tag holds a colon (eks:cluster-name) or slashes (kubernetes.io/cluster/…).
#
#   --subnet ID  where the test instance runs; it must reach Systems Manager (default: a subnet of the default VPC)
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

OWN_OPTIONS='subnet'
option_subnet=''
begin "$@"
plan 'one t3.micro instance with its role, and one Lambda function (a CloudFormation stack)' 'about 1 cent' '8 minutes'

name=$(new_name tag)
STATEMENTS="              - {Effect: Allow, Action: 'ssm:SendCommand', Resource: 'arn:$PARTITION:ssm:$REGION::document/AWS-RunShellScript'}
              - Effect: Allow
                Action: ssm:SendCommand
                Resource: arn:$PARTITION:ec2:$REGION:$ACCOUNT:instance/*
                Condition: {StringEquals: {'ssm:resourceTag/eks:cluster-name': [$name]}}
              - Effect: Allow
                Action: ssm:SendCommand
                Resource: arn:$PARTITION:ec2:$REGION:$ACCOUNT:instance/*
                Condition: {StringEquals: {'ssm:resourceTag/kubernetes.io/cluster/$name': [owned, shared]}}"
{
  node_template
  cat << 'YAML'
Outputs:
  Node: {Value: !Ref Node}
Resources:
YAML
  node_resources
  function_resources "$name" python3.12 x86_64 << 'PYTHON'
import boto3
def handler(event, context):
    boto3.client('ssm').send_command(
        DocumentName='AWS-RunShellScript', InstanceIds=[event['node']], Parameters={'commands': ['true']})
    return 'sent'
PYTHON
} > "$WORK/template.yaml"
create_node "$name" "$WORK/template.yaml" "$option_subnet"

# send: sent, denied, or the answer of the function.
send() {
  local answer
  answer=$(invoke "$name" "{\"node\": \"$NODE\"}" 2> /dev/null) || true
  case $answer in
    '"sent"') printf 'sent' ;;
    *AccessDenied*) printf 'denied' ;;
    *) printf '%s' "${answer:-$(last_error)}" ;;
  esac
}
answers() { [[ $(send) == "$1" ]]; }
# after WANTED: the answer, once it is as wanted or a minute has passed (tags and rights take a while to spread).
after() {
  if poll 12 answers "$1"; then printf '%s' "$1"; else send; fi
}
tag() { call ec2 create-tags --resources "$NODE" --tags "Key=$1,Value=$2"; }
untag() { call ec2 delete-tags --resources "$NODE" --tags "Key=$1"; }

step 'sending a command to the instance without a tag'
untagged=$(after denied)
step 'sending a command to the instance with the tag eks:cluster-name'
tag eks:cluster-name "$name"
with_colon=$(after sent)
untag eks:cluster-name
step 'sending a command to the instance with the tag kubernetes.io/cluster/…'
removed=$(after denied)
tag "kubernetes.io/cluster/$name" owned
with_slash=$(after sent)

saw="without a tag: $untagged; with eks:cluster-name: $with_colon; with that tag removed: $removed; with kubernetes.io/cluster/…: $with_slash"
[[ "$untagged $with_colon $removed $with_slash" != 'denied sent denied sent' ]] || verdict PROVEN "$saw"
for answer in "$untagged" "$with_colon" "$removed" "$with_slash"; do
  [[ $answer == sent || $answer == denied ]] || stop "$saw"
done
verdict REFUTED "$saw"
