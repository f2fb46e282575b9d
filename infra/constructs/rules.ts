import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type * as z from 'zod';
import type { EventPattern } from '../../core/signals/define-signal.ts';
import { commandEnds, notices } from '../../events/rules.ts';
import type { TickRequest } from '../../functions/scheduler/tick.ts';
import type { SignalRule } from './signal-patterns.ts';

/** After an hour a symptom is stale and an end of a command long reconciled. */
const DELIVERY = { retryAttempts: 24, maxEventAge: Duration.hours(1) } as const;
/** A tick is worth nothing once the next one is there. */
const TICK = { retryAttempts: 2, maxEventAge: Duration.minutes(1) } as const;

const pascalCase = (name: string): string =>
  name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** CDK's form of an event pattern. */
const cdkPattern = ({ source, 'detail-type': detailType, detail }: EventPattern): events.EventPattern => ({
  ...(source === undefined ? {} : { source: [...source] }),
  ...(detailType === undefined ? {} : { detailType: [...detailType] }),
  ...(detail === undefined ? {} : { detail }),
});

/** Every EventBridge rule of the stack; each target has bounded retries and age, and the one queue of lost events. */
export class Rules extends Construct {
  private readonly dead: sqs.IQueue;
  private readonly namePrefix: string;

  constructor(scope: Construct, id: string, props: { readonly dead: sqs.IQueue; readonly namePrefix: string }) {
    super(scope, id);
    this.dead = props.dead;
    this.namePrefix = props.namePrefix;
  }

  /** Sends a signal's events to the queue of signals. */
  signal({ name, title, bus, pattern }: SignalRule, ownBus: events.IEventBus, queue: sqs.IQueue): events.IRule {
    // CloudFormation would make a rule with a new id before it deletes the old one of the same name, and fail.
    const id = bus === 'fleetmend' ? pascalCase(name) : `Signal-${name}`;
    return new events.Rule(this, id, {
      ruleName: `${this.namePrefix}-${name}`,
      description: title,
      ...(bus === 'fleetmend' ? { eventBus: ownBus } : {}),
      eventPattern: cdkPattern(pattern),
      targets: [new targets.SqsQueue(queue, { ...DELIVERY, deadLetterQueue: this.dead })],
    });
  }

  /** Sends the ends of commands that ran a document of the stack, in any version, to the queue of progress. */
  commandEnds(documentNames: readonly string[], progress: sqs.IQueue): void {
    const { name, title, pattern } = commandEnds;
    new events.Rule(this, pascalCase(name), {
      ruleName: `${this.namePrefix}-${name}`,
      description: title,
      eventPattern: cdkPattern(pattern({ documentNames })),
      targets: [new targets.SqsQueue(progress, { ...DELIVERY, deadLetterQueue: this.dead })],
    });
  }

  /** Invokes scheduler each minute for overdue commands, and every `sweepMinutes` for sweeps. */
  clock(reconcile: lambda.IFunction, sweepMinutes: number): void {
    const tick = (id: string, minutes: number, request: z.input<typeof TickRequest>) =>
      new events.Rule(this, id, {
        ruleName: `${this.namePrefix}-${request.kind}`,
        description: `Invokes scheduler: ${request.kind}`,
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
    const { name, title, pattern } = notices;
    return new events.Rule(this, pascalCase(name), {
      ruleName: `${this.namePrefix}-${name}`,
      description: title,
      eventBus: bus,
      eventPattern: cdkPattern(pattern({ documentNames: [] })),
      targets: [new targets.SnsTopic(byArn, { ...DELIVERY, deadLetterQueue: this.dead })],
    });
  }
}
