import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type * as z from 'zod';
import { NODE_SYMPTOM, NOTICE_SOURCE } from '../../events/node-symptom.ts';
import { COMMAND_STATUS_CHANGE, documentFamily } from '../../events/ssm-command.ts';
import type { TickRequest } from '../../functions/scheduler/tick.ts';
import type { SignalPattern } from './signal-patterns.ts';

/**
 * Statuses in which SSM's command-level event says that a command has ended. Source: SSM user guide, Run Command events.
 * The API writes `TimedOut` and the console `Timed Out`; events have been seen with either, so each spelling is here.
 */
const ENDED = ['Success', 'Failed', 'TimedOut', 'Timed Out', 'Cancelled', 'Canceled'];

/** After an hour a symptom is stale and an end of a command long reconciled. */
const DELIVERY = { retryAttempts: 24, maxEventAge: Duration.hours(1) } as const;
/** A tick is worth nothing once the next one is there. */
const TICK = { retryAttempts: 2, maxEventAge: Duration.minutes(1) } as const;

/** Every EventBridge rule of the stack; each target has bounded retries and age, and the one queue of lost events. */
export class Rules extends Construct {
  private readonly dead: sqs.IQueue;
  private readonly namePrefix: string;

  constructor(scope: Construct, id: string, props: { readonly dead: sqs.IQueue; readonly namePrefix: string }) {
    super(scope, id);
    this.dead = props.dead;
    this.namePrefix = props.namePrefix;
  }

  /** Symptoms of any source; signal-intake gives those of a foreign source a check at most. */
  symptoms(bus: events.IEventBus, signals: sqs.IQueue): events.IRule {
    return new events.Rule(this, 'Symptoms', {
      ruleName: `${this.namePrefix}-symptoms`,
      description: 'Node Symptom to the queue of signals',
      eventBus: bus,
      eventPattern: { detailType: [NODE_SYMPTOM] },
      targets: [new targets.SqsQueue(signals, { ...DELIVERY, deadLetterQueue: this.dead })],
    });
  }

  /** What AWS's own services say on the default bus that is a signal. */
  services(patterns: readonly SignalPattern[], signals: sqs.IQueue): readonly events.IRule[] {
    return patterns.map(
      ({ name, description, pattern }) =>
        new events.Rule(this, `Signal-${name}`, {
          ruleName: `${this.namePrefix}-${name}`,
          description,
          eventPattern: pattern,
          targets: [new targets.SqsQueue(signals, { ...DELIVERY, deadLetterQueue: this.dead })],
        }),
    );
  }

  /**
   * Ends of commands that ran a document of the stack, in any version, so that a command of the deployment before is
   * heard too. The prefixes name each document, because another stack's name may begin with this stack's.
   */
  commandEnds(documentNames: readonly string[], progress: sqs.IQueue): void {
    const families = [...new Set(documentNames.map(documentFamily))];
    new events.Rule(this, 'CommandEnds', {
      ruleName: `${this.namePrefix}-command-ends`,
      description: 'Ends of commands that ran a fleetmend document to the queue of progress',
      eventPattern: {
        source: ['aws.ssm'],
        detailType: [COMMAND_STATUS_CHANGE],
        detail: { 'document-name': families.map((prefix) => ({ prefix })), status: ENDED },
      },
      targets: [new targets.SqsQueue(progress, { ...DELIVERY, deadLetterQueue: this.dead })],
    });
  }

  /** The clock of scheduler: what is overdue, every minute; sweeps, every so many. */
  clock(reconcile: lambda.IFunction, sweepMinutes: number): void {
    const tick = (id: string, minutes: number, request: z.input<typeof TickRequest>) =>
      new events.Rule(this, id, {
        ruleName: `${this.namePrefix}-${request.kind}`,
        description: `Asks reconcile for what is due: ${request.kind}`,
        schedule: events.Schedule.rate(Duration.minutes(minutes)),
        targets: [
          new targets.LambdaFunction(reconcile, {
            ...TICK,
            deadLetterQueue: this.dead,
            event: events.RuleTargetInput.fromObject(request),
          }),
        ],
      });
    tick('EveryMinute', 1, { kind: 'overdue' });
    tick('EverySweep', sweepMinutes, { kind: 'sweep', everyMinutes: sweepMinutes });
  }

  /** fleetmend's own notices to the topic that people subscribe to; the topic's policy must let this rule publish. */
  notices(bus: events.IEventBus, topic: sns.ITopic): events.IRule {
    // By its ARN, because the target would let EventBridge publish to a topic of its own kind without a condition.
    const byArn = sns.Topic.fromTopicArn(this, 'NoticesTopic', topic.topicArn);
    return new events.Rule(this, 'Notices', {
      ruleName: `${this.namePrefix}-notices`,
      description: 'Notices of fleetmend to its topic',
      eventBus: bus,
      eventPattern: { source: [NOTICE_SOURCE] },
      targets: [new targets.SnsTopic(byArn, { ...DELIVERY, deadLetterQueue: this.dead })],
    });
  }
}
