import { gzipSync } from 'node:zlib';
import * as z from 'zod';
import { AwsError } from './aws-error.ts';
import type { LabClock } from './clock.ts';
import type { LogFilter } from './filter-pattern.ts';
import { type Iam, servicePrincipal } from './iam.ts';
import type { LabEventListener } from './lab-event.ts';
import { operation, type Service } from './service.ts';
import { jsonWire } from './wire.ts';

/** A log event. */
export type LogLine = { readonly timestamp: number; readonly message: string };

/** A subscription filter. */
export type LogSubscription = {
  readonly name: string;
  readonly group: string;
  readonly filter: LogFilter;
  readonly functionArn: string;
};

/** A metric filter, called with the number of matching lines of a batch. */
export type MetricFilter = {
  readonly group: string;
  readonly filter: LogFilter;
  readonly count: (lines: number) => void;
};

/** The dependencies of the log groups. */
export type LogGroupsOptions = {
  readonly partition: string;
  readonly urlSuffix: string;
  readonly region: string;
  readonly account: string;
  readonly clock: LabClock;
  readonly iam: Iam;
  readonly emit: LabEventListener;
  readonly invokeFunction: (arn: string, payload: string) => void | Promise<void>;
};

/** CloudWatch Logs: groups with subscriptions. */
export type LogGroups = {
  readonly subscribe: (subscription: LogSubscription) => void;
  readonly count: (filter: MetricFilter) => void;
  /** Removes all subscriptions and metric filters, before those of another template are added. */
  readonly reset: () => void;
  readonly put: (group: string, stream: string, lines: readonly LogLine[]) => Promise<void>;
  readonly service: Service;
};

const MAX_SUBSCRIPTIONS_PER_GROUP = 2;

/** Creates the log groups. A group exists from the first write to it. */
export const createLogGroups = (options: LogGroupsOptions): LogGroups => {
  const { clock, iam, emit } = options;
  const arnOf = (group: string): string =>
    `arn:${options.partition}:logs:${options.region}:${options.account}:log-group:${group}:*`;
  const subscriptions: LogSubscription[] = [];
  const metricFilters: MetricFilter[] = [];
  const logsService = servicePrincipal(`logs.${options.urlSuffix}`);
  let eventNumber = 0n;

  const put: LogGroups['put'] = async (group, stream, lines) => {
    for (const line of lines) emit({ kind: 'log-line', at: clock.now(), group, stream, message: line.message });
    for (const { filter, count } of metricFilters.filter((f) => f.group === group)) {
      const passed = lines.filter((line) => filter(line.message)).length;
      if (passed > 0) count(passed);
    }
    for (const subscription of subscriptions.filter((s) => s.group === group)) {
      const matching = lines.filter((line) => subscription.filter(line.message));
      if (matching.length === 0) continue;
      const decision = await iam.decide(logsService, {
        action: 'lambda:InvokeFunction',
        resource: subscription.functionArn,
        context: { 'aws:SourceArn': arnOf(group), 'aws:SourceAccount': options.account },
      });
      if (!decision.allowed) {
        emit({
          kind: 'delivery-failed',
          at: clock.now(),
          rule: subscription.name,
          target: subscription.functionArn,
          why: decision.message,
          deadLettered: false,
        });
        continue;
      }
      const payload = {
        messageType: 'DATA_MESSAGE',
        owner: options.account,
        logGroup: group,
        logStream: stream,
        subscriptionFilters: [subscription.name],
        logEvents: matching.map((line) => {
          eventNumber += 1n;
          return {
            id: String(31_953_106_606_966_983_378_809_025_079_804_211_143_289_615_424_298_221_568n + eventNumber),
            timestamp: line.timestamp,
            message: line.message,
          };
        }),
      };
      const data = gzipSync(JSON.stringify(payload)).toString('base64');
      await options.invokeFunction(subscription.functionArn, JSON.stringify({ awslogs: { data } }));
    }
  };

  const service: Service = {
    name: 'logs',
    ...jsonWire('Logs_20140328', '1.1', 'com.amazonaws.logs'),
    operations: {
      PutLogEvents: operation(
        z.strictObject({
          logGroupName: z.string().min(1).max(512),
          logStreamName: z.string().min(1).max(512),
          logEvents: z
            .array(z.strictObject({ timestamp: z.number().int().nonnegative(), message: z.string().min(1) }))
            .min(1)
            .max(10_000),
          sequenceToken: z.string().optional(),
        }),
        {
          access: (input) => [
            {
              action: 'logs:PutLogEvents',
              resource: `${arnOf(input.logGroupName).slice(0, -1)}log-stream:${input.logStreamName}`,
            },
          ],
          items: (input) => input.logEvents.length,
          run: async (input) => {
            await put(input.logGroupName, input.logStreamName, input.logEvents);
            return { nextSequenceToken: '1' };
          },
        },
        'InvalidParameterException',
      ),
    },
  };
  return {
    subscribe: (subscription) => {
      if (subscriptions.filter((s) => s.group === subscription.group).length >= MAX_SUBSCRIPTIONS_PER_GROUP) {
        throw new AwsError(
          'LimitExceededException',
          `log group ${subscription.group} has two subscription filters already`,
        );
      }
      subscriptions.push(subscription);
    },
    count: (filter) => {
      metricFilters.push(filter);
    },
    reset: () => {
      subscriptions.length = 0;
      metricFilters.length = 0;
    },
    put,
    service,
  };
};
