import { AwsError } from '../aws/aws-error.ts';
import type { LabClock } from '../aws/clock.ts';
import type { Iam, Principal } from '../aws/iam.ts';
import type { LabEventListener } from '../aws/lab-event.ts';
import type { QueueStore } from '../aws/queue-store.ts';
import { type Random, randomUuid } from '../aws/random.ts';
import type { FunctionFailure } from './environment.ts';
import type { LabFunction } from './function.ts';

/** The retries and the destination of asynchronous invocations. */
export type AsyncConfig = {
  readonly maxRetries: number;
  readonly maxAgeSeconds: number;
  /** An on-failure destination: a queue. */
  readonly onFailureArn?: string;
  /** A dead-letter queue. */
  readonly deadLetterArn?: string;
};

/** The dependencies of asynchronous invocation. */
export type AsyncContext = {
  readonly clock: LabClock;
  readonly random: Random;
  readonly iam: Iam;
  readonly queues: QueueStore;
  readonly emit: LabEventListener;
};

/** Lambda's defaults: two retries, six hours. */
export const DEFAULT_ASYNC_CONFIG: AsyncConfig = { maxRetries: 2, maxAgeSeconds: 21_600 };

/** Lambda waits one minute before the first retry and two before the second. */
const RETRY_WAIT_MS = 60_000;
const THROTTLED_WAIT_MS = 1000;

/** Accepts a payload at once, and runs it later with the configured retries. */
export const createAsyncInvoker = (
  target: LabFunction,
  role: Principal,
  config: AsyncConfig,
  context: AsyncContext,
) => {
  const { clock, random, iam, queues, emit } = context;

  const hand = async (arn: string, body: string, attributes: Readonly<Record<string, string>>): Promise<void> => {
    const queue = queues.byArn(arn);
    const decision =
      queue === undefined ? undefined : await iam.decide(role, { action: 'sqs:SendMessage', resource: arn });
    const sent = queue !== undefined && decision?.allowed === true;
    if (sent) {
      queue.send({
        body,
        senderId: role.arn,
        attributes: Object.fromEntries(
          Object.entries(attributes).map(([k, v]) => [k, { DataType: 'String', StringValue: v }]),
        ),
      });
    }
    const why = decision === undefined ? 'no such queue' : decision.allowed ? '' : decision.message;
    emit({
      kind: 'delivery-failed',
      at: clock.now(),
      rule: 'asynchronous invocation',
      target: target.definition.arn,
      why: `given up${why === '' ? '' : ` (${why})`}`,
      deadLettered: sent,
    });
  };

  const giveUp = async (
    payload: string,
    requestId: string,
    attempts: number,
    condition: string,
    failure: FunctionFailure | undefined,
  ): Promise<void> => {
    if (config.onFailureArn !== undefined) {
      const envelope = {
        version: '1.0',
        timestamp: new Date(clock.now()).toISOString(),
        requestContext: {
          requestId,
          functionArn: `${target.definition.arn}:$LATEST`,
          condition,
          approximateInvokeCount: attempts,
        },
        requestPayload: JSON.parse(payload),
        ...(failure === undefined
          ? {}
          : {
              responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
              responsePayload: failure,
            }),
      };
      await hand(config.onFailureArn, JSON.stringify(envelope), {});
    }
    if (config.deadLetterArn !== undefined) {
      await hand(config.deadLetterArn, payload, {
        RequestID: requestId,
        ErrorCode: '200',
        ErrorMessage: (failure?.errorMessage ?? condition).slice(0, 1000),
      });
    }
    if (config.onFailureArn === undefined && config.deadLetterArn === undefined) {
      emit({
        kind: 'delivery-failed',
        at: clock.now(),
        rule: 'asynchronous invocation',
        target: target.definition.arn,
        why: `${condition}, and no destination`,
        deadLettered: false,
      });
    }
  };

  const run = async (payload: string, requestId: string, qualifier: string | undefined): Promise<void> => {
    const expiresMs = clock.now() + config.maxAgeSeconds * 1000;
    for (let attempts = 1, waitMs = RETRY_WAIT_MS, throttles = 0; ; ) {
      let failure: FunctionFailure | undefined;
      try {
        const result = await target.invoke(payload, requestId, qualifier);
        if (result.kind === 'ok') return;
        failure = result.error;
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        throttles += 1;
        if (clock.now() + THROTTLED_WAIT_MS * throttles > expiresMs)
          return clock.during(() => giveUp(payload, requestId, attempts, 'EventAgeExceeded', undefined));
        await clock.sleep(THROTTLED_WAIT_MS * throttles);
        continue;
      }
      if (attempts > config.maxRetries)
        return clock.during(() => giveUp(payload, requestId, attempts, 'RetriesExhausted', failure));
      if (clock.now() + waitMs > expiresMs)
        return clock.during(() => giveUp(payload, requestId, attempts, 'EventAgeExceeded', failure));
      await clock.sleep(waitMs);
      attempts += 1;
      waitMs *= 2;
    }
  };

  return (payload: string, qualifier?: string): string => {
    const requestId = randomUuid(random);
    run(payload, requestId, qualifier).catch((error: unknown) => {
      emit({
        kind: 'delivery-failed',
        at: clock.now(),
        rule: 'asynchronous invocation',
        target: target.definition.arn,
        why: String(error),
        deadLettered: false,
      });
    });
    return requestId;
  };
};
