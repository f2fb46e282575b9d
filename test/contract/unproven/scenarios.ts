/** One way in which AWS may answer a script, and the verdict that must come of it. */
export type Scenario = {
  readonly script: string;
  readonly title: string;
  readonly verdict: 'PROVEN' | 'REFUTED' | 'INCONCLUSIVE';
  /** Bash: the branches of `case "$*"` in the stand-in for the AWS CLI. */
  readonly answers: string;
  readonly words?: readonly string[];
  /** What the verdict must say. */
  readonly says?: RegExp;
};

const NODE = 'i-0123456789abcdef0';
const QUEUE = 'https://sqs.eu-west-1.amazonaws.com/111122223333/q';

const denied = (action: string): string =>
  `fail AccessDeniedException 'User: arn:aws:iam::111122223333:user/mei is not authorized to perform: ${action} on resource: x'`;
/** What Lambda answers to an operation that its region does not have. */
const NO_OPERATION = "fail AccessDeniedException 'Unable to determine service/operation name to be authorized'";
const BROKEN = "fail InternalFailure 'An internal error occurred'";

/** Lambda's answer to an invocation: what the function returned, or its error, in the output file. */
const invoked = (answer: string, error = 'None'): string => `printf '%s' '${answer}' > "\${!#}"; echo ${error}`;

const china = ['--yes', '--region', 'cn-north-1'];
const inChina = "'sts get-caller-identity'*) echo 'arn:aws-cn:iam::111122223333:user/mei'; exit ;;";

const invoke = (answer: string, error?: string): string => `'lambda invoke'*) ${invoked(answer, error)} ;;`;

const online = `
  'ec2 describe-subnets'*) echo subnet-0aaa ;;
  *"OutputKey=='Node'"*) echo ${NODE} ;;
  *"OutputKey=='Queue'"*) echo ${QUEUE} ;;
  'ssm describe-instance-information'*) if (($(times online) < 3)); then echo None; else echo Online; fi ;;`;

// Source of the form: Systems Manager user guide, "Monitoring Systems Manager events: examples".
const statusEvent = (kind: 'Command' | 'Command Invocation', status: string): string =>
  `echo '{"version":"0","detail-type":"EC2 ${kind} Status-change Notification","source":"aws.ssm","detail":{"command-id":"c-1","document-name":"AWS-RunShellScript","status":"${status}"}}'`;
const commandStatus = (command: string, invocation: string): string => `${online}
  'ssm send-command'*) echo c-1 ;;
  'sqs receive-message'*)
    case $(times heard) in
      1) ${statusEvent('Command', 'InProgress')} ;;
      2) ${statusEvent('Command Invocation', invocation)} ;;
      3) ${statusEvent('Command', command)} ;;
      *) echo None ;;
    esac ;;
  'ssm get-command-invocation'*) printf 'TimedOut\\tExecutionTimedOut\\n' ;;`;

/** Hash and content of the documents, as SSM would have them if CloudFormation changed only an object. */
const documents = (hash: string): string => `
  'ssm create-document'*) from=$(option --content); cp "\${from#file://}" "$STATE/$(option --name)" ;;
  'cloudformation create-stack'*)
    stack=$(option --stack-name)
    cp "$STATE/$stack-raw" "$STATE/$stack-string"
    { echo '{'; cat "$STATE/$stack-raw"; } > "$STATE/$stack-object" ;;
  'ssm describe-document'*) ${hash} ;;
  'ssm get-document'*) cat "$STATE/$(option --name)" ;;`;

const importing = (action: string): string => `
  'ssm describe-document'*) echo Active ;;
  'cloudformation describe-change-set'*) echo ${action} ;;
  'cloudformation describe-stacks'*) if (($(times state) < 3)); then echo UPDATE_IN_PROGRESS; else echo UPDATE_COMPLETE; fi ;;
  'cloudformation describe-stack-resources'*) echo UPDATE_COMPLETE ;;`;

const redrive = (where: 'q' | 'dlq', task: string): string => `
  *"OutputKey=='Dead'"*) echo ${QUEUE}-dlq ;;
  *"OutputKey=='Queue'"*) echo ${QUEUE} ;;
  *"OutputKey=='DeadArn'"*) echo arn:dlq ;;
  *"OutputKey=='QueueArn'"*) echo arn:q ;;
  'sqs list-message-move-tasks'*) printf '${task}\\n' ;;
  'sqs receive-message'*) if [[ $(option --queue-url) == ${where === 'q' ? QUEUE : `${QUEUE}-dlq`} ]]; then echo probe; else echo None; fi ;;`;

// Source of the form: EKS user guide, "Analyze AWS CloudTrail log file entries".
const record = (parameters: string, source = 'eks.amazonaws.com'): string =>
  `echo '{"eventVersion":"1.05","eventSource":"${source}","eventName":"x","requestParameters":{${parameters}},"responseElements":{"update":{"id":"1"}}}'`;

const addon = (event: string): string => `
  *"OutputKey=='Queue'"*) echo ${QUEUE} ;;
  'sqs receive-message'*) if (($(times heard) < 3)); then echo None; else echo '${event}'; fi ;;`;

const tagged = (answers: readonly ('sent' | 'denied')[]): string => `${online}
  'lambda invoke'*)
    case $(times sent) in
      ${answers.map((answer, i) => `${i + 1}) ${answer === 'sent' ? invoked('"sent"') : invoked('{"errorMessage": "AccessDeniedException"}', 'Unhandled')} ;;`).join('\n      ')}
    esac ;;`;

/** Every script with the answers that prove, that refute and that leave open what it is about. */
export const SCENARIOS: readonly Scenario[] = [
  { script: 'recursive-loop.sh', title: 'a commercial region has the setting', verdict: 'PROVEN', answers: '' },
  {
    script: 'recursive-loop.sh',
    title: 'GovCloud does not have it',
    verdict: 'PROVEN',
    words: ['--yes', '--region', 'us-gov-west-1'],
    answers: `'lambda put-function-recursion-config'*) ${NO_OPERATION} ;;`,
    says: /absent/,
  },
  {
    script: 'recursive-loop.sh',
    title: 'a commercial region does not have it',
    verdict: 'REFUTED',
    answers: `'lambda put-function-recursion-config'*) ${NO_OPERATION} ;;`,
  },
  {
    script: 'recursive-loop.sh',
    title: 'the caller may not set it',
    verdict: 'INCONCLUSIVE',
    answers: `'lambda put-function-recursion-config'*) ${denied('lambda:PutFunctionRecursionConfig')} ;;`,
  },
  {
    script: 'logs-principal.sh',
    title: 'logs.amazonaws.com works',
    verdict: 'PROVEN',
    answers: `
      'lambda add-permission'*amazonaws.com.cn*) fail InvalidParameterValueException 'The provided principal was invalid.' ;;
      'logs filter-log-events'*) if (($(times asked) < 3)); then echo None; else echo 3; fi ;;`,
    says: /logs\.amazonaws\.com: delivered; logs\.amazonaws\.com\.cn: Lambda refuses/,
  },
  {
    script: 'logs-principal.sh',
    title: 'China wants the other principal',
    verdict: 'REFUTED',
    words: china,
    answers: `${inChina}
      'lambda add-permission'*amazonaws.com.cn*) fail InvalidParameterValueException 'The provided principal was invalid.' ;;
      'logs filter-log-events'*) echo 3 ;;`,
  },
  {
    script: 'logs-principal.sh',
    title: 'the line does not arrive',
    verdict: 'INCONCLUSIVE',
    answers: `'logs filter-log-events'*) echo None ;;`,
  },
  { script: 'lambda-arm64.sh', title: 'it runs', verdict: 'PROVEN', answers: invoke('"v24.1.0 arm64"') },
  {
    script: 'lambda-arm64.sh',
    title: 'the region has no arm64',
    verdict: 'REFUTED',
    answers: `
      'cloudformation wait stack-create-complete'*) fail WaiterError 'Waiter StackCreateComplete failed' ;;
      'cloudformation describe-stack-events'*) echo 'Function  Resource handler returned message: Architecture arm64 is not supported in this region' ;;`,
  },
  {
    script: 'lambda-arm64.sh',
    title: 'the role may not be created',
    verdict: 'INCONCLUSIVE',
    answers: `
      'cloudformation wait stack-create-complete'*) fail WaiterError 'Waiter StackCreateComplete failed' ;;
      'cloudformation describe-stack-events'*) echo 'Role  User is not authorized to perform: iam:CreateRole' ;;`,
  },
  {
    script: 'registry-probe.sh',
    title: 'the image is there',
    verdict: 'PROVEN',
    answers: invoke('{"images": 1, "failures": []}'),
  },
  {
    script: 'registry-probe.sh',
    title: 'the registry answers without the tag',
    verdict: 'PROVEN',
    answers: invoke('{"images": 0, "failures": ["ImageNotFound"]}'),
  },
  {
    script: 'registry-probe.sh',
    title: 'the registry refuses',
    verdict: 'REFUTED',
    answers: invoke('{"errorMessage": "An error occurred (AccessDeniedException)"}', 'Unhandled'),
  },
  {
    script: 'registry-probe.sh',
    title: 'Lambda fails',
    verdict: 'INCONCLUSIVE',
    answers: `'lambda invoke'*) ${BROKEN} ;;`,
  },
  {
    script: 'document-hash.sh',
    title: 'the hash is of the raw content',
    verdict: 'PROVEN',
    answers: documents(`sha256sum "$STATE/$(option --name)" | cut -d ' ' -f 1`),
    says: /an object does: no$/,
  },
  {
    script: 'document-hash.sh',
    title: 'the hash is of something else',
    verdict: 'REFUTED',
    answers: documents(`tr -d ' ' < "$STATE/$(option --name)" | sha256sum | cut -d ' ' -f 1`),
    says: /other spaces change it: no/,
  },
  {
    script: 'document-hash.sh',
    title: 'a document can not be read',
    verdict: 'INCONCLUSIVE',
    answers: documents(`[[ $(option --name) != *-string ]] || ${BROKEN}; echo 1`),
  },
  { script: 'import-document.sh', title: 'it is imported', verdict: 'PROVEN', answers: importing('Import') },
  {
    script: 'import-document.sh',
    title: 'it would be created',
    verdict: 'REFUTED',
    answers: importing('Add'),
    says: /Add/,
  },
  {
    script: 'import-document.sh',
    title: 'the change set can not be created',
    verdict: 'INCONCLUSIVE',
    answers: `'cloudformation create-change-set'*) fail ServiceUnavailable 'try later' ;;${importing('Import')}`,
  },
  {
    script: 'template-summary.sh',
    title: 'the Metadata comes back',
    verdict: 'PROVEN',
    answers: `'cloudformation get-template-summary'*) sed -n 's/.*"Metadata": \\(.*\\),$/\\1/p' "$STATE/template" ;;`,
  },
  {
    script: 'template-summary.sh',
    title: 'the Metadata is cut',
    verdict: 'REFUTED',
    answers: `'cloudformation get-template-summary'*) sed -n 's/.*"Metadata": \\(.*\\),$/\\1/p' "$STATE/template" | cut -c 1-4096 ;;`,
  },
  {
    script: 'template-summary.sh',
    title: 'the summary can not be read',
    verdict: 'INCONCLUSIVE',
    answers: `'cloudformation get-template-summary'*) ${denied('cloudformation:GetTemplateSummary')} ;;`,
  },
  {
    script: 'filter-pattern.sh',
    title: 'the pattern matches parts of words',
    verdict: 'PROVEN',
    answers: `'logs test-metric-filter'*) printf '1\\t3\\t4\\t6\\n' ;;`,
  },
  {
    script: 'filter-pattern.sh',
    title: 'the pattern matches whole words alone',
    verdict: 'REFUTED',
    answers: `'logs test-metric-filter'*) printf '1\\t6\\n' ;;`,
  },
  {
    script: 'filter-pattern.sh',
    title: 'CloudWatch Logs throttles',
    verdict: 'INCONCLUSIVE',
    answers: `'logs test-metric-filter'*) fail ThrottlingException 'Rate exceeded' ;;`,
  },
  {
    script: 'log-class.sh',
    title: 'the class takes no filters',
    verdict: 'PROVEN',
    answers: `
      'logs describe-log-groups'*) echo INFREQUENT_ACCESS ;;
      'logs describe-subscription-filters'* | 'logs put-metric-filter'*) fail ValidationException 'This operation is only supported on the Standard log class.' ;;`,
  },
  {
    script: 'log-class.sh',
    title: 'it takes a metric filter',
    verdict: 'REFUTED',
    answers: `
      'logs describe-log-groups'*) echo INFREQUENT_ACCESS ;;
      'logs describe-subscription-filters'*) fail ValidationException 'This operation is only supported on the Standard log class.' ;;`,
  },
  {
    script: 'log-class.sh',
    title: 'a right is missing',
    verdict: 'INCONCLUSIVE',
    answers: `
      'logs describe-log-groups'*) echo INFREQUENT_ACCESS ;;
      'logs describe-subscription-filters'*) ${denied('logs:DescribeSubscriptionFilters')} ;;`,
  },
  {
    script: 'redrive.sh',
    title: 'the message stays',
    verdict: 'PROVEN',
    answers: redrive('dlq', 'FAILED\\t0\\tAccessDenied'),
  },
  {
    script: 'redrive.sh',
    title: 'the message moves',
    verdict: 'REFUTED',
    answers: redrive('q', 'COMPLETED\\t1\\tNone'),
  },
  {
    script: 'redrive.sh',
    title: 'the task fails for another reason',
    verdict: 'INCONCLUSIVE',
    answers: redrive('dlq', 'FAILED\\t0\\tInternalError'),
  },
  {
    script: 'redrive.sh',
    title: 'the caller may not redrive',
    verdict: 'INCONCLUSIVE',
    answers: `'sqs start-message-move-task'*) ${denied('sqs:startmessagemovetask')} ;;${redrive('dlq', '')}`,
  },
  { script: 'command-status.sh', title: 'one word', verdict: 'PROVEN', answers: commandStatus('TimedOut', 'TimedOut') },
  {
    script: 'command-status.sh',
    title: 'two words',
    verdict: 'PROVEN',
    answers: commandStatus('Timed Out', 'TimedOut'),
  },
  {
    script: 'command-status.sh',
    title: 'another',
    verdict: 'REFUTED',
    answers: commandStatus('Failed', 'TimedOut'),
    says: /Failed/,
  },
  {
    script: 'command-status.sh',
    title: 'no event',
    verdict: 'INCONCLUSIVE',
    answers: `'sqs receive-message'*) echo None ;;${commandStatus('x', 'x')}`,
    says: /no event/,
  },
  {
    script: 'resource-tag.sh',
    title: 'tags decide',
    verdict: 'PROVEN',
    answers: tagged(['denied', 'sent', 'denied', 'denied', 'sent']),
  },
  {
    script: 'resource-tag.sh',
    title: 'a key with slashes is not seen',
    verdict: 'REFUTED',
    answers: tagged(['denied', 'sent', ...Array<'denied'>(20).fill('denied')]),
  },
  {
    script: 'resource-tag.sh',
    title: 'Lambda fails',
    verdict: 'INCONCLUSIVE',
    answers: `${online} 'lambda invoke'*) ${BROKEN} ;;`,
  },
  {
    script: 'addon-event.sh',
    title: 'the ARN of the add-on is there',
    verdict: 'PROVEN',
    answers: addon(
      '{"detail-type":"EKS Addon Update Succeeded","resources":["arn:aws:eks:eu-west-1:111122223333:addon/test/kube-proxy/1"],"detail":{}}',
    ),
  },
  {
    script: 'addon-event.sh',
    title: 'nothing names the cluster',
    verdict: 'REFUTED',
    answers: addon('{"detail-type":"EKS Addon Update Succeeded","resources":[],"detail":{"addon":"kube-proxy"}}'),
  },
  {
    script: 'addon-event.sh',
    title: 'nothing comes',
    verdict: 'INCONCLUSIVE',
    answers: `*"OutputKey=='Queue'"*) echo ${QUEUE} ;; 'sqs receive-message'*) echo None ;;`,
  },
  {
    script: 'cloudtrail-fields.sh',
    title: 'the cluster is in name',
    verdict: 'PROVEN',
    answers: `'cloudtrail lookup-events'*UpdateAddon*) ${record('"name":"test","addonName":"vpc-cni"')} ;;`,
    says: /^PROVEN: UpdateAddon: name \(eks\.amazonaws\.com\); no record of: CreateNodegroup,/,
  },
  {
    script: 'cloudtrail-fields.sh',
    title: 'a name of something within is not the cluster',
    verdict: 'REFUTED',
    answers: `'cloudtrail lookup-events'*) ${record('"cluster":"test","launchTemplate":{"name":"x"}')} ;;`,
    says: /neither/,
  },
  {
    script: 'cloudtrail-fields.sh',
    title: 'another service has the call',
    verdict: 'INCONCLUSIVE',
    answers: `'cloudtrail lookup-events'*) ${record('"name":"test"', 'other.amazonaws.com')} ;;`,
  },
];
