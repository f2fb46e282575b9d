#!/usr/bin/env bash
# The policy of fleetmend's queue of signals, which denies each sender that is not one of its rules, refuses the redrive of
# SQS too: a dead letter stays on its queue.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'two SQS queues (a CloudFormation stack) and one message' 'less than 1 cent' '3 minutes'

name=$(new_name redrive)
cat > "$WORK/template.yaml" << YAML
Outputs:
  Dead: {Value: !Ref Dead}
  Queue: {Value: !Ref Queue}
  DeadArn: {Value: !GetAtt Dead.Arn}
  QueueArn: {Value: !GetAtt Queue.Arn}
Resources:
  Dead:
    Type: AWS::SQS::Queue
    Properties: {QueueName: $name-dlq}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: $name
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Deny
            Principal: '*'
            Action: sqs:SendMessage
            Resource: !GetAtt Queue.Arn
            Condition: {ArnNotEquals: {'aws:SourceArn': 'arn:$PARTITION:events:$REGION:$ACCOUNT:rule/$name'}}
YAML
create_stack "$name" "$WORK/template.yaml"
dead=$(stack_output "$name" Dead)
queue=$(stack_output "$name" Queue)
dead_arn=$(stack_output "$name" DeadArn)
queue_arn=$(stack_output "$name" QueueArn)

step 'putting a message on the dead-letter queue and redriving it'
call sqs send-message --queue-url "$dead" --message-body probe --query MessageId > /dev/null
if ! try sqs start-message-move-task --source-arn "$dead_arn" --destination-arn "$queue_arn" --query TaskHandle > /dev/null; then
  why=$(last_error)
  # A caller without the right to redrive is refused, too; only the policy of the queue denies explicitly.
  [[ $why == *'explicit deny in a resource-based policy'* ]] || stop "the redrive did not start: $why"
  verdict PROVEN "SQS refuses to start the redrive: $why"
fi
ended() {
  task=$(try sqs list-message-move-tasks --source-arn "$dead_arn" --max-results 1 \
    --query 'Results[0].[Status,ApproximateNumberOfMessagesMoved,FailureReason]') || return
  [[ $task != RUNNING* ]]
}
task=''
poll 24 ended || stop "the redrive did not end: $task"
task=$(printf '%s' "$task" | tr '\t' ' ')
# found_on QUEUE-URL: whether the message is there.
found_on() {
  local body
  body=$(try sqs receive-message --queue-url "$1" --wait-time-seconds 5 --visibility-timeout 0 --query 'Messages[0].Body') || return
  [[ $body == probe ]]
}
if poll 3 found_on "$queue"; then verdict REFUTED "the redrive moved the message (its task: $task)"; fi
# A task may fail for other reasons, which keep the message where it is, too.
[[ $task == COMPLETED* || $task =~ [Dd]en(y|ied)|authoriz ]] || stop "the redrive ended for a reason of its own: $task"
if poll 6 found_on "$dead"; then verdict PROVEN "the message stayed on its dead-letter queue (the task: $task)"; fi
stop "the message is on neither queue (the task: $task)"
