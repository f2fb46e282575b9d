import { defined } from '../../core/model/defined.ts';
import { AwsError } from '../aws/aws-error.ts';
import type { LabClock } from '../aws/clock.ts';
import type { Iam, Principal } from '../aws/iam.ts';
import type { LabEventListener } from '../aws/lab-event.ts';
import type { Queue, ReceivedMessage } from '../aws/queue-types.ts';
import { systemAttributes } from '../aws/sqs-shapes.ts';
import type { InvokeResult } from './environment.ts';
import type { LabFunction } from './function.ts';

/** An event source mapping from a queue to a function. */
export type EventSourceDefinition = {
  readonly queue: Queue;
  readonly target: LabFunction;
  readonly role: Principal;
  /** 1 to 10,000; 10 by default. */
  readonly batchSize: number;
  readonly windowSeconds: number;
  readonly reportsItemFailures: boolean;
  /** 2 to 1,000, where it is set. */
  readonly maximumConcurrency?: number;
};

/** The dependencies of a mapping. */
export type EventSourceContext = {
  readonly region: string;
  readonly clock: LabClock;
  readonly iam: Iam;
  readonly emit: LabEventListener;
};

/** How many messages one ReceiveMessage of the poller takes. */
const RECEIVE_MAX = 10;
/** Lambda starts with five batches at once, adds up to 300 a minute, and stops at 1,250. */
const FIRST_POLLERS = 5;
const POLLERS_PER_MS = 300 / 60_000;
const MAX_POLLERS = 1250;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 20_000;

const record = (received: ReceivedMessage, queueArn: string, region: string): Record<string, unknown> => ({
  messageId: received.message.messageId,
  receiptHandle: received.receiptHandle,
  body: received.message.body,
  attributes: systemAttributes(received),
  messageAttributes: Object.fromEntries(
    Object.entries(received.message.attributes).map(([name, a]) => [
      name,
      {
        ...defined({ stringValue: a.StringValue }),
        stringListValues: [],
        binaryListValues: [],
        dataType: a.DataType,
      },
    ]),
  ),
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: queueArn,
  awsRegion: region,
});

/** The ids that the function reported as failed; undefined if its answer is invalid, which fails the whole batch. */
const failedIds = (payload: string, sent: readonly string[]): readonly string[] | undefined => {
  const answer = JSON.parse(payload) as { batchItemFailures?: unknown } | null;
  const failures = answer?.batchItemFailures;
  if (answer === null || failures === undefined || failures === null) return [];
  if (!Array.isArray(failures)) return undefined;
  const ids = failures.map((f: { itemIdentifier?: unknown }) => f.itemIdentifier);
  return ids.every((id): id is string => typeof id === 'string' && sent.includes(id)) ? ids : undefined;
};

/** Starts a mapping; the returned function stops it. */
export const startEventSource = (definition: EventSourceDefinition, context: EventSourceContext): (() => void) => {
  const { queue, target } = definition;
  const { clock, iam, emit } = context;
  const arn = queue.settings.arn;
  const { reservedConcurrency = Number.POSITIVE_INFINITY } = target.definition;
  // Pollers know nothing of reserved concurrency and take more messages than the function can get. What this machine can
  // run at once is no limit of AWS: there no message is taken before there is a copy for it.
  const machine = reservedConcurrency <= target.capacity ? Number.POSITIVE_INFINITY : target.capacity;
  const most = Math.min(definition.maximumConcurrency ?? MAX_POLLERS, machine);
  let limit = Math.min(most, FIRST_POLLERS);
  let grownAt = clock.now();
  let running = 0;
  let stopped = false;
  let pumping = false;
  let windowOpen: (() => void) | undefined;

  const mayPoll = async (): Promise<boolean> => {
    for (const action of ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']) {
      const decision = await iam.decide(definition.role, { action, resource: arn });
      if (decision.allowed) continue;
      emit({
        kind: 'delivery-failed',
        at: clock.now(),
        rule: 'event source mapping',
        target: target.definition.arn,
        why: decision.message,
        deadLettered: false,
      });
      return false;
    }
    return true;
  };

  const grow = (): void => {
    const added = Math.floor((clock.now() - grownAt) * POLLERS_PER_MS);
    if (added === 0) return;
    grownAt = clock.now();
    limit = Math.min(most, limit + added);
  };
  /** Invokes the function; while it is throttled, tries again until the messages are visible again. */
  const invoke = async (payload: string): Promise<InvokeResult | 'throttled'> => {
    const untilMs = clock.now() + queue.settings.visibilityTimeoutSeconds * 1000;
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
      try {
        return await target.invoke(payload);
      } catch (error) {
        if (!(error instanceof AwsError) || error.code !== 'TooManyRequestsException') throw error;
      }
      limit = Math.max(1, Math.floor(limit / 2));
      grownAt = clock.now();
      if (clock.now() + waitMs >= untilMs || stopped) return 'throttled';
      await clock.sleep(waitMs);
    }
  };
  const work = async (batch: readonly ReceivedMessage[]): Promise<void> => {
    const event = { Records: batch.map((m) => record(m, arn, context.region)) };
    const result = await invoke(JSON.stringify(event));
    if (result === 'throttled' || result.kind === 'error') return;
    const failed = definition.reportsItemFailures
      ? failedIds(
          result.payload,
          batch.map((m) => m.message.messageId),
        )
      : [];
    if (failed === undefined) {
      emit({
        kind: 'delivery-failed',
        at: clock.now(),
        rule: 'event source mapping',
        target: target.definition.arn,
        why: `invalid batch response: ${result.payload.slice(0, 200)}`,
        deadLettered: false,
      });
      return;
    }
    for (const message of batch) if (!failed.includes(message.message.messageId)) queue.remove(message.receiptHandle);
  };

  const take = (): readonly ReceivedMessage[] => {
    const batch: ReceivedMessage[] = [];
    while (batch.length < definition.batchSize) {
      const more = queue.receive(Math.min(RECEIVE_MAX, definition.batchSize - batch.length));
      if (more.length === 0) break;
      batch.push(...more);
    }
    return batch;
  };

  const waitsForWindow = (): boolean => {
    if (definition.windowSeconds === 0 || windowOpen !== undefined) return windowOpen !== undefined;
    if (queue.depth().visible >= definition.batchSize) return false;
    windowOpen = clock.after(definition.windowSeconds * 1000, () => {
      windowOpen = undefined;
      void pump(true);
    });
    return true;
  };

  const pump = async (windowPassed: boolean): Promise<void> => {
    if (pumping || stopped) return;
    pumping = true;
    try {
      if (running >= limit || queue.depth().visible === 0) return;
      if (!windowPassed && waitsForWindow()) return;
      if (!(await mayPoll())) return;
      grow();
      while (running < limit && !stopped) {
        const batch = take();
        if (batch.length === 0) return;
        running += 1;
        work(batch)
          .catch((error: unknown) => {
            emit({
              kind: 'delivery-failed',
              at: clock.now(),
              rule: 'event source mapping',
              target: target.definition.arn,
              why: String(error),
              deadLettered: false,
            });
          })
          .finally(() => {
            running -= 1;
            wake();
          });
      }
    } finally {
      pumping = false;
    }
  };

  let woken = false;
  // Waiting one turn of the event loop puts messages that are sent together into one batch.
  const wake = (): void => {
    if (woken || stopped) return;
    woken = true;
    const release = clock.hold();
    setImmediate(() => {
      woken = false;
      void pump(false).finally(release);
    });
  };
  const off = queue.onAvailable(wake);
  wake();
  return () => {
    stopped = true;
    off();
    windowOpen?.();
  };
};
