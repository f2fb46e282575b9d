#!/usr/bin/env bash
# ListDocuments gives the date and the tags of the documents of the account, among them the tags that CloudFormation passes
# on from the stack: by these `npm run deploy -- --clean-documents` knows what it may delete.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'one SSM document that nothing runs (a CloudFormation stack)' 'nothing' '1 minute'

name=$(new_name list)
cat > "$WORK/template.yaml" << YAML
Resources:
  Document:
    Type: AWS::SSM::Document
    Properties:
      Name: $name
      DocumentType: Command
      DocumentFormat: JSON
      Content: '{"schemaVersion":"2.2","description":"probe","mainSteps":[{"action":"aws:runShellScript","name":"probe","inputs":{"runCommand":["true"]}}]}'
YAML
create_stack "$name" "$WORK/template.yaml" --tags Key=application,Value=fleetmend-unproven

# The name is the filter here, so that one page is enough; a list of all documents has the same fields.
listed() {
  found=$(call ssm list-documents --filters Key=Owner,Values=Self "Key=Name,Values=$name" \
    --query "DocumentIdentifiers[0].[Name,CreatedDate,Tags[?Key=='application'].Value|[0]]" | tr '\t' ' ') || return
  [[ $found == "$name "* ]]
}
step 'listing the document'
found=''
poll 12 listed || stop "the list does not have the document: $found"
read -r _ created tag <<< "$found"
saw="the date is $created, the tag of the stack is $tag"
if [[ $created == [0-9]* && $tag == fleetmend-unproven ]]; then verdict PROVEN "$saw"; fi
verdict REFUTED "$saw"
