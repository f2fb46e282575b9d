#!/usr/bin/env bash
# A Lambda role that is allowed ecr:BatchGetImage on repository/eks/pause of every account gets an answer from the
# registry of EKS in this region.
#
#   --registry ACCOUNT  the account of the registry, as the host name of a node's pause image begins
#   --tag TAG           the tag of the image (default: 3.5)
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

OWN_OPTIONS='registry tag'
option_registry=''
option_tag=3.5
begin "$@"
# Source: Amazon EKS user guide, "View Amazon container image registries for Amazon EKS add-ons".
if [[ -z $option_registry ]]; then
  case $REGION in
    cn-north-1) option_registry=918309763551 ;;
    cn-northwest-1) option_registry=961992271922 ;;
    us-gov-east-1) option_registry=151742754352 ;;
    us-gov-west-1) option_registry=013241004608 ;;
    us-east-[12] | us-west-[12] | ca-central-1 | sa-east-1 | eu-central-1 | eu-north-1 | eu-west-[123]) option_registry=602401143452 ;;
    ap-northeast-[123] | ap-south-1 | ap-southeast-[12]) option_registry=602401143452 ;;
    *) stop "give --registry: the account in the host name of the pause image on a node of $REGION" ;;
  esac
fi
[[ $option_registry =~ ^[0-9]{12}$ ]] || stop "--registry takes 12 digits, not $option_registry"
[[ $option_tag =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*$ ]] || stop "--tag takes the tag of an image, not $option_tag"
plan 'one Lambda function with its role and log group (a CloudFormation stack)' 'less than 1 cent' '2 minutes'

name=$(new_name registry)
STATEMENTS="              - {Effect: Allow, Action: 'ecr:BatchGetImage', Resource: 'arn:$PARTITION:ecr:*:*:repository/eks/pause'}"
{
  printf 'Resources:\n'
  function_resources "$name" python3.12 x86_64 << 'PYTHON'
import boto3
def handler(event, context):
    answer = boto3.client('ecr').batch_get_image(
        registryId=event['registry'], repositoryName='eks/pause', imageIds=[{'imageTag': event['tag']}])
    return {'images': len(answer['images']), 'failures': [failure['failureCode'] for failure in answer['failures']]}
PYTHON
} > "$WORK/template.yaml"
create_stack "$name" "$WORK/template.yaml"

step "asking the registry $option_registry for eks/pause:$option_tag"
if answer=$(invoke "$name" "{\"registry\": \"$option_registry\", \"tag\": \"$option_tag\"}"); then
  case $answer in
    *'"images": 1'* | *'"images":1'*) verdict PROVEN "the registry $option_registry has eks/pause:$option_tag: $answer" ;;
    *ImageNotFound*) verdict PROVEN "the registry $option_registry answers, and has no tag $option_tag: $answer" ;;
    *) verdict INCONCLUSIVE "the registry $option_registry answers: $answer" ;;
  esac
fi
case $answer in
  *AccessDenied* | *'not authorized'* | *RepositoryNotFound*) verdict REFUTED "the registry $option_registry refuses: $answer" ;;
  *) stop "the function failed: ${answer:-$(last_error)}" ;;
esac
