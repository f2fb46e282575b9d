#!/usr/bin/env bash
# GetTemplateSummary of a deployed stack gives back the Metadata of its template, whole (tested with 20,000 characters), and
# answers ValidationError for a stack that does not exist.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'one CloudFormation stack that holds nothing but a wait condition handle' 'nothing' '1 minute'

name=$(new_name summary)
padding=$(printf 'x%.0s' {1..20000})
cat > "$WORK/template.json" << JSON
{
  "Metadata": { "fleetmend": { "probe": "begin", "padding": "$padding", "last": "$name-end" } },
  "Resources": { "Anchor": { "Type": "AWS::CloudFormation::WaitConditionHandle" } }
}
JSON
create_stack "$name" "$WORK/template.json"

step 'reading the summary'
metadata=$(call cloudformation get-template-summary --stack-name "$name" --query Metadata)
step 'reading the summary of a stack that is not there'
answer='a summary'
if ! try cloudformation get-template-summary --stack-name "$name-none" --query Metadata > /dev/null; then
  demand_answer
  answer=$(last_error)
fi

if [[ $metadata == *'"begin"'*"$padding"*"$name-end"* ]]; then found=whole; else found="as ${metadata:0:100}"; fi
saw="the Metadata came back $found, ${#metadata} characters; the answer for a stack that is not there: $answer"
if [[ $found == whole && $answer == *'(ValidationError)'*' does not exist'* ]]; then verdict PROVEN "$saw"; fi
verdict REFUTED "$saw"
