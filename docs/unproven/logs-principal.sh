#!/usr/bin/env bash
# CloudWatch Logs calls a function by the permission that fleetmend's template gives it: the principal is
# logs.amazonaws.com.cn in the partition aws-cn and logs.amazonaws.com elsewhere, the source is log-group:* of the account.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'one Lambda function with its role, and two log groups (a CloudFormation stack)' 'less than 1 cent' '5 minutes'

expected=logs.amazonaws.com
[[ $PARTITION != aws-cn ]] || expected=logs.amazonaws.com.cn

name=$(new_name principal)
{
  cat << YAML
Outputs:
  Function: {Value: !GetAtt Function.Arn}
Resources:
  Source:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: $name, RetentionInDays: 1}
YAML
  function_resources "$name" python3.12 x86_64 << 'PYTHON'
import base64, gzip
def handler(event, context):
    print(gzip.decompress(base64.b64decode(event['awslogs']['data'])).decode())
PYTHON
} > "$WORK/template.yaml"
create_stack "$name" "$WORK/template.yaml"
function_arn=$(stack_output "$name" Function)
call logs create-log-stream --log-group-name "$name" --log-stream-name probe

put_filter() {
  try logs put-subscription-filter --log-group-name "$name" --filter-name probe --filter-pattern '' \
    --destination-arn "$function_arn"
}
arrived() {
  local found
  found=$(try logs filter-log-events --log-group-name "/aws/lambda/$name" --filter-pattern "\"$1\"" --query 'events[].eventId') || return
  [[ -n $found && $found != None ]]
}

# test_principal PRINCIPAL: sets RESULT to delivered, or to the reason why not.
test_principal() {
  local marker="probe-$RANDOM$RANDOM"
  step "testing the principal $1"
  if ! try lambda add-permission --function-name "$name" --statement-id probe --action lambda:InvokeFunction \
    --principal "$1" --source-account "$ACCOUNT" \
    --source-arn "arn:$PARTITION:logs:$REGION:$ACCOUNT:log-group:*" > /dev/null; then
    RESULT="Lambda refuses the permission ($(last_error))"
    return
  fi
  if poll 6 put_filter; then
    call logs put-log-events --log-group-name "$name" --log-stream-name probe \
      --log-events "timestamp=$(date +%s)000,message=$marker" > /dev/null
    if poll 24 arrived "$marker"; then RESULT=delivered; else RESULT='accepted but not delivered'; fi
    call logs delete-subscription-filter --log-group-name "$name" --filter-name probe
  else
    RESULT="CloudWatch Logs refuses the filter ($(last_error))"
  fi
  call lambda remove-permission --function-name "$name" --statement-id probe
}

test_principal logs.amazonaws.com
plain=$RESULT
test_principal logs.amazonaws.com.cn
chinese=$RESULT

saw="logs.amazonaws.com: $plain; logs.amazonaws.com.cn: $chinese; fleetmend uses $expected here"
if [[ $expected == logs.amazonaws.com ]]; then result=$plain; else result=$chinese; fi
[[ $result != delivered ]] || verdict PROVEN "$saw"
is_answer "$result" || stop "$saw"
case $result in
  *'not delivered') stop "$saw" ;;
  *) verdict REFUTED "$saw" ;;
esac
