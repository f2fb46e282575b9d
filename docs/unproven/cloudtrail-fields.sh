#!/usr/bin/env bash
# CloudTrail records the calls of EKS that fleetmend listens to under the event source eks.amazonaws.com (or
# eks.amazonaws.com.cn), and the request has the cluster in `name` or in `clusterName`. The script reads the event history
# of the last 90 days: it needs such a call in this account and region, made by anyone.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan '' '' '20 seconds'

# parameters_of RECORD: the text of its request parameters, without those of nested objects.
parameters_of() {
  printf '%s' "$1" | sed -n 's/.*"requestParameters": *{\(.*\)}, *"responseElements".*/\1/p' \
    | sed -e ':again' -e 's/{[^{}]*}//g' -e 'tagain'
}

found=''
missing=''
wrong=''
for call_name in CreateNodegroup UpdateNodegroupConfig UpdateNodegroupVersion UpdateClusterVersion CreateAddon UpdateAddon; do
  step "reading records of $call_name"
  call cloudtrail lookup-events --lookup-attributes "AttributeKey=EventName,AttributeValue=$call_name" --max-results 20 \
    --query 'Events[].[CloudTrailEvent]' > "$WORK/records"
  # Two look-ups a second are allowed.
  sleep "$((PAUSE > 0 ? 1 : 0))"
  # Other services have calls of the same name, and a call that failed may lack its parameters.
  record=$(grep -E '"eventSource": ?"eks\.' "$WORK/records" | grep -v '"errorCode"' | head -n 1) || true
  if [[ -z $record ]]; then
    missing+="${missing:+, }$call_name"
    continue
  fi
  fields=$(parameters_of "$record" | grep -oE '"(name|clusterName)": ?"' | tr -d '": ' | sort -u | paste -s -d + -) || true
  source_name=$(printf '%s' "$record" | grep -oE '"eventSource": ?"[^"]*"' | head -n 1 | sed -e 's/.*: *"//' -e 's/"$//')
  found+="${found:+, }$call_name: ${fields:-neither} ($source_name)"
  [[ -n $fields && $source_name =~ ^eks\.amazonaws\.com(\.cn)?$ ]] || wrong+="${wrong:+, }$call_name"
done

[[ -n $found ]] || stop "the event history of $REGION has none of the calls: $missing"
saw="$found${missing:+; no record of: $missing}"
if [[ -z $wrong ]]; then verdict PROVEN "$saw"; fi
verdict REFUTED "$saw; not as expected: $wrong"
