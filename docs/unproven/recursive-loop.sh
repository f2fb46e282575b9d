#!/usr/bin/env bash
# Lambda's setting for recursive loops exists in exactly the regions where fleetmend's template uses it, and a function
# without the setting deploys everywhere.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'one Lambda function with its role and log group (a CloudFormation stack)' 'less than 1 cent' '2 minutes'

case $REGION in
  us-gov-* | cn-* | us-iso* | eu-isoe-* | mx-central-1 | ap-southeast-6) expected=absent ;;
  *) expected=present ;;
esac

name=$(new_name loop)
{
  printf 'Resources:\n'
  function_resources "$name" python3.12 x86_64 <<< 'handler = lambda event, context: None'
} > "$WORK/template.yaml"
create_stack "$name" "$WORK/template.yaml"

step 'setting RecursiveLoop: Allow'
if try lambda put-function-recursion-config --function-name "$name" --recursive-loop Allow > /dev/null; then
  found=present
  answer='Lambda took the setting'
else
  demand_answer
  found=absent
  answer=$(last_error)
fi

saw="in $REGION the setting is $found (fleetmend expects: $expected), and a function without it deployed; $answer"
if [[ $found == "$expected" ]]; then verdict PROVEN "$saw"; else verdict REFUTED "$saw"; fi
