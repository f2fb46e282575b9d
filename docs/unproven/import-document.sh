#!/usr/bin/env bash
# A change set with --import-existing-resources takes back an SSM document that an earlier deployment has retained: this
# is what `npm run deploy` asks of CloudFormation when a deployment returns to an earlier version.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'one CloudFormation stack with one SSM document that nothing runs' 'nothing' '4 minutes'

delete_document() { try ssm delete-document --name "$1" || [[ $(last_error) == *InvalidDocument* ]]; }
state_of() { call ssm describe-document --name "$1" --query Document.Status; }

name=$(new_name import)
cat > "$WORK/without.yaml" << YAML
Resources:
  Anchor: {Type: AWS::CloudFormation::WaitConditionHandle}
YAML
{
  cat "$WORK/without.yaml"
  cat << YAML
  Document:
    Type: AWS::SSM::Document
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      Name: $name
      DocumentType: Command
      DocumentFormat: JSON
      UpdateMethod: NewVersion
      TargetType: /AWS::EC2::Instance
      Content: '{"schemaVersion":"2.2","description":"probe","mainSteps":[{"action":"aws:runShellScript","name":"probe","inputs":{"runCommand":["true"]}}]}'
YAML
} > "$WORK/with.yaml"

# Registered first, removed last: the stack retains it.
undo delete_document "$name"
create_stack "$name" "$WORK/with.yaml"

step 'taking the document out of the stack'
call cloudformation update-stack --stack-name "$name" --template-body "file://$WORK/without.yaml" --query StackId > /dev/null
call cloudformation wait stack-update-complete --stack-name "$name"
[[ $(state_of "$name") == Active ]] || verdict REFUTED 'the document did not outlive its removal from the stack'

step 'putting the document back with --import-existing-resources'
if ! try cloudformation create-change-set --stack-name "$name" --change-set-name back --change-set-type UPDATE \
  --import-existing-resources --template-body "file://$WORK/with.yaml" --query Id > /dev/null; then
  demand_answer
  verdict REFUTED "CloudFormation refuses the change set: $(last_error)"
fi
if ! try cloudformation wait change-set-create-complete --stack-name "$name" --change-set-name back > /dev/null; then
  verdict REFUTED "the change set failed: $(call cloudformation describe-change-set --stack-name "$name" --change-set-name back --query StatusReason)"
fi
action=$(call cloudformation describe-change-set --stack-name "$name" --change-set-name back \
  --query "Changes[?ResourceChange.LogicalResourceId=='Document'].ResourceChange.Action")
[[ $action == Import ]] || verdict REFUTED "the change set would not import the document; its action is: ${action:-none}"

step 'executing the change set'
call cloudformation execute-change-set --stack-name "$name" --change-set-name back
# The stack is UPDATE_COMPLETE before the change set starts, too: the resource is what tells.
ended() {
  local states
  states=$(try cloudformation describe-stacks --stack-name "$name" --query 'Stacks[0].StackStatus') || return
  [[ $states != *ROLLBACK* && $states != *FAILED* ]] || return 0
  [[ $states == *_COMPLETE ]] || return
  resource=$(try cloudformation describe-stack-resources --stack-name "$name" --logical-resource-id Document \
    --query 'StackResources[0].ResourceStatus') || return
  [[ $resource == UPDATE_COMPLETE || $resource == IMPORT_COMPLETE ]]
}
resource=''
poll 60 ended || stop "the change set did not end: $(last_error)"
[[ -n $resource ]] || verdict REFUTED 'CloudFormation rolled the change set back'
verdict PROVEN "the change set's action was $action, and the document is in the stack again"
