import { BROKEN, invoked, online, QUEUE, type Scenario } from './answers.ts';

const COMMAND = '11111111-2222-4333-8444-555555555555';

// Source of the form: Systems Manager user guide, "Monitoring Systems Manager events: examples".
const statusEvent = (kind: 'Command' | 'Command Invocation', status: string): string =>
  `echo '{"version":"0","detail-type":"EC2 ${kind} Status-change Notification","source":"aws.ssm","detail":{"command-id":"${COMMAND}","document-name":"AWS-RunShellScript","status":"${status}"}}'`;
const commandStatus = (command: string, invocation: string): string => `${online}
  'ssm send-command'*) echo ${COMMAND} ;;
  'sqs receive-message'*)
    case $(times received) in
      1) ${statusEvent('Command', 'InProgress')} ;;
      2) ${statusEvent('Command Invocation', invocation)} ;;
      3) ${statusEvent('Command', command)} ;;
      *) echo None ;;
    esac ;;
  'ssm get-command-invocation'*) printf 'TimedOut\\tExecutionTimedOut\\n' ;;`;

// Source of the form: EKS user guide, "Analyze AWS CloudTrail log file entries".
const record = (parameters: string, source = 'eks.amazonaws.com'): string =>
  `echo '{"eventVersion":"1.05","eventSource":"${source}","eventName":"x","requestParameters":{${parameters}},"responseElements":{"update":{"id":"1"}}}'`;

const addon = (event: string): string => `
  *"OutputKey=='Queue'"*) echo ${QUEUE} ;;
  'sqs receive-message'*) if (($(times received) < 3)); then echo None; else echo '${event}'; fi ;;`;

const tagged = (answers: readonly ('sent' | 'denied')[]): string => `${online}
  'lambda invoke'*)
    case $(times sent) in
      ${answers.map((answer, i) => `${i + 1}) ${answer === 'sent' ? invoked('"sent"') : invoked('{"errorMessage": "AccessDeniedException"}', 'Unhandled')} ;;`).join('\n      ')}
    esac ;;`;

/** The scripts about nodes and events. */
export const nodes: readonly Scenario[] = [
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
