#!/usr/bin/env bash
# A log group of the class Infrequent Access takes neither a subscription filter nor a metric filter, and
# DescribeLogGroups names its class.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'one empty log group of the class Infrequent Access' 'nothing' '20 seconds'

delete_group() { try logs delete-log-group --log-group-name "$1" || [[ $(last_error) == *ResourceNotFound* ]]; }
# ask ARGUMENTS…: sets ANSWER to what CloudWatch Logs said to a call.
ask() {
  ANSWER=accepted
  try "$@" > /dev/null && return
  demand_answer
  ANSWER=$(last_error)
}

name=$(new_name class)
undo delete_group "$name"
step 'creating the log group'
if ! try logs create-log-group --log-group-name "$name" --log-group-class INFREQUENT_ACCESS; then
  stop "the group could not be created; there may be no such class in $REGION: $(last_error)"
fi
class=$(call logs describe-log-groups --log-group-name-prefix "$name" --query 'logGroups[0].logGroupClass')
step 'asking for its subscription filters, and for a metric filter'
ask logs describe-subscription-filters --log-group-name "$name"
subscription=$ANSWER
ask logs put-metric-filter --log-group-name "$name" --filter-name probe --filter-pattern probe \
  --metric-transformations "metricName=probe,metricNamespace=$PREFIX,metricValue=1"
metric=$ANSWER

saw="the class is $class; DescribeSubscriptionFilters: $subscription; PutMetricFilter: $metric"
if [[ $class == INFREQUENT_ACCESS && $subscription != accepted && $metric != accepted ]]; then verdict PROVEN "$saw"; fi
verdict REFUTED "$saw"
