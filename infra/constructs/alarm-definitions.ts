import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { defined } from '../../core/model/defined.ts';
import type { Monitored } from './monitored.ts';

const PERIOD = Duration.minutes(5);
const MINUTE = Duration.minutes(1);
/** Messages wait for minutes only when a function fails or is throttled. */
const MAX_AGE_SECONDS = 900;
/** A record that fails for good is tried five times within this; one whose second try succeeds is nobody's concern. */
const MAX_FAILED_RECORDS = 2;
/** The tick of a sweep and that of the minute come together, and scheduler has one copy: it is refused once in a sweep. */
const MAX_SCHEDULER_THROTTLES = 5;
/** A check of a large cluster is throttled for some minutes by design; this, three times in a row, is no such check. */
const MAX_THROTTLED_CALLS = 100;
/** The longest time without a complete tick of scheduler, in minutes. */
const SILENT_MINUTES = 5;

/** How the state of an alarm follows from periods without data. */
type Missing = 'breaching' | 'not-breaching' | 'ignore';

/** An alarm for a person. */
export type AlarmDefinition = {
  /** In kebab case; the alarm's name is this behind the stack's. */
  readonly name: string;
  /** Critical: faults are not found or not repaired, so look now. Warning: look today. */
  readonly severity: 'Critical' | 'Warning';
  readonly metric: cloudwatch.IMetric;
  /** In alarm above this value, or below it where `below` is set. */
  readonly threshold: number;
  readonly below?: true;
  /** How many periods are looked at, one by default, and how many of them must breach: all by default. */
  readonly periods?: number;
  readonly needed?: number;
  readonly missing: Missing;
  /** What it means and what to do next, as sentences. */
  readonly says: string;
  /** The section of docs/operating.md about it. */
  readonly guide: string;
};

/** A metric that a function, or several where it is undefined, print in the embedded metric format (functions/runtime/metrics.ts). */
const counted = (
  namePrefix: string,
  functionName: string | undefined,
  metricName: string,
  period = PERIOD,
  statistic = 'Sum',
): cloudwatch.Metric =>
  new cloudwatch.Metric({
    namespace: namePrefix,
    metricName,
    dimensionsMap: { service: namePrefix, ...defined({ function: functionName }) },
    period,
    statistic,
  });

const ofQueues = ({ namePrefix, deadLetterQueues, inboxes }: Monitored): readonly AlarmDefinition[] => [
  ...Object.entries(deadLetterQueues).map(
    ([name, queue]): AlarmDefinition => ({
      name: `${name}-not-empty`,
      severity: 'Warning',
      metric: queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: 'Maximum' }),
      threshold: 0,
      // SQS sends no data about a queue that nobody has used for hours.
      missing: 'not-breaching',
      says: `Messages that could not be handled wait in ${name}. Read the attribute reason of a message, then invoke ${namePrefix}-operator-api with the action replay; discard empties a queue. Do not use the redrive of SQS: replay looks at each message first, and the policies of the queues refuse a redrive`,
      guide: 'dead-letters',
    }),
  ),
  ...Object.entries(inboxes).flatMap(([name, queue]): readonly AlarmDefinition[] => [
    {
      name: `${name}-waiting`,
      severity: 'Critical',
      metric: queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum' }),
      threshold: MAX_AGE_SECONDS,
      missing: 'not-breaching',
      says: `Work in ${name} waits for more than ${MAX_AGE_SECONDS} seconds. Look at the errors and throttles of the function that works on it`,
      guide: 'waiting-and-not-polled',
    },
    {
      name: `${name}-not-polled`,
      severity: 'Critical',
      // Lambda asks an idle queue too, several times a minute. SQS reports both while a queue is in use, also where they are 0.
      metric: new cloudwatch.MathExpression({
        expression: 'empty + received',
        usingMetrics: {
          empty: queue.metricNumberOfEmptyReceives({ period: PERIOD, statistic: 'Sum' }),
          received: queue.metricNumberOfMessagesReceived({ period: PERIOD, statistic: 'Sum' }),
        },
        period: PERIOD,
        label: `requests for messages of ${name}`,
      }),
      threshold: 1,
      below: true,
      periods: 3,
      missing: 'breaching',
      says: `Nothing has asked ${name} for messages for 15 minutes: the event source mapping of its function is disabled or deleted, or its role may not read the queue. Enable it, or deploy again`,
      guide: 'waiting-and-not-polled',
    },
  ]),
];

const ofFunctions = (monitored: Monitored): readonly AlarmDefinition[] => {
  const { namePrefix, functions, countsFailedRecords, unattended, countsThrottledCalls, countsUnreadableRows } =
    monitored;
  return [
    ...Object.entries(functions).map(
      ([name, fn]): AlarmDefinition => ({
        name: `${name}-errors`,
        severity: 'Warning',
        metric: fn.metricErrors({ period: PERIOD, statistic: 'Sum' }),
        threshold: 0,
        missing: 'not-breaching',
        says: `The function ${name} failed. Its log says why; the input is tried again or goes to a dead-letter queue`,
        guide: 'errors-and-failed-records',
      }),
    ),
    ...Object.entries(functions)
      .filter(([name]) => unattended.includes(name))
      .map(
        ([name, fn]): AlarmDefinition => ({
          name: `${name}-throttles`,
          severity: 'Warning',
          metric: fn.metricThrottles({ period: PERIOD, statistic: 'Sum' }),
          threshold: name === 'scheduler' ? MAX_SCHEDULER_THROTTLES : 0,
          periods: 3,
          needed: 2,
          missing: 'not-breaching',
          says: `Lambda goes on refusing invocations of ${name}: its copies, or those of the account, are all at work. Compare ConcurrentExecutions with the quota of the account, then raise the quota or maxConcurrency`,
          guide: 'throttles',
        }),
      ),
    ...countsFailedRecords.map(
      (name): AlarmDefinition => ({
        name: `${name}-failed-records`,
        severity: 'Warning',
        metric: counted(namePrefix, name, 'FailedRecords'),
        threshold: MAX_FAILED_RECORDS,
        missing: 'not-breaching',
        says: `The function ${name} keeps failing on records, which are tried again and then go to a dead-letter queue. Its log says why. Lambda does not count them as errors`,
        guide: 'errors-and-failed-records',
      }),
    ),
    ...countsThrottledCalls.map(
      (name): AlarmDefinition => ({
        name: `${name}-calls-throttled`,
        severity: 'Warning',
        metric: counted(namePrefix, name, 'CallsThrottled'),
        threshold: MAX_THROTTLED_CALLS,
        periods: 3,
        missing: 'not-breaching',
        says: `EC2 or SSM has throttled ${name} for 15 minutes: work goes on, but late. Something else in the account may use up the rate of the API; else lower limits.maxEc2CallsPerSecond or maxConcurrency`,
        guide: 'throttles',
      }),
    ),
    ...countsUnreadableRows.map(
      (name): AlarmDefinition => ({
        name: `${name}-unreadable-rows`,
        severity: 'Warning',
        metric: counted(namePrefix, name, 'UnreadableRow'),
        threshold: 0,
        missing: 'not-breaching',
        says: `${name} goes on without a row of the audit table that it cannot read, under the strictest rule. Look at its log, which names the row and the field: search it for "cannot be read"`,
        guide: 'unreadable-rows',
      }),
    ),
    {
      name: 'action-not-recorded',
      severity: 'Warning',
      metric: counted(namePrefix, 'operator-api', 'AnswerNotRecorded'),
      threshold: 0,
      missing: 'not-breaching',
      says: 'The answer to an action of a person, or its refusal, is not in the record, since the audit table failed. Look at the log of operator-api, which names it ("losing the record of an answer")',
      guide: 'action-not-recorded',
    },
  ];
};

const ofTheClock = ({ namePrefix, sweepMinutes }: Monitored): readonly AlarmDefinition[] => [
  {
    name: 'heartbeat',
    severity: 'Critical',
    metric: counted(namePrefix, 'scheduler', 'TickCompleted', MINUTE),
    threshold: 1,
    below: true,
    periods: SILENT_MINUTES,
    // A scheduler that is not invoked, or that fails, prints nothing.
    missing: 'breaching',
    says: `No tick of scheduler has been complete for ${SILENT_MINUTES} minutes: runs whose events are lost do not end, and nothing that waits is woken. Look at the rule ${namePrefix}-overdue, and at the errors, throttles and log of ${namePrefix}-scheduler`,
    guide: 'heartbeat',
  },
  {
    name: 'sweeps-late',
    severity: 'Critical',
    metric: counted(namePrefix, 'scheduler', 'SweepsLate', Duration.minutes(sweepMinutes), 'Maximum'),
    threshold: 0,
    periods: 2,
    missing: 'breaching',
    says: `Clusters are not checked: no sweep has begun for two intervals of ${sweepMinutes} minutes, or one has not ended after three. Look at the rule ${namePrefix}-sweep and the log of ${namePrefix}-scheduler, then at the open runs with the query open`,
    guide: 'sweeps-late',
  },
  {
    name: 'overdue-left',
    severity: 'Warning',
    metric: counted(namePrefix, 'scheduler', 'OverdueLeft'),
    threshold: 0,
    periods: 3,
    missing: 'not-breaching',
    says: `For 15 minutes, ticks of scheduler have left something that is due to the next tick: results come late. Look at the line "waking what is due" in its log, and at throttled calls of SSM`,
    guide: 'overdue-left',
  },
  {
    name: 'nodes-quarantined',
    severity: 'Warning',
    metric: counted(namePrefix, 'scheduler', 'NodesQuarantined', PERIOD, 'Maximum'),
    threshold: 0,
    // Without a tick nothing is known, and the alarm heartbeat rings.
    missing: 'ignore',
    says: `Nodes are in quarantine, since their repairs failed repeatedly: nobody repairs them. Invoke ${namePrefix}-audit-query with the query quarantine; replace a node, or correct the cause and release it`,
    guide: 'nodes-quarantined',
  },
];

const ofLanes = ({ namePrefix }: Monitored): readonly AlarmDefinition[] => {
  const stopped = (
    name: string,
    metricName: string,
    guide: string,
    what: string,
    severity: AlarmDefinition['severity'] = 'Critical',
  ): AlarmDefinition => ({
    name,
    severity,
    metric: counted(namePrefix, 'run-controller', metricName),
    threshold: 0,
    missing: 'not-breaching',
    says: `${what}. Invoke ${namePrefix}-audit-query with the query open, then run`,
    guide,
  });
  return [
    stopped(
      'breaker-opened',
      'BreakerOpened',
      'breaker-opened',
      'Repairs of a lane keep failing and were stopped; they begin again with canaries',
    ),
    stopped(
      'run-stuck',
      'RunStuck',
      'run-stuck',
      'The turns of a run failed one after the other, or its row cannot be read: the run has ended as Stuck and its lane goes on; the log of run-controller says why',
    ),
    stopped(
      'document-refused',
      'DocumentRefused',
      'document-refused',
      'A document at SSM is not the one that was built, and nothing was sent; the notice names it. Find out in CloudTrail who called UpdateDocument, UpdateDocumentDefaultVersion or CreateDocument, then make the document again from the build',
    ),
    stopped(
      'registry-hold',
      'RegistryHold',
      'registry-hold',
      'A registry does not answer the nodes of a lane, and those that need it wait',
      'Warning',
    ),
    {
      ...({ name: 'notice-given-up', severity: 'Warning', threshold: 0, missing: 'not-breaching' } as const),
      metric: counted(namePrefix, undefined, 'NoticeGivenUp'),
      says: 'The event bus has refused a notice five times and it was given up, so that nobody was told. Look at the logs of run-controller and scheduler, one of which names it ("giving up a notice"), and at the policies that may deny events:PutEvents on the bus',
      guide: 'given-up',
    },
    stopped(
      'cancel-given-up',
      'CancelGivenUp',
      'given-up',
      'SSM has refused to cancel a command five times, and the command goes on to its end; the log of run-controller names it. Cancel it with aws ssm cancel-command, and check the policies that may deny ssm:CancelCommand',
      'Warning',
    ),
  ];
};

/** Every alarm for people. Those about the clusters' nodes are signals (cluster-alarms.ts). */
export const alarmDefinitions = (monitored: Monitored): readonly AlarmDefinition[] => [
  ...ofQueues(monitored),
  ...ofFunctions(monitored),
  ...ofTheClock(monitored),
  ...ofLanes(monitored),
];
