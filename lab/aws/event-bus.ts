import type { LabClock } from './clock.ts';
import type { EventFault, Faults } from './faults.ts';
import { type Iam, servicePrincipal } from './iam.ts';
import type { LabEventListener } from './lab-event.ts';
import type { EventPattern } from './pattern.ts';
import type { QueueStore } from './queue-store.ts';
import { type Random, randomUuid } from './random.ts';

/** An event as rules see it and targets get it. */
export type BusEvent = {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
};

/** One target of a rule. */
export type RuleTarget = {
  readonly id: string;
  readonly arn: string;
  /** A constant to send instead of the event (`Input`). */
  readonly input?: string;
  readonly messageGroupId?: string;
  readonly deadLetterArn?: string;
  readonly maxRetries: number;
  readonly maxAgeSeconds: number;
};

/** A rule: a pattern, or a schedule in lab milliseconds. */
export type Rule = {
  readonly name: string;
  readonly arn: string;
  readonly busArn: string;
  readonly enabled: boolean;
  readonly pattern?: EventPattern;
  readonly everyMs?: number;
  readonly targets: readonly RuleTarget[];
};

/** The delivery of events to a target other than a queue. */
export type TargetPort = (arn: string, payload: string) => void | Promise<void>;

/** The dependencies of the buses. */
export type EventBusOptions = {
  readonly account: string;
  readonly region: string;
  readonly clock: LabClock;
  readonly random: Random;
  readonly faults: Faults;
  readonly iam: Iam;
  readonly queues: QueueStore;
  readonly emit: LabEventListener;
  /** Invokes a function asynchronously; rejects where it does not exist. */
  readonly invokeFunction: TargetPort;
  readonly publish: TargetPort;
};

/** EventBridge's buses and rules. */
export type EventBuses = {
  readonly addBus: (name: string, arn: string) => void;
  readonly busArn: (nameOrArn: string) => string | undefined;
  /** Adds a rule, or replaces the one with its ARN. */
  readonly addRule: (rule: Rule) => void;
  readonly removeRule: (arn: string) => void;
  /** Puts an event on a bus, through the event faults, and returns its id. */
  readonly put: (busArn: string, event: NewEvent) => string;
  /** An AWS service's own event, on the default bus. */
  readonly putService: (event: NewEvent) => string;
};

/** An event before EventBridge adds its envelope. */
export type NewEvent = {
  readonly source: string;
  readonly detailType: string;
  readonly detail: unknown;
  readonly resources?: readonly string[];
  readonly timeMs?: number;
};

const isoSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
/** EventBridge retries with exponential backoff and jitter; the first waits about a second. */
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;

const EVENTS_SERVICE = servicePrincipal('events.amazonaws.com');

type Failure = { readonly code: string; readonly message: string; readonly retry: boolean };

/** Creates the buses; the default one is there from the start. */
export const createEventBuses = (options: EventBusOptions): EventBuses => {
  const { clock, random, faults, iam, queues, emit } = options;
  const buses = new Map<string, string>();
  let rules: readonly Rule[] = [];

  const allowed = async (action: string, resource: string, rule: Rule): Promise<string | undefined> => {
    const context = { 'aws:SourceArn': rule.arn, 'aws:SourceAccount': options.account };
    const decision = await iam.decide(EVENTS_SERVICE, { action, resource, context });
    return decision.allowed ? undefined : decision.message;
  };

  const attempt = async (rule: Rule, target: RuleTarget, payload: string): Promise<Failure | undefined> => {
    const denied = (message: string): Failure => ({ code: 'NO_PERMISSIONS', message, retry: false });
    const service = target.arn.split(':')[2];
    if (service === 'sqs') {
      const queue = queues.byArn(target.arn);
      if (queue === undefined) return { code: 'NO_RESOURCE', message: `no queue ${target.arn}`, retry: false };
      const why = await allowed('sqs:SendMessage', target.arn, rule);
      if (why !== undefined) return denied(why);
      queue.send({
        body: payload,
        senderId: 'AIDAEVENTS',
        groupId: target.messageGroupId,
        ...(queue.settings.fifo ? { deduplicationId: randomUuid(random) } : {}),
      });
      return undefined;
    }
    const [action, port] =
      service === 'lambda'
        ? (['lambda:InvokeFunction', options.invokeFunction] as const)
        : (['sns:Publish', options.publish] as const);
    const why = await allowed(action, target.arn, rule);
    if (why !== undefined) return denied(why);
    try {
      await port(target.arn, payload);
      return undefined;
    } catch (error) {
      return { code: 'SDK_CLIENT_ERROR', message: error instanceof Error ? error.message : String(error), retry: true };
    }
  };

  const giveUp = async (
    rule: Rule,
    target: RuleTarget,
    payload: string,
    failure: Failure,
    retries: number,
    exhausted: string,
  ): Promise<void> => {
    const queue = target.deadLetterArn === undefined ? undefined : queues.byArn(target.deadLetterArn);
    const why =
      queue === undefined ? 'no dead-letter queue' : await allowed('sqs:SendMessage', queue.settings.arn, rule);
    const deadLettered = queue !== undefined && why === undefined;
    if (deadLettered) {
      const text = (value: string) => ({ DataType: 'String', StringValue: value });
      queue.send({
        body: payload,
        senderId: 'AIDAEVENTS',
        attributes: {
          RULE_ARN: text(rule.arn),
          TARGET_ARN: text(target.arn),
          ERROR_CODE: text(failure.code),
          ERROR_MESSAGE: text(failure.message),
          ...(exhausted === '' ? {} : { EXHAUSTED_RETRY_CONDITION: text(exhausted) }),
          RETRY_ATTEMPTS: text(String(retries)),
        },
      });
    }
    emit({
      kind: 'delivery-failed',
      at: clock.now(),
      rule: rule.name,
      target: target.arn,
      why: `${failure.code}: ${failure.message}${why === undefined ? '' : ` (${why})`}`,
      deadLettered,
    });
  };

  const deliver = async (rule: Rule, target: RuleTarget, payload: string): Promise<void> => {
    const startedMs = clock.now();
    for (let retries = 0; ; retries++) {
      const failure = await clock.during(() => attempt(rule, target, payload));
      if (failure === undefined) return;
      const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** retries) * (0.5 + random() / 2);
      const tooOld = clock.now() + waitMs > startedMs + target.maxAgeSeconds * 1000;
      if (!failure.retry || retries >= target.maxRetries || tooOld) {
        const exhausted = !failure.retry ? '' : tooOld ? 'MaximumEventAgeInSeconds' : 'MaximumRetryAttempts';
        await clock.during(() => giveUp(rule, target, payload, failure, retries, exhausted));
        return;
      }
      await clock.sleep(waitMs);
    }
  };

  const background = (work: () => Promise<void>, what: string): void => {
    work().catch((error: unknown) => {
      emit({
        kind: 'delivery-failed',
        at: clock.now(),
        rule: what,
        target: 'lab',
        why: String(error),
        deadLettered: false,
      });
    });
  };

  const route = (busArn: string, event: BusEvent): void => {
    const matching = rules.filter((r) => r.enabled && r.busArn === busArn && r.pattern?.matches(event) === true);
    emit({
      kind: 'event',
      at: clock.now(),
      bus: busArn,
      source: event.source,
      detailType: event['detail-type'],
      detail: event.detail,
      rules: matching.map((r) => r.name),
    });
    const payload = JSON.stringify(event);
    for (const rule of matching)
      for (const target of rule.targets) background(() => deliver(rule, target, target.input ?? payload), rule.name);
  };

  const faultOf = (kind: EventFault['kind'], event: BusEvent): EventFault | undefined => {
    const fault = faults.events.find(
      (f) =>
        f.kind === kind &&
        (f.source === undefined || f.source === event.source) &&
        (f.detailType === undefined || f.detailType === event['detail-type']) &&
        (f.times === undefined || f.times > 0) &&
        random() < (f.rate ?? 1),
    );
    if (fault?.times !== undefined) fault.times -= 1;
    return fault;
  };

  const put: EventBuses['put'] = (busArn, input) => {
    const event: BusEvent = {
      version: '0',
      id: randomUuid(random),
      'detail-type': input.detailType,
      source: input.source,
      account: options.account,
      time: isoSeconds(input.timeMs ?? clock.now()),
      region: options.region,
      resources: input.resources ?? [],
      detail: input.detail,
    };
    if (faultOf('lose', event) !== undefined) {
      emit({ kind: 'event-lost', at: clock.now(), source: event.source, detailType: event['detail-type'] });
      return event.id;
    }
    const copies = faultOf('duplicate', event) === undefined ? 1 : 2;
    for (let copy = 0; copy < copies; copy++) {
      const late = faultOf('late', event);
      if (late === undefined) route(busArn, event);
      else clock.after(random() * (late.lateMs ?? 60_000), () => route(busArn, event));
    }
    return event.id;
  };

  const defaultArn = (): string => buses.get('default') ?? '';
  const fire = (rule: Rule): void => {
    const event: BusEvent = {
      version: '0',
      id: randomUuid(random),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: options.account,
      time: isoSeconds(clock.now()),
      region: options.region,
      resources: [rule.arn],
      detail: {},
    };
    const payload = JSON.stringify(event);
    for (const target of rule.targets) background(() => deliver(rule, target, target.input ?? payload), rule.name);
  };
  const schedule = (rule: Rule, everyMs: number): void => {
    clock.after(
      everyMs,
      () => {
        if (!rules.includes(rule)) return;
        schedule(rule, everyMs);
        fire(rule);
      },
      { background: true },
    );
  };

  return {
    addBus: (name, arn) => {
      buses.set(name, arn);
    },
    busArn: (nameOrArn) => buses.get(nameOrArn) ?? [...buses.values()].find((arn) => arn === nameOrArn),
    addRule: (rule) => {
      rules = [...rules.filter((r) => r.arn !== rule.arn), rule];
      if (rule.everyMs !== undefined && rule.enabled) schedule(rule, rule.everyMs);
    },
    removeRule: (arn) => {
      rules = rules.filter((r) => r.arn !== arn);
    },
    put,
    putService: (event) => put(defaultArn(), event),
  };
};
