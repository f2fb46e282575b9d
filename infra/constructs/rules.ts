import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import type { EventPattern } from '../../core/signals/define-signal.ts';
import { commandEnds, notices } from '../../events/rules.ts';
import type { DigestRequest, TickRequest } from '../../events/ticks.ts';
import type { SignalRule } from './signal-patterns.ts';

/** After an hour a symptom is stale, and scheduler has asked SSM about the command. */
const DELIVERY = { retryAttempts: 24, maxEventAge: Duration.hours(1) } as const;
/** A tick has no value once the next one has arrived. */
const TICK = { retryAttempts: 2, maxEventAge: Duration.minutes(1) } as const;

const pascalCase = (name: string): string =>
  name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** CDK's form of an event pattern. */
const cdkPattern = ({ source, 'detail-type': detailType, detail }: EventPattern): events.EventPattern => ({
  ...(source === undefined ? {} : { source: [...source] }),
  ...(detailType === undefined ? {} : { detailType: [...detailType] }),
  ...defined({ detail }),
});

/** Every EventBridge rule of the stack. Each target has bounded retries and age, and one dead-letter queue serves all. */
export class Rules extends Construct {
  private readonly dead: sqs.IQueue;
  private readonly namePrefix: string;
  private readonly made: events.IRule[] = [];

  constructor(scope: Construct, id: string, props: { readonly dead: sqs.IQueue; readonly namePrefix: string }) {
    super(scope, id);
    this.dead = props.dead;
    this.namePrefix = props.namePrefix;
  }

  /** Every rule so far: the senders to their dead-letter queue. */
  get all(): readonly events.IRule[] {
    return this.made;
  }

  private rule(id: string, props: events.RuleProps): events.IRule {
    const rule = new events.Rule(this, id, props);
    this.made.push(rule);
    return rule;
  }

  /** Sends a signal's events to the queue of signals. */
  signal({ name, title, bus, pattern }: SignalRule, ownBus: events.IEventBus, queue: sqs.IQueue): events.IRule {
    // CloudFormation would make a rule with a new id before it deletes the old one of the same name, and fail.
    const id = bus === 'fleetmend' ? pascalCase(name) : `Signal-${name}`;
    return this.rule(id, {
      ruleName: `${this.namePrefix}-${name}`,
      description: title,
      ...(bus === 'fleetmend' ? { eventBus: ownBus } : {}),
      eventPattern: cdkPattern(pattern),
      targets: [new targets.SqsQueue(queue, { ...DELIVERY, deadLetterQueue: this.dead })],
    });
  }

  /** Sends the ends of commands that ran a document of the stack, in any version, to the queue of progress. */
  commandEnds(documentNames: readonly string[], progress: sqs.IQueue): events.IRule {
    const { name, title, pattern } = commandEnds;
    return this.rule(pascalCase(name), {
      ruleName: `${this.namePrefix}-${name}`,
      description: title,
      eventPattern: cdkPattern(pattern({ documentNames })),
      targets: [new targets.SqsQueue(progress, { ...DELIVERY, deadLetterQueue: this.dead })],
    });
  }

  /** Invokes scheduler each minute for overdue commands, and every `sweepMinutes` for sweeps. */
  clock(reconcile: lambda.IFunction, sweepMinutes: number): void {
    const tick = (id: string, minutes: number, request: z.input<typeof TickRequest>) =>
      this.rule(id, {
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

  /** Invokes notifier with fleetmend's notices, and once a week for the digest. */
  notices(bus: events.IEventBus, notifier: lambda.IFunction): void {
    const { name, title, pattern } = notices;
    this.rule(pascalCase(name), {
      ruleName: `${this.namePrefix}-${name}`,
      description: title,
      eventBus: bus,
      eventPattern: cdkPattern(pattern({ documentNames: [] })),
      targets: [new targets.LambdaFunction(notifier, { ...DELIVERY, deadLetterQueue: this.dead })],
    });
    const digest: z.input<typeof DigestRequest> = { kind: 'digest' };
    this.rule('EveryWeek', {
      ruleName: `${this.namePrefix}-digest`,
      description: 'Invokes notifier: digest',
      schedule: events.Schedule.rate(Duration.days(7)),
      targets: [
        new targets.LambdaFunction(notifier, {
          ...DELIVERY,
          deadLetterQueue: this.dead,
          event: events.RuleTargetInput.fromObject(digest),
        }),
      ],
    });
  }
}
