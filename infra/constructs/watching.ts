import type { Stack } from 'aws-cdk-lib';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { FunctionName } from '../bundle.ts';
import type { Config } from '../config.ts';
import { Alarms } from './alarms.ts';
import { Dashboard } from './dashboard.ts';
import type { Notices } from './notices.ts';
import { SavedQueries } from './saved-queries.ts';
import type { SpineFunction } from './spine-function.ts';

/** Adds to a stack what people watch it by: its alarms, its saved queries and its dashboard. */
export const watch = (
  stack: Stack,
  {
    config,
    functions,
    inboxes,
    dead,
    notices,
    requests,
  }: {
    readonly config: Config;
    readonly functions: ReadonlyMap<FunctionName, SpineFunction>;
    readonly inboxes: Readonly<Record<string, sqs.IQueue>>;
    readonly dead: Readonly<Record<string, sqs.IQueue>>;
    readonly notices: Notices;
    /** The function that people ask. */
    readonly requests: SpineFunction;
  },
): void => {
  const common = {
    namePrefix: stack.stackName,
    sweepMinutes: config.sweepMinutes,
    inboxes,
    functions: Object.fromEntries([...functions].map(([name, { fn }]) => [name, fn])),
  };
  const alarms = config.alarms
    ? new Alarms(stack, 'Alarms', {
        ...common,
        topics: notices.topics,
        deadLetterQueues: Object.fromEntries(Object.entries(dead).map(([name, queue]) => [`${name}-dlq`, queue])),
        countsFailedRecords: ['signal-intake', 'command-tracker', 'run-controller', 'scheduler'],
        unattended: ['log-classifier', 'signal-intake', 'command-tracker', 'run-controller', 'scheduler', 'notifier'],
        countsThrottledCalls: ['signal-intake', 'command-tracker', 'run-controller', 'scheduler'],
        countsUnreadableRows: ['signal-intake', 'run-controller', 'scheduler'],
      }).all
    : [];
  if (config.savedQueries) {
    new SavedQueries(stack, 'SavedQueries', {
      namePrefix: stack.stackName,
      logGroups: Object.fromEntries([...functions].map(([name, { logGroup }]) => [name, logGroup])),
    });
  }
  if (config.dashboard) new Dashboard(stack, 'Dashboard', { ...common, alarms, requests: requests.logGroup });
};
