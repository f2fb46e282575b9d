#!/usr/bin/env bash
# CloudFormation creates a saved query of CloudWatch Logs and a dashboard of CloudWatch in this region, and both can be
# read afterwards (options savedQueries and dashboard).
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'an empty log group, a saved query and a dashboard (a CloudFormation stack)' 'less than 1 cent' '1 minute'

name=$(new_name watching)
cat > "$WORK/template.yaml" << YAML
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: $name, RetentionInDays: 1}
  Query:
    Type: AWS::Logs::QueryDefinition
    Properties:
      Name: $name/probe
      LogGroupNames: [!Ref Logs]
      QueryString: 'fields @timestamp | limit 1'
  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardName: $name
      DashboardBody: '{"widgets":[{"type":"text","width":6,"height":3,"properties":{"markdown":"probe"}}]}'
YAML
if ! create_stack "$name" "$WORK/template.yaml"; then
  why=$(last_error)
  is_answer "$why" || stop "the stack could not be created: $why"
  case $why in
    *QueryDefinition* | *Dashboard* | Query[[:space:]]*) verdict REFUTED "in $REGION CloudFormation refused: $why" ;;
    *) stop "the stack could not be created: $why" ;;
  esac
fi
step 'reading the saved query and the dashboard'
query=$(call logs describe-query-definitions --query-definition-name-prefix "$name" --query 'queryDefinitions[].name')
dashboard=$(call cloudwatch get-dashboard --dashboard-name "$name" --query DashboardName)
saw="in $REGION the saved query is ${query:-none} and the dashboard ${dashboard:-none}"
if [[ $query == "$name/probe" && $dashboard == "$name" ]]; then verdict PROVEN "$saw"; fi
verdict REFUTED "$saw"
