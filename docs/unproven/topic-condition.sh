#!/usr/bin/env bash
# EventBridge publishes to a topic whose policy allows it under a Condition alone: ArnEquals, aws:SourceArn is the rule. This
# is the policy of the topic that fleetmend creates for its notices.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'an event bus with a rule, a topic and two SQS queues (a CloudFormation stack), and one event' 'less than 1 cent' \
  '5 minutes'

name=$(new_name topic)
cat > "$WORK/template.yaml" << YAML
Outputs:
  Queue: {Value: !Ref Queue}
  Dead: {Value: !Ref Dead}
Resources:
  Bus:
    Type: AWS::Events::EventBus
    Properties: {Name: $name}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      Name: $name
      EventBusName: !Ref Bus
      EventPattern: {source: [$name]}
      Targets:
        - Id: topic
          Arn: !Ref Topic
          RetryPolicy: {MaximumRetryAttempts: 0}
          DeadLetterConfig: {Arn: !GetAtt Dead.Arn}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: $name}
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Deny
            Principal: '*'
            Action: sns:Publish
            Resource: !Ref Topic
            Condition: {Bool: {'aws:SecureTransport': 'false'}}
          - Effect: Allow
            Principal: {Service: events.amazonaws.com}
            Action: sns:Publish
            Resource: !Ref Topic
            Condition: {ArnEquals: {'aws:SourceArn': !GetAtt Rule.Arn}}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: $name}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: sns.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Queue.Arn
            Condition: {ArnEquals: {'aws:SourceArn': !Ref Topic}}
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn, RawMessageDelivery: true}
  Dead:
    Type: AWS::SQS::Queue
    Properties: {QueueName: $name-dlq}
  DeadPolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Dead]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: events.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Dead.Arn
            Condition: {ArnEquals: {'aws:SourceArn': !GetAtt Rule.Arn}}
YAML
create_stack "$name" "$WORK/template.yaml"
queue=$(stack_output "$name" Queue)
dead=$(stack_output "$name" Dead)

# A refusal means something only once the rule and the policies are in force.
step 'waiting a minute until the rule and the policies are in force'
sleep $((12 * PAUSE))

step 'putting one event on the bus'
failed=$(call events put-events --query FailedEntryCount \
  --entries "[{\"EventBusName\":\"$name\",\"Source\":\"$name\",\"DetailType\":\"probe\",\"Detail\":\"{}\"}]")
[[ $failed == 0 ]] || stop 'EventBridge did not take the event'

# ended: the event has come out of the topic, or EventBridge has given it up and its dead letter says why.
ended() {
  receive "$queue" "$WORK/events" || return
  if grep -qF "$name" "$WORK/events"; then return; fi
  reason=$(try sqs receive-message --queue-url "$dead" --wait-time-seconds 10 --message-attribute-names All \
    --query 'Messages[0].MessageAttributes.[ERROR_CODE.StringValue,ERROR_MESSAGE.StringValue]') || return
  [[ -n $reason && $reason != None ]]
}
reason=''
: > "$WORK/events"
step 'waiting for the event'
if ! poll 8 ended; then
  why=$(last_error)
  stop "the event is on neither the queue of the topic nor the dead-letter queue of the rule${why:+: $why}"
fi
if grep -qF "$name" "$WORK/events"; then verdict PROVEN 'EventBridge published, and the event came out of the topic'; fi
saw="EventBridge did not publish, and its dead letter says: $(printf '%s' "$reason" | tr -s '[:space:]' ' ')"
[[ $reason == *NO_PERMISSIONS* || $reason == *'not authorized'* ]] || stop "$saw"
verdict REFUTED "$saw"
