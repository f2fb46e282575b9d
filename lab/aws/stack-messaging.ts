import { defined } from '../../core/model/defined.ts';
import type { Alarms } from './alarms.ts';
import type { Rule, RuleTarget } from './event-bus.ts';
import { compileLogFilter } from './filter-pattern.ts';
import type { MetricFilter } from './logs.ts';
import { compilePattern } from './pattern.ts';
import type { QueueSettings } from './queue-types.ts';

type Properties = Readonly<Record<string, unknown>>;

const number = (value: unknown, otherwise: number): number => (value === undefined ? otherwise : Number(value));

/** A queue's settings with AWS's defaults. */
export const queueSettings = (name: string, arn: string, url: string, properties: Properties): QueueSettings => {
  const fifo = properties.FifoQueue === true;
  if (fifo !== name.endsWith('.fifo'))
    throw new Error(`booting the lab: queue ${name}: a FIFO queue's name ends in .fifo, and no other`);
  if (properties.KmsMasterKeyId !== undefined) {
    throw new Error(
      `booting the lab: queue ${name} has a KMS key; the lab does not evaluate key policies, which decide whether EventBridge can deliver`,
    );
  }
  const redrive = properties.RedrivePolicy as
    | { deadLetterTargetArn: string; maxReceiveCount: number | string }
    | undefined;
  if (redrive !== undefined && redrive.deadLetterTargetArn.endsWith('.fifo') !== fifo) {
    throw new Error(
      `booting the lab: queue ${name}: a FIFO queue's dead-letter queue is FIFO too, a standard queue's is standard`,
    );
  }
  return {
    name,
    arn,
    url,
    fifo,
    contentBasedDeduplication: properties.ContentBasedDeduplication === true,
    deduplicatesPerGroup: properties.DeduplicationScope === 'messageGroup',
    visibilityTimeoutSeconds: number(properties.VisibilityTimeout, 30),
    delaySeconds: number(properties.DelaySeconds, 0),
    retentionSeconds: number(properties.MessageRetentionPeriod, 345_600),
    maxMessageBytes: number(properties.MaximumMessageSize, 262_144),
    ...(redrive === undefined
      ? {}
      : { redrive: { deadLetterArn: redrive.deadLetterTargetArn, maxReceiveCount: Number(redrive.maxReceiveCount) } }),
  };
};

const UNITS_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** `rate(30 minutes)` in milliseconds; cron expressions are refused. */
export const rateMs = (expression: string): number => {
  const match = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression);
  const [, count = '', unit = '', plural = ''] = match ?? [];
  if (match === null || Number(count) < 1 || (plural === '') !== (count === '1')) {
    throw new Error(
      `booting the lab: the schedule ${expression}: the lab supports rate(1 minute), rate(5 minutes) and the like`,
    );
  }
  return Number(count) * (UNITS_MS[unit] ?? 0);
};

const TARGET_MEMBERS = new Set(['Arn', 'Id', 'Input', 'DeadLetterConfig', 'RetryPolicy', 'SqsParameters']);
const MAX_TARGETS_PER_RULE = 5;
const MAX_PATTERN_CHARS = 4096;

const target = (rule: string, properties: Properties): RuleTarget => {
  const unknown = Object.keys(properties).filter((k) => !TARGET_MEMBERS.has(k));
  if (unknown.length > 0)
    throw new Error(`booting the lab: rule ${rule}: the lab does not know the target's ${unknown.join(', ')}`);
  const retry = properties.RetryPolicy as
    | { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number }
    | undefined;
  const dead = properties.DeadLetterConfig as { Arn?: string } | undefined;
  const sqs = properties.SqsParameters as { MessageGroupId?: string } | undefined;
  return {
    id: String(properties.Id),
    arn: String(properties.Arn),
    maxRetries: number(retry?.MaximumRetryAttempts, 185),
    maxAgeSeconds: number(retry?.MaximumEventAgeInSeconds, 86_400),
    ...(properties.Input === undefined ? {} : { input: String(properties.Input) }),
    ...defined({ deadLetterArn: dead?.Arn, messageGroupId: sqs?.MessageGroupId }),
  };
};

/** A rule from its template properties; unknown operators and targets are refused here, at boot. */
export const ruleOf = (name: string, arn: string, busArn: string, properties: Properties): Rule => {
  const targets = ((properties.Targets ?? []) as readonly Properties[]).map((t) => target(name, t));
  if (targets.length > MAX_TARGETS_PER_RULE)
    throw new Error(`booting the lab: rule ${name} has ${targets.length} targets; AWS takes ${MAX_TARGETS_PER_RULE}`);
  const pattern = properties.EventPattern;
  if (pattern !== undefined && JSON.stringify(pattern).length > MAX_PATTERN_CHARS)
    throw new Error(`booting the lab: rule ${name}: its pattern is over ${MAX_PATTERN_CHARS} characters`);
  return {
    name,
    arn,
    busArn,
    enabled: properties.State !== 'DISABLED',
    targets,
    ...(pattern === undefined ? {} : { pattern: compilePattern(pattern) }),
    ...(properties.ScheduleExpression === undefined ? {} : { everyMs: rateMs(String(properties.ScheduleExpression)) }),
  };
};

/** A metric filter from its template properties; only constant values without dimensions are supported. */
export const metricFilter = (properties: Properties, putMetric: Alarms['putMetric']): MetricFilter => {
  const transformations = properties.MetricTransformations as readonly Properties[];
  const [only] = transformations;
  if (
    only === undefined ||
    transformations.length > 1 ||
    only.Dimensions !== undefined ||
    only.DefaultValue !== undefined
  )
    throw new Error(
      `booting the lab: metric filter ${String(properties.FilterName)}: the lab supports one plain metric`,
    );
  return {
    group: String(properties.LogGroupName),
    filter: compileLogFilter(String(properties.FilterPattern)),
    count: (lines) =>
      putMetric(String(only.MetricNamespace), String(only.MetricName), {}, lines * Number(only.MetricValue)),
  };
};
