import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

const PERIOD = Duration.minutes(5);
/** Messages wait for minutes only when a function fails or is throttled. */
const MAX_AGE_SECONDS = 900;
/** A record that fails for good is tried five times within this; one whose second try succeeds is nobody's concern. */
const MAX_FAILED_RECORDS = 2;

/** The monitored resources, by the name of the alarm. */
export type AlarmsProps = {
  readonly namePrefix: string;
  readonly topic: sns.ITopic;
  readonly deadLetterQueues: Readonly<Record<string, sqs.IQueue>>;
  readonly inboxes: Readonly<Record<string, sqs.IQueue>>;
  readonly functions: Readonly<Record<string, lambda.IFunction>>;
  /** The names of the functions that count the records which they return to be tried again. */
  readonly countsFailedRecords: readonly string[];
};

/** The alarms that need an operator. Missing data is not breaching: no message arrived. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const action = new SnsAction(props.topic);
    const alarm = (name: string, metric: cloudwatch.IMetric, threshold: number, alarmDescription: string) => {
      const made = new cloudwatch.Alarm(this, name, {
        alarmName: `${props.namePrefix}-${name}`,
        alarmDescription,
        metric,
        threshold,
        evaluationPeriods: 1,
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      });
      made.addAlarmAction(action);
      return made;
    };
    for (const [name, queue] of Object.entries(props.deadLetterQueues)) {
      // People also learn that the queue is empty: `replay` or `discard` has done its work.
      alarm(
        `${name}-not-empty`,
        queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: 'Maximum' }),
        0,
        `Messages that could not be handled wait in ${name}. Read the attribute reason of a message, then invoke ${props.namePrefix}-operator-api with the action replay; discard empties a queue. Do not use the redrive of SQS: replay looks at each message first, and the policy of the queue of signals refuses a redrive.`,
      ).addOkAction(action);
    }
    for (const [name, queue] of Object.entries(props.inboxes)) {
      alarm(
        `${name}-waiting`,
        queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum' }),
        MAX_AGE_SECONDS,
        `Work in ${name} waits for more than ${MAX_AGE_SECONDS} seconds; look at the errors and throttles of its function`,
      );
    }
    for (const [name, fn] of Object.entries(props.functions)) {
      alarm(
        `${name}-errors`,
        fn.metricErrors({ period: PERIOD, statistic: 'Sum' }),
        0,
        `The function ${name} failed; its log says why, and the input is tried again or goes to a dead-letter queue`,
      );
    }
    /** A metric that a function prints in the embedded metric format (functions/runtime/metrics.ts). */
    const counted = (functionName: string, metricName: string) =>
      new cloudwatch.Metric({
        namespace: props.namePrefix,
        metricName,
        dimensionsMap: { service: props.namePrefix, function: functionName },
        period: PERIOD,
        statistic: 'Sum',
      });
    for (const name of props.countsFailedRecords) {
      alarm(
        `${name}-failed-records`,
        counted(name, 'FailedRecords'),
        MAX_FAILED_RECORDS,
        `The function ${name} keeps failing on records, which are tried again and then go to a dead-letter queue; its log says why. Lambda does not count them as errors.`,
      );
    }
    const laneStopped = (name: string, metricName: string, description: string) =>
      alarm(
        name,
        counted('run-controller', metricName),
        0,
        `${description}; invoke ${props.namePrefix}-audit-query with the query open, then run`,
      );
    laneStopped('breaker-opened', 'BreakerOpened', 'Repairs of a lane keep failing and were stopped');
    laneStopped(
      'run-stuck',
      'RunStuck',
      'The turns of a run failed one after the other, or its row cannot be read: the run has ended as Stuck and its lane goes on; the log of run-controller says why',
    );
    laneStopped(
      'document-refused',
      'DocumentRefused',
      'A document at SSM is not the one that was built, and nothing was sent; the notice names it. Find out in CloudTrail who called UpdateDocument, UpdateDocumentDefaultVersion or CreateDocument, then make the document again from the build',
    );
    laneStopped(
      'registry-hold',
      'RegistryHold',
      'A registry does not answer the nodes of a lane, and those that need it wait',
    );
  }
}
