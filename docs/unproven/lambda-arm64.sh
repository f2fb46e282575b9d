#!/usr/bin/env bash
# Lambda runs the runtime nodejs24.x on arm64 in this region (fleetmend's default; functions.architecture changes it).
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'one Lambda function with its role and log group (a CloudFormation stack)' 'less than 1 cent' '2 minutes'

name=$(new_name arm64)
{
  printf 'Resources:\n'
  function_resources "$name" nodejs24.x arm64 <<< "exports.handler = async () => process.version + ' ' + process.arch;"
} > "$WORK/template.yaml"
if ! create_stack "$name" "$WORK/template.yaml"; then
  why=$(last_error)
  is_answer "$why" || stop "the stack could not be created: $why"
  case $why in
    *[Aa]rchitecture* | *[Rr]untime* | *arm64* | *nodejs24*) verdict REFUTED "in $REGION the function could not be created: $why" ;;
    *) stop "the stack could not be created: $why" ;;
  esac
fi
step 'calling the function'
answer=$(invoke "$name" '{}')
case $answer in
  '"v24.'*' arm64"') verdict PROVEN "in $REGION the function ran on $answer" ;;
  *) verdict REFUTED "in $REGION the function ran, but answered $answer" ;;
esac
