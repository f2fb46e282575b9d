# shellcheck shell=bash
# Resources that the scripts of docs/unproven.md create, and how they use them. shared.sh sources this file.

# function_resources NAME RUNTIME ARCHITECTURE: the resources of a function, its role and its log group, in YAML. The
# code is that on standard input; the lines of $STATEMENTS, in YAML, are added to what its role allows.
function_resources() {
  cat << YAML
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /aws/lambda/$1, RetentionInDays: 1}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      Policies:
        - PolicyName: probe
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - {Effect: Allow, Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: !GetAtt Logs.Arn}
${STATEMENTS:-}
  Function:
    Type: AWS::Lambda::Function
    DependsOn: Logs
    Properties:
      FunctionName: $1
      Runtime: $2
      Architectures: [$3]
      Handler: index.handler
      Timeout: 30
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
$(sed 's/^/          /')
YAML
}

# invoke FUNCTION PAYLOAD: calls a function and prints its answer; fails where the function itself failed.
invoke() {
  local problem
  printf '%s' "$2" > "$WORK/payload"
  problem=$(call lambda invoke --function-name "$1" --payload "fileb://$WORK/payload" --query FunctionError "$WORK/answer") || return
  cat "$WORK/answer"
  [[ $problem == None ]] && return
  cp "$WORK/answer" "$WORK/error"
  return 1
}

# node_resources: a small Linux instance that Systems Manager can manage, in YAML. The stack takes its subnet and its
# image as parameters, see create_node.
node_resources() {
  cat << 'YAML'
  NodeRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: !Sub 'ec2.${AWS::URLSuffix}'}, Action: 'sts:AssumeRole'}]
      ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore']
  NodeProfile:
    Type: AWS::IAM::InstanceProfile
    Properties: {Roles: [!Ref NodeRole]}
  Node:
    Type: AWS::EC2::Instance
    Properties:
      ImageId: !Ref Image
      InstanceType: t3.micro
      SubnetId: !Ref Subnet
      IamInstanceProfile: !Ref NodeProfile
      Tags: [{Key: Name, Value: !Ref AWS::StackName}]
YAML
}

# create_node STACK TEMPLATE-FILE SUBNET: creates a stack that holds node_resources and sets NODE to the id of its
# instance, once Systems Manager says that it is online. Without a subnet it takes one of the default VPC.
create_node() {
  local subnet=$3
  if [[ -z $subnet ]]; then
    subnet=$(call ec2 describe-subnets --filters Name=default-for-az,Values=true --query 'Subnets[0].SubnetId')
    [[ $subnet == subnet-* ]] || stop "there is no default VPC in $REGION; give --subnet, a subnet that reaches Systems Manager"
  fi
  create_stack "$1" "$2" --parameters "ParameterKey=Subnet,ParameterValue=$subnet"
  NODE=$(stack_output "$1" Node)
  step "waiting until Systems Manager manages $NODE"
  poll 60 is_online "$NODE" || stop "$NODE is not online at Systems Manager after 5 minutes: does its subnet reach it?"
}

is_online() {
  local ping
  ping=$(try ssm describe-instance-information --filters "Key=InstanceIds,Values=$1" \
    --query 'InstanceInformationList[0].PingStatus') || return
  [[ $ping == Online ]]
}

# node_template: what a template with node_resources begins with, up to its Resources.
node_template() {
  cat << 'YAML'
Parameters:
  Subnet: {Type: 'AWS::EC2::Subnet::Id'}
  Image:
    Type: AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>
    Default: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64
YAML
}

# listener_resources PATTERN: a rule on the default bus with this pattern (JSON) and the queue that it feeds, in YAML.
listener_resources() {
  cat << YAML
  EventQueue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Ref AWS::StackName}
  EventQueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref EventQueue]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: events.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt EventQueue.Arn
            Condition: {ArnEquals: {'aws:SourceArn': !GetAtt Rule.Arn}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      Name: !Ref AWS::StackName
      EventPattern: $1
      Targets: [{Id: queue, Arn: !GetAtt EventQueue.Arn}]
YAML
}

# receive QUEUE-URL FILE: adds the events that have come since to a file, one a line.
receive() {
  call sqs receive-message --queue-url "$1" --max-number-of-messages 10 --wait-time-seconds 10 \
    --query 'Messages[].[Body]' | sed '/^None$/d' >> "$2"
}
