#!/usr/bin/env bash
# A change set with --import-existing-resources takes back an SSM document that an earlier deployment has retained, while
# it changes a nested stack: this is what `npm run deploy` asks of CloudFormation when a deployment returns to an earlier
# version.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'an SSM document that nothing runs, an SSM parameter and a bucket with one template (three CloudFormation stacks)' \
  'less than 1 cent' '8 minutes'

delete_document() { try ssm delete-document --name "$1" || [[ $(last_error) == *InvalidDocument* ]]; }
delete_template() { try s3api delete-object --bucket "$1" --key nested.yaml; }
state_of() { call ssm describe-document --name "$1" --query Document.Status; }

name=$(new_name import)
bucket=$name-bucket
cat > "$WORK/bucket.yaml" << YAML
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: $bucket}
YAML
cat > "$WORK/nested.yaml" << 'YAML'
Parameters:
  Round: {Type: String}
Resources:
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Name: !Ref AWS::StackName, Type: String, Value: !Ref Round}
YAML
# without_document ROUND: the template without the document. Another round changes the nested stack.
without_document() {
  cat << YAML
Resources:
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: !Sub 'https://$bucket.s3.\${AWS::Region}.\${AWS::URLSuffix}/nested.yaml'
      Parameters: {Round: $1}
YAML
}
# with_document ROUND: the template with the document.
with_document() {
  without_document "$1"
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
}
with_document first > "$WORK/first.yaml"
without_document second > "$WORK/second.yaml"
with_document third > "$WORK/third.yaml"

create_stack "$bucket" "$WORK/bucket.yaml"
undo delete_template "$bucket"
step 'putting the nested template into the bucket'
call s3api put-object --bucket "$bucket" --key nested.yaml --body "$WORK/nested.yaml" --query ETag > /dev/null

# Registered before its stack, removed after it: the stack retains it.
undo delete_document "$name"
create_stack "$name" "$WORK/first.yaml"

step 'taking the document out of the stack'
call cloudformation update-stack --stack-name "$name" --template-body "file://$WORK/second.yaml" --query StackId > /dev/null
call cloudformation wait stack-update-complete --stack-name "$name"
[[ $(state_of "$name") == Active ]] || verdict REFUTED 'the document did not outlive its removal from the stack'

step 'putting the document back with --import-existing-resources, and changing the nested stack'
# As `cdk deploy` asks.
if ! try cloudformation create-change-set --stack-name "$name" --change-set-name back --change-set-type UPDATE \
  --import-existing-resources --include-nested-stacks --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND \
  --template-body "file://$WORK/third.yaml" --query Id > /dev/null; then
  demand_answer
  verdict REFUTED "CloudFormation refuses the change set: $(last_error)"
fi
if ! try cloudformation wait change-set-create-complete --stack-name "$name" --change-set-name back > /dev/null; then
  why=$(call cloudformation describe-change-set --stack-name "$name" --change-set-name back --query StatusReason)
  is_answer "$why" || stop "the change set failed: $why"
  verdict REFUTED "the change set failed: $why"
fi
# action_on RESOURCE: what the change set would do to a resource.
action_on() {
  call cloudformation describe-change-set --stack-name "$name" --change-set-name back \
    --query "Changes[?ResourceChange.LogicalResourceId=='$1'].ResourceChange.Action"
}
action=$(action_on Document)
[[ $action == Import ]] || verdict REFUTED "the change set would not import the document; its action is: ${action:-none}"
nested=$(action_on Nested)
[[ $nested == Modify ]] || stop "the change set would not change the nested stack; its action is: ${nested:-none}"

step 'executing the change set'
call cloudformation execute-change-set --stack-name "$name" --change-set-name back
# The stack is UPDATE_COMPLETE before the change set starts, too: only the resource shows the difference.
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
verdict PROVEN "the change set's action was $action, the nested stack changed with it, and the document is in the stack again"
